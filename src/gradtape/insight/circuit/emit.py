"""Shapes, paths and texts at their places, from vertices with columns and levels."""

from __future__ import annotations

from dataclasses import dataclass, field

from gradtape.insight.circuit.drawing import Drawing, Line, Path, Segment, Shape, Text
from gradtape.insight.circuit.dress import (
    CALLED,
    CALLED_GAP,
    DETAIL,
    HEADING,
    MARGIN,
    NAME,
    NUMBER,
    OFF,
    PILL,
    RADIUS,
    SIGN,
    Dress,
    detail_texts,
    form_of,
    heading_text,
    name_text,
    sign_size,
    sign_text,
)  # fmt: skip
from gradtape.insight.circuit.graph import Columns, Strand
from gradtape.insight.circuit.scene import Picture, Scene, Tag
from gradtape.insight.circuit.sketch import Box, Uses
from gradtape.insight.circuit.widths import width_of

Key = tuple[str, int]
Port = tuple[int, int]
GAP = 34.0  # the most usual room between columns
STRAIGHT = 12.0  # where all wires go straight on
_LANE = 10.0  # between wires that go back to the start of the next row
_BETWEEN = 26.0  # rows


@dataclass
class _Rows:
    """Where columns and rows stand."""

    start: dict[int, float] = field(default_factory=dict)  # by vertex: where its column begins
    tail: dict[int, float] = field(default_factory=dict)  # where the bodies of its column end
    stop: dict[int, float] = field(default_factory=dict)  # where its column ends
    base: dict[int, float] = field(default_factory=dict)  # across: where its row begins
    row: dict[int, int] = field(default_factory=dict)
    bottoms: list[float] = field(default_factory=list)
    length: float = 0.0
    inset: float = 0.0


def emitted(scene: Scene, rows: list[Columns], dress: Dress, crossings: int) -> Picture:
    """The drawing of a scene whose vertices have levels."""
    return _Emitter(scene, rows, dress).picture(crossings)


