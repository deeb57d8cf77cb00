"""The innermost loop of a nest: vectors of neighbours, several at a time, and what is left over under a mask."""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from gradtape.backends.llvm.context import I64, Context
from gradtape.backends.llvm.nests.folds import BLOCK, Fold
from gradtape.backends.llvm.nests.memory import mask_below
from gradtape.backends.llvm.nests.plan import Pass
from gradtape.backends.llvm.nests.values import Values

HEAVY = 24.0  # a body of this cost keeps the processor busy one vector at a time
Range = tuple[int | ir.Value, int | ir.Value, int]  # begin, end, and the whole length, which is known


def unroll_of(one: Pass, vectors: int) -> int:
    """How many vectors go through the body at once."""
    wanted = 1 if one.cost >= HEAVY else 2 if one.cost >= HEAVY / 2 or not one.folds else 4
    while wanted > max(vectors, 1):
        wanted //= 2
    return wanted


class Row:
    """One pass over the innermost loop."""

    def __init__(self, values: Values, one: Pass, folds: Sequence[Fold], unroll: int):
        self.values, self.pass_, self.folds, self.unroll = values, one, folds, unroll
        self.ctx: Context = values.ctx
        self.b, self.lanes = values.b, values.lanes
        self.chunk = self.lanes * unroll

    def turn(
        self, j: ir.Value, count: int, mask: ir.Value | None, totals: list[list[ir.Value]]
    ) -> list[list[ir.Value]]:
        """The body, for `count` vectors from place j on; totals: per fold one vector per vector."""
        values = self.values
        after: list[list[ir.Value]] = [[] for _ in self.folds]
        for u in range(count):
            values.at(self.b.add(j, ir.Constant(I64, u * self.lanes)) if u else j, mask)
            for step in self.pass_.steps:
                values.many(step.output)
            for k, (fold, step) in enumerate(zip(self.folds, self.pass_.folds)):
                x = values.many(step.equation.inputs[0])
                after[k].append(fold.add(self.b, totals[k][u], x, mask))
            for v in self.pass_.keeps:
                values.keep(v, values.kept_places[v])
            for v in self.pass_.stores:
                values.save(v)
        return after

    def _flat(self, totals: list[list[ir.Value]]) -> list[ir.Value]:
        return [x for group in totals for x in group]

    def _grouped(self, flat: Sequence[ir.Value], size: int) -> list[list[ir.Value]]:
        return [list(flat[k * size : (k + 1) * size]) for k in range(len(self.folds))]

    def _starts(self, count: int) -> list[list[ir.Value]]:
        return [[fold.start()] * count for fold in self.folds]

    def _main(self, begin: int | ir.Value, end: int | ir.Value, totals: list[list[ir.Value]]) -> list[list[ir.Value]]:
        def body(j: ir.Value, *flat: ir.Value) -> list[ir.Value]:
            return self._flat(self.turn(j, self.unroll, None, self._grouped(flat, self.unroll)))

        return self._grouped(
            self.ctx.loop_over(begin, end, self.chunk, self._flat(totals), body), self.unroll
        )

    def _tail(self, begin: int | ir.Value, end: int | ir.Value, totals: list[list[ir.Value]]) -> list[list[ir.Value]]:
        last = self.ctx.index(end)

        def body(j: ir.Value, *flat: ir.Value) -> list[ir.Value]:
            mask = mask_below(self.b, j, last, self.lanes)
            return self._flat(self.turn(j, 1, mask, self._grouped(flat, 1)))

        return self._grouped(self.ctx.loop_over(begin, end, self.lanes, self._flat(totals), body), 1)

    def _cut(self, bounds: Range) -> tuple[bool, int | ir.Value, bool]:
        """Whether there is a main loop, where it ends, and whether there is a rest."""
        _, end, n = bounds
        rest = n % self.chunk
        if rest and (n < self.chunk or (self.pass_.cost >= HEAVY and self.ctx.unit.vector_bytes == 64)):
            return False, 0, True  # masks are cheap there, a second copy of the body is not
        if isinstance(end, int):
            return True, end // self.chunk * self.chunk, bool(rest)
        whole = self.b.and_(end, ir.Constant(I64, -self.chunk)) if rest else end
        return True, whole, bool(rest)

    def short(self, bounds: Range) -> list[ir.Value]:
        """The pass over a short row: per fold one vector."""
        main, middle, rest = self._cut(bounds)
        totals = self._starts(1)
        if main:
            several = self._main(bounds[0], middle, self._starts(self.unroll))
            totals = [[fold.tree(self.b, group)] for fold, group in zip(self.folds, several)]
        if rest:
            totals = self._tail(middle if main else bounds[0], bounds[1], totals)
        return [group[0] for group in totals]

    def long(self, bounds: Range, wide: list[list[ir.Value]]) -> list[list[ir.Value]]:
        """The pass over a long row, in blocks: per fold the wide results, which come in by `wide`."""
        main, middle, rest = self._cut(bounds)
        if main:
            wide = self._blocks(bounds[0], middle, self.chunk, self.unroll, wide)
        if rest:
            begin = middle if main else bounds[0]
            wide = self._blocks(begin, bounds[1], self.lanes, 1, wide, masked=True)
        return wide

    def _blocks(
        self,
        begin: int | ir.Value,
        end: int | ir.Value,
        step: int,
        count: int,
        wide: list[list[ir.Value]],
        masked: bool = False,
    ) -> list[list[ir.Value]]:
        sizes = [len(w) for w in wide]

        def body(first: ir.Value, *flat: ir.Value) -> list[ir.Value]:
            before, at = [], 0
            for size in sizes:
                before.append(list(flat[at : at + size]))
                at += size
            limit = self.b.add(first, ir.Constant(I64, step * BLOCK))
            stop = self.b.select(
                self.b.icmp_signed("<", limit, self.ctx.index(end)), limit, self.ctx.index(end)
            )
            if masked:
                totals = self._tail_until(first, stop, self.ctx.index(end))
            else:
                totals = self._main(first, stop, self._starts(count))
            after = []
            for fold, w, group in zip(self.folds, before, totals):
                after += fold.flush(self.b, w, fold.tree(self.b, group))
            return after

        flat = self.ctx.loop_over(begin, end, step * BLOCK, [x for w in wide for x in w], body)
        result, at = [], 0
        for size in sizes:
            result.append(flat[at : at + size])
            at += size
        return result

    def _tail_until(self, begin: ir.Value, stop: ir.Value, end: ir.Value) -> list[list[ir.Value]]:
        def body(j: ir.Value, *flat: ir.Value) -> list[ir.Value]:
            mask = mask_below(self.b, j, end, self.lanes)
            return self._flat(self.turn(j, 1, mask, self._grouped(flat, 1)))

        flat = self.ctx.loop_over(begin, stop, self.lanes, self._flat(self._starts(1)), body)
        return self._grouped(flat, 1)
