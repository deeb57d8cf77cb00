"""Large matrix products without a library: panels of b packed into the second-level cache, tiles of c in registers.

    for each panel of `width` columns of b (shared out to threads)
        pack it: k rows of `width` neighbours, transposed where b is, zeros behind the last column
        for each `ROWS` rows of a
            tile: ROWS x vectors accumulators run down k

The packing and the tiles are functions that all products of a module share; sizes are arguments.  c += alpha a b where
`accumulate`, else c = a b.  Every number of c is one sum in the order of k (in blocks of DEPTH), whoever computes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir

from gradtape.backends.llvm.context import I1, I8, I64, PTR, VOID, Context
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


def product(ctx: Context, p: Product, a: ir.Value, b: ir.Value, c: ir.Value, factor: ir.Value) -> None:
    """c = a b, or c += alpha a b; factor: where alpha is (1 where nothing is added to)."""
    m, n, k, dtype = p.m, p.n, p.k, p.dtype
    transpose_a, transpose_b = p.transpose_a, p.transpose_b
    width, size = width_for(ctx, dtype), dtype.itemsize
    panels = -(-n // width)
    depth = -(-k // (-(-k // DEPTH)))
    rows_a, steps_a = (1, m) if transpose_a else (k, 1)
    rows_b, steps_b = (1, k) if transpose_b else (n, 1)
    by_panels = panels >= 4 or m < 8 * ROWS
    count = panels if by_panels else -(-m // ROWS)
    cost = 2.0 * m * n * k / FLOPS_PER_NS / count
    panel_bytes = -(-(depth + 16) * width * size // 4096) * 4096
    parts = len(ctx.parts(count, cost)) - 1
    scratch = ctx.scratch(parts * panel_bytes)
    pack = _pack(ctx, dtype, transpose_b)
    tiles = [_tile(ctx, dtype, height) for height in SHARED]

    def strip(
        inner: Context, given: Any, panel: Any, first: Any, last: Any, memory: ir.Value
    ) -> None:
        """Rows first to last of one panel."""
        left, right, out, cell = given[:4]
        e = inner.b
        column = e.mul(inner.index(panel), ir.Constant(I64, width))
        rest = e.sub(ir.Constant(I64, n), column)
        columns = e.select(
            e.icmp_signed("<", rest, ir.Constant(I64, width)), rest, ir.Constant(I64, width)
        )
        scale = e.load(cell, typ=llvm_type(dtype))
        for start in range(0, k, depth):
            deep = ir.Constant(I64, min(depth, k - start))
            source = address(inner, right, column, dtype, steps_b)
            source = inner.at(source, inner.index(start * rows_b), llvm_type(dtype))
            e.call(pack, [source, ir.Constant(I64, k if transpose_b else n), deep, columns, memory])
            adds = ir.Constant(I1, int(p.accumulate or start > 0))
            from_a = inner.at(left, inner.index(start * steps_a), llvm_type(dtype))

            def rows(
                i: ir.Value,
                tile: Any,
                from_a: ir.Value = from_a,
                deep: Any = deep,
                adds: Any = adds,
            ) -> None:
                place = address(inner, address(inner, out, i, dtype, n), column, dtype)
                e.call(tile, [address(inner, from_a, i, dtype, rows_a), ir.Constant(I64, rows_a),
                              ir.Constant(I64, steps_a), memory, deep, place, ir.Constant(I64, n), columns, scale,
                              adds])  # fmt: skip

            _rows(inner, first, last, rows, tiles)

    def part(inner: Context, given: Any, begin: Any, end: Any, number: Any) -> None:
        offset = inner.b.mul(inner.index(number), ir.Constant(I64, panel_bytes))
        memory = inner.at(given[4], offset, I8)
        if by_panels:
            with inner.loop(end, begin) as panel:
                strip(inner, given, panel, 0, m, memory)
        else:
            e = inner.b
            first = e.mul(inner.index(begin), ir.Constant(I64, ROWS))
            last = e.mul(inner.index(end), ir.Constant(I64, ROWS))
            last = e.select(
                e.icmp_signed("<", last, ir.Constant(I64, m)), last, ir.Constant(I64, m)
            )
            with inner.loop(panels) as panel:
                strip(inner, given, panel, first, last, memory)

    ctx.parallel(count, cost, [a, b, c, factor, scratch], part, name="product")


def _rows(ctx: Context, first: Any, last: Any, rows: Any, tiles: list[ir.Function]) -> None:
    """Tiles for all rows: the high ones first."""
    begin = first
    for height, tile in zip(SHARED, tiles):
        if isinstance(begin, int) and isinstance(last, int):
            end: Any = begin + (last - begin) // height * height
            if end == begin:
                continue
        else:
            b, begin_, last_ = ctx.b, ctx.index(begin), ctx.index(last)
            whole = b.sdiv(b.sub(last_, begin_), ir.Constant(I64, height))
            end = b.add(begin_, b.mul(whole, ir.Constant(I64, height)))
        with ctx.loop(end, begin, height) as i:
            rows(i, tile)
        begin = end


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


def _emit_pack(
    dtype: np.dtype[Any],
    ctx: Context,
    source: Any,
    stride: Any,
    depth: Any,
    columns: Any,
    panel: Any,
) -> None:
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
    dtype: np.dtype[Any],
    ctx: Context,
    source: Any,
    stride: Any,
    depth: Any,
    columns: Any,
    panel: Any,
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
    return _shared(
        ctx, ("tile", dtype, height), "tile", kinds, lambda *a: _emit_tile(dtype, height, *a)
    )


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
        xs = [
            load(ctx, dtype, ctx.at(line, ctx.index(v * lanes), kind), lanes) for v in range(count)
        ]
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
