"""Expressions in print: one walk with brackets where they are needed, four alphabets."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.insight.derivation.expression import Call, Expression, Number, Rest, Symbol
from gradtape.insight.render.numbers import exact, short

ADD, NEG, MUL, POW, ATOM = 1, 2, 3, 4, 5

COMPARED = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}


class Printer:
    """The walk.  An alphabet says how each kind of expression looks; `symbols`: names, or the numbers put in."""

    fractions = False  # a quotient is written one above the other, and needs no brackets inside

    def __init__(self, symbols: bool, digits: int | None = None) -> None:
        self.symbols, self.digits = symbols, digits

    def show(self, x: Expression, level: int = 0) -> str:
        text, own = self.build(x)
        return self.bracketed(text) if own < level else text

    def build(self, x: Expression) -> tuple[str, int]:
        if isinstance(x, Symbol) and self.symbols and x.name:
            return self.name(x), ATOM
        if isinstance(x, Rest) and self.symbols:
            return self.rest(x.count), ATOM
        if isinstance(x, Number | Symbol | Rest):
            return self.number(x.value), NEG if negative(x.value) else ATOM
        assert isinstance(x, Call)
        name, args = x.name, x.args
        show = self.show
        if name == "add":
            return self.sum([show(a, MUL if k else ADD) for k, a in enumerate(args)]), ADD
        if name == "sub":
            return self.difference(show(args[0], ADD), show(args[1], MUL)), ADD
        if name == "neg":
            return self.negated(show(args[0], MUL)), NEG
        if name == "mul":
            return self.product([show(a, MUL) for a in args]), MUL
        if name == "chain":
            return self.chained(show(args[0], MUL), show(args[1], MUL)), MUL
        if name == "div":
            if self.fractions:
                return self.quotient(show(args[0]), show(args[1])), POW
            return self.quotient(show(args[0], MUL), show(args[1], POW)), MUL
        if name == "pow":
            return self.power(show(args[0], ATOM), args[1]), POW
        if name == "select":
            return self.choice(*args), ATOM
        if name in COMPARED:
            return self.compared(name, show(args[0], ADD), show(args[1], ADD)), 0
        return self.function(name, args), ATOM

    # the alphabet

    def bracketed(self, text: str) -> str:
        return f"({text})"

    def number(self, value: Any) -> str:
        return exact(value) if self.digits is None else short(value, self.digits)

    def name(self, x: Symbol) -> str:
        return self.number(x.value)

    def rest(self, count: int) -> str:
        return f"({count:,} more terms)"

    def sum(self, terms: Sequence[str]) -> str:
        return " + ".join(terms)

    def difference(self, x: str, y: str) -> str:
        return f"{x} - {y}"

    def negated(self, x: str) -> str:
        return f"-{x}"

    def product(self, factors: Sequence[str]) -> str:
        return "*".join(factors)

    def chained(self, local: str, upstream: str) -> str:
        return f"{local}*{upstream}"

    def quotient(self, x: str, y: str) -> str:
        return f"{x}/{y}"

    def power(self, x: str, exponent: Expression) -> str:
        return f"{x}**{self.show(exponent, ATOM)}"

    def compared(self, name: str, x: str, y: str) -> str:
        return f"{x} {COMPARED[name]} {y}"

    def choice(self, condition: Expression, x: Expression, y: Expression) -> str:
        return f"({self.show(x)} if {self.show(condition)} else {self.show(y)})"

    def function(self, name: str, args: Sequence[Expression]) -> str:
        return f"{name}({', '.join(self.show(a) for a in args)})"


class Formula(Printer):
    """Expressions that `sympy.parse_expr` reads, all numbers put in."""

    def __init__(self, digits: int | None = None) -> None:
        super().__init__(False, digits)

    def compared(self, name: str, x: str, y: str) -> str:
        if name in ("eq", "ne"):
            return f"{name.title()}({x}, {y})"
        return super().compared(name, x, y)

    def choice(self, condition: Expression, x: Expression, y: Expression) -> str:
        if self.digits is not None:  # for the eye: the branch that is taken
            taken = holds(condition)
            if taken is not None:
                return self.show(x if taken else y, MUL)
        return f"Piecewise(({self.show(x)}, {self.show(condition)}), ({self.show(y)}, True))"

    def function(self, name: str, args: Sequence[Expression]) -> str:
        shown = [self.show(a) for a in args]
        return FORMULAS.get(name, name + "({})").format(", ".join(shown), *shown)


# {0}: all arguments, {1}, {2}: one of them.
FORMULAS = {
    "abs": "Abs({})", "max": "Max({})", "min": "Min({})", "ceil": "ceiling({})", "mod": "Mod({})",
    "and": "And({})", "or": "Or({})", "not": "Not({})", "xor": "Xor({})", "lgamma": "log(Abs(gamma({})))",
    "ei": "Ei({})",
}  # fmt: skip


class Names(Printer):
    """Plain text with names: "w[0]·x[0] + b"."""

    def __init__(self) -> None:
        super().__init__(True, 6)

    def name(self, x: Symbol) -> str:
        index = f"[{','.join(map(str, x.index))}]" if x.index else ""
        path = f"|{x.path}" if x.path else ""
        return f"{'∂' if x.gradient else ''}{x.name}{index}{path}"

    def product(self, factors: Sequence[str]) -> str:
        return "·".join(factors)

    def chained(self, local: str, upstream: str) -> str:
        return f"{local} × {upstream}"

    def power(self, x: str, exponent: Expression) -> str:
        raised = {2: "²", 3: "³"}.get(getattr(exponent, "value", None))  # type: ignore[arg-type]
        return x + raised if raised else f"{x}^{self.show(exponent, ATOM)}"

    def compared(self, name: str, x: str, y: str) -> str:
        return f"{x} {SIGNS[name]} {y}"

    def choice(self, condition: Expression, x: Expression, y: Expression) -> str:
        if is_indicator(x, y):
            return f"[{self.show(condition)}]"
        return super().choice(condition, x, y)

    def function(self, name: str, args: Sequence[Expression]) -> str:
        if name in JOINED:
            return f" {JOINED[name]} ".join(self.show(a) for a in args)
        shown = ", ".join(self.show(a) for a in args)
        return f"|{shown}|" if name == "abs" else f"{SPOKEN.get(name, name)}({shown})"


JOINED = {"and": "and", "or": "or", "xor": "xor"}
SIGNS = {"lt": "<", "le": "≤", "gt": ">", "ge": "≥", "eq": "=", "ne": "≠"}
SPOKEN = {"lgamma": "ln Γ", "digamma": "ψ", "zeta": "ζ", "ei": "Ei"}


def is_indicator(x: Expression, y: Expression) -> bool:
    """Whether a choice is 1 or 0."""
    return isinstance(x, Number) and isinstance(y, Number) and (x.value, y.value) == (1, 0)


_HOLDS = {
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge, "eq": operator.eq, "ne": operator.ne,
    "and": lambda a, b: a and b, "or": lambda a, b: a or b, "xor": operator.xor,
}  # fmt: skip


def holds(x: Expression) -> bool | None:
    """Whether a condition on numbers is true; None where it takes more than comparing them."""
    if isinstance(x, Number | Symbol | Rest):
        return bool(x.value)
    assert isinstance(x, Call)
    if x.name in ("and", "or", "xor"):
        inner = [holds(a) for a in x.args]
        return None if None in inner else bool(_HOLDS[x.name](*inner))
    if x.name not in COMPARED or not all(isinstance(a, Number | Symbol) for a in x.args):
        return None
    return bool(_HOLDS[x.name](*(a.value for a in x.args)))  # type: ignore[attr-defined]


def negative(value: Any) -> bool:
    x = np.asarray(value)[()]
    return (x.dtype.kind in "ifV" and bool(x < 0)) or x.dtype.kind == "c"
