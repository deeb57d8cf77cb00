r"""The drawing as TikZ: a `tikzpicture` for a paper or slides, or a document that compiles by itself."""

from __future__ import annotations

from gradtape.insight.circuit.drawing import Drawing, Path, Shape, Text
from gradtape.insight.circuit.palette import LIGHT, STROKES, TONES
from gradtape.insight.circuit.svg import figure

_MATHS = {
    "×": r"\times", "−": "-", "÷": r"\div", "√": r"\surd", "σ": r"\sigma", "Σ": r"\Sigma", "∑": r"\sum",
    "∏": r"\prod", "∇": r"\nabla", "∂": r"\partial", "‖": r"\|", "·": r"\cdot", "∞": r"\infty", "≤": r"\le",
    "≥": r"\ge", "≠": r"\ne", "∧": r"\wedge", "∨": r"\vee", "¬": r"\neg", "⌊": r"\lfloor", "⌋": r"\rfloor",
    "⌈": r"\lceil", "⌉": r"\rceil", "→": r"\to", "←": r"\leftarrow", "α": r"\alpha", "β": r"\beta",
    "γ": r"\gamma", "δ": r"\delta", "ε": r"\varepsilon", "η": r"\eta", "θ": r"\theta", "κ": r"\kappa",
    "λ": r"\lambda", "μ": r"\mu", "π": r"\pi", "ρ": r"\rho", "τ": r"\tau", "φ": r"\varphi", "ψ": r"\psi",
    "ω": r"\omega", "Δ": r"\Delta", "|": "|", "<": "<", ">": ">", "^": r"\hat{\ }", "ᵀ": r"^{\mathsf T}",
    "ʸ": "^{y}", "ˣ": "^{x}", "⁻": "^{-}",
}  # fmt: skip
_MATHS |= {c: f"^{{{d}}}" for d, c in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
_MATHS |= {c: f"_{{{d}}}" for d, c in enumerate("₀₁₂₃₄₅₆₇₈₉")}
_ESCAPES = {
    "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "$": r"\$", "{": r"\{", "}": r"\}",
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "…": r"\dots{}",
}  # fmt: skip
_BOLD = ("value", "gradient", "part", "word", "heading", "end")
_ANCHORS = {"start": "base west", "middle": "base", "end": "base east"}


def tikz_of(drawing: Drawing, standalone: bool = False) -> str:
    """The picture in LaTeX, in the light colours; standalone: with a document around it."""
    lines = []
    for name in ("ink", "soft", "node", "rim", "frame", "value", *TONES):
        lines.append(rf"\definecolor{{gt{name}}}{{HTML}}{{{getattr(LIGHT, name)[1:].upper()}}}")
    lines.append(r"\begin{tikzpicture}[x=0.75pt,y=-0.75pt,line cap=round,inner sep=0pt]")
    for shape in drawing.shapes:
        if shape.kind == "frame":
            lines += _shape(shape)
    for line in drawing.lines:
        width = figure(STROKES[line.strength] * 0.75)
        for path in line.paths:
            lines.append(rf"\draw[gt{line.tone},line width={width}pt] {_path(path)};")
        for x, y in line.dots:
            lines.append(rf"\fill[gt{line.tone}] ({figure(x)},{figure(y)}) circle[radius=2.2pt];")
        lines += [_text(t) for t in line.texts]
    for shape in drawing.shapes:
        if shape.kind != "frame":
            lines += _shape(shape)
    lines += [_text(t) for t in drawing.texts]
    lines.append(r"\end{tikzpicture}")
    body = "\n".join(lines) + "\n"
    if not standalone:
        return body
    head = "\\documentclass[border=4pt]{standalone}\n\\usepackage{tikz}\n\\usepackage{amssymb}\n"
    return f"{head}\\renewcommand{{\\familydefault}}{{\\sfdefault}}\n\\begin{{document}}\n{body}\\end{{document}}\n"


def latex_text(text: str) -> str:
    """Text for LaTeX: signs of mathematics in mathematics, special characters escaped."""
    parts, maths = [], ""
    for character in text:
        if character in _MATHS:
            maths += _MATHS[character]
            continue
        if maths:
            parts.append(f"${maths}$")
            maths = ""
        parts.append(_ESCAPES.get(character, character))
    return "".join(parts) + (f"${maths}$" if maths else "")


def _path(path: Path) -> str:
    words = [f"({figure(path.start[0])},{figure(path.start[1])})"]
    for s in path.segments:
        pairs = [f"({figure(x)},{figure(y)})" for x, y in zip(s[::2], s[1::2])]
        if len(pairs) == 1:
            words.append(f"-- {pairs[0]}")
        else:
            words.append(f".. controls {pairs[0]} and {pairs[1]} .. {pairs[2]}")
    return " ".join(words)


def _shape(shape: Shape) -> list[str]:
    left, top, right, bottom = [figure(v) for v in shape.box]
    lines = []
    if shape.form == "circle":
        at = f"({figure(shape.x)},{figure(shape.y)})"
        radius = figure(shape.width / 2 * 0.75)
        lines.append(
            rf"\filldraw[fill=gtnode,draw=gtrim,line width=1.1pt] {at} circle[radius={radius}pt];"
        )
    elif shape.form:
        style = "fill=gtnode,draw=gtrim,line width=1.1pt,rounded corners=5pt"
        if shape.form == "frame":
            style = "fill=gtframe,draw=gtrim,line width=0.8pt,dashed,rounded corners=6pt"
        lines.append(rf"\filldraw[{style}] ({left},{top}) rectangle ({right},{bottom});")
    return lines + [_text(t) for t in shape.texts]


def _text(text: Text) -> str:
    tone = {"value": "value", "detail": "soft", "legend": "soft"}.get(text.role, "ink")
    if text.tone:
        tone = "zero" if text.tone == "none" else text.tone
    size = figure(text.size * 0.75)
    font = rf"\fontsize{{{size}}}{{{size}}}\selectfont"
    font += (
        r"\bfseries\boldmath"
        if text.role in _BOLD
        else r"\itshape"
        if text.role == "called"
        else ""
    )
    at = f"({figure(text.x)},{figure(text.y)})"
    style = f"anchor={_ANCHORS[text.anchor]},text=gt{tone},font={{{font}}}"
    return rf"\node[{style}] at {at} {{{latex_text(text.text)}}};"
