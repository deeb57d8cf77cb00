"""Expressions as MathML: real elements, which browsers draw and screen readers read."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from gradtape.insight.derivation.expression import Expression, Symbol
from gradtape.insight.render.numbers import MINUS, short
from gradtape.insight.render.printing import Printer, is_indicator
from gradtape.insight.render.signs import parts_of

_FUNCTIONS = {
    "log": "ln", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "lgamma": "ln Γ", "digamma": "ψ", "zeta": "ζ",
}  # fmt: skip
_JOINED = {"and": "∧", "or": "∨", "xor": "⊕"}
_SIGNS = {"lt": "<", "le": "≤", "gt": ">", "ge": "≥", "eq": "=", "ne": "≠"}


def mo(sign: str) -> str:
    return f"<mo>{escape(sign)}</mo>"


def mrow(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"


def symbol(name: str, index: Sequence[int] = ()) -> str:
    letters, below, behind = parts_of(name, index)
    shown = f"<mi>{escape(letters)}</mi>"
    if below:
        shown = f"<msub>{shown}<mn>{escape(below)}</mn></msub>"
    return mrow(shown, f"<mtext>{escape(behind)}</mtext>") if behind else shown


def number(value: Any, digits: int | None) -> str:
    if np.asarray(value).dtype.kind == "b":
        return f"<mi>{'true' if value else 'false'}</mi>"
    text = short(value, digits or 9)
    sign = mo(MINUS) if text.startswith("-") else ""
    mantissa, e, power = text.removeprefix("-").partition("e")
    shown = "<mi>∞</mi>" if mantissa == "inf" else f"<mn>{escape(mantissa)}</mn>"
    if e:
        shown += mo("·") + f"<msup><mn>10</mn><mn>{power.replace('-', MINUS)}</mn></msup>"
    return mrow(sign, shown) if sign or e else shown


class MathML(Printer):
    """Expressions as elements.  target: what gradients are of."""

    fractions = True

    def __init__(self, symbols: bool, target: str, digits: int | None) -> None:
        super().__init__(symbols, digits)
        self.target = target

    def number(self, value: Any) -> str:
        return number(value, self.digits)

    def name(self, x: Symbol) -> str:
        shown = symbol(x.name, x.index)
        if x.gradient:
            top, below = mrow(mo("∂"), symbol(self.target)), mrow(mo("∂"), shown)
            shown = f"<mfrac>{top}{below}</mfrac>"
        if x.path:
            shown = f"<msub>{mrow(shown, mo('|'))}<mn>{x.path}</mn></msub>"
        return shown

    def rest(self, count: int) -> str:
        return f"<mtext>({count:,} more terms)</mtext>"

    def bracketed(self, text: str) -> str:
        return mrow(mo("("), text, mo(")"))

    def sum(self, terms: Sequence[str]) -> str:
        return mrow(mo("+").join(terms))

    def difference(self, x: str, y: str) -> str:
        return mrow(x, mo(MINUS), y)

    def negated(self, x: str) -> str:
        return mrow(mo(MINUS), x)

    def product(self, factors: Sequence[str]) -> str:
        return mrow(mo("·").join(factors))

    def chained(self, local: str, upstream: str) -> str:
        return mrow(local, mo("×"), upstream)

    def quotient(self, x: str, y: str) -> str:
        return f"<mfrac>{mrow(x)}{mrow(y)}</mfrac>"

    def power(self, x: str, exponent: Expression) -> str:
        return f"<msup>{mrow(x)}{mrow(self.show(exponent))}</msup>"

    def compared(self, name: str, x: str, y: str) -> str:
        return mrow(x, mo(_SIGNS[name]), y)

    def choice(self, condition: Expression, x: Expression, y: Expression) -> str:
        if is_indicator(x, y):
            return mrow(mo("["), self.show(condition), mo("]"))
        cases = [
            f"<mtr><mtd>{self.show(v)}</mtd><mtd>{c}</mtd></mtr>"
            for v, c in ((x, self.show(condition)), (y, "<mtext>else</mtext>"))
        ]
        return mrow(mo("{"), f"<mtable>{''.join(cases)}</mtable>")

    def function(self, name: str, args: Sequence[Expression]) -> str:
        if name in _JOINED:
            return mrow(mo(_JOINED[name]).join(self.show(a) for a in args))
        shown = mo(",").join(self.show(a) for a in args)
        if name == "abs":
            return mrow(mo("|"), shown, mo("|"))
        if name == "sqrt":
            return f"<msqrt>{mrow(shown)}</msqrt>"
        if name == "exp":
            return f"<msup><mi>e</mi>{mrow(shown)}</msup>"
        return mrow(f"<mi>{_FUNCTIONS.get(name, name)}</mi>", mo("("), shown, mo(")"))


def math(content: str) -> str:
    return f'<math displaystyle="true">{content}</math>'
