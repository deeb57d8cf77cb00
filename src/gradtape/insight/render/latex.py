"""A derivation as LaTeX: headings and `align*` environments, for a document with amsmath."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gradtape.insight.derivation.expression import Expression, Symbol
from gradtape.insight.derivation.making import Derivation
from gradtape.insight.derivation.steps import LayerStep, Line, LocalStep, Step
from gradtape.insight.render import outline
from gradtape.insight.render.numbers import fixed
from gradtape.insight.render.outline import about
from gradtape.insight.render.printing import Printer, is_indicator
from gradtape.insight.render.signs import DIGITS, escaped, number, symbol

_FUNCTIONS = {
    "exp": r"\exp", "log": r"\ln", "sin": r"\sin", "cos": r"\cos", "tan": r"\tan", "asin": r"\arcsin",
    "acos": r"\arccos", "atan": r"\arctan", "sinh": r"\sinh", "cosh": r"\cosh", "tanh": r"\tanh", "max": r"\max",
    "min": r"\min", "lgamma": r"\ln\Gamma", "digamma": r"\psi", "zeta": r"\zeta",
}  # fmt: skip

_JOINED = {"and": r" \wedge ", "or": r" \vee ", "xor": r" \oplus "}
_SIGNS = {"lt": "<", "le": r"\leq", "gt": ">", "ge": r"\geq", "eq": "=", "ne": r"\neq"}


class Latex(Printer):
    """Expressions in LaTeX.  target: what gradients are of."""

    fractions = True

    def __init__(self, symbols: bool, target: str, digits: int | None = DIGITS) -> None:
        super().__init__(symbols, digits)
        self.target = target

    def number(self, value: Any) -> str:
        return number(value, self.digits)

    def name(self, x: Symbol) -> str:
        shown = symbol(x.name, x.index)
        if x.gradient:
            shown = rf"\frac{{\partial {symbol(self.target)}}}{{\partial {shown}}}"
        return rf"\left. {shown} \right|_{{{x.path}}}" if x.path else shown

    def rest(self, count: int) -> str:
        return rf"(\text{{{count} more terms}})"

    def bracketed(self, text: str) -> str:
        return rf"\left( {text} \right)"

    def product(self, factors: Sequence[str]) -> str:
        return r" \cdot ".join(factors)

    def chained(self, local: str, upstream: str) -> str:
        return rf"{local} \cdot {upstream}"

    def quotient(self, x: str, y: str) -> str:
        return rf"\frac{{{x}}}{{{y}}}"

    def power(self, x: str, exponent: Expression) -> str:
        return f"{{{x}}}^{{{self.show(exponent)}}}"

    def compared(self, name: str, x: str, y: str) -> str:
        return f"{x} {_SIGNS[name]} {y}"

    def choice(self, condition: Expression, x: Expression, y: Expression) -> str:
        if is_indicator(x, y):
            return rf"\left[ {self.show(condition)} \right]"
        first = rf"{self.show(x)} & {self.show(condition)}"
        return rf"\begin{{cases}} {first} \\ {self.show(y)} & \text{{else}} \end{{cases}}"

    def function(self, name: str, args: Sequence[Expression]) -> str:
        if name in _JOINED:
            return _JOINED[name].join(self.show(a) for a in args)
        shown = ", ".join(self.show(a) for a in args)
        if name == "abs":
            return rf"\left| {shown} \right|"
        if name == "sqrt":
            return rf"\sqrt{{{shown}}}"
        if name == "exp":
            return f"e^{{{shown}}}"
        head = _FUNCTIONS.get(name, rf"\operatorname{{{escaped(name)}}}")
        return rf"{head}\left( {shown} \right)"


def sides(line: Line, target: str, digits: int | None = DIGITS) -> list[str]:
    """The sides of an equation: name, expression, numbers put in, value. Equal neighbours are said once."""
    found = [Latex(True, target, digits).show(line.name)]
    if line.expression is not None:
        found.append(Latex(True, target, digits).show(line.expression))
        found.append(Latex(False, target, digits).show(line.expression))
    found.append(number(line.value, digits))
    return [side for k, side in enumerate(found) if k == 0 or side != found[k - 1]]


def equation(line: Line, target: str = "L", digits: int | None = DIGITS) -> str:
    """One equation on one line."""
    return " = ".join(sides(line, target, digits))


def latex(derivation: Derivation, digits: int | None = DIGITS) -> str:
    """The whole derivation as a fragment of a document."""
    return "\n".join(_lines(derivation, digits)) + "\n"


def _lines(d: Derivation, digits: int | None) -> Iterator[str]:
    yield rf"\section*{{Where the gradients of ${symbol(d.target)}$ come from}}"
    given = [line for step in outline.given(d) for line in step.lines]
    if given:
        yield r"\subsection*{Given}"
        yield from _align([([equation(line, d.target, digits)], line) for line in given], d)
    for title, groups in (("Forward", outline.forward(d)), ("Backward", outline.backward(d))):
        if groups:
            yield rf"\subsection*{{{title}}}"
        for group in groups:
            if group.place is not None:
                where, code = escaped(outline.where(group.place)), escaped(group.place.text)
                yield rf"\noindent\texttt{{{where}}}\quad\texttt{{{code}}}"
            for step in group.steps:
                yield from _about(step)
            rows = [(sides(line, d.target, digits), line) for s in group.steps for line in s.lines]
            yield from _align(rows, d)
    steps = outline.rounding(d)
    if steps:
        yield r"\subsection*{Rounding}"
        for said in outline.sentences(steps):
            yield rf"{escaped(said)}\par"
    if d.conventions:
        yield r"\subsection*{Conventions}"
        for k, said in enumerate(d.conventions, 1):
            yield rf"$^{{\dagger {k}}}$ {escaped(said)}\par"
    for note in d.notes:
        yield rf"{escaped(note)}\par"


def _about(step: Step) -> Iterator[str]:
    tensors = step.tensors if isinstance(step, LayerStep) else ()
    if step.tensor is not None or tensors:
        shown = "; ".join(f"{t.name}: {about(t)}" for t in (*tensors, step.tensor) if t is not None)
        head = escaped(step.formula or step.title)
        text = rf"\par\noindent\texttt{{{head}}} ({escaped(shown)})"
        if isinstance(step, LocalStep) and step.rule:
            text += f", by the local derivative ${step.rule}$"
        yield text


def _align(rows: Sequence[tuple[list[str], Line]], d: Derivation) -> Iterator[str]:
    if not rows:
        return
    yield r"\begin{align*}"
    last = len(rows) - 1
    for k, (equal, line) in enumerate(rows):
        text = rf"{equal[0]} &= " if len(equal) > 1 else equal[0].replace(" = ", " &= ", 1)
        text += " = ".join(equal[1:])
        if line.rounded is not None and d.rounded is not None:
            text += rf" && [{fixed(line.rounded, d.rounded.decimals)}]"
        text += "".join(rf" \;{{}}^{{\dagger {c}}}" for c in line.conventions)
        if line.note:
            text += rf" \quad \text{{({escaped(line.note)})}}"
        yield text if k == last else text + r" \\"
    yield r"\end{align*}"


def formula(derivation: Derivation, digits: int | None = DIGITS) -> str:
    """The equations alone, for notebooks: one `aligned` between dollars."""
    rows = []
    sections = {"Forward": outline.forward(derivation), "Backward": outline.backward(derivation)}
    for title, groups in sections.items():
        if groups:
            rows.append(rf"&\textbf{{{title}}}")
        for group in groups:
            for step in group.steps:
                for line in step.lines:
                    equal = sides(line, derivation.target, digits)
                    rows.append(f"{equal[0]} &= {' = '.join(equal[1:])}")
    return "$$\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}$$"
