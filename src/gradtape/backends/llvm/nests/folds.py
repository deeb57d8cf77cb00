"""Folds of many numbers into one: several accumulators, blocks, a fixed order.

Sums. Each lane of an accumulator adds up at most BLOCK numbers in the dtype itself. Then the block goes to a wide sum:
of float32 in float64, of float64 in two numbers (the rounding error of every addition is kept, after Knuth's two-sum).
So the error does not grow with the length, and the result does not depend on how a loop was cut for threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir

from gradtape.backends.llvm.nests.memory import across, splat
from gradtape.backends.llvm.scalar import ScalarBuilder, constant, llvm_type

BLOCK = 16
FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


def start_of(kind: str, dtype: np.dtype[Any]) -> Any:
    """What a fold starts from: its neutral element."""
    if kind in ("sum", "mean"):
        return -0.0 if dtype.kind == "f" else 0
    if kind in ("any", "all"):
        return kind == "all"
    if kind == "prod":
        return 1
    if dtype.kind == "f":
        return -np.inf if kind == "max" else np.inf
    return np.iinfo(dtype).min if kind == "max" else np.iinfo(dtype).max


class Fold:
    """One fold of numbers of a dtype, `lanes` at a time.

    first level: vectors of the dtype, which `add` adds to.  second level (`wide`): what these are put into.
    A fold over `count` numbers.
    """

    def __init__(self, kind: str, dtype: np.dtype[Any], lanes: int, count: int):
        self.kind, self.dtype, self.lanes, self.count = kind, dtype, lanes, count
        self.sums = kind in ("sum", "mean") and dtype.kind == "f"
        self.wide_dtype = FLOAT64 if self.sums else dtype

    # first level

    def start(self) -> ir.Value:
        return constant(self.dtype, self.lanes, start_of(self.kind, self.dtype))

    def add(
        self, b: ir.IRBuilder, total: ir.Value, x: ir.Value, mask: ir.Value | None = None
    ) -> ir.Value:
        """total with x; lanes under a false bit add nothing."""
        if mask is not None:
            x = b.select(mask, x, self.start())
        return self.join(b, total, x)

    def join(self, b: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
        lanes = x.type.count if isinstance(x.type, ir.VectorType) else 1
        s = ScalarBuilder(b, self.dtype, lanes)
        if self.kind in ("sum", "mean"):
            return s.add(x, y)
        if self.kind == "prod":
            return s.mul(x, y)
        if self.kind == "any":
            return b.or_(x, y)
        if self.kind == "all":
            return b.and_(x, y)
        return s.max(x, y) if self.kind == "max" else s.min(x, y)

    def tree(self, b: ir.IRBuilder, xs: Sequence[ir.Value]) -> ir.Value:
        """Several vectors into one, in a fixed order."""
        while len(xs) > 1:
            pairs = [self.join(b, x, y) for x, y in zip(xs[::2], xs[1::2])]
            xs = [*pairs, *xs[len(pairs) * 2 :]]
        return xs[0]

    # second level

    def wide_start(self) -> list[ir.Value]:
        start = constant(self.wide_dtype, self.lanes, start_of(self.kind, self.wide_dtype))
        if self.sums and self.dtype == FLOAT64:
            return [start, constant(FLOAT64, self.lanes, 0.0)]
        return [start]

    def flush(self, b: ir.IRBuilder, wide: Sequence[ir.Value], block: ir.Value) -> list[ir.Value]:
        """A block put into the wide result."""
        if not self.sums:
            return [self.join(b, wide[0], block)]
        if self.dtype == FLOAT32:
            return [b.fadd(wide[0], b.fpext(block, llvm_type(FLOAT64, self.lanes)))]
        return list(two_sum(b, wide[0], block, wide[1]))

    def gather_lanes(self, b: ir.IRBuilder, wide: Sequence[ir.Value]) -> list[ir.Value]:
        """The wide result of all lanes: one number (a float64 sum: two)."""
        if len(wide) == 2:
            high, low = wide
            while isinstance(high.type, ir.VectorType):
                (h1, h2), (l1, l2) = _split(b, high), _split(b, low)
                high, low = two_sum(b, h1, h2, b.fadd(l1, l2))
            return [high, low]
        if self.sums:
            return [across(b, wide[0], b.fadd)]
        return [across(b, wide[0], lambda x, y: self.join(b, x, y))]

    def merge(
        self, b: ir.IRBuilder, one: Sequence[ir.Value], other: Sequence[ir.Value]
    ) -> list[ir.Value]:
        """Two wide results into one."""
        if len(one) == 2:
            return list(two_sum(b, one[0], other[0], b.fadd(one[1], other[1])))
        return [b.fadd(one[0], other[0]) if self.sums else self.join(b, one[0], other[0])]

    def narrow(self, b: ir.IRBuilder, wide: Sequence[ir.Value]) -> ir.Value:
        """The sum, maximum ... in the dtype."""
        total = b.fadd(wide[0], wide[1]) if len(wide) == 2 else wide[0]
        if len(wide) == 2:  # inf less inf is no error term
            fine = ScalarBuilder(b, FLOAT64, self._lanes(total)).isfinite(total)
            total = b.select(fine, total, wide[0])
        if self.sums and self.dtype == FLOAT32:
            total = b.fptrunc(total, llvm_type(FLOAT32, self._lanes(total)))
        return total

    def result(self, b: ir.IRBuilder, total: ir.Value) -> ir.Value:
        """What the fold gives, of the sum, maximum ..."""
        if self.kind != "mean":
            return total
        n = constant(self.dtype, self._lanes(total), self.count)
        return b.fdiv(total, n)

    def _lanes(self, x: ir.Value) -> int:
        return x.type.count if isinstance(x.type, ir.VectorType) else 1

    def across(self, b: ir.IRBuilder, x: ir.Value) -> ir.Value:
        """The lanes of a first-level vector into one number."""
        return across(b, x, lambda p, q: self.join(b, p, q))


def _split(b: ir.IRBuilder, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    from gradtape.backends.llvm.nests.memory import halves

    if x.type.count > 2:
        return halves(b, x)
    i = ir.IntType(32)
    return b.extract_element(x, ir.Constant(i, 0)), b.extract_element(x, ir.Constant(i, 1))


def two_sum(
    b: ir.IRBuilder, x: ir.Value, y: ir.Value, error: ir.Value
) -> tuple[ir.Value, ir.Value]:
    """x + y, and `error` with the part that its rounding lost (Knuth, TAOCP 2, 4.2.2, theorem B)."""
    total = b.fadd(x, y)
    of_y = b.fsub(total, x)
    of_x = b.fsub(total, of_y)
    lost = b.fadd(b.fsub(x, of_x), b.fsub(y, of_y))
    return total, b.fadd(error, lost)


__all__ = ["BLOCK", "Fold", "splat", "two_sum"]
