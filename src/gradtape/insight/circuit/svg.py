"""The drawing as SVG: colours by the reader's light or dark setting, text in the reader's own font."""

from __future__ import annotations

from collections.abc import Iterable

from gradtape.insight.circuit.drawing import Drawing, Line, Path, Shape, Text
from gradtape.insight.circuit.palette import DARK, FONT, LIGHT, STROKES, TONES, Palette

_FORM = f"""
.gt-circuit text {{ font-family: {FONT}; text-anchor: middle }}
.gt-circuit .wire {{ fill: none; stroke-linecap: round; stroke-linejoin: round }}
.gt-circuit .node {{ stroke-width: 1.6 }}
.gt-circuit .frame {{ stroke-width: 1.2; stroke-dasharray: 5 4 }}
.gt-circuit .value, .gt-circuit .gradient, .gt-circuit .part, .gt-circuit .word, .gt-circuit .heading,
.gt-circuit .end {{ font-weight: 600 }}
.gt-circuit .value, .gt-circuit .gradient, .gt-circuit .part {{ font-size: 13px; font-variant-numeric: tabular-nums }}
.gt-circuit .sign {{ font-size: 17px }}
.gt-circuit .word, .gt-circuit .heading {{ font-size: 13px }}
.gt-circuit .small {{ font-size: 12.5px }}
.gt-circuit .name, .gt-circuit .end {{ font-size: 15px }}
.gt-circuit .detail {{ font-size: 11px }}
.gt-circuit .called {{ font-size: 12px; font-style: italic }}
.gt-circuit .legend {{ font-size: 12px; font-weight: 400 }}
.gt-circuit text.a0 {{ text-anchor: start }}
.gt-circuit text.a2 {{ text-anchor: end }}
"""


def _colours(root: str, p: Palette) -> str:
    tones = "".join(
        f"{root} path.{t} {{ stroke: {getattr(p, t)} }} "
        f"{root} text.{t}, {root} .dot.{t} {{ fill: {p.zero if t == 'none' else getattr(p, t)} }}\n"
        for t in TONES
    )
    return (
        f"{root} text {{ fill: {p.ink} }} {root} text.detail, {root} text.legend {{ fill: {p.soft} }}\n"
        f"{root} .node {{ fill: {p.node}; stroke: {p.rim} }} "
        f"{root} .frame {{ fill: {p.frame}; stroke: {p.rim} }}\n"
        f"{root} text.value {{ fill: {p.value} }}\n{tones}"
    )


def style() -> str:
    """The style sheet of all drawings."""
    widths = "".join(
        f".gt-circuit .s{i} {{ stroke-width: {width:g} }} " for i, width in enumerate(STROKES)
    )
    dark = _colours(".gt-circuit:not(.light)", DARK)
    return (
        f"{_FORM}{widths}\n{_colours('.gt-circuit', LIGHT)}"
        f"@media (prefers-color-scheme: dark) {{\n{dark}}}\n{_colours('.gt-circuit.dark', DARK)}"
    )


def figure(value: float) -> str:
    """A coordinate with at most one decimal."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def escaped(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;")


def path_data(path: Path) -> str:
    """The `d` of a path."""
    words = [f"M{figure(path.start[0])},{figure(path.start[1])}"]
    for segment in path.segments:
        pairs = [f"{figure(x)},{figure(y)}" for x, y in zip(segment[::2], segment[1::2])]
        words.append(("L" if len(segment) == 2 else "C") + " ".join(pairs))
    return "".join(words)


def text_element(text: Text) -> str:
    anchor = {"start": " a0", "middle": "", "end": " a2"}[text.anchor]
    names = f"{text.role}{f' {text.tone}' if text.tone else ''}{anchor}"
    at = f'x="{figure(text.x)}" y="{figure(text.y)}"'
    return f'<text class="{names}" {at}>{escaped(text.text)}</text>'


def line_elements(line: Line) -> Iterable[str]:
    data = "".join([path_data(p) for p in line.paths])
    title = f"<title>{escaped(line.title)}</title>" if line.title else ""
    parts = [f'<path class="wire {line.tone} s{line.strength}" d="{data}"/>'] if data else []
    radius = figure(2.4 + line.strength * 0.35)
    parts += [
        f'<circle class="dot {line.tone}" cx="{figure(x)}" cy="{figure(y)}" r="{radius}"/>'
        for x, y in line.dots
    ]
    parts += [text_element(t) for t in line.texts]
    if parts:
        yield f'<g data-wire="{line.wire}">{title}{"".join(parts)}</g>'


def shape_element(shape: Shape, interactive: bool = False) -> str:
    left, top, _, _ = shape.box
    if shape.form == "circle":
        at = f'cx="{figure(shape.x)}" cy="{figure(shape.y)}"'
        form = f'<circle class="node" {at} r="{figure(shape.width / 2)}"/>'
    elif shape.form:
        round_ = {"pill": 9, "box": 6, "frame": 8}[shape.form]
        at = f'x="{figure(left)}" y="{figure(top)}" width="{figure(shape.width)}"'
        kind = "frame" if shape.form == "frame" else "node"
        form = f'<rect class="{kind}" {at} height="{figure(shape.height)}" rx="{round_}"/>'
    else:
        form = ""
    title = f"<title>{escaped(shape.title)}</title>" if shape.title else ""
    data = f' data-gate="{shape.gate}"' if shape.gate >= 0 else ""
    if interactive and shape.layer:
        layer, opened = escaped(shape.layer), str(shape.kind == "frame").lower()
        data += f' data-layer="{layer}" tabindex="0" role="button" aria-expanded="{opened}"'
    elif interactive and shape.gate >= 0:
        data += f' tabindex="0" role="img" aria-label="{escaped(shape.title)}"'
    texts = "".join([text_element(t) for t in shape.texts])
    return f'<g class="{shape.kind}-box"{data}>{title}{form}{texts}</g>'


def svg_of(drawing: Drawing, title: str, theme: str = "", interactive: bool = False) -> str:
    """The picture as an SVG document. theme: "light" or "dark"; "": as the reader's system says."""
    width, height = figure(drawing.width), figure(drawing.height)
    names = f"gt-circuit {theme}".strip()
    frames = [s for s in drawing.shapes if s.kind == "frame"]
    others = [s for s in drawing.shapes if s.kind != "frame"]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{names}" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="{"group" if interactive else "img"}" '
        f'aria-label="{escaped(title)}">'
    ]
    if not interactive:
        parts += [
            f"<title>{escaped(title)}</title>",
            f"<style>svg:root {{ color-scheme: light dark }}{style()}</style>",
        ]
    parts += [shape_element(s, interactive) for s in frames]
    for line in drawing.lines:
        parts += line_elements(line)
    parts += [shape_element(s, interactive) for s in others]
    parts += [text_element(t) for t in drawing.texts]
    return "\n".join([*parts, "</svg>", ""])
