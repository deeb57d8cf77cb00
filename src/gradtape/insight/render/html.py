"""A derivation as HTML with MathML: one file, no script, nothing fetched, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import numpy as np

from gradtape.insight.circuit.figures import tone
from gradtape.insight.circuit.palette import DARK, LIGHT, Palette
from gradtape.insight.derivation.making import Derivation
from gradtape.insight.derivation.steps import LayerStep, Line, RoundingStep, Step
from gradtape.insight.render import outline
from gradtape.insight.render.mathml import MathML, math, mo, number, symbol
from gradtape.insight.render.numbers import MINUS, exact, fixed, short
from gradtape.insight.render.outline import about

DIGITS = 4


def _tones(palette: Palette) -> str:
    """The colours of the circuits: values green, gradients by their sign."""
    p = palette
    return f"--gt-value:{p.value};--gt-plus:{p.plus};--gt-minus:{p.minus};--gt-zero:{p.zero};--gt-bad:{p.bad};"


STYLE = (
    """
.gt-derivation{--gt-soft:#5a6472;--gt-line:#d9dee5;--gt-band:#f3f5f8;
"""
    + _tones(LIGHT)
    + """font:15px/1.5 system-ui,sans-serif;max-width:64rem}
.gt-derivation h2{font-size:1.25rem;margin:0 0 .25rem}
.gt-derivation h3{font-size:1.05rem;margin:1.25rem 0 .4rem;border-bottom:1px solid var(--gt-line)}
.gt-derivation p{margin:.3rem 0;color:var(--gt-soft)}
.gt-derivation .gt-code{font:13px/1.5 ui-monospace,monospace;background:var(--gt-band);padding:.15rem .5rem;
border-radius:4px;margin:.6rem 0 .2rem;white-space:pre-wrap;overflow-wrap:anywhere}
.gt-derivation .gt-scroll{overflow:auto hidden;padding:.1rem 0}
.gt-derivation table{border-collapse:collapse;background:none}
.gt-derivation th,.gt-derivation td{padding:.2rem .5rem;text-align:left;border:0;font-weight:normal;white-space:nowrap}
.gt-derivation tbody th{color:var(--gt-soft);font-size:.85rem}
.gt-derivation thead th{text-align:right;color:var(--gt-soft);font-size:.85rem;border-bottom:1px solid var(--gt-line)}
.gt-derivation .gt-value{text-align:right;font-variant-numeric:tabular-nums}
.gt-derivation .gt-number{color:var(--gt-value)}.gt-derivation .gt-plus{color:var(--gt-plus)}
.gt-derivation .gt-minus{color:var(--gt-minus)}.gt-derivation .gt-zero{color:var(--gt-zero)}
.gt-derivation .gt-bad{color:var(--gt-bad)}
.gt-derivation .gt-given{white-space:normal;max-width:44rem}.gt-derivation .gt-given math{margin-right:1.25rem}
.gt-derivation .gt-rounded{color:var(--gt-soft);text-align:right;font-variant-numeric:tabular-nums}
.gt-derivation .gt-soft{color:var(--gt-soft)}
.gt-derivation math{font-size:1.05em}
@media(prefers-color-scheme:dark){.gt-derivation{--gt-soft:#a9b4c2;--gt-line:#3a424d;--gt-band:#20262e;
"""
    + _tones(DARK)
    + """}}
"""
)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title>
<style>:root{{color-scheme:light dark}}
body{{margin:1.5rem auto;padding:0 1rem;max-width:66rem;background:#fff;color:#1b2026}}
@media(prefers-color-scheme:dark){{body{{background:#14181d;color:#e8ecf1}}}}</style>
</head><body><main>
{body}
</main></body></html>
"""


def page(derivation: Derivation, digits: int | None = DIGITS) -> str:
    """A whole file."""
    title = escape(f"Where the gradients of {derivation.target} come from")
    return PAGE.format(title=title, body=fragment(derivation, digits))


def fragment(derivation: Derivation, digits: int | None = DIGITS) -> str:
    """A piece of a page, with its style."""
    lines = "\n".join(_Html(derivation, digits).lines())
    return f'<div class="gt-derivation">\n<style>{STYLE}</style>\n{lines}\n</div>'


