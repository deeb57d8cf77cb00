"""Strips: where the innermost loop is kept and others are folded, neighbours stay in registers on the way down."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

from gradtape.backends.llvm.context import I8, I64, Context
from gradtape.backends.llvm.nests.folds import BLOCK, Fold
from gradtape.backends.llvm.nests.loops import cut
from gradtape.backends.llvm.nests.memory import load, mask_below, store
from gradtape.backends.llvm.nests.plan import Pass
from gradtape.backends.llvm.nests.values import Values
from gradtape.graph.ir import Value
from gradtape.graph.space import Level, Space


class Strips:
    """Mixed into `Nest`."""

    ctx: Context
    space: Space
    pointers: dict[Value, ir.Value]
    passes: list[Pass]
    outputs: list[Value]
    folded_loops: list[int]
    inner: int
    lanes: int
    _over: Any
    _values: Any
    _cost: Callable[[int], float]
    _folds: Callable[[Pass], list[Fold]]

    def _over_strips(self) -> None:
        folds = self._folds(self.passes[0])
        loop = self.folded_loops[0]
        bounds = self.ctx.parts(self.space.dims[loop].size, self._cost(loop))
        few = -(-self.inner // self.lanes) < len(bounds) - 1
        if few and all(f.wide_dtype.itemsize >= 4 for f in folds):
            self._shared_rows(folds, loop, bounds)
            return
        self._over(
            len(self.space.dims) - 1,
            lambda values, begin, end, part: self._strip_range(values, begin, end),
            self.lanes,
        )

    def _shared_rows(self, folds: list[Fold], loop: int, bounds: list[int]) -> None:
        """Few strips of many rows: each part folds its rows of all strips; these are put together in their order."""
        ctx, lanes, names = self.ctx, self.lanes, list(self.pointers)
        parts, strips = len(bounds) - 1, -(-self.inner // lanes)
        sizes = [len(f.wide_start()) for f in folds]
        per_part = 8 * lanes * strips * sum(sizes)
        partial = ctx.scratch(parts * per_part)

        def places(inner: Any, base: ir.Value, part: Any, j: ir.Value) -> list[list[ir.Value]]:
            """Where the wide totals of a strip are."""
            b = inner.b
            slot = b.mul(
                b.sdiv(j, ir.Constant(I64, lanes)), ir.Constant(I64, 8 * lanes * sum(sizes))
            )
            slot = b.add(slot, b.mul(inner.index(part), ir.Constant(I64, per_part)))
            flat = [
                inner.at(base, b.add(slot, inner.index(8 * lanes * q)), I8)
                for q in range(sum(sizes))
            ]
            return cut(flat, sizes)

        def part(inner: Any, given: Sequence[ir.Value], begin: Any, end: Any, number: Any) -> None:
            values = self._values(inner, dict(zip(names, given)))
            values.prepare_once()

            def strip(j: ir.Value, mask: ir.Value | None) -> None:
                wide = self._totals(values, folds, j, mask, (begin, end))
                for fold, w, where in zip(folds, wide, places(inner, given[-1], number, j)):
                    for x, place in zip(w, where):
                        store(inner, fold.wide_dtype, x, place, lanes)

            self._each_strip(values, 0, self.inner, strip)

        ctx.parallel(
            self.space.dims[loop].size,
            self._cost(loop),
            [*self.pointers.values(), partial],
            part,
            name="nest",
        )
        values = self._values(ctx, self.pointers)
        values.prepare_once()

        def together(j: ir.Value, mask: ir.Value | None) -> None:
            wide: list[list[ir.Value]] = []
            for number in range(parts):
                where = places(ctx, partial, number, j)
                more = [
                    [load(ctx, f.wide_dtype, q, lanes) for q in group]
                    for f, group in zip(folds, where)
                ]
                wide = (
                    [f.merge(ctx.b, w, m) for f, w, m in zip(folds, wide, more)] if wide else more
                )
            self._finish(values, folds, j, mask, [f.narrow(ctx.b, w) for f, w in zip(folds, wide)])

        self._each_strip(values, 0, self.inner, together)

    def _each_strip(
        self, values: Values, begin: int | ir.Value, end: int | ir.Value, strip: Callable[..., None]
    ) -> None:
        """strip(j, mask) for vectors of neighbours."""
        masked, last = self.inner % self.lanes != 0, values.ctx.index(end)

        def body(j: ir.Value) -> list[ir.Value]:
            with values.scope():
                strip(j, mask_below(values.b, j, last, self.lanes) if masked else None)
            return []

        values.ctx.loop_over(begin, end, self.lanes, [], body)

    def _strip_range(self, values: Values, begin: int | ir.Value, end: int | ir.Value) -> None:
        self._each_strip(values, begin, end, lambda j, mask: self._strip(values, j, mask))

    def _strip(self, values: Values, j: ir.Value, mask: ir.Value | None) -> None:
        """A vector of neighbours, folded down the other loops."""
        folds = self._folds(self.passes[0])
        if math.prod(self.space.dims[k].size for k in self.folded_loops) <= 2 * BLOCK:
            starts = [fold.start() for fold in folds]
            turn = self._turn(values, folds, j, mask)
            sums = self._down(values, 0, starts, turn, self.passes[0])
        else:
            wide = self._totals(
                values, folds, j, mask, (0, self.space.dims[self.folded_loops[0]].size)
            )
            sums = [fold.narrow(values.b, w) for fold, w in zip(folds, wide)]
        self._finish(values, folds, j, mask, sums)

    def _turn(
        self, values: Values, folds: list[Fold], j: ir.Value, mask: ir.Value | None
    ) -> Callable[..., list[ir.Value]]:
        """The body at the bottom of the folded loops: from totals to totals."""
        one = self.passes[0]
        values.at(j, mask)
        steady = {v: values.many(v) for v in self._steady(one)}
        values.prepare(one.steps)

        def turn(*totals: ir.Value) -> list[ir.Value]:
            values.at(j, mask, dict(steady))
            for step in one.steps:
                values.many(step.output)
            after = [
                fold.add(values.b, total, values.many(s.equation.inputs[0]))
                for fold, s, total in zip(folds, one.folds, totals)
            ]
            for v in one.stores:
                values.save(v)
            return after

        return turn

    def _finish(
        self,
        values: Values,
        folds: list[Fold],
        j: ir.Value,
        mask: ir.Value | None,
        sums: Sequence[ir.Value],
    ) -> None:
        """What follows from the folds, and the stores of it."""
        values.at(j, mask)
        for step, fold, total in zip(self.passes[0].folds, folds, sums):
            values.vectors[step.output] = fold.result(values.b, total)
        for v in self.outputs:
            if self.space.levels[v] is not Level.POINT:
                values.save(v)

    def _steady(self, one: Pass) -> list[Value]:
        """What the body of a strip reads that does not change on the way down."""
        found = []
        inner = len(self.space.dims) - 1
        for s in (*one.steps, *one.folds):
            for v in s.equation.inputs:
                if self.space.levels[v] is not Level.POINT and inner in self.space.spans[v]:
                    found.append(v)
        return list(dict.fromkeys(found))

    def _down(
        self,
        values: Values,
        depth: int,
        totals: Sequence[ir.Value],
        turn: Callable[..., list[ir.Value]],
        one: Pass,
    ) -> list[ir.Value]:
        """The folded loops from `depth` on, carrying the totals."""
        loop = self.folded_loops[depth]
        size = self.space.dims[loop].size
        return values.ctx.loop_over(0, size, 1, totals, self._turn_down(values, depth, turn, one))

    def _turn_down(
        self, values: Values, depth: int, turn: Callable[..., list[ir.Value]], one: Pass
    ) -> Callable[..., list[ir.Value]]:
        loop = self.folded_loops[depth]

        def body(i: ir.Value, *flat: ir.Value) -> list[ir.Value]:
            with values.inside(loop, i):
                values.prepare(one.steps)
                if depth == len(self.folded_loops) - 1:
                    return turn(*flat)
                return self._down(values, depth + 1, flat, turn, one)

        return body

    def _totals(
        self,
        values: Values,
        folds: list[Fold],
        j: ir.Value,
        mask: ir.Value | None,
        bounds: tuple[Any, Any],
    ) -> list[list[ir.Value]]:
        """The wide totals of a strip, over these turns of the outermost folded loop: in blocks."""
        b, ctx, one = values.b, values.ctx, self.passes[0]
        turn = self._turn(values, folds, j, mask)
        last = ctx.index(bounds[1])
        inner = math.prod(self.space.dims[k].size for k in self.folded_loops[1:])
        block = max(1, BLOCK // inner)
        sizes = [len(fold.wide_start()) for fold in folds]
        wide = [x for fold in folds for x in fold.wide_start()]

        def body(first: ir.Value, *flat: ir.Value) -> list[ir.Value]:
            stop = b.add(first, ir.Constant(I64, block))
            stop = b.select(b.icmp_signed("<", stop, last), stop, last)
            starts = [fold.start() for fold in folds]
            totals = ctx.loop_over(first, stop, 1, starts, self._turn_down(values, 0, turn, one))
            after = []
            for fold, w, total in zip(folds, cut(flat, sizes), totals):
                after += fold.flush(b, w, total)
            return after

        return cut(ctx.loop_over(*bounds, block, wide, body), sizes)
