"""From a sketch to a drawing: vertices and nets, columns, order, levels, rows; then shapes and paths by `emit`."""

from __future__ import annotations

from gradtape.insight.circuit.dress import MARGIN, Dress
from gradtape.insight.circuit.emit import GAP, STRAIGHT, emitted
from gradtape.insight.circuit.graph import Columns, Net, Strand, Vertex, into_columns
from gradtape.insight.circuit.levels import assign_levels
from gradtape.insight.circuit.order import order_columns
from gradtape.insight.circuit.ranks import assign_columns
from gradtape.insight.circuit.scene import Picture, Scene, Tag
from gradtape.insight.circuit.sketch import Box, Sketch


def scene_of(sketch: Sketch, dress: Dress) -> Scene:
    """Boxes become vertices, wires nets; a wire of several branches gets a tag on each."""
    scene = Scene(sketch)

    def add(vertex: Vertex) -> int:
        scene.vertices.append(vertex)
        return len(scene.vertices) - 1

    _even(sketch, dress)
    vertex_of: list[int] = []
    sources: dict[int, tuple[int, int]] = {}
    for wire in sketch.entries:
        scene.entries[wire] = add(Vertex(0, 5, 5, [], [0], [0], spot=-1))
        sources[wire] = (scene.entries[wire], 0)
    for number, box in enumerate(sketch.boxes):
        if box.inner is None:
            vertex = dress.vertex(box, number, hushed=sketch.exits)
        else:
            vertex = _frame(scene, number, box, dress)
        vertex_of.append(add(vertex))
        scene.boxes[vertex_of[-1]] = number
        for port, wire in enumerate(box.outputs):
            sources[wire] = (vertex_of[-1], port)
    sinks: dict[int, list[tuple[int, int]]] = {}
    for number, box in enumerate(sketch.boxes):
        for port, wire in enumerate(box.inputs):
            sinks.setdefault(wire, []).append((number, port))
    layers = [scene.vertices[v] for v, b in scene.boxes.items() if sketch.boxes[b].kind == "layer"]
    longest = max([tail for vertex in layers for tail in vertex.tails], default=0.0)
    for vertex in layers:
        vertex.tails = [longest for _ in vertex.tails]
    for wire in sketch.exits:
        scene.exits[wire] = add(Vertex(0, 5, 5, [0], [], [], spot=-1, last=True, arrivals=[0]))
    for wire, source in sources.items():
        ends: list[tuple[int, int]] = []
        branches = sinks.get(wire, [])
        flows = dress.look.gradients and dress.recording.wires[wire].gradient is not None
        several = len(branches) + (wire in scene.exits) > 1
        later: list[tuple[int, tuple[int, int]]] = []
        for number, port in branches:
            box = sketch.boxes[number]
            end = (vertex_of[number], port)
            part = box.parts[port] if port < len(box.parts) else None
            if several and flows:
                tag = add(dress.tag(part))
                scene.tags[tag] = Tag(number, port, part)
                later.append((tag, end))
                end = (tag, 0)
            ends.append(end)
        if wire in scene.exits:
            ends.append((scene.exits[wire], 0))
        scene.nets.append(Net(source, ends))
        scene.wires.append(wire)
        for tag, end in later:
            scene.nets.append(Net((tag, 0), [end]))
            scene.wires.append(wire)
    for number, box in enumerate(sketch.boxes):
        if box.kind == "end" and len(sinks.get(box.inputs[0], [])) == 1:
            scene.vertices[vertex_of[number]].last = True
    return scene


def _even(sketch: Sketch, dress: Dress) -> None:
    """Folded layers are equally wide: long rows of them stand below each other."""
    layers = [box for box in sketch.boxes if box.kind == "layer"]
    widest = max([dress.extent(b, len(b.inputs), len(b.outputs))[0] for b in layers], default=0.0)
    for box in layers:
        box.width = widest


def _frame(scene: Scene, number: int, box: Box, dress: Dress) -> Vertex:
    """The vertex of an opened layer: as large as what is in it, ports where its wires enter and leave."""
    assert box.inner is not None
    picture = arranged(box.inner, dress)
    scene.inner[number] = picture
    before, after = dress.header(box), MARGIN
    length = picture.length + 2 * MARGIN
    half, shift = (picture.across + before + after) / 2, (before - after) / 2
    middle = picture.across / 2
    vertex = Vertex(length, half, half, spot=number)
    vertex.ins = [picture.entries[w] - middle + shift for w in box.inputs]
    vertex.arrivals = list(range(len(box.inputs)))
    dress.add_tails(
        vertex,
        box.outputs,
        [picture.exits[w] - middle + shift for w in box.outputs],
        scene.sketch.exits,
    )
    return vertex


