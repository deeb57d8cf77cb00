"""A derivation as Markdown: headings, tables, code."""

from __future__ import annotations

from collections.abc import Iterator

from gradtape.insight.derivation.making import Derivation
from gradtape.insight.derivation.steps import LayerStep, Line, Step
from gradtape.insight.render import outline
from gradtape.insight.render.numbers import fixed
from gradtape.insight.render.outline import about, cell
from gradtape.insight.render.printing import Formula, Names

DIGITS = 6


def markdown(derivation: Derivation, digits: int | None = DIGITS) -> str:
    """All sections. digits: significant digits of numbers; None: as many as they need to be computed again."""
    return "\n".join(_Markdown(derivation, digits).lines()) + "\n"


class _Markdown:
    def __init__(self, derivation: Derivation, digits: int | None) -> None:
        self.derivation, self.digits = derivation, digits
        self.names, self.formula = Names(), Formula(digits)

    def lines(self) -> Iterator[str]:
        d = self.derivation
        yield f"## Where the gradients of {_code(d.target)} come from"
        yield ""
        yield f"`∂w` is short for {_code(f'∂{d.target}/∂w')}."
        given = [(s.kind, line) for s in outline.given(d) for line in s.lines]
        if given:
            yield from ("", "### Given", "")
            yield from self._table(given, False)
        for title, groups in (("Forward", outline.forward(d)), ("Backward", outline.backward(d))):
            if groups:
                yield from ("", f"### {title}")
            for group in groups:
                yield ""
                if group.place is not None:
                    yield from (_code(f"{outline.where(group.place)}  {group.place.text}"), "")
                rows: list[tuple[str, Line]] = []
                for step in group.steps:
                    yield from self._about(step)
                    rows += [(step.title, line) for line in step.lines]
                yield from self._table(rows, True)
        yield from self._rounding()
        if d.conventions:
            yield from ("", "### Conventions", "")
            yield from (f"* †{k} {_text(said)}" for k, said in enumerate(d.conventions, 1))
        if d.notes:
            yield from ("", "### Notes", "")
            yield from (f"* {_text(note)}" for note in d.notes)

    def _about(self, step: Step) -> Iterator[str]:
        tensors = step.tensors if isinstance(step, LayerStep) else ()
        if step.tensor is not None and step.formula:
            yield f"* {_code(step.formula)} ({about(step.tensor)})"
            yield ""
        elif tensors:
            yield f"* {_text(step.title)}: {_code(step.formula)}"
            yield from (f"  * {_code(t.name)} {about(t)}" for t in tensors)
            yield ""

    def _table(self, rows: list[tuple[str, Line]], formulas: bool) -> Iterator[str]:
        if not rows:
            return
        by_hand = self.derivation.rounded if formulas else None
        heads = ["", "number", *(["formula", "numbers put in"] if formulas else []), "result"]
        heads += ["by hand"] if by_hand is not None else []
        yield f"| {' | '.join(heads)} |"
        yield f"|{'---|' * len(heads)}"
        for title, line in rows:
            cells = [_text(title), _code(self.names.show(line.name))]
            if formulas:
                expression = line.expression
                cells.append("" if expression is None else _code(self.names.show(expression)))
                cells.append("" if expression is None else _code(self.formula.show(expression)))
            marks = "".join(f" †{k}" for k in line.conventions)
            marks += f" ({_text(line.note)})" if line.note else ""
            cells.append(_code(cell(line.value, self.digits)) + marks)
            if by_hand is not None:
                shown = "" if line.rounded is None else fixed(line.rounded, by_hand.decimals)
                cells.append(_code(shown) if shown else "")
            yield f"| {' | '.join(cells)} |"

    def _rounding(self) -> Iterator[str]:
        steps = outline.rounding(self.derivation)
        if not steps:
            return
        d = steps[0].decimals
        yield from ("", "### Rounding", "")
        yield f"| | exact | to {d} decimals | by hand | added |"
        yield "|---|---|---|---|---|"
        for step in steps:
            ends = fixed(step.exact, d), fixed(step.carried, d)
            name = self.names.show(step.lines[0].name)
            cells = (name, cell(step.exact_value, self.digits), *ends, cell(step.added, 2))
            shown = " | ".join(map(_code, cells))
            yield f"| {shown} |"
        yield ""
        yield from (f"* {_text(said)}" for said in outline.sentences(steps))


def _code(text: str) -> str:
    """A code span that may stand in a table, whatever it holds."""
    ticks = "``" if "`" in text else "`"
    pad = " " if "`" in text else ""
    return f"{ticks}{pad}{text}{pad}{ticks}".replace("|", r"\|")


def _text(text: str) -> str:
    """Words in which Markdown's signs are taken as they are."""
    for sign in ("\\", "*", "_", "`", "|", "<", "[", "]", "$"):
        text = text.replace(sign, "\\" + sign)
    return text
