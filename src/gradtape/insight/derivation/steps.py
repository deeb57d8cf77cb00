"""The steps of a derivation, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gradtape.insight.derivation.expression import Expression, Symbol
from gradtape.insight.source import Place


@dataclass(frozen=True, eq=False)
class Line:
    """One number: name = expression = value.

    expression: None for a number that is given, or comes from an operation without a formula (`note` says which).
    rounded: the number where every intermediate one is rounded, or None.
    conventions: the numbers (from 1) of the conventions that it rests on.
    """

    name: Symbol
    value: Any
    expression: Expression | None = None
    note: str = ""
    rounded: Any = None
    conventions: tuple[int, ...] = ()

    @property
    def symbols(self) -> str:
        """The expression with names: "w[0]·x[0]"."""
        from gradtape.insight.render.printing import Names

        return "" if self.expression is None else Names().show(self.expression)

    @property
    def numbers(self) -> str:
        """The expression with the numbers put in, in full: `sympy.parse_expr` reads it."""
        from gradtape.insight.render.printing import Formula

        return "" if self.expression is None else Formula().show(self.expression)

    @property
    def latex(self) -> str:
        """name = expression = numbers = value, in LaTeX."""
        from gradtape.insight.render.latex import equation

        return equation(self)


@dataclass(frozen=True, eq=False)
class Tensor:
    """What is said of a tensor of which only some entries are shown."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    norm: float
    shown: int

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))


@dataclass(frozen=True, eq=False)
class Step:
    """title: what happens ("1/x", "matmul").  formula: on whole tensors.  place: the user's line.

    wire: the wire of the recording whose numbers the lines give.  gate: the gate's number, -1 for none.
    """

    title: str
    formula: str
    place: Place | None
    wire: int
    gate: int
    lines: tuple[Line, ...]
    tensor: Tensor | None = None


@dataclass(frozen=True, eq=False)
class GivenStep(Step):
    """A variable, an input or a constant, with its numbers."""

    kind: str = "variable"


@dataclass(frozen=True, eq=False)
class ForwardStep(Step):
    """An operation's result, with the numbers put in."""


@dataclass(frozen=True, eq=False)
class SeedStep(Step):
    """Where the way back starts: the target's own gradient."""


@dataclass(frozen=True, eq=False)
class LocalStep(Step):
    """What an operation passes back to one of its inputs: local derivative × upstream gradient.

    Entries that were broadcast, or go into several entries of the result, collect a sum.
    position: which input of the gate.  path: which of several parts of this gradient, 0 where there is one.
    rule: the local derivative in LaTeX, by the names of the tensors; "" where the operation has no formula.
    """

    position: int = 0
    path: int = 0
    rule: str = ""


@dataclass(frozen=True, eq=False)
class SumStep(Step):
    """The gradient of a wire with several uses: the sum over the paths."""


@dataclass(frozen=True, eq=False)
class LayerStep(Step):
    """A layer as one step: what went in and out, its weights, and on the way back their gradients.

    backward: whether it is on the way back.  tensors: shapes and norms.
    """

    backward: bool = False
    tensors: tuple[Tensor, ...] = ()


class RoundedNumber(NamedTuple):
    """A number that was rounded, at which gate, and how far that moved the result."""

    name: Symbol
    title: str
    before: float
    after: float
    effect: float


@dataclass(frozen=True, eq=False)
class RoundingStep(Step):
    """What rounding every intermediate number did to a source's gradient.

    exact, carried: the entry of the gradient, and what comes out by hand.  causes: how far single roundings moved it,
    and what was rounded; the largest first. They add up to `added`.
    """

    exact: float = 0.0
    carried: float = 0.0
    decimals: int = 2
    causes: tuple[RoundedNumber, ...] = ()

    @property
    def exact_value(self) -> Any:
        """The exact entry, in its dtype."""
        return self.lines[0].value

    @property
    def added(self) -> float:
        return self.carried - self.exact
