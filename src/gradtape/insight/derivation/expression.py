"""Expressions over named numbers: what a number is computed from, to be printed in several ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class Expression:
    """A number as it is computed: numbers, symbols and calls of functions."""

    def __add__(self, other: Expression) -> Expression:
        return add(self, other)

    def __sub__(self, other: Expression) -> Expression:
        return sub(self, other)

    def __mul__(self, other: Expression) -> Expression:
        return mul(self, other)

    def __truediv__(self, other: Expression) -> Expression:
        return div(self, other)

    def __neg__(self) -> Expression:
        return neg(self)


@dataclass(frozen=True, eq=False)
class Number(Expression):
    """A number that a rule brings with it, such as the 2 of 2x."""

    value: Any


@dataclass(frozen=True, eq=False)
class Symbol(Expression):
    """An entry of a wire, or of its gradient.  name: of the wire, "" for a number that has none.

    index: where it stands, axes of length 1 left out.  path: which of several parts of a gradient, from 1; 0: all.
    """

    name: str
    index: tuple[int, ...]
    value: Any
    gradient: bool = False
    path: int = 0


@dataclass(frozen=True, eq=False)
class Call(Expression):
    """A function of expressions: "add", "mul", "exp", "select", "lt", ..."""

    name: str
    args: tuple[Expression, ...]


@dataclass(frozen=True, eq=False)
class Rest(Expression):
    """The terms of a long sum that are not written out, as one number."""

    count: int
    value: Any


def is_number(x: Expression, value: float) -> bool:
    return isinstance(x, Number) and x.value == value


def call(name: str, *args: Expression) -> Expression:
    return Call(name, args)


def add(x: Expression, y: Expression) -> Expression:
    if is_number(x, 0):
        return y
    return x if is_number(y, 0) else Call("add", (x, y))


def sub(x: Expression, y: Expression) -> Expression:
    if is_number(x, 0):
        return neg(y)
    return x if is_number(y, 0) else Call("sub", (x, y))


def mul(x: Expression, y: Expression) -> Expression:
    """A product; a rule's own 0, 1 and -1 are worked in."""
    for one, other in ((x, y), (y, x)):
        if is_number(one, 1):
            return other
        if is_number(one, -1):
            return neg(other)
        if is_number(one, 0):
            return one
    for one, other in ((x, y), (y, x)):  # -a b, not a (-b)
        if isinstance(one, Call) and one.name == "neg":
            return neg(mul(one.args[0], other) if one is x else mul(other, one.args[0]))
    if isinstance(x, Number) and isinstance(y, Number):
        return Number(x.value * y.value)
    return Call("mul", (x, y))


def div(x: Expression, y: Expression) -> Expression:
    if is_number(y, 1):
        return x
    if isinstance(x, Call) and x.name == "neg":
        return neg(div(x.args[0], y))
    return Call("div", (x, y))


def neg(x: Expression) -> Expression:
    if isinstance(x, Number):
        return Number(-x.value)
    if isinstance(x, Call) and x.name == "neg":
        return x.args[0]
    return Call("neg", (x,))


def square(x: Expression) -> Expression:
    return Call("pow", (x, Number(2)))


def select(condition: Expression, x: Expression, y: Expression) -> Expression:
    return Call("select", (condition, x, y))


def total(terms: Sequence[Expression]) -> Expression:
    """A sum of any number of terms; 0 of none."""
    terms = [t for t in terms if not is_number(t, 0)]
    if not terms:
        return Number(0)
    return terms[0] if len(terms) == 1 else Call("add", tuple(terms))


def product(factors: Sequence[Expression]) -> Expression:
    return factors[0] if len(factors) == 1 else Call("mul", tuple(factors))


def chain(local: Expression, upstream: Expression) -> Expression:
    """Local derivative × upstream, kept as it is even where the local derivative is 1."""
    return Call("chain", (local, upstream))
