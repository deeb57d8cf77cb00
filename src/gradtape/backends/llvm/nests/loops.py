"""The innermost loop of a nest: over vectors of neighbours, and what is left over under a mask.

A vector may be several registers wide: LLVM then lays several independent computations side by side, which hides the
time each of them takes.
"""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from gradtape.backends.llvm.context import I64, Context
from gradtape.backends.llvm.nests.folds import BLOCK, Fold
from gradtape.backends.llvm.nests.memory import mask_below
from gradtape.backends.llvm.nests.plan import Pass
from gradtape.backends.llvm.nests.values import Values

HEAVY = 24.0  # of a body of this cost there is one copy, under a mask, where masks are cheap
LONG_CHAIN = 40.0  # a body of this cost waits for itself: it is laid out eight times side by side
SHORT = 2 * BLOCK  # vectors: a sum of no more is kept in the dtype
Bound = int | ir.Value


def width_of(cost: float, registers: int, masks: bool) -> int:
    """How many registers wide a vector is, for a loop of so many registers in all."""
    wanted = 8 if cost >= LONG_CHAIN and registers >= 256 else 4
    if not masks:
        wanted //= 2
    while wanted > 1 and wanted >= 2 * registers:
        wanted //= 2
    return wanted


class Row:
    """One pass over the innermost loop, of which `length` is known."""

    def __init__(self, values: Values, one: Pass, folds: Sequence[Fold], length: int):
        self.values, self.pass_, self.folds, self.length = values, one, folds, length
        self.ctx: Context = values.ctx
        self.b, self.lanes = values.b, values.lanes

    def turn(
        self, j: ir.Value, mask: ir.Value | None, totals: Sequence[ir.Value]
    ) -> list[ir.Value]:
        """The body at place j: the totals, one vector per fold, after it."""
        values = self.values
        values.at(j, mask)
        for step in self.pass_.steps:
            values.many(step.output)
        after = [
            fold.add(self.b, total, values.many(step.equation.inputs[0]), mask)
            for fold, step, total in zip(self.folds, self.pass_.folds, totals)
        ]
        for v in self.pass_.keeps:
            values.keep(v, values.kept_places[v])
        for v in self.pass_.stores:
            values.save(v)
        return after

    def _turns(
        self, begin: Bound, end: Bound, totals: Sequence[ir.Value], limit: Bound | None = None
    ) -> list[ir.Value]:
        """Turns from begin to end; limit: places from there on are masked."""

        def body(j: ir.Value, *flat: ir.Value) -> list[ir.Value]:
            mask = (
                None if limit is None else mask_below(self.b, j, self.ctx.index(limit), self.lanes)
            )
            return self.turn(j, mask, flat)

        return self.ctx.loop_over(begin, end, self.lanes, totals, body)

    def _cut(self, end: Bound) -> tuple[Bound | None, bool]:
        """Where the loop without masks ends, if there is one, and whether there is a rest."""
        rest = self.length % self.lanes
        one_copy = self.pass_.cost >= HEAVY and self.ctx.unit.vector_bytes == 64
        if rest and (self.length < self.lanes or one_copy):
            return None, True
        if isinstance(end, int):
            return end // self.lanes * self.lanes, bool(rest)
        return (self.b.and_(end, ir.Constant(I64, -self.lanes)) if rest else end), bool(rest)

    def short(self, begin: Bound, end: Bound) -> list[ir.Value]:
        """The pass over a short row: per fold one vector."""
        middle, rest = self._cut(end)
        totals = [fold.start() for fold in self.folds]
        if middle is not None:
            totals = self._turns(begin, middle, totals)
            begin = middle
        return self._turns(begin, end, totals, end) if rest else totals

    def long(self, begin: Bound, end: Bound, wide: list[list[ir.Value]]) -> list[list[ir.Value]]:
        """The pass over a long row, in blocks: per fold the wide results, which come in by `wide`."""
        middle, rest = self._cut(end)
        if middle is not None:
            wide = self._blocks(begin, middle, wide, None)
            begin = middle
        return self._blocks(begin, end, wide, end) if rest else wide

    def _blocks(
        self, begin: Bound, end: Bound, wide: list[list[ir.Value]], limit: Bound | None
    ) -> list[list[ir.Value]]:
        sizes, step = [len(w) for w in wide], self.lanes * BLOCK
        last = self.ctx.index(end)

        def body(first: ir.Value, *flat: ir.Value) -> list[ir.Value]:
            stop = self.b.add(first, ir.Constant(I64, step))
            stop = self.b.select(self.b.icmp_signed("<", stop, last), stop, last)
            totals = self._turns(first, stop, [fold.start() for fold in self.folds], limit)
            after = []
            for fold, w, total in zip(self.folds, cut(flat, sizes), totals):
                after += fold.flush(self.b, w, total)
            return after

        return cut(self.ctx.loop_over(begin, end, step, [x for w in wide for x in w], body), sizes)


def cut(flat: Sequence[ir.Value], sizes: Sequence[int]) -> list[list[ir.Value]]:
    """A list in pieces of these sizes."""
    result, at = [], 0
    for size in sizes:
        result.append(list(flat[at : at + size]))
        at += size
    return result
