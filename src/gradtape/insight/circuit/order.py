"""The order in each column: few crossings of wires, by sweeps of barycentres and medians and by exchanges.

Deterministic: every tie is broken by the order found so far, which begins with the order in the user's code.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable

from gradtape.insight.circuit.graph import Columns, Strand

_SWEEPS = 16


def crossings(graph: Columns) -> int:
    """How often wires cross, all gaps together."""
    places = _places(graph.columns)
    return sum([_crossings_of(gap, graph, places) for gap in graph.gaps])


def order_columns(graph: Columns) -> int:
    """Sorts `columns` in place; gives the number of crossings that are left."""
    best: list[list[int]] = []
    fewest = -1
    for start in (_along_operands, _along_operands_reversed, _as_given):
        graph.columns = start(graph)
        found, count = _improved(graph)
        if fewest < 0 or count < fewest:
            best, fewest = found, count
        if fewest == 0:
            break
    graph.columns = best
    return fewest


def _improved(graph: Columns) -> tuple[list[list[int]], int]:
    best, fewest = [list(c) for c in graph.columns], crossings(graph)
    for sweep in range(_SWEEPS):
        if fewest == 0:
            break
        _sweep(graph, forwards=sweep % 2 == 0, middle=_mean if sweep % 4 < 2 else _median)
        _exchange(graph)
        count = crossings(graph)
        if count < fewest:
            best, fewest = [list(c) for c in graph.columns], count
    return best, fewest


def _places(columns: list[list[int]]) -> dict[int, int]:
    return {v: place for column in columns for place, v in enumerate(column)}


def _end(strand: Strand, graph: Columns, places: dict[int, int]) -> tuple[int, int]:
    """Where a strand arrives: at a free vertex by where it comes from, so that none cross there."""
    free = graph.vertices[strand.end].free
    return places[strand.end], -1 if free else strand.end_port


def _crossings_of(gap: list[Strand], graph: Columns, places: dict[int, int]) -> int:
    pairs = sorted(
        [((places[s.start], s.start_port), _end(s, graph, places)) for s in gap], key=lambda p: p
    )
    seen: list[tuple[int, int]] = []
    total = 0
    start = 0
    while start < len(pairs):  # strands from one port do not cross each other
        stop = start
        while stop < len(pairs) and pairs[stop][0] == pairs[start][0]:
            total += len(seen) - bisect_right(seen, pairs[stop][1])
            stop += 1
        for _, end in pairs[start:stop]:
            insort(seen, end)
        start = stop
    return total


def _mean(positions: list[float]) -> float:
    return sum(positions) / len(positions)


def _median(positions: list[float]) -> float:
    half = len(positions) // 2
    if len(positions) % 2:
        return positions[half]
    return (positions[half - 1] + positions[half]) / 2


def _sweep(graph: Columns, forwards: bool, middle: Callable[[list[float]], float]) -> None:
    count = len(graph.columns)
    for column in range(1, count) if forwards else range(count - 2, -1, -1):
        gap = graph.gaps[column - 1 if forwards else column]
        places = _places(graph.columns)
        seen: dict[int, list[float]] = {}
        for s in gap:
            if forwards:
                port = s.start_port / (1 + len(graph.vertices[s.start].outs))
                seen.setdefault(s.end, []).append(places[s.start] + port)
            else:
                port = s.end_port / (1 + len(graph.vertices[s.end].ins))
                seen.setdefault(s.start, []).append(places[s.end] + port)
        graph.columns[column] = _sorted_by(graph.columns[column], seen, middle)


def _sorted_by(
    column: list[int], seen: dict[int, list[float]], middle: Callable[[list[float]], float]
) -> list[int]:
    """Vertices without neighbours there keep their places; the others are sorted among the rest."""
    moving = sorted([v for v in column if v in seen], key=lambda v: middle(sorted(seen[v])))
    rest = iter(moving)
    return [next(rest) if v in seen else v for v in column]


def _exchange(graph: Columns) -> None:
    """Neighbours change places while that removes crossings."""
    for _ in range(8):
        places = _places(graph.columns)
        better = False
        for column, members in enumerate(graph.columns):
            before: dict[int, list[tuple[int, int]]] = {}
            after: dict[int, list[tuple[int, int, int]]] = {}
            if column:
                for s in graph.gaps[column - 1]:
                    before.setdefault(s.end, []).append((places[s.start], s.start_port))
            if column < len(graph.gaps):
                for s in graph.gaps[column]:
                    after.setdefault(s.start, []).append((*_end(s, graph, places), s.net))
            for i in range(len(members) - 1):
                a, b = members[i], members[i + 1]
                change = _gain(before.get(a, []), before.get(b, []))
                change += _gain(after.get(a, []), after.get(b, []))
                if change > 0:
                    members[i], members[i + 1] = b, a
                    better = True
        if not better:
            break


def _gain(a: list, b: list) -> int:
    """How many crossings fewer there are with b before a than with a before b."""
    return sum([(x > y) - (x < y) for x in a for y in b])


def _as_given(graph: Columns) -> list[list[int]]:
    return [sorted(c) for c in graph.columns]


def _along_operands(graph: Columns) -> list[list[int]]:
    return _walked(graph, 1)


def _along_operands_reversed(graph: Columns) -> list[list[int]]:
    return _walked(graph, -1)


def _walked(graph: Columns, step: int) -> list[list[int]]:
    """Vertices as a walk back from the targets meets them, the first operand first: a tree has no crossing so."""
    incoming: dict[int, list[Strand]] = {}
    for gap in graph.gaps:
        for s in gap:
            incoming.setdefault(s.end, []).append(s)
    columns: list[list[int]] = [[] for _ in graph.columns]
    seen: set[int] = set()
    ends = [v for column in reversed(graph.columns) for v in sorted(column)]
    for root in ends:
        stack = [root]
        while stack:
            v = stack.pop()
            if v in seen:
                continue
            seen.add(v)
            columns[graph.vertices[v].column].append(v)
            strands = sorted(incoming.get(v, []), key=lambda s: s.end_port * step, reverse=True)
            stack += [s.start for s in strands]
    return columns
