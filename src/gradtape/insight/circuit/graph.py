"""What a layout works on: vertices with ports in columns, and strands, the pieces of wire between two columns.

Directions are "along" (from the inputs to the target) and "across"; a drawing to the right has x along, y across.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Vertex:
    """A thing with ports; the layout gives it a column, a position in it and a level across.

    body: its length along.  above, below: how far it reaches across from its level.
    ins, outs: offsets of its ports across.  tails: the straight pieces after its outputs, for labels.
    free: whether the order of the inputs may be changed.  last: whether it stands in the last column.
    spot: what the builder knows it by; None for the bends of long wires.
    """

    body: float
    above: float
    below: float
    ins: list[float] = field(default_factory=list)
    outs: list[float] = field(default_factory=list)
    tails: list[float] = field(default_factory=list)
    free: bool = False
    leaf: bool = False
    last: bool = False
    spot: int | None = None
    column: int = 0
    level: float = 0.0
    origin: tuple[int, int] | None = (
        None  # at the start of a row: the vertex and port that it continues
    )
    arrivals: list[int] = field(default_factory=list)  # by input port: its place among the ports

    @property
    def bend(self) -> bool:
        return self.spot is None


@dataclass
class Net:
    """A wire: from an output of a vertex to inputs of others."""

    source: tuple[int, int]
    sinks: list[tuple[int, int]]


@dataclass
class Strand:
    """A piece of a net between neighbouring columns."""

    net: int
    start: int
    start_port: int
    end: int
    end_port: int


@dataclass
class Columns:
    """Vertices in columns, in order across, and the strands between each column and the next."""

    vertices: list[Vertex]
    columns: list[list[int]]
    gaps: list[list[Strand]]


def into_columns(vertices: list[Vertex], nets: list[Net]) -> Columns:
    """Long wires get a bend in each column that they pass; one for all branches of a net."""
    count = 1 + max([v.column for v in vertices], default=-1)
    columns: list[list[int]] = [[] for _ in range(count)]
    for index, vertex in enumerate(vertices):
        columns[vertex.column].append(index)
    gaps: list[list[Strand]] = [[] for _ in range(max(count - 1, 0))]
    for number, net in enumerate(nets):
        at, port = net.source
        column = vertices[at].column
        last = max([vertices[v].column for v, _ in net.sinks], default=column)
        for place in range(column + 1, last + 1):
            for sink, sink_port in net.sinks:
                if vertices[sink].column == place:
                    gaps[place - 1].append(Strand(number, at, port, sink, sink_port))
            if place < last:
                bend = Vertex(0, 5, 5, [0], [0], [0], column=place, arrivals=[0])
                vertices.append(bend)
                index = len(vertices) - 1
                columns[place].append(index)
                gaps[place - 1].append(Strand(number, at, port, index, 0))
                at, port = index, 0
    return Columns(vertices, columns, gaps)
