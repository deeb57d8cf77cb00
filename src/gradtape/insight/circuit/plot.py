"""The drawing by matplotlib: for PNG and PDF, and for figures of the user's own."""

from __future__ import annotations

from pathlib import Path as File
from typing import Any

from gradtape.insight.circuit.drawing import Drawing, Line, Path, Shape, Text
from gradtape.insight.circuit.palette import DARK, LIGHT, STROKES, Palette

_DPI = 100.0
_BOLD = ("value", "gradient", "part", "word", "heading", "end")


def figure_of(drawing: Drawing, theme: str = "light") -> Any:
    """A matplotlib figure of the drawing's size, 100 pixels to the inch."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "Pictures in PNG and PDF are drawn by matplotlib. Install it: pip install 'gradtape[explain]'"
        ) from error
    colours = DARK if theme == "dark" else LIGHT
    figure = Figure(figsize=(drawing.width / _DPI, drawing.height / _DPI), dpi=_DPI)
    figure.patch.set_facecolor(colours.page)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, drawing.width)
    axes.set_ylim(drawing.height, 0)
    axes.axis("off")
    frames = [s for s in drawing.shapes if s.kind == "frame"]
    for shape in frames:
        _shape(axes, shape, colours, 1)
    for line in drawing.lines:
        _line(axes, line, colours)
    for shape in drawing.shapes:
        if shape.kind != "frame":
            _shape(axes, shape, colours, 4)
    for text in drawing.texts:
        _text(axes, text, colours)
    return figure


def save_figure(
    drawing: Drawing, file: str | File, scale: float = 2.0, theme: str = "light"
) -> None:
    """Writes the picture in the format of the file's suffix; scale: pixels of a PNG per pixel of the drawing."""
    figure = figure_of(drawing, theme)
    metadata = {"CreationDate": None} if str(file).endswith(".pdf") else {"Software": None}
    figure.savefig(file, dpi=_DPI * scale, facecolor=figure.get_facecolor(), metadata=metadata)


def _tone(tone: str, colours: Palette) -> str:
    return getattr(colours, tone)


def _points(pixels: float) -> float:
    return pixels * 72 / _DPI


def _line(axes: Any, line: Line, colours: Palette) -> None:
    from matplotlib.patches import Circle, PathPatch
    from matplotlib.path import Path as Curve

    colour = _tone(line.tone, colours)
    for path in line.paths:
        points, codes = _curve(path)
        curve = Curve(points, [getattr(Curve, c) for c in codes])
        width = _points(STROKES[line.strength])
        patch = PathPatch(
            curve, fill=False, edgecolor=colour, linewidth=width, capstyle="round", zorder=2
        )
        axes.add_patch(patch)
    for dot in line.dots:
        radius = 2.4 + line.strength * 0.35
        axes.add_patch(Circle(dot, radius, facecolor=colour, edgecolor="none", zorder=3))
    for text in line.texts:
        _text(axes, text, colours)


def _curve(path: Path) -> tuple[list[tuple[float, float]], list[str]]:
    points, codes = [path.start], ["MOVETO"]
    for segment in path.segments:
        pairs = list(zip(segment[::2], segment[1::2]))
        points += pairs
        codes += ["LINETO"] if len(pairs) == 1 else ["CURVE4"] * 3
    return points, codes


def _shape(axes: Any, shape: Shape, colours: Palette, zorder: int) -> None:
    from matplotlib.patches import Circle, FancyBboxPatch

    left, top, _, _ = shape.box
    if shape.form == "circle":
        style = {"facecolor": colours.node, "edgecolor": colours.rim, "linewidth": _points(1.6)}
        axes.add_patch(Circle((shape.x, shape.y), shape.width / 2, zorder=zorder, **style))
    elif shape.form:
        round_ = {"pill": 9, "box": 6, "frame": 8}[shape.form]
        frame = shape.form == "frame"
        box = FancyBboxPatch(
            (left, top), shape.width, shape.height,
            boxstyle=f"round,pad=0,rounding_size={round_}", zorder=zorder,
            facecolor=colours.frame if frame else colours.node, edgecolor=colours.rim,
            linewidth=_points(1.2 if frame else 1.6), linestyle=(0, (4, 3)) if frame else "solid",
        )  # fmt: skip
        axes.add_patch(box)
    for text in shape.texts:
        _text(axes, text, colours)


def _text(axes: Any, text: Text, colours: Palette) -> None:
    if text.tone:
        colour = _tone("zero" if text.tone == "none" else text.tone, colours)
    elif text.role == "value":
        colour = colours.value
    else:
        colour = colours.soft if text.role in ("detail", "legend") else colours.ink
    axes.text(
        text.x, text.y, text.text.replace("$", r"\$"), color=colour, fontsize=_points(text.size),
        fontweight="bold" if text.role in _BOLD else "normal", zorder=5,
        fontstyle="italic" if text.role == "called" else "normal", family="DejaVu Sans",
        ha={"start": "left", "middle": "center", "end": "right"}[text.anchor], va="baseline",
    )  # fmt: skip
