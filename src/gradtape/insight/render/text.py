"""A derivation as plain text: for terminals, 100 columns wide."""

from __future__ import annotations

import textwrap

from gradtape.insight.derivation.making import Derivation
from gradtape.insight.derivation.steps import LayerStep, Line, Step
from gradtape.insight.render import outline
from gradtape.insight.render.numbers import fixed
from gradtape.insight.render.outline import about, cell
from gradtape.insight.render.printing import Formula, Names

WIDTH = 100
_DEEP = "    "
_TIED = "\N{NO-BREAK SPACE}"  # a space at which no line ends


def text(derivation: Derivation, digits: int | None = None, width: int = WIDTH) -> str:
    """All sections. digits: significant digits of numbers; None: as many as they need to be computed again."""
    return Text(derivation, digits, width).all()


class Text:
    """One derivation on its way to lines of text."""

    def __init__(self, derivation: Derivation, digits: int | None, width: int) -> None:
        self.derivation, self.digits, self.width = derivation, digits, width
        self.names, self.formula = Names(), Formula(digits)
        self.lines: list[str] = []

    def all(self) -> str:
        d = self.derivation
        self._heading(f"Where the gradients of {d.target} come from", "=")
        self._say(
            f"∂w is short for ∂{d.target}/∂w. Each line: name = formula = numbers put in = result."
        )
        if d.rounded is not None:
            self._say(
                "In brackets: the same number where every intermediate one is rounded to "
                f"{d.rounded.decimals} decimals."
            )
        self._given()
        for title, groups in (("Forward", outline.forward(d)), ("Backward", outline.backward(d))):
            if groups:
                self._heading(title)
            for group in groups:
                if group.place is not None:
                    self.lines.append(
                        f"  {outline.where(group.place)}  {group.place.text}".rstrip()[: self.width]
                    )
                self._steps(group.steps)
        self._rounding()
        if d.conventions:
            self._heading("Conventions")
            for k, said in enumerate(d.conventions, 1):
                self._say(f"  †{k} {said}", "     ")
        if d.notes:
            self._heading("Notes")
            for note in d.notes:
                self._say(f"  {note}", "  ")
        return "\n".join(self.lines) + "\n"

    def _heading(self, title: str, under: str = "-") -> None:
        self.lines += [""] * bool(self.lines) + [title, under * len(title)]

    def _say(self, said: str, indent: str = "") -> None:
        lines = textwrap.wrap(said, self.width, subsequent_indent=indent, break_long_words=False)
        self.lines += [line.replace(_TIED, " ") for line in lines]

    def _given(self) -> None:
        steps = outline.given(self.derivation)
        if not steps:
            return
        self._heading("Given")
        numbers: dict[str, list[str]] = {}
        for step in steps:
            pairs = [
                f"{self.names.show(e.name)} = {cell(e.value, self.digits)}" for e in step.lines
            ]
            tied = [p.replace(" ", _TIED) for p in pairs]
            if step.tensor is None:
                numbers.setdefault(step.kind, []).extend(tied)
                continue
            head = f"  {step.kind:<9} {step.tensor.name}  {about(step.tensor)}:   "
            self._say((head + "   ".join(tied)).rstrip(": "), " " * 12)
        for kind, tied in numbers.items():
            self._say(f"  {kind:<9} " + "   ".join(tied), " " * 12)

    def _steps(self, steps: list[Step]) -> None:
        """Lines of single numbers next to one another are aligned; a tensor's stand under a heading."""
        run: list[tuple[str, Line]] = []
        for step in steps:
            if isinstance(step, LayerStep):
                self._table(run)
                run = []
                self._layer(step)
            elif step.tensor is None:
                run += [(step.title, line) for line in step.lines]
            else:
                self._table(run)
                head = f"{_DEEP}{step.title}"
                if step.formula:
                    head += f":  {step.formula}"
                self._say(f"{head}    ({about(step.tensor)})", _DEEP * 2)
                self._table([("", line) for line in step.lines])
                run = []
        self._table(run)

    def _layer(self, step: LayerStep) -> None:
        self._say(f"{_DEEP}{step.title}:  {step.formula}", _DEEP * 2)
        wide = max((len(t.name) for t in step.tensors), default=0)
        for tensor in step.tensors:
            name = f"{tensor.name:<{wide}}".replace(" ", _TIED)
            self._say(f"{_DEEP * 2}{name}  {about(tensor)}", _DEEP * 3)
        self._table([("", line) for line in step.lines])

    def _table(self, rows: list[tuple[str, Line]]) -> None:
        """title  name = formula  = numbers  = result, in columns where that fits."""
        if not rows:
            return
        cells = [self._cells(title, line) for title, line in rows]
        wide, short = self._columns(cells)
        for title, name, numbers, value, marks in cells:
            left = f"{_DEEP}{title:<{wide[0]}}{'  ' if wide[0] else ''}"
            if len(name) + len(numbers) <= short:
                between = f"  {numbers:<{wide[2]}}" if wide[2] else ""
                row = f"{left}{name:<{wide[1]}}{between}  {value}{marks}"
                self.lines.append(row.rstrip())
                continue
            one = "  ".join(part for part in (name, numbers, value + marks) if part)
            if len(left) + len(one) <= self.width:
                self.lines.append(left + one)
                continue
            indent = " " * (len(left) + 4)
            for k, part in enumerate((name, numbers, value + marks)):
                if part:
                    self.lines += textwrap.wrap(
                        part, self.width, initial_indent=indent if k else left,
                        subsequent_indent=indent + "  ", break_long_words=False, break_on_hyphens=False,
                    )  # fmt: skip

    def _columns(self, cells: list[tuple[str, ...]]) -> tuple[list[int], int]:
        """The widths of the columns, and how long the first two of a row may be that goes into them."""
        titles = max(len(c[0]) for c in cells)
        last = max(len(c[3] + c[4]) for c in cells)
        short = max(len(c[1]) + len(c[2]) for c in cells)
        while True:
            rows = [c for c in cells if len(c[1]) + len(c[2]) <= short]
            wide = [titles, *(max((len(c[k]) for c in rows), default=0) for k in (1, 2))]
            if not rows or sum(wide) + last + 10 <= self.width:
                return wide, short
            short = max(len(c[1]) + len(c[2]) for c in rows) - 1

    def _cells(self, title: str, line: Line) -> tuple[str, str, str, str, str]:
        name, value = self.names.show(line.name), cell(line.value, self.digits)
        numbers = ""
        if line.expression is not None:
            name += f" = {self.names.show(line.expression)}"
            numbers = self.formula.show(line.expression)
        marks = ""
        rounded = self.derivation.rounded
        if line.rounded is not None and rounded is not None:
            marks += f"  [{fixed(line.rounded, rounded.decimals)}]"
        marks += "".join(f" †{k}" for k in line.conventions)
        if line.note:
            marks += f"  ({line.note})"
        return title, name, f"= {numbers}" if numbers and numbers != value else "", f"= {value}", marks  # fmt: skip

    def _rounding(self) -> None:
        steps = outline.rounding(self.derivation)
        if not steps:
            return
        d = steps[0].decimals
        self._heading("Rounding")
        rows = [("", "exact", f"to {d} decimals", "by hand", "added")]
        for step in steps:
            rows.append(
                (
                    self.names.show(step.lines[0].name), cell(step.exact_value, self.digits), fixed(step.exact, d),
                    fixed(step.carried, d), cell(step.added, 2),
                )
            )  # fmt: skip
        wide = [max(len(r[k]) for r in rows) for k in range(5)]
        for row in rows:
            cells = [f"{c:>{w}}" if k else f"{c:<{w}}" for k, (c, w) in enumerate(zip(row, wide))]
            self.lines.append("  " + "   ".join(cells))
        for said in outline.sentences(steps):
            self._say(f"  {said}", "    ")