class _Emitter:
    def __init__(self, scene: Scene, rows: list[Columns], dress: Dress) -> None:
        self.scene = scene
        self.dress = dress
        self.vertices = rows[0].vertices
        self.leaving: dict[Port, list[Strand]] = {}
        self.wraps: dict[
            Port, int
        ] = {}  # where a row ends: port -> the vertex at the start of the next row
        self.lanes: dict[int, tuple[int, int]] = {}  # that vertex -> which of how many
        for row in rows:
            for gap in row.gaps:
                for s in gap:
                    self.leaving.setdefault((s.start, s.start_port), []).append(s)
            entering = [
                v for v in (row.columns[0] if row.columns else []) if self.vertices[v].origin
            ]
            for place, v in enumerate(entering):
                origin = self.vertices[v].origin
                assert origin is not None
                self.wraps[origin] = v
                self.lanes[v] = (place, len(entering))
        self.at = self._placed(rows)
        self.branch_of: dict[int, Key | None] = {}
        self.paths: dict[Key, list[Path]] = {}
        self.dots: dict[Key, list[tuple[float, float]]] = {}

    def picture(self, crossings: int) -> Picture:
        scene, shapes, lines, texts = self.scene, [], [], []
        for v, number in scene.boxes.items():
            box = scene.sketch.boxes[number]
            shapes.append(self._shape(v, box))
            if number in scene.inner:
                drawing = scene.inner[number].drawing
                left, top = self._inner_corner(v, scene.inner[number])
                moved = drawing.moved(left, top)
                shapes += moved.shapes
                lines += moved.lines
                texts += moved.texts
        for number, net in enumerate(scene.nets):
            source, port = net.source
            key: Key = ("tag", source) if source in scene.tags else ("net", number)
            begin = self._leaves(source)
            self._follow(source, port, key, (begin, self._across(source, port)))
        outer = [self._line(number) for number in range(len(scene.nets)) if self._own(number)]
        outer += [self._branch(v) for v in scene.tags]
        at = self.at
        across = at.bottoms[-1] if at.bottoms else 0.0
        width, height = self._xy(at.length, across)
        shapes.sort(key=lambda s: s.kind != "frame")
        drawing = Drawing(width, height, tuple(shapes), tuple(lines + outer), tuple(texts))
        entries = {w: self._across(v, 0) for w, v in scene.entries.items()}
        exits = {w: self._arrives(v, 0)[1] for w, v in scene.exits.items()}
        inner = sum([p.crossings for p in scene.inner.values()])
        return Picture(drawing, entries, exits, at.length, across, crossings + inner)

    # -- where things are

    def _xy(self, along: float, across: float) -> tuple[float, float]:
        return (across, along) if self.dress.down else (along, across)

    def _placed(self, rows: list[Columns]) -> _Rows:
        at = _Rows()
        most = max([n for _, n in self.lanes.values()], default=0)
        at.inset = (most + 1) * _LANE if most else 0.0
        base = 0.0
        for number, row in enumerate(rows):
            lanes = len([v for v in self.lanes if v in row.columns[0]]) if row.columns else 0
            if number:
                base += _BETWEEN + lanes * _LANE
            along = at.inset
            bottom = 0.0
            for place, column in enumerate(row.columns):
                members = [self.vertices[v] for v in column]
                body = max([v.body for v in members], default=0.0)
                tail = max([max(v.tails, default=0.0) for v in members], default=0.0)
                for v in column:
                    at.start[v], at.tail[v], at.stop[v] = along, along + body, along + body + tail
                    at.base[v], at.row[v] = base, number
                    bottom = max(bottom, self.vertices[v].level + self.vertices[v].below)
                along += body + tail
                if place < len(row.gaps):
                    along += self._gap(row.gaps[place])
            at.length = max(at.length, along + at.inset)
            base += bottom
            at.bottoms.append(base)
        return at

    def _gap(self, gap: list[Strand]) -> float:
        """Steeper wires need more room between columns."""
        rises = [abs(self._level_in(s) - self._level_out(s)) for s in gap]
        steepest = max(rises, default=0.0)
        return STRAIGHT if steepest == 0 else min(GAP - 8 + steepest * 0.2, 120.0)

    def _level_out(self, s: Strand) -> float:
        return self.vertices[s.start].level + self.vertices[s.start].outs[s.start_port]

    def _level_in(self, s: Strand) -> float:
        end = self.vertices[s.end]
        return end.level + end.ins[end.arrivals[s.end_port]]

    def _across(self, v: int, port: int) -> float:
        return self.at.base[v] + self.vertices[v].level + self.vertices[v].outs[port]

    def _middle(self, v: int) -> float:
        """Along: the middle of the body. Leaves end where the bodies of their column end, ends begin there."""
        body = self.vertices[v].body
        kind = self._kind(v)
        if kind == "end":
            return self.at.start[v] + body / 2
        if kind == "leaf":
            return self.at.tail[v] - body / 2
        return (self.at.start[v] + self.at.tail[v]) / 2

    def _kind(self, v: int) -> str:
        return self.scene.sketch.boxes[self.scene.boxes[v]].kind if v in self.scene.boxes else ""

    def _leaves(self, v: int) -> float:
        """Along: where a wire leaves a vertex."""
        if v not in self.scene.boxes:
            return self.at.start[v]
        edge = self._middle(v) + self.vertices[v].body / 2
        return edge - MARGIN if self._kind(v) == "frame" else edge

    def _arrives(self, v: int, port: int) -> tuple[float, float]:
        """Where a wire ends at a vertex: along, across."""
        vertex = self.vertices[v]
        offset = vertex.ins[vertex.arrivals[port]]
        across = self.at.base[v] + vertex.level + offset
        if v not in self.scene.boxes:
            return self.at.stop[v], across
        box = self.scene.sketch.boxes[self.scene.boxes[v]]
        middle = self._middle(v)
        if form_of(box, len(box.inputs), len(box.outputs)) == "circle":
            return middle - (RADIUS**2 - offset**2) ** 0.5, across
        edge = middle - vertex.body / 2
        return edge + (MARGIN if box.kind == "frame" else 0.0), across

    # -- wires

    def _follow(self, v: int, port: int, key: Key, start: tuple[float, float]) -> None:
        """From an output to all the ends of its wire: a path between any two junctions."""
        todo: list[tuple[int, int, Key, tuple[float, float], list[Segment]]]
        todo = [(v, port, key, start, [])]
        while todo:
            v, port, key, start, way = todo.pop()
            while (v, port) in self.wraps:
                into = self.wraps[v, port]
                way += self._wrapped(v, port, into)
                v, port = into, 0
            strands = self.leaving.get((v, port), [])
            if not strands:
                self._keep(key, start, way)
                continue
            here = (self.at.stop[v], self._across(v, port))
            way.append(here)
            owners = [key if key[0] == "tag" else self._only_branch(s) or key for s in strands]
            if len(strands) > 1:
                self.dots.setdefault(key, []).append(self._xy(*here))
            if len(strands) > 1 or owners[0] != key:
                self._keep(key, start, way)
                start, way = here, []
            for owner, s in zip(owners, strands):
                further = [*way] if len(strands) > 1 else way
                self._cross(s, further)
                if self.vertices[s.end].bend:
                    todo.append((s.end, 0, owner, start, further))
                else:
                    self._keep(owner, start, further)

    def _only_branch(self, s: Strand) -> Key | None:
        """The branch that a strand belongs to, if it leads to one only."""
        v, passed = s.end, []
        found: Key | None = None
        while True:
            passed.append(v)
            if v in self.branch_of:
                found = self.branch_of[v]
                break
            if v in self.scene.tags:
                found = ("tag", v)
                break
            strands = self.leaving.get((v, 0), [])
            if (v, 0) in self.wraps:
                v = self.wraps[v, 0]
            elif self.vertices[v].bend and len(strands) == 1:
                v = strands[0].end
            else:
                break
        for v in passed:
            self.branch_of[v] = found
        return found

    def _cross(self, s: Strand, way: list[Segment]) -> None:
        """Over a gap between columns, and to what lies behind it."""
        from_along, from_across = self.at.stop[s.start], self._across(s.start, s.start_port)
        arrive, across = self._arrives(s.end, s.end_port)
        begin = self.at.start[s.end]
        if across == from_across:
            way.append((begin, across))
        else:
            middle = (from_along + begin) / 2
            way.append((middle, from_across, middle, across, begin, across))
        way.append((arrive, across))

    def _wrapped(self, v: int, port: int, into: int) -> list[Segment]:
        """From the end of a row around to the start of the next."""
        place, count = self.lanes[into]
        out, back = self._across(v, port), self._across(into, 0)
        top = self.at.bottoms[self.at.row[v]]
        lane = top + _BETWEEN / 2 + (count - 1 - place) * _LANE
        right = self.at.length - _LANE * (place + 1) + _LANE / 2
        left, r = self.at.inset - _LANE * (1 + place), 5.0
        begin = self.at.start[into]
        return [
            (right - r, out),
            (right - r / 2, out, right, out + r / 2, right, out + r),
            (right, lane - r),
            (right, lane - r / 2, right - r / 2, lane, right - r, lane),
            (left + r, lane),
            (left + r / 2, lane, left, lane + r / 2, left, lane + r),
            (left, back - r),
            (left, back - r / 2, left + r / 2, back, left + r, back),
            (begin, back),
        ]

    def _keep(self, key: Key, start: tuple[float, float], way: list[Segment]) -> None:
        points: list[Segment] = []
        at = start
        for segment in way:
            if segment[-2:] != at:
                if len(segment) == 2 and points and len(points[-1]) == 2 and segment[1] == at[1]:
                    before = points[-2][-2:] if len(points) > 1 else start
                    if before[1] == at[1]:
                        points.pop()
                points.append(segment)
                at = (segment[-2], segment[-1])
        if points:
            turned = [self._turned(p) for p in points]
            self.paths.setdefault(key, []).append(Path(self._xy(*start), tuple(turned)))

    def _turned(self, segment: Segment) -> Segment:
        if not self.dress.down:
            return segment
        pairs = [(segment[i + 1], segment[i]) for i in range(0, len(segment), 2)]
        return tuple([c for pair in pairs for c in pair])

    def _own(self, number: int) -> bool:
        return self.scene.nets[number].source[0] not in self.scene.tags

    def _line(self, number: int) -> Line:
        scene, dress = self.scene, self.dress
        net, wire = scene.nets[number], scene.wires[number]
        key: Key = ("net", number)
        source, port = net.source
        gradients = dress.recording.wires[wire].gradient
        if source in scene.entries.values():
            gradients = scene.sketch.brought.get(wire, gradients)
        tone, strong = dress.captions.tone(gradients)
        name = value = gradient = None
        if source in scene.boxes and wire not in scene.sketch.exits:
            middle = (self.at.tail[source] + self.at.stop[source]) / 2
            name, value, gradient = self._label(wire, middle, self._across(source, port), tone)
        return Line(
            wire, tuple(self.paths.get(key, ())), tone, strong, value, gradient,
            tuple(self.dots.get(key, ())), self._uses(net.sinks), dress.captions.about(wire), name,
        )  # fmt: skip

    def _uses(self, sinks: list[Port]) -> Uses:
        """The gates that a wire leads to, with the positions of their inputs."""
        found: list[tuple[int, int]] = []
        for v, port in sinks:
            if v in self.scene.tags:
                found += self._tagged(self.scene.tags[v])
            elif v in self.scene.boxes:
                found += self.scene.sketch.boxes[self.scene.boxes[v]].uses[port]
        return tuple(found)

    def _tagged(self, tag: Tag) -> Uses:
        return self.scene.sketch.boxes[tag.box].uses[tag.port]

    def _branch(self, v: int) -> Line:
        scene, dress = self.scene, self.dress
        tag = scene.tags[v]
        box = scene.sketch.boxes[tag.box]
        wire = box.inputs[tag.port]
        tone, strong = dress.captions.tone(tag.part)
        text = dress.captions.part(tag.part)
        middle = (self.at.start[v] + self.at.stop[v]) / 2
        part = self._below(text, middle, self._across(v, 0), "part", tone) if text else None
        return Line(
            wire, tuple(self.paths.get(("tag", v), ())), tone, strong, None, part,
            tuple(self.dots.get(("tag", v), ())), self._tagged(tag), dress.captions.about(wire),
            branch=True,
        )  # fmt: skip

    # -- texts

    def _label(
        self, wire: int, along: float, across: float, tone: str
    ) -> tuple[Text | None, Text, Text | None]:
        """The name, the value, the gradient of a wire."""
        room, _, before = self.dress.label_room(wire)
        text, name = self.dress.captions.value(wire), self.dress.called(wire)
        if self.dress.down:
            x, y = across - OFF, along + 0.36 * NUMBER
            value = Text(x, y, text, "value", NUMBER, room, "end")
            x -= room + CALLED_GAP
        else:
            x, y = along + before / 2, across - OFF
            value = Text(x, y, text, "value", NUMBER, room)
            x -= room / 2 + CALLED_GAP
        size = width_of(name, CALLED)
        called = Text(x, y, name, "called", CALLED, size, "end") if name else None
        text = self.dress.captions.gradient(wire)
        middle = along if self.dress.down else value.x
        below = self._below(text, middle, across, "gradient", tone) if text else None
        return called, value, below

    def _below(self, text: str, along: float, across: float, role: str, tone: str) -> Text:
        width = max(width_of(text, NUMBER, True), self.dress.least)
        if self.dress.down:
            y = along + 0.36 * NUMBER
            return Text(across + OFF, y, text, role, NUMBER, width, "start", tone)
        return Text(along, across + OFF + 0.72 * NUMBER, text, role, NUMBER, width, tone=tone)

    # -- shapes

    def _inner_corner(self, v: int, picture: Picture) -> tuple[float, float]:
        vertex = self.vertices[v]
        x, y = self._xy(self._middle(v), self.at.base[v] + vertex.level)
        width, height = self._extent(v)
        header = self.dress.header(self.scene.sketch.boxes[self.scene.boxes[v]])
        if self.dress.down:
            return x - width / 2 + header, y - height / 2 + MARGIN
        return x - width / 2 + MARGIN, y - height / 2 + header

    def _extent(self, v: int) -> tuple[float, float]:
        box = self.scene.sketch.boxes[self.scene.boxes[v]]
        picture = self.scene.inner.get(self.scene.boxes[v])
        if picture is None:
            return self.dress.extent(box, len(box.inputs), len(box.outputs))
        across = picture.across + MARGIN + self.dress.header(box)
        return self._xy(self.vertices[v].body, across)

    def _shape(self, v: int, box: Box) -> Shape:
        x, y = self._xy(self._middle(v), self.at.base[v] + self.vertices[v].level)
        width, height = self._extent(v)
        form = form_of(box, len(box.inputs), len(box.outputs))
        if box.kind in ("leaf", "end"):
            bold = box.kind == "end"
            text = name_text(box)
            size = width_of(text, NAME, bold)
            texts = [Text(x, y + 0.34 * NAME, text, "end" if bold else "name", NAME, size)]
        elif box.kind == "frame":
            form, text = "frame", heading_text(box)
            left, top = x - width / 2 + 10, y - height / 2 + 17
            size = width_of(text, HEADING, True)
            texts = [Text(left, top, text, "heading", HEADING, size, "start")]
        elif box.kind == "layer":
            text = heading_text(box)
            lines = [Text(x, 0, text, "heading", HEADING, width_of(text, HEADING, True))]
            lines += [
                Text(x, 0, t, "detail", DETAIL, width_of(t, DETAIL)) for t in detail_texts(box)
            ]
            top = y - (len(lines) - 1) * 7.5
            texts = [
                Text(x, top + i * 15 + 0.36 * t.size, t.text, t.role, t.size, t.width)
                for i, t in enumerate(lines)
            ]
        elif form == "circle":
            size = sign_size(box.text)
            role, room = "sign" if size == SIGN else "small", width_of(box.text, size)
            texts = [Text(x, y + 0.36 * size, box.text, role, size, room)]
        else:
            text = sign_text(box)
            texts = [Text(x, y + 0.36 * PILL, text, "word", PILL, width_of(text, PILL, True))]
        return Shape(
            box.key, box.kind, form, x, y, width, height, tuple(texts), box.title, box.gate,
            box.wire, box.layer, box.place,
        )  # fmt: skip
