"""Columns: each vertex stands right of all that it is computed from, and wires are short."""

from __future__ import annotations

from gradtape.insight.circuit.graph import Net, Vertex


def assign_columns(vertices: list[Vertex], nets: list[Net]) -> None:
    """Sets `column` of each vertex. The graph has no cycle."""
    before: list[list[int]] = [[] for _ in vertices]
    after: list[list[int]] = [[] for _ in vertices]
    for net in nets:
        for sink, _ in net.sinks:
            before[sink].append(net.source[0])
            after[net.source[0]].append(sink)
    order = _in_order(before, after)
    for v in order:
        vertices[v].column = max([vertices[u].column + 1 for u in before[v]], default=0)
    _draw_near(vertices, before, after, order)
    leaves = [v for v in order if vertices[v].leaf and after[v]]
    near = {v: min([vertices[u].column for u in after[v]]) - 1 for v in leaves}
    if sum(near.values()) > len(
        leaves
    ):  # else all leaves stand at the border, as on the blackboard
        for v in leaves:
            vertices[v].column = near[v]
    last = max([v.column for v in vertices], default=0)
    for vertex in vertices:
        if vertex.last:
            vertex.column = last


def _in_order(before: list[list[int]], after: list[list[int]]) -> list[int]:
    waiting = [len(b) for b in before]
    ready = [v for v, n in enumerate(waiting) if n == 0]
    order = []
    while ready:
        v = ready.pop(0)
        order.append(v)
        for u in after[v]:
            waiting[u] -= 1
            if waiting[u] == 0:
                ready.append(u)
    return order


def _draw_near(
    vertices: list[Vertex], before: list[list[int]], after: list[list[int]], order: list[int]
) -> None:
    """What waits long for its use moves towards it, where that makes wires shorter altogether.

    A piece that hangs together by wires of length one moves as a whole, as far as its wires allow.
    """
    for v in reversed(order):
        room = min([vertices[u].column for u in after[v]], default=0) - vertices[v].column - 1
        if room <= 0 or vertices[v].leaf:
            continue
        piece = _tight_before(v, vertices, before, after)
        members = set(piece)
        if any(
            u not in members and vertices[u].column <= vertices[p].column + room
            for p in piece for u in after[p] if p != v
        ):  # fmt: skip
            continue
        entering = {u for p in piece for u in before[p]} - members
        if all(vertices[u].leaf for u in entering):
            for p in piece:
                vertices[p].column += room


def _tight_before(
    v: int, vertices: list[Vertex], before: list[list[int]], after: list[list[int]]
) -> list[int]:
    """`v` and what it is computed from, as far as nothing else uses it."""
    piece, members, stack = [v], {v}, [v]
    while stack:
        for u in before[stack.pop()]:
            if u not in members and not vertices[u].leaf and all(w in members for w in after[u]):
                members.add(u)
                piece.append(u)
                stack.append(u)
    return piece
