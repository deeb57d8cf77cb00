"""Large matrix products without a library: panels of b packed into the second-level cache, tiles of c in registers.

    for each panel of `width` columns of b (shared out to threads)
        pack it: k rows of `width` neighbours, transposed where b is, zeros behind the last column
        for each `ROWS` rows of a
            tile: ROWS x vectors accumulators run down k

The packing and the tiles are functions that all products of a module share; sizes are arguments.  c += alpha a b where
`accumulate`, else c = a b.  Every number of c is one sum in the order of k (in blocks of DEPTH), whoever computes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
# Registers side by side in a tile -> heights: what is left over of the rows goes into the lower tiles.
HEIGHTS = {4: (ROWS, 2, 1), 2: (8, 2, 1), 1: (12, 4, 1)}
FEW_HEIGHTS = {2: (ROWS, 2, 1), 1: (8, 2, 1)}  # where there are 16 registers
DEPTH = 1024  # rows of a panel
FLOPS_PER_NS = 150.0


def heights_of(ctx: Context) -> dict[int, tuple[int, ...]]:
    return HEIGHTS if ctx.unit.vector_bytes == 64 else FEW_HEIGHTS


def vectors_for(ctx: Context, dtype: np.dtype[Any], n: int) -> int:
    """Registers side by side in the tiles of a result of n columns."""
    return min(v for v in heights_of(ctx) if v == max(heights_of(ctx)) or v * ctx.lanes(dtype) >= n)


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


SIZES = (
    "m",
    "n",
    "k",
    "depth",
    "row_a",
    "step_a",
    "row_b",
    "column_b",
    "adds",
    "panels",
    "by_panels",
    "bytes",
)


def product(
    ctx: Context, p: Product, a: ir.Value, b: ir.Value, c: ir.Value, factor: ir.Value
) -> None:
    """c = a b, or c += alpha a b; factor: where alpha is (1 where nothing is added to)."""
    m, n, k = p.m, p.n, p.k
    vectors = vectors_for(ctx, p.dtype, n)
    width = vectors * ctx.lanes(p.dtype)
    panels, depth = -(-n // width), -(-k // (-(-k // DEPTH)))
    by_panels = panels >= 4 or m < 8 * ROWS
    count = panels if by_panels else -(-m // ROWS)
    bounds = ctx.parts(count, 2.0 * p.work / FLOPS_PER_NS / count)
    panel_bytes = -(-(depth + 16) * width * p.dtype.itemsize // 4096) * 4096
    scratch = ctx.scratch((len(bounds) - 1) * panel_bytes)
    row_a, step_a = (1, m) if p.transpose_a else (k, 1)
    row_b, column_b = (1, k) if p.transpose_b else (n, 1)
    sizes = (
        m,
        n,
        k,
        depth,
        row_a,
        step_a,
        row_b,
        column_b,
        p.accumulate,
        panels,
        by_panels,
        panel_bytes,
    )
    kind = ir.ArrayType(I64, len(sizes))
    table = ir.GlobalVariable(ctx.module, kind, ctx.module.get_unique_name("sizes"))
    table.linkage, table.global_constant = "internal", True
    table.initializer = ir.Constant(kind, [int(n) for n in sizes])
    ctx.parallel_call(
        _driver(ctx, p.dtype, vectors, p.transpose_b),
        bounds,
        [a, b, c, factor, scratch, opaque(table)],
    )


def _driver(ctx: Context, dtype: np.dtype[Any], vectors: int, transposed: bool) -> ir.Function:
    """What one thread does: its panels of all rows, or its rows of all panels."""
    return _shared(
        ctx, ("product", dtype, vectors, transposed), "product", [PTR, I64, I64, I64],
        lambda inner, *arguments: _emit_driver(dtype, vectors, transposed, inner, *arguments),
    )  # fmt: skip


def _emit_driver(
    dtype: np.dtype[Any],
    vectors: int,
    transposed: bool,
    ctx: Context,
    operands: Any,
    begin: Any,
    end: Any,
    number: Any,
) -> None:
    e, kind, width = ctx.b, llvm_type(dtype), vectors * ctx.lanes(dtype)
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
    pack = pack_of(ctx, dtype, vectors, transposed)

    def block(start: Any, column: Any, columns: Any) -> None:
        deep = _least(e, e.sub(k, start), depth)
        place = e.add(e.mul(column, size["column_b"]), e.mul(start, size["row_b"]))
        stride = size["column_b"] if transposed else size["row_b"]
        e.call(pack, [ctx.at(b, place, kind), stride, deep, columns, memory])
        more = e.or_(adds, e.icmp_signed(">", start, zero))
        from_a, to_c = ctx.at(a, e.mul(start, size["step_a"]), kind), ctx.at(c, column, kind)

        def row(i: ir.Value, tile: ir.Function) -> None:
            source = ctx.at(from_a, e.mul(i, size["row_a"]), kind)
            target = ctx.at(to_c, e.mul(i, n), kind)
            e.call(tile, [source, size["row_a"], size["step_a"], memory, deep, target, n, columns, alpha, more,
                          ctx.index(1), zero])  # fmt: skip

        tiled_rows(ctx, dtype, vectors, first, last, row)

    with ctx.loop(
        e.select(by_panels, end, size["panels"]), e.select(by_panels, begin, zero)
    ) as panel:
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
    before, head, done = (
        b.block,
        *(b.function.append_basic_block(name) for name in ("blocks", "out")),
    )
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


def pack_of(ctx: Context, dtype: np.dtype[Any], vectors: int, transposed: bool) -> ir.Function:
    """pack(b, stride, depth, columns, panel)."""
    emit = _emit_turned_pack if transposed else _emit_pack
    kinds = [PTR, I64, I64, I64, PTR]
    return _shared(
        ctx,
        ("pack", dtype, vectors, transposed),
        "pack",
        kinds,
        lambda *a: emit(dtype, vectors, *a),
    )


def _emit_pack(
    dtype: np.dtype[Any],
    count: int,
    ctx: Context,
    source: Any,
    stride: Any,
    depth: Any,
    columns: Any,
    panel: Any,
) -> None:
    b, lanes = ctx.b, ctx.lanes(dtype)
    masks = [mask_below(b, ctx.index(v * lanes), columns, lanes) for v in range(count)]
    kind = llvm_type(dtype)
    with ctx.loop(depth) as row:
        line = ctx.at(source, b.mul(row, stride), kind)
        target = address(ctx, panel, row, dtype, count * lanes)
        for v, mask in enumerate(masks):
            place = ctx.index(v * lanes)
            x = load(ctx, dtype, ctx.at(line, place, kind), lanes, mask)
            store(ctx, dtype, x, ctx.at(target, place, kind), lanes)


def _emit_turned_pack(
    dtype: np.dtype[Any],
    count: int,
    ctx: Context,
    source: Any,
    stride: Any,
    depth: Any,
    columns: Any,
    panel: Any,
) -> None:
    """b lies as [n, k]: squares are turned around in registers."""
    b, lanes, kind = ctx.b, ctx.lanes(dtype), llvm_type(dtype)
    with ctx.loop(depth, 0, lanes) as row:
        inside = mask_below(b, row, depth, lanes)
        with ctx.loop(count) as v:
            first = b.mul(v, ir.Constant(I64, lanes))
            lines = []
            for r in range(lanes):
                column = b.add(first, ir.Constant(I64, r))
                there = splat(b, b.icmp_signed("<", column, columns), lanes)
                place = ctx.at(ctx.at(source, b.mul(column, stride), kind), row, kind)
                lines.append(load(ctx, dtype, place, lanes, b.and_(inside, there)))
            for r, x in enumerate(turned(b, lines)):
                line = b.add(row, ir.Constant(I64, r))
                target = address(ctx, panel, line, dtype, count * lanes)
                store(ctx, dtype, x, ctx.at(target, first, kind), lanes)


def tile_of(ctx: Context, dtype: np.dtype[Any], vectors: int, height: int) -> ir.Function:
    """tile(a, row stride, k stride, panel, depth, c, c's stride, columns, alpha, adds, segments, segment stride).

    Rows of a are runs of `depth` numbers, of which there are `segments`, each so much further in memory.
    """
    kinds = [PTR, I64, I64, PTR, I64, PTR, I64, I64, llvm_type(dtype), I1, I64, I64]
    return _shared(
        ctx,
        ("tile", dtype, vectors, height),
        "tile",
        kinds,
        lambda *a: _emit_tile(dtype, vectors, height, *a),
    )


def _emit_tile(
    dtype: np.dtype[Any], count: int, height: int, ctx: Context,
    a: Any, row_stride: Any, k_stride: Any, panel: Any, depth: Any, c: Any, c_stride: Any, columns: Any,
    alpha: Any, adds: Any, segments: Any, segment_stride: Any,
) -> None:  # fmt: skip
    b, lanes = ctx.b, ctx.lanes(dtype)
    kind, s = llvm_type(dtype), ScalarBuilder(ctx.b, dtype, lanes)

    def segment(q: ir.Value, *totals: ir.Value) -> list[ir.Value]:
        rows = [ctx.at(a, b.mul(q, segment_stride), kind)]
        for _ in range(height - 1):
            rows.append(ctx.at(rows[-1], row_stride, kind))
        lines = address(ctx, panel, b.mul(q, depth), dtype, count * lanes)

        def body(k: ir.Value, *totals: ir.Value) -> list[ir.Value]:
            line = address(ctx, lines, k, dtype, count * lanes)
            xs = [
                load(ctx, dtype, ctx.at(line, ctx.index(v * lanes), kind), lanes)
                for v in range(count)
            ]
            offset = b.mul(k, k_stride)
            after = []
            for r in range(height):
                factor = splat(b, load(ctx, dtype, ctx.at(rows[r], offset, kind)), lanes)
                after += [s.fma(factor, x, totals[r * count + v]) for v, x in enumerate(xs)]
            return after

        return ctx.loop_over(ctx.index(0), depth, 1, totals, body)

    totals = ctx.loop_over(ctx.index(0), segments, 1, [s.const(0)] * (height * count), segment)
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


def tiled_rows(
    ctx: Context, dtype: np.dtype[Any], vectors: int, first: ir.Value, last: ir.Value,
    call: Callable[[ir.Value, ir.Function], None],
) -> None:  # fmt: skip
    """call(i, tile) for all rows i: the high tiles first."""
    e, at = ctx.b, first
    for height in heights_of(ctx)[vectors]:
        tile = tile_of(ctx, dtype, vectors, height)
        left = e.sub(last, at)
        stop = e.add(at, e.sub(left, e.srem(left, ctx.index(height))))
        with ctx.loop(stop, at, height) as i:
            call(i, tile)
        at = stop


def fixed_rows(
    ctx: Context,
    dtype: np.dtype[Any],
    vectors: int,
    rows: int,
    again: bool,
    call: Callable[[ir.Value, ir.Function], None],
) -> None:
    """The same for a number of rows that is known: tiles of the height that suits it.

    again: the last tile may compute some rows a second time.
    """
    height = height_for(ctx, vectors, rows, again)
    whole, rest = rows // height * height, rows % height
    if rest and again:
        with ctx.loop(-(-rows // height)) as q:
            i = _least(ctx.b, ctx.b.mul(q, ctx.index(height)), ctx.index(rows - height))
            call(i, tile_of(ctx, dtype, vectors, height))
        return
    with ctx.loop(whole, 0, height) as i:
        call(i, tile_of(ctx, dtype, vectors, height))
    if rest:
        call(ctx.index(whole), tile_of(ctx, dtype, vectors, rest))


def height_for(ctx: Context, vectors: int, rows: int, again: bool) -> int:
    """The height at which tiles lose least to what is left over and to waiting."""
    registers = 24 if ctx.unit.vector_bytes == 64 else 12
    waiting = -(-8 // vectors)  # so many rows take no longer than one

    def cost(height: int) -> float:
        tiles, rest = divmod(rows, height)
        busy = max(height, waiting) + 1
        if not rest:
            return tiles * busy
        return (tiles + 1) * busy if again else tiles * busy + max(rest, waiting) + 1

    return min(range(1, min(rows, registers // vectors) + 1), key=lambda h: (cost(h), -h))
