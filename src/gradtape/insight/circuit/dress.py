"""How things look: texts of wires, sizes of boxes, how much room each takes beside its wire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradtape.insight.circuit.captions import Captions
from gradtape.insight.circuit.graph import Vertex
from gradtape.insight.circuit.sketch import Box
from gradtape.insight.circuit.widths import shortened, width_of

NUMBER = 13.0  # font sizes
SIGN = 17.0
SMALL = 12.5
PILL = 13.0
NAME = 15.0
HEADING = 13.0
DETAIL = 11.0

RADIUS = 18.0
PAD = 7.0  # beside the numbers of a wire
OFF = 7.0  # between a wire and its numbers
LINE = 19.0  # from a wire to the far end of its numbers
PORTS = 14.0  # between inputs of one box
CALLED = 12.0
CALLED_GAP = 6.0  # between a wire's name and its value
HEADER = 24.0  # of an opened layer
MARGIN = 14.0  # inside of it
_NAME_ROOM = 190.0
_BOX_ROOM = 150.0
_CALLED_ROOM = 90.0


@dataclass(frozen=True)
class Look:
    """What the user chose. direction: "right" or "down"."""

    decimals: int | None = None
    gradients: bool = True
    direction: str = "right"

    @property
    def down(self) -> bool:
        return self.direction == "down"


class Dress:
    """The sizes of what stands in a drawing, by its texts."""

    def __init__(self, captions: Captions, look: Look) -> None:
        self.captions = captions
        self.recording = captions.recording
        self.look = look
        self.down = look.down
        digits = "0" * (3 if look.decimals is None else max(look.decimals, 1))
        self.least = width_of(
            f"−0.{digits}", NUMBER, True
        )  # a live page may put other numbers there

    def called(self, wire: int) -> str:
        """The name of a computed wire in the code: targets and leaves have theirs beside them, entries need none."""
        found = self.recording.wires[wire]
        if found.kind != "computed" or wire in self.recording.targets or "[" in found.name:
            return ""
        return shortened(found.name, CALLED, _CALLED_ROOM)

    def label_room(self, wire: int) -> tuple[float, float, float]:
        """The widths that the value and the gradient of a wire take, and its name before the value."""
        texts = self.captions.value(wire), self.captions.gradient(wire)
        value, gradient = [width_of(t, NUMBER, True) for t in texts]
        name = self.called(wire)
        before = width_of(name, CALLED) + CALLED_GAP if name else 0.0
        return max(value, self.least), max(gradient, self.least) if texts[1] else 0.0, before

    def vertex(self, box: Box, spot: int, hushed: Sequence[int] = ()) -> Vertex:
        """The room that a box takes, with the numbers after its outputs, but for those of the wires `hushed`."""
        body, half, arrive = self.size(box, len(box.inputs), len(box.outputs))
        ins = spread(len(box.inputs), arrive)
        vertex = Vertex(body, half, half, ins, free=box.free, spot=spot)
        vertex.leaf = box.kind == "leaf"
        vertex.arrivals = list(range(len(ins)))
        self.add_tails(vertex, box.outputs, hushed=hushed)
        return vertex

    def add_tails(
        self, vertex: Vertex, wires: list[int], outs: list[float] | None = None, hushed: Sequence[int] = ()
    ) -> None:  # fmt: skip
        """Outputs with room for their numbers: beside each other without touching."""
        above, below = [], []
        for wire in wires:
            if wire in hushed:
                above.append(6.0)
                below.append(6.0)
                vertex.tails.append(0.0)
                continue
            value, gradient, before = self.label_room(wire)
            value += before
            above.append(value + OFF if self.down else LINE)
            below.append(gradient + OFF if self.down else (LINE if gradient else 4.0))
            vertex.tails.append(NUMBER + 10 if self.down else max(value, gradient) + 2 * PAD)
        if outs is None:
            outs, at = [], 0.0
            for i in range(len(wires)):
                at += below[i - 1] + above[i] + 6 if i else 0.0
                outs.append(at)
            outs = [o - at / 2 for o in outs]
        vertex.outs = outs
        for o, a, b in zip(outs, above, below):
            vertex.above = max(vertex.above, a - o)
            vertex.below = max(vertex.below, b + o)

    def tag(self, part: np.ndarray | None) -> Vertex:
        """The gradient of one branch, under its wire."""
        text = self.captions.part(part)
        if not text:
            return Vertex(0, 6, 6, [0], [0], [0], spot=-1, arrivals=[0])
        width = max(width_of(text, NUMBER, True), self.least)
        below = width + OFF if self.down else LINE
        tail = NUMBER + 10 if self.down else width + 2 * PAD
        return Vertex(0, 6, below, [0], [0], [tail], spot=-1, arrivals=[0])

    def outs_room(self, box: Box) -> float:
        """How far its first and its last output are apart."""
        vertex = Vertex(0, 0, 0)
        self.add_tails(vertex, box.outputs)
        return vertex.outs[-1] - vertex.outs[0] if vertex.outs else 0.0

    def header(self, box: Box) -> float:
        """Across: the room that the name of an opened layer takes beside what is in it."""
        if self.down:
            return width_of(heading_text(box), HEADING, True) + 20
        return HEADER + MARGIN

    def size(self, box: Box, ins: int, outs: int) -> tuple[float, float, float]:
        """Its length along, half of its length across, and the distance between its inputs."""
        width, height = self.extent(box, ins, outs)
        across = width if self.down else height
        many = max(ins - 1, 1)
        apart = min(PORTS if form_of(box, ins, outs) != "circle" else 13.0, (across - 8) / many)
        return (height if self.down else width), across / 2, apart

    def extent(self, box: Box, ins: int, outs: int) -> tuple[float, float]:
        """Width and height of the box itself."""
        if box.kind in ("leaf", "end"):
            return width_of(name_text(box), NAME, box.kind == "end") + 8, NAME + 8
        needed = max(ins * PORTS + 8 if ins > 1 else 0.0, 0.0)
        if box.kind in ("layer", "frame"):
            width = max(
                width_of(heading_text(box), HEADING, True),
                *[width_of(t, DETAIL) for t in detail_texts(box)],
            )
            width, height = max(width + 22, 84.0, box.width), 26.0 + 15 * len(box.details) + 4
        elif form_of(box, ins, outs) == "circle":
            return 2 * RADIUS, 2 * RADIUS
        else:
            width, height = max(width_of(sign_text(box), PILL, True) + 20, 34.0), 30.0
            needed = max(needed, self.outs_room(box) + 16 if outs > 1 else 0.0)
        return (max(width, needed), height) if self.down else (width, max(height, needed))


def spread(count: int, apart: float) -> list[float]:
    """Offsets of ports around the middle."""
    return [(i - (count - 1) / 2) * apart for i in range(count)]


def form_of(box: Box, ins: int, outs: int) -> str:
    """The form of a box: circle for a short sign, pill for a longer one."""
    if box.kind in ("leaf", "end"):
        return ""
    if box.kind in ("layer", "frame"):
        return "box"
    short = width_of(box.text, SMALL) <= 1.63 * RADIUS
    return "circle" if short and ins <= 2 and outs <= 1 else "pill"


def sign_size(text: str) -> float:
    """Signs in circles: large where they fit."""
    return SIGN if width_of(text, SIGN) <= 1.62 * RADIUS else SMALL


def sign_text(box: Box) -> str:
    return shortened(box.text, PILL, _BOX_ROOM, True)


def name_text(box: Box) -> str:
    return shortened(box.text, NAME, _NAME_ROOM, box.kind == "end")


def heading_text(box: Box) -> str:
    return shortened(box.text, HEADING, _BOX_ROOM, True)


def detail_texts(box: Box) -> list[str]:
    return [shortened(t, DETAIL, _BOX_ROOM) for t in box.details]
