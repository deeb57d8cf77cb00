"""A group of equations as one nest of loops.

Three forms, by what the innermost loop is:

    map     nothing is folded; the innermost loop runs over neighbours
    rows    the innermost loop is folded: per row one pass per stage, and what follows from the folds between them
    strips  the innermost loop is kept: strips of neighbours stay in registers while the folded loops run
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from llvmlite import ir

from gradtape.backends.llvm.context import F64, I8, I32, I64, Context
from gradtape.backends.llvm.nests.folds import Fold
from gradtape.backends.llvm.nests.loops import SHORT, Row, cut, width_of
from gradtape.backends.llvm.nests.memory import load, mask_below
from gradtape.backends.llvm.nests.move import Block, moved
from gradtape.backends.llvm.nests.plan import Pass, passes_of
from gradtape.backends.llvm.nests.strips import Strips
from gradtape.backends.llvm.nests.values import Values, rule_of
from gradtape.backends.llvm.scalar import LOWERED
from gradtape.graph.ir import Equation, Graph, Value
from gradtape.graph.space import Dim, Level, Space, space_of

IN_REGISTERS = 4  # vectors: a row of no more stays in registers from pass to pass
ALONE = 1 << 14  # numbers that one thread folds and then goes over again
WIDE = 1024  # numbers in a row to which short ones are joined
STRIP = 4  # registers in a strip
NS_PER_UNIT, NS_PER_BYTE = 0.3, 0.03


@lru_cache(maxsize=256)
def nest_of(graph: Graph) -> Space | None:
    """The space of a group that can be lowered, or None."""
    if any(v.dtype not in LOWERED for v in (*graph.inputs, *graph.outputs)):
        return None
    space = space_of(graph)
    if space is None or any(s.fold is None and rule_of(s.equation) is None for s in space.steps):
        return None
    values = (v for s in space.steps for v in (*s.equation.inputs, *s.equation.outputs))
    if any(v.dtype not in LOWERED for v in (*values, *graph.inputs, *graph.outputs)):
        return None
    for s in space.steps:
        if s.fold == "mean" and s.output.dtype.kind != "f":
            return None
        if s.fold and (
            s.output.dtype.kind not in "fiub"
            or (s.output.dtype.itemsize < 4 and s.output.dtype.kind == "f")
        ):
            return None
    folded = any(d.folded for d in space.dims)
    if folded and space.last_stage > 0 and not space.inner_folded:
        return None
    if space.last_stage > 0 and sum(d.folded for d in space.dims) != 1:
        return None
    alone = all(d.folded for d in space.dims)
    if space.last_stage > 0 and alone and math.prod(d.size for d in space.dims) > ALONE:
        return None
    if space.checks and not space.inner_folded:
        return None
    return space


def lower_group(ctx: Context, equation: Equation, graph: Graph, space: Space) -> None:
    """The code of a group; the equation's inputs and outputs are those of the graph, in order."""
    given = equation.inputs if equation.op == "fused" else graph.inputs
    outer = dict(zip((*graph.inputs, *graph.outputs), (*given, *equation.outputs)))
    names = list(space.strides)
    given = [ctx.pointer(outer[v]) for v in names]
    if not space.dims:  # a few instructions
        Nest(ctx, space, dict(zip(names, given)), None).emit()
        return
    flag = None
    if space.checks:
        flag = ctx.scratch(4)
        ctx.b.store(ir.Constant(I32, 0), flag)
        given.append(flag)

    def emit(inner: Context, pointers: Sequence[ir.Value]) -> None:
        bad = None if flag is None else pointers[-1]
        wider, places = widened(inner, space, dict(zip(names, pointers)))
        Nest(inner, wider, places, bad).emit()

    ctx.shared(("nest", described(graph)), given, emit)
    if flag is not None:
        bad = ctx.b.icmp_signed("!=", ctx.b.load(flag, typ=I32), ir.Constant(I32, 0))
        ctx.fallback_if(bad, equation)


