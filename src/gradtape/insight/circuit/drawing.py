"""A drawing that is laid out: shapes, wires and texts with their places, before it becomes SVG or anything else."""

from __future__ import annotations

from dataclasses import dataclass, replace

Segment = tuple[float, ...]  # (x, y): a line to it; (x1, y1, x2, y2, x, y): a cubic curve
Rectangle = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Text:
    """A line of text. x, y: on its baseline; anchor: "start", "middle" or "end"; width: the most that it takes.

    role: "sign", "name", "heading", "detail", "value", "gradient", "part" or "legend".
    """

    x: float
    y: float
    text: str
    role: str
    size: float
    width: float
    anchor: str = "middle"
    tone: str = ""

    @property
    def box(self) -> Rectangle:
        left = self.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor] * self.width
        return left, self.y - 0.78 * self.size, left + self.width, self.y + 0.24 * self.size


@dataclass(frozen=True)
class Shape:
    """A thing that wires join. x, y: its middle.

    key: its name in the picture.  kind: "leaf", "gate", "layer", "frame" or "end".
    form: "circle", "pill", "box", "frame" or "" (text only).
    gate, wire: indices in the recording, or -1.  layer: the path of the layer that it stands for.
    title: what hovering shows.  place: (file, line, text of the line) or None.
    """

    key: str
    kind: str
    form: str
    x: float
    y: float
    width: float
    height: float
    texts: tuple[Text, ...]
    title: str
    gate: int = -1
    wire: int = -1
    layer: str = ""
    place: tuple[str, int, str] | None = None

    @property
    def box(self) -> Rectangle:
        return (
            self.x - self.width / 2, self.y - self.height / 2,
            self.x + self.width / 2, self.y + self.height / 2,
        )  # fmt: skip


@dataclass(frozen=True)
class Path:
    """A piece of a wire, from a point along segments."""

    start: tuple[float, float]
    segments: tuple[Segment, ...]

    @property
    def end(self) -> tuple[float, float]:
        return self.segments[-1][-2:] if self.segments else self.start  # type: ignore[return-value]


@dataclass(frozen=True)
class Line:
    """A wire, or a branch of one: its paths, the junctions on it, its value above and its gradient below.

    wire: its index in the recording.  uses: the gates that it leads to, with the positions of their inputs; a branch
    leads to one box.  gate, position: the one use, or -1.  name: in the code.
    tone: "plus", "minus", "mixed", "zero", "none" or "bad".  strength: 0 to 4.
    """

    wire: int
    paths: tuple[Path, ...]
    tone: str
    strength: int
    value: Text | None = None
    gradient: Text | None = None
    dots: tuple[tuple[float, float], ...] = ()
    uses: tuple[tuple[int, int], ...] = ()
    title: str = ""
    name: Text | None = None
    branch: bool = False

    @property
    def gate(self) -> int:
        return self.uses[0][0] if len(self.uses) == 1 else -1

    @property
    def position(self) -> int:
        return self.uses[0][1] if len(self.uses) == 1 else -1

    @property
    def texts(self) -> tuple[Text, ...]:
        """Its name, its value and its gradient, as far as they are shown."""
        return tuple(
            [t for t in (self.name, self.value, self.gradient) if t is not None and t.text]
        )


@dataclass(frozen=True)
class Drawing:
    """All of a picture. Frames come first: they lie below."""

    width: float
    height: float
    shapes: tuple[Shape, ...]
    lines: tuple[Line, ...]
    texts: tuple[Text, ...] = ()

    def moved(self, dx: float, dy: float) -> Drawing:
        """The same drawing, moved."""
        return Drawing(
            self.width, self.height,
            tuple([_shape_moved(s, dx, dy) for s in self.shapes]),
            tuple([_line_moved(line, dx, dy) for line in self.lines]),
            tuple([_text_moved(t, dx, dy) for t in self.texts]),
        )  # fmt: skip


def _text_moved(text: Text, dx: float, dy: float) -> Text:
    return replace(text, x=text.x + dx, y=text.y + dy)


def _shape_moved(shape: Shape, dx: float, dy: float) -> Shape:
    texts = tuple([_text_moved(t, dx, dy) for t in shape.texts])
    return replace(shape, x=shape.x + dx, y=shape.y + dy, texts=texts)


def _line_moved(line: Line, dx: float, dy: float) -> Line:
    def point(values: Segment) -> Segment:
        return tuple([v + (dy if i % 2 else dx) for i, v in enumerate(values)])

    paths = [Path(point(p.start), tuple(map(point, p.segments))) for p in line.paths]  # type: ignore[arg-type]
    return replace(
        line, paths=tuple(paths), dots=tuple([point(d) for d in line.dots]),  # type: ignore[misc]
        value=line.value and _text_moved(line.value, dx, dy),
        gradient=line.gradient and _text_moved(line.gradient, dx, dy),
        name=line.name and _text_moved(line.name, dx, dy),
    )  # fmt: skip
