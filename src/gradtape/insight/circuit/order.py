"""The order in each column: few crossings of wires, by sweeps of barycentres and medians and by sifting.

Deterministic: every tie is broken by the order found so far, which begins with the order in the user's code.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable

import numpy as np

from gradtape.insight.circuit.graph import Columns, Strand

_SWEEPS = 8
_SIFTS = 8
_CROWD = 60  # columns with more vertices are not sifted
_TANGLE = 400  # nor those with more strands beside them
_SHAKES = 400
_MANY = 60  # strands, from which arrays are faster than loops
_EFFORT = 24_000  # shakes times strands


Counted = dict[int, tuple[list[int], list[int], int]]


def crossings(graph: Columns, counted: Counted | None = None) -> int:
    """How often wires cross, all gaps together. counted: what was found for earlier orders of the same graph."""
    counted = {} if counted is None else counted
    places = _places(graph.columns)
    total = 0
    for number, gap in enumerate(graph.gaps):
        left, right = graph.columns[number : number + 2]
        known = counted.get(number)
        if known is None or known[0] != left or known[1] != right:
            counted[number] = known = list(left), list(right), _crossings_of(gap, graph, places)
        total += known[2]
    return total


def order_columns(graph: Columns) -> int:
    """Sorts `columns` in place; gives the number of crossings that are left."""
    best: list[list[int]] = []
    fewest = -1
    for start in (_walked(graph, 1), _walked(graph, -1), [sorted(c) for c in graph.columns]):
        graph.columns = start
        found, count = _improved(graph)
        if fewest < 0 or count < fewest:
            best, fewest = found, count
        if fewest == 0:
            break
    graph.columns = best
    return _shaken(graph, fewest) if fewest else 0


def _shaken(graph: Columns, fewest: int) -> int:
    """Out of local minima: the best order is disturbed a little and sifted again; the same disturbances every time."""
    strands = sum([len(gap) for gap in graph.gaps])
    crowded = [c for c, column in enumerate(graph.columns) if 1 < len(column) <= _CROWD]
    best = current = graph.columns
    settled = [False] * len(current)
    counted: Counted = {}
    level = fewest
    state = 1
    for _ in range(min(_SHAKES, _EFFORT // (strands + 1)) if crowded else 0):
        graph.columns = [list(c) for c in current]
        still = list(settled)
        for _ in range(3):
            draws = []
            for _ in range(3):
                state = (state * 1103515245 + 12345) % 2**31
                draws.append(state >> 8)
            number = crowded[draws[0] % len(crowded)]
            column = graph.columns[number]
            a, b = draws[1] % len(column), draws[2] % len(column)
            column.insert(b, column.pop(a))
            _stir(still, number)
        still = _sift(graph, still)
        count = crossings(graph, counted)
        if count <= level:
            current, settled, level = graph.columns, still, count
        if count < fewest:
            best, fewest = graph.columns, count
        if fewest == 0:
            break
    graph.columns = best
    return fewest


def _stir(still: list[bool], column: int) -> None:
    """A column moved: it and its neighbours have to be looked at again."""
    for c in range(max(column - 1, 0), min(column + 2, len(still))):
        still[c] = False


def _improved(graph: Columns) -> tuple[list[list[int]], int]:
    counted: Counted = {}
    best, fewest = [list(c) for c in graph.columns], crossings(graph, counted)
    for sweep in range(_SWEEPS):
        if fewest == 0:
            break
        _sweep(graph, forwards=sweep % 2 == 0, middle=_mean if sweep % 4 < 2 else _median)
        _sift(graph)
        count = crossings(graph, counted)
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
    places = _places(graph.columns)
    for column in range(1, count) if forwards else range(count - 2, -1, -1):
        gap = graph.gaps[column - 1 if forwards else column]
        seen: dict[int, list[float]] = {}
        for s in gap:
            if forwards:
                port = s.start_port / (1 + len(graph.vertices[s.start].outs))
                seen.setdefault(s.end, []).append(places[s.start] + port)
            else:
                port = s.end_port / (1 + len(graph.vertices[s.end].ins))
                seen.setdefault(s.start, []).append(places[s.end] + port)
        graph.columns[column] = _sorted_by(graph.columns[column], seen, middle)
        places.update([(v, place) for place, v in enumerate(graph.columns[column])])


def _sorted_by(
    column: list[int], seen: dict[int, list[float]], middle: Callable[[list[float]], float]
) -> list[int]:
    """Vertices without neighbours there keep their places; the others are sorted among the rest."""
    moving = sorted([v for v in column if v in seen], key=lambda v: middle(sorted(seen[v])))
    rest = iter(moving)
    return [next(rest) if v in seen else v for v in column]


def _sift(graph: Columns, still: list[bool] | None = None) -> list[bool]:
    """Each vertex moves to the place in its column where it causes the fewest crossings, until none moves.

    still, result: by column, whether nothing would move in it as the columns beside it are.
    """
    count = len(graph.columns)
    still = [False] * count if still is None else still
    if all(still):
        return still
    places = _places(graph.columns)
    for _ in range(_SIFTS):
        moved = False
        for column, members in enumerate(graph.columns):
            if still[column]:
                continue
            still[column] = True
            beside = graph.gaps[max(column - 1, 0) : column + 1]
            if not 1 < len(members) <= _CROWD or sum(map(len, beside)) > _TANGLE:
                continue
            before: dict[int, list[tuple[int, int]]] = {v: [] for v in members}
            after: dict[int, list[tuple[int, int]]] = {v: [] for v in members}
            if column:
                for s in graph.gaps[column - 1]:
                    before[s.end].append((places[s.start], s.start_port))
            if column < len(graph.gaps):
                for s in graph.gaps[column]:
                    after[s.start].append(_end(s, graph, places))
            if not _sift_column(members, _costs(members, before), _costs(members, after)):
                continue
            moved = True
            for place, v in enumerate(members):
                places[v] = place
            _stir(still, column)
        if not moved:
            break
    return still


def _costs(members: list[int], ends: dict[int, list[tuple[int, int]]]) -> list[list[int]]:
    """[v][u]: how many crossings more there are with u above v than with v above u, in the order of the members."""
    count = sum([len(ends[v]) for v in members])
    if count > _MANY:
        return _costs_of_many(members, ends)
    lists = [ends[v] for v in members]
    costs = [[0] * len(members) for _ in members]
    for i, ours in enumerate(lists):
        if not ours:
            continue
        for j in range(i + 1, len(lists)):
            more = 0
            for a in ours:
                for b in lists[j]:
                    if b > a:
                        more += 1
                    elif b < a:
                        more -= 1
            costs[i][j] = more
            costs[j][i] = -more
    return costs


def _costs_of_many(members: list[int], ends: dict[int, list[tuple[int, int]]]) -> list[list[int]]:
    flat = [end for v in members for end in ends[v]]
    ranks = {end: place for place, end in enumerate(sorted(set(flat)))}
    at = np.array([ranks[end] for end in flat])
    joined = [i for i, v in enumerate(members) if ends[v]]
    starts = np.cumsum([0, *[len(ends[members[i]]) for i in joined[:-1]]])
    signs = np.sign(at[None, :] - at[:, None])
    costs = np.zeros((len(members), len(members)), np.int64)
    costs[np.ix_(joined, joined)] = np.add.reduceat(
        np.add.reduceat(signs, starts, axis=0), starts, axis=1
    )
    return costs.tolist()


def _sift_column(members: list[int], before: list[list[int]], after: list[list[int]]) -> bool:
    """Moves each in turn; gives whether any moved."""
    costs = [[a + b for a, b in zip(left, right)] for left, right in zip(before, after)]
    order = list(range(len(members)))
    for v, own in enumerate(costs):
        here = order.index(v)
        total = fewest = place = 0
        now = 0  # what it costs to stand where it stands
        order.pop(here)
        for i, u in enumerate(order):  # how the number of crossings changes when v moves below u
            if i == here:
                now = total
            total += own[u]
            if total < fewest or (total == fewest and abs(i + 1 - here) < abs(place - here)):
                fewest, place = total, i + 1
        if here == len(order):
            now = total
        order.insert(here if now == fewest else place, v)
    moved = order != list(range(len(order)))
    members[:] = [members[i] for i in order]
    return moved


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