def widened(
    ctx: Context, space: Space, pointers: dict[Value, ir.Value]
) -> tuple[Space, dict[Value, ir.Value]]:
    """Short rows of a map joined to longer ones: what is the same for every row is repeated in scratch memory first."""
    if len(space.dims) != 2 or any(d.folded for d in space.dims):
        return space, pointers
    rows, n = (d.size for d in space.dims)
    lanes = min(ctx.lanes(v.dtype) for v in space.spans)
    times = max([m for m in range(2, WIDE // n + 1) if rows % m == 0], default=1)
    columns = [v for v, s in space.strides.items() if s == (0, 1)]
    if n >= 2 * lanes or n % lanes == 0 or times * n < 4 * lanes or rows < 4 * times:
        return space, pointers
    if any(s not in ((0, 0), (0, 1), (n, 1)) for s in space.strides.values()) or any(
        v not in space.reads for v in columns
    ):
        return space, pointers
    if any(spans == {0} for spans in space.spans.values()):
        return space, pointers
    found = dict(pointers)
    for v in columns:
        found[v] = ctx.scratch(times * v.aval.nbytes)
        moved(ctx, pointers[v], found[v], v.dtype, Block((times, n), (n, 1), (0, 1)), alone=True)
    dims = (Dim(rows // times, False), Dim(times * n, False))
    strides = {v: (times * n, 1) if s == (n, 1) else s for v, s in space.strides.items()}
    return replace(space, dims=dims, strides=strides), found


def described(graph: Graph) -> tuple[Any, ...]:
    """What the code of a group depends on: two groups with the same description are the same code."""
    number = {v: k for k, v in enumerate(graph.inputs)}
    constants = []
    for v, array in graph.constants.items():
        number[v] = len(number)
        constants.append((array.dtype.str, array.shape, array.tobytes()))
    lines = []
    for e in graph.equations:
        inputs = tuple([number[x] for x in e.inputs])
        for y in e.outputs:
            number[y] = len(number)
        results = tuple([(y.shape, y.dtype.str) for y in e.outputs])
        lines.append((e.op, inputs, repr(sorted(e.attrs.items())), results))
    given = tuple([(x.shape, x.dtype.str) for x in graph.inputs])
    return given, tuple(constants), tuple(lines), tuple([number[y] for y in graph.outputs])


class Nest(Strips):
    """The emission.  flag: where it is noted that a label is out of range."""

    def __init__(
        self, ctx: Context, space: Space, pointers: dict[Value, ir.Value], flag: ir.Value | None
    ):
        self.ctx, self.space, self.pointers, self.flag = ctx, space, pointers, flag
        dtypes = [v.dtype for v in space.spans if v.dtype.kind != "b"]
        lanes = min((ctx.lanes(d) for d in dtypes), default=16)
        dims = space.dims
        self.folding = any(d.folded for d in dims)
        self.strips = self.folding and not space.inner_folded
        self.kept_loops = [k for k, d in enumerate(dims[:-1]) if not d.folded]
        self.folded_loops = [k for k, d in enumerate(dims) if d.folded]
        self.inner = dims[-1].size if dims else 1
        registers = -(-self.inner // lanes)
        self.registers = (
            self.folding
            and not self.strips
            and registers <= IN_REGISTERS
            and len(self.folded_loops) == 1
        )
        self.passes = passes_of(space, keeping=not self.registers)
        if not self.registers:
            dear = max(p.cost for p in self.passes)
            masks = ctx.unit.vector_bytes == 64
            width = width_of(dear, registers, masks)
            if self.strips:
                width = min(width, 2 if dear > 16 or len(self.passes[0].folds) > 2 else STRIP)
            lanes *= width
        self.lanes = lanes
        self.outputs = list(dict.fromkeys(space.graph.outputs))

    # -- the whole

    def emit(self) -> None:
        if not self.space.dims:
            self._single()
            return
        if self.kept_loops:
            first = self.kept_loops[0]
            self._over(first, lambda values, begin, end, part: self._kept(values, 0, begin, end))
        elif self.strips:
            self._over_strips()
        elif self.folding:
            self._whole_fold()
        else:
            self._over(
                len(self.space.dims) - 1,
                lambda values, begin, end, part: self._map(values, begin, end),
                self.lanes,
            )

    def _single(self) -> None:
        values = self._values(self.ctx, self.pointers)
        for v in self.outputs:
            values.save_one(v)

    def _values(self, ctx: Context, pointers: dict[Value, ir.Value]) -> Values:
        values = Values(ctx, self.space, dict(pointers), self.lanes)
        values.kept_places = {}
        return values

    def _cost(self, loop: int) -> float:
        """Nanoseconds of one turn of a loop."""
        turns = math.prod(d.size for k, d in enumerate(self.space.dims) if k != loop)
        return max(turns, 1) * self._point_cost()

    def _point_cost(self) -> float:
        computing = sum(p.cost for p in self.passes) * NS_PER_UNIT / self.lanes
        buffers = [v for v in self.space.strides if self.space.levels[v] is Level.POINT]
        return max(computing, sum(v.dtype.itemsize for v in buffers) * NS_PER_BYTE)

    def _over(self, loop: int, body: Callable[..., None], align: int = 1) -> None:
        """body(values, begin, end, part) over parts of a loop."""
        names = list(self.pointers)
        scratch = self._scratch(loop, align)
        extra = [p for p in (self.flag, scratch) if p is not None]

        def part(
            ctx: Context,
            pointers: Sequence[ir.Value],
            begin: ir.Value,
            end: ir.Value,
            number: ir.Value,
        ) -> None:
            given = list(pointers)
            values = self._values(ctx, dict(zip(names, given)))
            rest = given[len(names) :]
            self.here_flag = rest.pop(0) if self.flag is not None else None
            if rest:
                self._place_kept(values, rest[0], number)
            values.prepare_once()
            body(values, begin, end, number)

        given = [*(self.pointers[v] for v in names), *extra]
        self.ctx.parallel(self.space.dims[loop].size, self._cost(loop), given, part, align, "nest")

    # -- what a pass keeps for the next

    def _kept_values(self) -> list[Value]:
        return [v for p in self.passes for v in p.keeps]

    def _row_bytes(self) -> int:
        return sum(-(-v.dtype.itemsize * self.inner // 64) * 64 for v in self._kept_values())

    def _scratch(self, loop: int, align: int) -> ir.Value | None:
        if not self._kept_values():
            return None
        parts = len(self.ctx.parts(self.space.dims[loop].size, self._cost(loop), align)) - 1
        return self.ctx.scratch(parts * self._row_bytes())

    def _place_kept(self, values: Values, scratch: ir.Value, part: ir.Value) -> None:
        ctx = values.ctx
        start = ctx.b.mul(ctx.index(part), ir.Constant(I64, self._row_bytes()))
        for v in self._kept_values():
            values.kept_places[v] = ctx.at(scratch, start, I8)
            start = ctx.b.add(start, ir.Constant(I64, -(-v.dtype.itemsize * self.inner // 64) * 64))

    # -- loops that are kept

    def _kept(self, values: Values, depth: int, begin: int | ir.Value, end: int | ir.Value) -> None:
        loop = self.kept_loops[depth]
        last = depth == len(self.kept_loops) - 1
        with values.ctx.loop(end, begin) as i, values.inside(loop, i):
            if not last:
                self._kept(values, depth + 1, 0, self.space.dims[self.kept_loops[depth + 1]].size)
            elif self.strips:
                self._strip_range(values, 0, self.inner)
            elif self.folding:
                self._row(values)
            else:
                self._map(values, 0, self.inner)

    # -- map

    def _map(self, values: Values, begin: int | ir.Value, end: int | ir.Value) -> None:
        one = self.passes[0]
        values.prepare(one.steps, one.stores)
        Row(values, one, [], self.inner).short(begin, end)
        for v in self.outputs:
            if self.space.levels[v] is not Level.POINT:
                values.save_one(v)

    # -- rows

    def _folds(self, one: Pass) -> list[Fold]:
        count = math.prod(self.space.dims[k].size for k in self.folded_loops)
        return [
            Fold(s.fold or "", s.equation.inputs[0].dtype, self.lanes, count) for s in one.folds
        ]

    def _row(self, values: Values) -> None:
        """All passes over one row, and what is stored once for it."""
        self._check(values)
        register_values: list[dict[Value, ir.Value]] = [{} for _ in range(IN_REGISTERS)]
        for one in self.passes:
            values.prepare(one.steps, [s.equation.inputs[0] for s in one.folds])
            folds = self._folds(one)
            if self.registers:
                totals = self._in_registers(values, one, folds, register_values)
            else:
                totals = self._in_loops(values, one, folds)
            for step, fold, total in zip(one.folds, folds, totals):
                values.put(step.output, fold.result(values.b, total))
            for v in one.keeps:
                values.kept[v] = values.kept_places[v]
            for v in one.stores:
                values.kept[v] = values.bases[v]
        values.kept = {}
        for v in self.outputs:
            if self.space.levels[v] is not Level.POINT:
                values.save_one(v)

    def _check(self, values: Values) -> None:
        """Labels that are out of range set the flag."""
        for labels, n in self.space.checks:
            b, label = values.b, values.one(labels)
            bad = b.icmp_unsigned(">=", label, ir.Constant(label.type, n))
            b.store(b.or_(b.load(self.here_flag, typ=I32), b.zext(bad, I32)), self.here_flag)

    def _in_registers(
        self, values: Values, one: Pass, folds: list[Fold], known: list[dict[Value, ir.Value]]
    ) -> list[ir.Value]:
        """A row of few vectors, without a loop: what was computed stays."""
        b, n = values.b, self.inner
        totals: list[list[ir.Value]] = [[] for _ in folds]
        for u in range(-(-n // self.lanes)):
            left = n - u * self.lanes
            j = values.ctx.index(u * self.lanes)
            mask = None if left >= self.lanes else mask_below(b, j, values.ctx.index(n), self.lanes)
            values.at(j, mask)
            values.vectors = known[u]
            for step in one.steps:
                values.many(step.output)
            for k, (fold, step) in enumerate(zip(folds, one.folds)):
                x = values.many(step.equation.inputs[0])
                totals[k].append(x if mask is None else b.select(mask, x, fold.start()))
            for v in one.stores:
                values.save(v)
        return [fold.across(b, fold.tree(b, xs)) for fold, xs in zip(folds, totals)]

    def _in_loops(self, values: Values, one: Pass, folds: list[Fold]) -> list[ir.Value]:
        row = Row(values, one, folds, self.inner)
        if len(self.folded_loops) == 1 and self.inner <= SHORT * self.lanes:
            totals = row.short(0, self.inner)
            return [fold.across(values.b, x) for fold, x in zip(folds, totals)]
        wide = self._folded(values, row, 0, 0, self.space.dims[self.folded_loops[0]].size)
        return [
            fold.narrow(values.b, fold.gather_lanes(values.b, w)) for fold, w in zip(folds, wide)
        ]

    def _folded(
        self, values: Values, row: Row, depth: int, begin: int | ir.Value, end: int | ir.Value,
        wide: list[list[ir.Value]] | None = None,
    ) -> list[list[ir.Value]]:  # fmt: skip
        """The folded loops from `depth` on: the wide results."""
        if wide is None:
            wide = [fold.wide_start() for fold in row.folds]
        loop = self.folded_loops[depth]
        if depth == len(self.folded_loops) - 1:
            return row.long(begin, end, wide)
        sizes = [len(w) for w in wide]

        def body(i: ir.Value, *flat: ir.Value) -> list[ir.Value]:
            following = self.space.dims[self.folded_loops[depth + 1]].size
            with values.inside(loop, i):
                values.prepare(row.pass_.steps)
                inner = self._folded(values, row, depth + 1, 0, following, cut(flat, sizes))
            return [x for w in inner for x in w]

        return cut(values.ctx.loop_over(begin, end, 1, [x for w in wide for x in w], body), sizes)

    # -- everything folded

    def _whole_fold(self) -> None:
        """One row, whose parts go to threads."""
        ctx, loop = self.ctx, self.folded_loops[0]
        if (
            len(self.passes) > 1
            or self.registers
            or (len(self.folded_loops) == 1 and self.inner <= SHORT * self.lanes)
        ):
            scratch = ctx.scratch(self._row_bytes()) if self._kept_values() else None
            values = self._values(ctx, self.pointers)
            self.here_flag = self.flag
            if scratch is not None:
                self._place_kept(values, scratch, ctx.index(0))
            self._row(values)
            return
        one = self.passes[0]
        align = self.lanes if len(self.folded_loops) == 1 else 1
        count = len(ctx.parts(self.space.dims[loop].size, self._cost(loop), align)) - 1
        folds = self._folds(one)
        sizes = [len(fold.wide_start()) for fold in folds]
        partial = ctx.scratch(8 * max(sum(sizes), 1) * count)
        found: list[list[list[ir.Value]]] = []

        def body(
            values: Values, begin: ir.Value, end: ir.Value, place: ir.Value | None, number: ir.Value
        ) -> None:
            values.prepare_once()
            values.prepare(one.steps)
            row = Row(values, one, self._folds(one), self.inner)
            wide = self._folded(values, row, 0, begin, end)
            b = values.b
            totals = [fold.gather_lanes(b, w) for fold, w in zip(row.folds, wide)]
            if place is None:
                found.append(totals)
                return
            slot = b.mul(number, ir.Constant(I64, sum(sizes)))
            for x in [x for t in totals for x in t]:
                kind = I8 if x.type == ir.IntType(1) else x.type
                b.store(
                    b.zext(x, I8) if kind is I8 and x.type != I8 else x,
                    values.ctx.at(place, slot, F64),
                )
                slot = b.add(slot, ir.Constant(I64, 1))

        names = list(self.pointers)

        def part(
            inner: Context,
            pointers: Sequence[ir.Value],
            begin: ir.Value,
            end: ir.Value,
            number: ir.Value,
        ) -> None:
            values = self._values(inner, dict(zip(names, pointers)))
            body(values, begin, end, None if count == 1 else pointers[-1], number)

        given = [*(self.pointers[v] for v in names), partial]
        ctx.parallel(self.space.dims[loop].size, self._cost(loop), given, part, align, "nest")
        b = ctx.b
        if count > 1:
            for number in range(count):
                slot, totals = number * sum(sizes), []
                for fold, size in zip(folds, sizes):
                    w = []
                    for _ in range(size):
                        place = ctx.at(partial, ctx.index(slot), F64)
                        w.append(load(ctx, fold.wide_dtype, place))
                        slot += 1
                    totals.append(w)
                found.append(totals)
        totals = found[0]
        for more in found[1:]:
            totals = [fold.merge(b, t, m) for fold, t, m in zip(folds, totals, more)]
        values = self._values(ctx, self.pointers)
        for step, fold, t in zip(one.folds, folds, totals):
            values.put(step.output, fold.result(b, fold.narrow(b, t)))
        for v in self.outputs:
            if self.space.levels[v] is not Level.POINT:
                values.save_one(v)


def inplace_pairs(graph: Graph, space: Space, equation: Equation) -> list[tuple[int, int]]:
    """Outputs and inputs at which the nest is at the same time: each element is read before it is written.

    An input that a later pass reads again is not among them, nor one that is read by rows while elements are written.
    """
    places = {v: k for k, v in reversed(list(enumerate(equation.inputs)))}
    inner = dict(zip(graph.inputs, equation.inputs if equation.op == "fused" else graph.inputs))
    last_read: dict[Value, int] = {}
    for keeping in (
        True,
        False,
    ):  # in memory, and in registers: then what is needed again is computed again
        for number, one in enumerate(passes_of(space, keeping)):
            for s in (*one.steps, *one.folds):
                for x in s.equation.inputs:
                    last_read[x] = max(number, last_read.get(x, 0))
    pairs = []
    for k, y in enumerate(graph.outputs):
        for x in graph.inputs:
            if (
                x.aval != y.aval
                or space.strides.get(x) != space.strides.get(y)
                or inner[x] not in places
            ):
                continue
            if (
                space.levels[y] is Level.POINT
                and space.levels[x] is Level.POINT
                and last_read.get(x, 0) <= space.stages[y]
            ):
                pairs.append((k, places[inner[x]]))
    return pairs
