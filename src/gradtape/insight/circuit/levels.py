"""Levels: where each vertex stands across, so that wires are straight and gates stand amid what they join.

The levels make the sum of the squared heights of all strands least while neighbours in a column keep their distance;
each column is solved exactly, given its neighbours, and the columns in turn until nothing moves. Then what is nearly
straight is made straight.
"""

from __future__ import annotations

from gradtape.insight.circuit.graph import Columns, Strand

SPACE = 9  # between neighbours in a column
_ROUNDS = 120
_NEARLY = (
    48  # one of several wires that meet at a gate: less, or the gate would not stand amid them
)
_AMID = 3
_A_LITTLE = 12  # so far others may be pushed aside
_PUSHED = 12  # blocks of them


def assign_levels(graph: Columns) -> None:
    """Sets `level` of each vertex to an integer, the topmost at its own height above."""
    vertices = graph.vertices
    for column in graph.columns:
        level = 0.0
        for place, v in enumerate(column):
            if place:
                level += _distance(graph, column[place - 1], v)
            vertices[v].level = level
        for v in column:
            vertices[v].level -= level / 2
    levels = {v: vertices[v].level for column in graph.columns for v in column}
    ties = _ties(graph)
    offsets = [_offsets(graph, column) for column in graph.columns]
    count = len(graph.columns)
    for turn in range(_ROUNDS):
        moved = 0.0
        for c in range(count) if turn % 2 == 0 else range(count - 1, -1, -1):
            moved = max(moved, _solve(levels, graph.columns[c], offsets[c], ties))
        if moved < 0.02:
            break
    for v, level in levels.items():
        vertices[v].level = level
    members = [vertices[v] for column in graph.columns for v in column]
    for vertex in members:
        vertex.level = float(int(vertex.level + 1e6 + 0.5) - 1_000_000)
    _straighten(graph)
    top = min([v.level - v.above for v in members], default=0.0)
    for vertex in members:
        vertex.level -= top


def _distance(graph: Columns, upper: int, lower: int) -> float:
    a, b = graph.vertices[upper], graph.vertices[lower]
    return a.below + b.above + (SPACE if not (a.bend and b.bend) else 4)


def _rise(graph: Columns, s: Strand) -> float:
    """How far below the start's level the end's level has to be for the strand to be straight."""
    end = graph.vertices[s.end]
    return graph.vertices[s.start].outs[s.start_port] - end.ins[end.arrivals[s.end_port]]


def _weight(graph: Columns, s: Strand, branches: int) -> float:
    a, b = graph.vertices[s.start], graph.vertices[s.end]
    if a.bend and b.bend:
        return 8.0
    if a.bend or b.bend:
        return 2.0
    return 4.0 if a.leaf or (branches == 1 and len(b.ins) == 1) else 1.0


Tie = tuple[int, float, float]


def _ties(graph: Columns) -> dict[int, list[Tie]]:
    """vertex -> (neighbour, how far below the neighbour it wants to be, how strongly)."""
    ties: dict[int, list[Tie]] = {v: [] for column in graph.columns for v in column}
    for gap in graph.gaps:
        branches: dict[int, int] = {}
        for s in gap:
            branches[s.start] = branches.get(s.start, 0) + 1
        for s in gap:
            rise, weight = _rise(graph, s), _weight(graph, s, branches[s.start])
            ties[s.end].append((s.start, rise, weight))
            ties[s.start].append((s.end, -rise, weight))
    return ties


def _offsets(graph: Columns, column: list[int]) -> list[float]:
    """How far below the first of a column each stands at least."""
    found, offset = [], 0.0
    for place, v in enumerate(column):
        if place:
            offset += _distance(graph, column[place - 1], v)
        found.append(offset)
    return found


def _solve(
    levels: dict[int, float], column: list[int], offsets: list[float], ties: dict[int, list[Tie]]
) -> float:
    """The best levels of a column, given the others: pools of adjacent violators. Gives the largest move."""
    pools: list[tuple[float, float, int]] = []  # weighted sum, weight, how many
    for v, offset in zip(column, offsets):
        total = weight = 0.0
        for other, rise, strong in ties[v]:
            total += strong * (levels[other] + rise)
            weight += strong
        if not ties[v]:
            total, weight = levels[v] * 0.01, 0.01
        total -= weight * offset
        many = 1
        while pools and pools[-1][0] * weight >= total * pools[-1][1]:
            above = pools.pop()
            total, weight, many = above[0] + total, above[1] + weight, above[2] + many
        pools.append((total, weight, many))
    moved = 0.0
    place = 0
    for total, weight, many in pools:
        middle = total / weight
        for _ in range(many):
            v, level = column[place], middle + offsets[place]
            moved = max(moved, abs(level - levels[v]))
            levels[v] = level
            place += 1
    return moved


def _straighten(graph: Columns) -> None:
    """Strands that are nearly straight become straight, where there is room; what is straight moves as one."""
    vertices = graph.vertices
    block = {v: [v] for column in graph.columns for v in column}
    strands = [s for gap in graph.gaps for s in gap]

    def height(s: Strand) -> float:
        return vertices[s.start].level + _rise(graph, s) - vertices[s.end].level

    def urgency(s: Strand) -> tuple[int, float]:
        bends = vertices[s.start].bend + vertices[s.end].bend
        single = len(vertices[s.end].ins) == 1 and not bends
        return (-2 if bends == 2 else -1 if single else 0), abs(height(s))

    place_of = {v: (c, i) for c, column in enumerate(graph.columns) for i, v in enumerate(column)}

    def pushed(members: list[int], by: float, but: list[int], furthest: int) -> list[int] | None:
        """All that has to move when these do, whole blocks; None where that would move `but`, or too many blocks."""
        moving, inside, blocks, at = list(members), set(members), 0, 0
        while at < len(moving):
            column, place = place_of[moving[at]]
            order = graph.columns[column]
            at += 1
            beside = place + (1 if by > 0 else -1)
            if not 0 <= beside < len(order) or order[beside] in inside:
                continue
            upper, lower = sorted((place, beside))
            apart = vertices[order[lower]].level - vertices[order[upper]].level - abs(by)
            if apart < _distance(graph, order[upper], order[lower]):
                further = block[order[beside]]
                blocks += 1
                if further is but or blocks > furthest:
                    return None
                moving += further
                inside.update(further)
        return moving

    for s in (s for _ in range(2) for s in sorted(strands, key=urgency)):
        by = height(s)
        a, b = block[s.start], block[s.end]
        lone = len(vertices[s.end].ins) == 1
        if a is b or abs(by) > (_NEARLY if lone else _AMID):
            continue
        for members, but, step in sorted([(b, a, by), (a, b, -by)], key=lambda m: len(m[0])):
            moving = pushed(members, step, but, _PUSHED if abs(by) <= _A_LITTLE else 0)
            if step == 0 or moving is not None:
                for v in moving or ():
                    vertices[v].level += step
                a += b
                for v in b:
                    block[v] = a
                break