def arranged(sketch: Sketch, dress: Dress, widest: float | None = None) -> Picture:
    """The drawing of a sketch. widest: where a long drawing continues in a further row."""
    scene = scene_of(sketch, dress)
    assign_columns(scene.vertices, scene.nets)
    graph = into_columns(scene.vertices, scene.nets)
    left = order_columns(graph)
    settle_arrivals(graph)
    rows = in_rows(graph, widest) if widest and not dress.down else [graph]
    for row in rows:
        assign_levels(row)
    return emitted(scene, rows, dress, left)


def settle_arrivals(graph: Columns) -> None:
    """At a gate whose operands may change places, wires arrive in the order in which they come."""
    places = {v: place for column in graph.columns for place, v in enumerate(column)}
    coming: dict[int, list[Strand]] = {}
    for gap in graph.gaps:
        for s in gap:
            coming.setdefault(s.end, []).append(s)
    for v, strands in coming.items():
        vertex = graph.vertices[v]
        if vertex.free:
            strands.sort(key=lambda s: (places[s.start], s.start_port, s.end_port))
            for place, s in enumerate(strands):
                vertex.arrivals[s.end_port] = place


def column_lengths(graph: Columns) -> list[float]:
    """How much each column takes along: its longest body and its longest tail."""
    return [
        max([graph.vertices[v].body for v in column], default=0.0)
        + max([max(graph.vertices[v].tails, default=0.0) for v in column], default=0.0)
        for column in graph.columns
    ]


_SLACK = 1.25  # a little too long is better than a short last row
_CUT = 2  # wires that may go on in the next row


def in_rows(graph: Columns, widest: float) -> list[Columns]:
    """The columns in rows no longer than `widest`, cut where few wires pass."""
    lengths = [
        length + (STRAIGHT if len(gap) < 2 else GAP)
        for length, gap in zip(column_lengths(graph), [*graph.gaps, []])
    ]
    if sum(lengths) <= widest * _SLACK:
        return [graph]
    cuts = [len({(s.start, s.start_port) for s in gap}) for gap in graph.gaps]
    rows, first, count = [], 0, len(lengths)
    while first < count:
        total, stop = 0.0, first
        while stop < count and (total + lengths[stop] <= widest or stop == first):
            total += lengths[stop]
            stop += 1
        if (
            stop < count
        ):  # the best cut in the last third of the row, else the first good one after it
            low = first + max(1, (stop - first) * 2 // 3)
            best = min(range(low, stop + 1), key=lambda c: (cuts[c - 1], -c))
            later = [c for c in range(stop, count) if cuts[c - 1] <= _CUT]
            stop = best if cuts[best - 1] <= _CUT else later[0] if later else count
            if sum(lengths[stop:]) < widest / 2 and stop != best:
                stop = count
        rows.append((first, stop))
        first = stop
    return [_row(graph, first, stop) for first, stop in rows]


def _row(graph: Columns, first: int, stop: int) -> Columns:
    """The columns of one row; wires that come from the row before enter by bends of their own."""
    columns = [list(c) for c in graph.columns[first:stop]]
    gaps = [list(g) for g in graph.gaps[first : stop - 1]]
    if first:
        places = {v: place for place, v in enumerate(graph.columns[first - 1])}
        coming = sorted(graph.gaps[first - 1], key=lambda s: (places[s.start], s.start_port))
        entries: dict[tuple[int, int], int] = {}
        gap = []
        for s in coming:
            origin = (s.start, s.start_port)
            if origin not in entries:
                graph.vertices.append(Vertex(0, 5, 5, [0], [0], [0], arrivals=[0], origin=origin))
                entries[origin] = len(graph.vertices) - 1
            gap.append(Strand(s.net, entries[origin], 0, s.end, s.end_port))
        columns.insert(0, list(entries.values()))
        gaps.insert(0, gap)
    return Columns(graph.vertices, columns, gaps)
