"""Large matrix products without a library: panels of b packed into the second-level cache, tiles of c in registers.

    for each panel of `width` columns of b (shared out to threads)
        pack it: k rows of `width` neighbours, transposed where b is, zeros behind the last column
        for each `ROWS` rows of a
            tile: ROWS x vectors accumulators run down k

The packing and the tiles are functions that all products of a module share; sizes are arguments.  c += alpha a b where
`accumulate`, else c = a b.  Every number of c is one sum in the order of k (in blocks of DEPTH), whoever computes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir

from gradtape.backends.llvm.context import I1, I8, I64, PTR, VOID, Context, opaque
from gradtape.backends.llvm.nests.memory import address, load, mask_below, splat, store
from gradtape.backends.llvm.nests.move import turned
from gradtape.backends.llvm.scalar import ScalarBuilder, llvm_type

ROWS = 6
SHARED = (ROWS, 2, 1)  # heights of tiles: what is left over of the rows goes into the lower ones
DEPTH = 1024  # rows of a panel
FLOPS_PER_NS = 150.0


def vectors_for(ctx: Context) -> int:
    """Registers side by side in a tile."""
    return 4 if ctx.unit.vector_bytes == 64 else 2


def width_for(ctx: Context, dtype: np.dtype[Any]) -> int:
    return vectors_for(ctx) * ctx.lanes(dtype)


@dataclass(frozen=True)
class Product:
    """One product of matrices: sizes, and how a and b lie in memory."""

    m: int
    n: int
    k: int
    dtype: np.dtype[Any]
    transpose_a: bool
    transpose_b: bool
    accumulate: bool = False  # c is added to

    @property
    def work(self) -> int:
        return self.m * self.n * self.k


SIZES = ("m", "n", "k", "depth", "row_a", "step_a", "row_b", "column_b", "adds", "panels", "by_panels", "bytes")


def product(ctx: Context, p: Product, a: ir.Value, b: ir.Value, c: ir.Value, factor: ir.Value) -> None:
    """c = a b, or c += alpha a b; factor: where alpha is (1 where nothing is added to)."""
    m, n, k, width = p.m, p.n, p.k, width_for(ctx, p.dtype)
    panels, depth = -(-n // width), -(-k // (-(-k // DEPTH)))
    by_panels = panels >= 4 or m < 8 * ROWS
    count = panels if by_panels else -(-m // ROWS)
    bounds = ctx.parts(count, 2.0 * p.work / FLOPS_PER_NS / count)
    panel_bytes = -(-(depth + 16) * width * p.dtype.itemsize // 4096) * 4096
    scratch = ctx.scratch((len(bounds) - 1) * panel_bytes)
    row_a, step_a = (1, m) if p.transpose_a else (k, 1)
    row_b, column_b = (1, k) if p.transpose_b else (n, 1)
    sizes = (m, n, k, depth, row_a, step_a, row_b, column_b, p.accumulate, panels, by_panels, panel_bytes)
    kind = ir.ArrayType(I64, len(sizes))
    table = ir.GlobalVariable(ctx.module, kind, ctx.module.get_unique_name("sizes"))
    table.linkage, table.global_constant = "internal", True
    table.initializer = ir.Constant(kind, [int(n) for n in sizes])
    ctx.parallel_call(_driver(ctx, p.dtype, p.transpose_b), bounds, [a, b, c, factor, scratch, opaque(table)])


def _driver(ctx: Context, dtype: np.dtype[Any], transposed: bool) -> ir.Function:
    """What one thread does: its panels of all rows, or its rows of all panels."""
    return _shared(
        ctx, ("product", dtype, transposed), "product", [PTR, I64, I64, I64],
        lambda inner, *arguments: _emit_driver(dtype, transposed, inner, *arguments),
    )  # fmt: skip


def _emit_driver(
    dtype: np.dtype[Any], transposed: bool, ctx: Context, operands: Any, begin: Any, end: Any, number: Any
) -> None:
    e, kind, width = ctx.b, llvm_type(dtype), width_for(ctx, dtype)
    cells = [e.load(ctx.at(operands, ctx.index(q), PTR), typ=PTR) for q in range(1, 7)]
    a, b, c, factor, scratch, table = cells
    size = {s: e.load(ctx.at(table, ctx.index(q), I64), typ=I64) for q, s in enumerate(SIZES)}
    m, n, k, depth = (size[s] for s in ("m", "n", "k", "depth"))
    zero, alpha = ctx.index(0), e.load(factor, typ=kind)
    memory = ctx.at(scratch, e.mul(number, size["bytes"]), I8)
    by_panels = e.icmp_signed("!=", size["by_panels"], zero)
    rows = [e.mul(x, ctx.index(ROWS)) for x in (begin, end)]
    first = e.select(by_panels, zero, rows[0])
    last = e.select(by_panels, m, _least(e, rows[1], m))
    adds = e.icmp_signed("!=", size["adds"], zero)
    tiles = [(height, _tile(ctx, dtype, height)) for height in SHARED]
    pack = _pack(ctx, dtype, transposed)

    def block(start: Any, column: Any, columns: Any) -> None:
        deep = _least(e, e.sub(k, start), depth)
        place = e.add(e.mul(column, size["column_b"]), e.mul(start, size["row_b"]))
        stride = size["column_b"] if transposed else size["row_b"]
        e.call(pack, [ctx.at(b, place, kind), stride, deep, columns, memory])
        more = e.or_(adds, e.icmp_signed(">", start, zero))
        from_a, to_c = ctx.at(a, e.mul(start, size["step_a"]), kind), ctx.at(c, column, kind)
        at = first
        for height, tile in tiles:
            left = e.sub(last, at)
            stop = e.add(at, e.sub(left, e.srem(left, ctx.index(height))))
            with ctx.loop(stop, at, height) as i:
                source = ctx.at(from_a, e.mul(i, size["row_a"]), kind)
                target = ctx.at(to_c, e.mul(i, n), kind)
                e.call(tile, [source, size["row_a"], size["step_a"], memory, deep, target, n, columns, alpha, more])
            at = stop

    with ctx.loop(e.select(by_panels, end, size["panels"]), e.select(by_panels, begin, zero)) as panel:
        column = e.mul(panel, ctx.index(width))
        columns = _least(e, e.sub(n, column), ctx.index(width))
        with _steps(ctx, k, depth) as start:
            block(start, column, columns)


def _least(b: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    return b.select(b.icmp_signed("<", x, y), x, y)


@contextmanager
def _steps(ctx: Context, stop: ir.Value, step: ir.Value) -> Iterator[ir.Value]:
    """for i in range(0, stop, step), where stop is above 0."""
    b = ctx.b
    before, head, done = b.block, *(b.function.append_basic_block(name) for name in ("blocks", "out"))
    b.branch(head)
    b.position_at_end(head)
    i = b.phi(I64)
    yield i
    following = b.add(i, step)
    i.add_incoming(ctx.index(0), before)
    i.add_incoming(following, b.block)
    b.cbranch(b.icmp_signed("<", following, stop), head, done)
    b.position_at_end(done)


def _shared(ctx: Context, key: Any, name: str, kinds: list[ir.Type], emit: Any) -> ir.Function:
    function = ctx.unit.helpers.get(key)
    if function is None:
        unique = ctx.module.get_unique_name(name)
        function = ir.Function(ctx.module, ir.FunctionType(VOID, kinds), unique)
        function.linkage = "internal"
        for attribute in ("nounwind", "noinline"):
            function.attributes.add(attribute)
        ctx.unit.helpers[key] = function
        inner = ctx.within(function)
        emit(inner, *function.args)
        inner.b.ret_void()
    return function


def _pack(ctx: Context, dtype: np.dtype[Any], transposed: bool) -> ir.Function:
    """pack(b, stride, depth, columns, panel)."""
    emit = _emit_turned_pack if transposed else _emit_pack
    kinds = [PTR, I64, I64, I64, PTR]
    return _shared(ctx, ("pack", dtype, transposed), "pack", kinds, lambda *a: emit(dtype, *a))


def _emit_pack(dtype: np.dtype[Any], ctx: Context, source: Any, stride: Any, depth: Any, columns: Any, panel: Any) -> None:
    b, lanes, count = ctx.b, ctx.lanes(dtype), vectors_for(ctx)
    masks = [mask_below(b, ctx.index(v * lanes), columns, lanes) for v in range(count)]
    kind = llvm_type(dtype)
    with ctx.loop(depth) as l:
        line = ctx.at(source, b.mul(l, stride), kind)
        target = address(ctx, panel, l, dtype, count * lanes)
        for v, mask in enumerate(masks):
            place = ctx.index(v * lanes)
            x = load(ctx, dtype, ctx.at(line, place, kind), lanes, mask)
            store(ctx, dtype, x, ctx.at(target, place, kind), lanes)


def _emit_turned_pack(
    dtype: np.dtype[Any], ctx: Context, source: Any, stride: Any, depth: Any, columns: Any, panel: Any
) -> None:
    """b lies as [n, k]: squares are turned around in registers."""
    b, lanes, count = ctx.b, ctx.lanes(dtype), vectors_for(ctx)
    kind = llvm_type(dtype)
    with ctx.loop(depth, 0, lanes) as l:
        inside = mask_below(b, l, depth, lanes)
        with ctx.loop(count) as v:
            first = b.mul(v, ir.Constant(I64, lanes))
            lines = []
            for r in range(lanes):
                column = b.add(first, ir.Constant(I64, r))
                there = splat(b, b.icmp_signed("<", column, columns), lanes)
                place = ctx.at(ctx.at(source, b.mul(column, stride), kind), l, kind)
                lines.append(load(ctx, dtype, place, lanes, b.and_(inside, there)))
            for r, x in enumerate(turned(b, lines)):
                row = b.add(l, ir.Constant(I64, r))
                target = address(ctx, panel, row, dtype, count * lanes)
                store(ctx, dtype, x, ctx.at(target, first, kind), lanes)


def _tile(ctx: Context, dtype: np.dtype[Any], height: int) -> ir.Function:
    """tile(a, row stride, k stride, panel, depth, c, c's stride, columns, alpha, adds)."""
    kinds = [PTR, I64, I64, PTR, I64, PTR, I64, I64, llvm_type(dtype), I1]
    return _shared(ctx, ("tile", dtype, height), "tile", kinds, lambda *a: _emit_tile(dtype, height, *a))


def _emit_tile(
    dtype: np.dtype[Any], height: int, ctx: Context, a: Any, row_stride: Any, k_stride: Any, panel: Any, depth: Any,
    c: Any, c_stride: Any, columns: Any, alpha: Any, adds: Any,
) -> None:  # fmt: skip
    b, lanes, count = ctx.b, ctx.lanes(dtype), vectors_for(ctx)
    kind, s = llvm_type(dtype), ScalarBuilder(ctx.b, dtype, lanes)
    rows = [a]
    for _ in range(height - 1):
        rows.append(ctx.at(rows[-1], row_stride, kind))

    def body(l: ir.Value, *totals: ir.Value) -> list[ir.Value]:
        line = address(ctx, panel, l, dtype, count * lanes)
        xs = [load(ctx, dtype, ctx.at(line, ctx.index(v * lanes), kind), lanes) for v in range(count)]
        offset = b.mul(l, k_stride)
        after = []
        for r in range(height):
            factor = splat(b, load(ctx, dtype, ctx.at(rows[r], offset, kind)), lanes)
            after += [s.fma(factor, x, totals[r * count + v]) for v, x in enumerate(xs)]
        return after

    totals = ctx.loop_over(ctx.index(0), depth, 1, [s.const(0)] * (height * count), body)
    # Where nothing is to be added, c is not read: it counts as 0.
    added = splat(b, adds, lanes)
    scale, line = splat(b, alpha, lanes), c
    masks = [mask_below(b, ctx.index(v * lanes), columns, lanes) for v in range(count)]
    reads = [b.and_(mask, added) for mask in masks]
    for r in range(height):
        for v, mask in enumerate(masks):
            place = ctx.at(line, ctx.index(v * lanes), kind)
            before = load(ctx, dtype, place, lanes, reads[v])
            store(ctx, dtype, s.fma(scale, totals[r * count + v], before), place, lanes, mask)
        if r < height - 1:
            line = ctx.at(line, c_stride, kind)
