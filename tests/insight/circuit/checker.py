"""What overlaps in a drawing: texts, shapes and wires against each other."""

from __future__ import annotations

from collections.abc import Iterator

from gradtape.insight.circuit.drawing import Drawing, Path, Rectangle, Shape, Text

Point = tuple[float, float]
_HALF_STROKE = 1.8


def points_of(path: Path) -> list[Point]:
    """Points along a path, no further apart than a few pixels."""
    found = [path.start]
    for segment in path.segments:
        x0, y0 = found[-1]
        x3, y3 = segment[-2:]
        if len(segment) == 2:
            x1, y1, x2, y2 = (
                x0 + (x3 - x0) / 3,
                y0 + (y3 - y0) / 3,
                x3 - (x3 - x0) / 3,
                y3 - (y3 - y0) / 3,
            )
        else:
            x1, y1, x2, y2 = segment[:4]
        steps = 2 + int((abs(x3 - x0) + abs(y3 - y0)) / 3)
        for i in range(1, steps + 1):
            t = i / steps
            u = 1 - t
            a, b, c, d = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
            found.append((a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3))
    return found


def findings(drawing: Drawing) -> list[str]:
    """One line per overlap; nothing where all is well."""
    return [*_texts(drawing), *_shapes(drawing), *_wires(drawing), *_bounds(drawing)]


def _meet(a: Rectangle, b: Rectangle, apart: float = 0.0) -> bool:
    return (
        a[0] < b[2] + apart and b[0] < a[2] + apart and a[1] < b[3] + apart and b[1] < a[3] + apart
    )


def _within(a: Rectangle, b: Rectangle) -> bool:
    return a[0] >= b[0] and a[1] >= b[1] and a[2] <= b[2] and a[3] <= b[3]


def all_texts(drawing: Drawing) -> list[tuple[Text, Shape | None]]:
    """Every text, with the shape that it stands in."""
    found: list[tuple[Text, Shape | None]] = [(t, s) for s in drawing.shapes for t in s.texts]
    found += [(t, None) for line in drawing.lines for t in line.texts]
    return found + [(t, None) for t in drawing.texts]


def _texts(drawing: Drawing) -> Iterator[str]:
    texts = all_texts(drawing)
    for i, (text, own) in enumerate(texts):
        for other, _ in texts[i + 1 :]:
            if _meet(text.box, other.box, 0.5):
                yield f"text {text.text!r} on text {other.text!r}"
        if own is not None and own.form and not _within(text.box, own.box):
            yield f"text {text.text!r} outgrows its {own.kind}"
        for shape in drawing.shapes:
            if shape is own or not _meet(text.box, shape.box, 0.5):
                continue
            if shape.kind != "frame" or not _within(text.box, shape.box):
                yield f"text {text.text!r} on {shape.key}"


def _shapes(drawing: Drawing) -> Iterator[str]:
    for i, shape in enumerate(drawing.shapes):
        for other in drawing.shapes[i + 1 :]:
            if not _meet(shape.box, other.box, 2.0):
                continue
            inside = (other.kind == "frame" and _within(shape.box, other.box)) or (
                shape.kind == "frame" and _within(other.box, shape.box)
            )
            if not inside:
                yield f"{shape.key} on {other.key}"


def _inside(point: Point, shape: Shape) -> bool:
    if shape.form == "circle":
        return (point[0] - shape.x) ** 2 + (point[1] - shape.y) ** 2 < (shape.width / 2 - 1.5) ** 2
    left, top, right, bottom = shape.box
    return left + 1.5 < point[0] < right - 1.5 and top + 1.5 < point[1] < bottom - 1.5


def _wires(drawing: Drawing) -> Iterator[str]:
    texts = [
        text
        for text, own in all_texts(drawing)
        if own is None or not own.form or own.kind == "frame"
    ]  # a wire that meets text in a gate meets the gate
    shapes = [s for s in drawing.shapes if s.kind != "frame"]
    for line in drawing.lines:
        for path in line.paths:
            points = points_of(path)
            xs, ys = zip(*points)
            around = (min(xs) - 3, min(ys) - 3, max(xs) + 3, max(ys) + 3)
            for shape in shapes:
                if _meet(shape.box, around) and any(_inside(p, shape) for p in points):
                    yield f"wire {line.wire} through {shape.key}"
            for text in texts:
                if _meet(text.box, around) and any(_touches(p, text.box) for p in points):
                    yield f"wire {line.wire} through text {text.text!r}"


def _touches(point: Point, box: Rectangle) -> bool:
    x, y = point
    return (
        box[0] - _HALF_STROKE < x < box[2] + _HALF_STROKE
        and box[1] - _HALF_STROKE < y < box[3] + _HALF_STROKE
    )


def _bounds(drawing: Drawing) -> Iterator[str]:
    page = (0.0, 0.0, drawing.width, drawing.height)
    for text, _ in all_texts(drawing):
        if not _within(text.box, page):
            yield f"text {text.text!r} leaves the page"
    for shape in drawing.shapes:
        if not _within(shape.box, page):
            yield f"{shape.key} leaves the page"