class _Html:
    def __init__(self, derivation: Derivation, digits: int | None) -> None:
        self.derivation, self.digits = derivation, digits
        self.names = MathML(True, derivation.target, digits)
        self.put_in = MathML(False, derivation.target, digits)

    def lines(self) -> Iterator[str]:
        d = self.derivation
        yield f"<h2>Where the gradients of {math(symbol(d.target))} come from</h2>"
        if d.rounded is not None:
            yield (
                f"<p>Last column: the same number where every intermediate one is rounded to {d.rounded.decimals} "
                "decimals.</p>"
            )
        yield from self._given()
        for title, groups in (("Forward", outline.forward(d)), ("Backward", outline.backward(d))):
            if groups:
                yield f"<h3>{title}</h3>"
            for group in groups:
                if group.place is not None:
                    code = f"{outline.where(group.place)}  {group.place.text}"
                    yield f'<div class="gt-code">{escape(code)}</div>'
                yield from self._steps(group.steps)
        yield from self._rounding(outline.rounding(d))
        if d.conventions:
            yield "<h3>Conventions</h3>"
            for k, said in enumerate(d.conventions, 1):
                yield f"<p>†{k} {escape(said)}</p>"
        if d.notes:
            yield "<h3>Notes</h3>"
            yield from (f"<p>{escape(note)}</p>" for note in d.notes)

    def _given(self) -> Iterator[str]:
        steps = outline.given(self.derivation)
        if not steps:
            return
        yield "<h3>Given</h3>"
        yield '<div class="gt-scroll" tabindex="0"><table><tbody>'
        for step in steps:
            said = "" if step.tensor is None else escape(about(step.tensor))
            shown = " ".join(
                math(self.names.show(e.name) + mo("=") + number(e.value, self.digits))
                for e in step.lines
            )
            head = f'<th scope="row">{step.kind}</th><td class="gt-soft">{said}</td>'
            yield f'<tr>{head}<td class="gt-given">{shown}</td></tr>'
        yield "</tbody></table></div>"

    def _steps(self, steps: list[Step]) -> Iterator[str]:
        run: list[tuple[str, Line]] = []
        for step in steps:
            tensors = step.tensors if isinstance(step, LayerStep) else ()
            if step.tensor is None and not tensors:
                run += [(step.title, line) for line in step.lines]
                continue
            yield from self._table(run)
            run = [("", line) for line in step.lines]
            if step.tensor is not None:
                head = f"<code>{escape(step.formula)}</code> " if step.formula else ""
                yield f"<p>{escape(step.title)}: {head}({escape(about(step.tensor))})</p>"
            else:
                yield f"<p>{escape(step.title)}: <code>{escape(step.formula)}</code></p>"
                yield '<div class="gt-scroll" tabindex="0"><table><tbody>'
                for t in tensors:
                    yield f'<tr><th scope="row">{escape(t.name)}</th><td class="gt-soft">{escape(about(t))}</td></tr>'
                yield "</tbody></table></div>"
            yield from self._table(run)
            run = []
        yield from self._table(run)

    def _table(self, rows: list[tuple[str, Line]]) -> Iterator[str]:
        if not rows:
            return
        yield '<div class="gt-scroll" tabindex="0"><table><tbody>'
        for title, line in rows:
            yield self._row(title, line)
        yield "</tbody></table></div>"

    def _row(self, title: str, line: Line) -> str:
        left = self.names.show(line.name)
        numbers = ""
        if line.expression is not None:
            left += mo("=") + self.names.show(line.expression)
            shown = self.put_in.show(line.expression)
            if shown != number(line.value, self.digits):
                numbers = math(mo("=") + shown)
        marks = "".join(f" †{k}" for k in line.conventions)
        if line.note:
            marks += f" ({escape(line.note)})"
        rounded, by_hand = self.derivation.rounded, ""
        if line.rounded is not None and rounded is not None:
            by_hand = fixed(line.rounded, rounded.decimals).replace("-", MINUS)
        value = math(mo("=") + number(line.value, self.digits))
        head = f'<th scope="row">{escape(title)}</th>' if title else "<td></td>"
        return (
            f"<tr>{head}<td>{math(left)}</td><td>{numbers}</td>"
            f'<td class="gt-value {_sign(line)}" title="{exact(line.value)}">{value}{marks}</td>'
            f'<td class="gt-rounded">{by_hand}</td></tr>'
        )

    def _rounding(self, steps: list[RoundingStep]) -> Iterator[str]:
        if not steps:
            return
        yield "<h3>Rounding</h3>"
        heads = ("", "exact", f"to {steps[0].decimals} decimals", "by hand", "added")
        yield '<div class="gt-scroll" tabindex="0"><table><thead><tr>'
        yield "".join(f'<th scope="col">{h}</th>' for h in heads) + "</tr></thead><tbody>"
        for step in steps:
            d = step.decimals
            ends = fixed(step.exact, d), fixed(step.carried, d)
            cells = (short(step.exact, 5), *ends, short(step.added, 2))
            shown = "".join(f'<td class="gt-value">{c.replace("-", MINUS)}</td>' for c in cells)
            yield f'<tr><th scope="row">{math(self.names.show(step.lines[0].name))}</th>{shown}</tr>'
        yield "</tbody></table></div>"
        for said in map(escape, outline.sentences(steps)):
            yield f"<p>{said.replace(' -', ' ' + MINUS).replace('(-', '(' + MINUS)}</p>"


def _sign(line: Line) -> str:
    """Colours as in circuits: values green, gradients by sign."""
    return f"gt-{tone(np.asarray(line.value))}" if line.name.gradient else "gt-number"
