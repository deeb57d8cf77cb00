"""Matrix products, transposes and accumulation folded in: tiles in registers, panels (see there), calls of the BLAS.

A product is c[m, n] = a b, or c += alpha a b, row-major.  A tile has `rows` times `vectors` accumulators in registers,
and runs down k: a row of b is loaded once, and multiplied by one number of each of the rows of a.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir

from gradtape.backends.llvm.context import I32, I64, VOID, Context
from gradtape.backends.llvm.nests import panels
from gradtape.backends.llvm.nests.copies import copy_flat, fill
from gradtape.backends.llvm.nests.memory import address, load, mask_below, splat, store
from gradtape.backends.llvm.nests.panels import Product
from gradtape.backends.llvm.scalar import ScalarBuilder, constant, llvm_type
from gradtape.graph.ir import Equation, Value

ROW_MAJOR, PLAIN, TRANSPOSED = 101, 111, 112
SMALL = 1 << 18  # multiplications below which a call costs more than it gains
THIN = 1 << 9  # the same for products that tiles do not suit
PANEL = 33  # columns from which on panels are worth it
PANEL_OF_TILES = 1 << 15  # numbers of b that tiles read again and again
PACKED = 1 << 12  # numbers of b that are turned around first, at the most
FLOATS = {np.dtype(np.float32): "s", np.dtype(np.float64): "d"}


@dataclass(frozen=True)
class Batch:
    """Products over batch axes: sizes, and the steps of a and b in matrices (0: broadcast)."""

    product: Product
    sizes: tuple[int, ...]
    steps_a: tuple[int, ...]
    steps_b: tuple[int, ...]


def batch_of(
    a: Value, b: Value, out: Value, transpose_a: bool, transpose_b: bool, accumulate: bool
) -> Batch:
    """The products of one equation: batch axes of a go into its rows where b has none."""
    m, n = out.shape[-2:]
    k = a.shape[-2] if transpose_a else a.shape[-1]
    lead = out.shape[:-2]
    if lead and math.prod(b.shape[:-2]) == 1 and not transpose_a and a.shape[:-2] == lead:
        m, lead = m * math.prod(lead), ()
    product = Product(m, n, k, out.dtype, transpose_a, transpose_b, accumulate)
    return Batch(product, lead, _steps(a.shape[:-2], lead), _steps(b.shape[:-2], lead))


def _steps(own: tuple[int, ...], lead: tuple[int, ...]) -> tuple[int, ...]:
    """Per batch axis how many matrices further the next one is."""
    steps, step = [], 1
    for place in range(1, len(lead) + 1):
        n = own[-place] if place <= len(own) else 1
        steps.append(step if n != 1 else 0)
        step *= n
    return tuple(reversed(steps))


def matmul(equation: Equation) -> Callable[[Context, Equation], None] | None:
    """`matmul`."""
    out = equation.outputs[0]
    if out.dtype not in FLOATS and out.dtype.kind not in "iu":
        return None
    return _lower_matmul


def _lower_matmul(ctx: Context, equation: Equation) -> None:
    (a, b), (out,) = equation.inputs, equation.outputs
    attrs = equation.attrs
    batch = batch_of(a, b, out, attrs["transpose_a"], attrs["transpose_b"], False)
    _products(ctx, batch, ctx.pointer(a), ctx.pointer(b), ctx.pointer(out), None)


def gemm(equation: Equation) -> Callable[[Context, Equation], None] | None:
    """`gemm`: c + alpha a b."""
    return _lower_gemm if equation.outputs[0].dtype in FLOATS else None


def _lower_gemm(ctx: Context, equation: Equation) -> None:
    (c, a, b, alpha), (out,) = equation.inputs, equation.outputs
    attrs = equation.attrs
    target, source = ctx.pointer(out), ctx.pointer(c)
    if target is not source:
        copy_flat(ctx, source, target, out.dtype, out.aval.size)
    factor = load(ctx, alpha.dtype, ctx.pointer(alpha))
    batch = batch_of(a, b, out, attrs["transpose_a"], attrs["transpose_b"], True)
    _products(ctx, batch, ctx.pointer(a), ctx.pointer(b), target, factor)


def affine(equation: Equation) -> Callable[[Context, Equation], None] | None:
    """`affine`: x w, and b added to each row."""
    return _lower_affine if equation.outputs[0].dtype in FLOATS else None


def _lower_affine(ctx: Context, equation: Equation) -> None:
    (x, w, bias), (out,) = equation.inputs, equation.outputs
    batch = batch_of(x, w, out, False, False, True)
    rows, n = math.prod(out.shape[:-1]), out.shape[-1]
    if out.aval.size:
        target, source = ctx.pointer(out), ctx.pointer(bias)
        with ctx.loop(rows) as i:
            copy_flat(ctx, source, address(ctx, target, i, out.dtype, n), out.dtype, n)
    _products(
        ctx, batch, ctx.pointer(x), ctx.pointer(w), ctx.pointer(out), constant(out.dtype, 1, 1.0)
    )


def _products(
    ctx: Context, batch: Batch, a: ir.Value, b: ir.Value, c: ir.Value, alpha: ir.Value | None
) -> None:
    """All products of a batch."""
    p = batch.product
    if p.m == 0 or p.n == 0 or 0 in batch.sizes:
        return
    if p.k == 0:
        if not p.accumulate:
            fill(ctx, c, p.dtype, math.prod(batch.sizes) * p.m * p.n, 0)
        return
    one = _product_of(p)
    if not batch.sizes:
        one(ctx, p, a, b, c, alpha)
        return

    def level(depth: int, a: ir.Value, b: ir.Value, c: ir.Value) -> None:
        if depth == len(batch.sizes):
            one(ctx, p, a, b, c, alpha)
            return
        inner = math.prod(batch.sizes[depth + 1 :])
        with ctx.loop(batch.sizes[depth]) as i:
            level(
                depth + 1,
                _step(ctx, a, i, p.dtype, batch.steps_a[depth] * p.m * p.k),
                _step(ctx, b, i, p.dtype, batch.steps_b[depth] * p.n * p.k),
                _step(ctx, c, i, p.dtype, inner * p.m * p.n),
            )

    level(0, a, b, c)


def _step(
    ctx: Context, pointer: ir.Value, i: ir.Value, dtype: np.dtype[Any], stride: int
) -> ir.Value:
    return address(ctx, pointer, i, dtype, stride) if stride else pointer


def _product_of(p: Product) -> Callable[..., None]:
    if p.dtype not in FLOATS:
        return tiled
    thin = p.n == 1 or (p.transpose_b and p.m <= 4)  # for which tiles have to turn b around first
    packing = p.transpose_b and p.n * p.k > PACKED
    if p.work <= (THIN if thin else SMALL) and not packing:
        return tiled
    if 1 in (p.m, p.n):
        return vector_call
    if p.n >= PANEL and p.m >= 4:
        return panelled
    if not p.transpose_b and p.n * p.k <= PANEL_OF_TILES:
        return tiled
    return call


def panelled(
    ctx: Context, p: Product, a: ir.Value, b: ir.Value, c: ir.Value, alpha: ir.Value | None
) -> None:
    """Panels and tiles, on several threads."""
    factor = ctx.scratch(8)
    ctx.b.store(constant(p.dtype, 1, 1.0) if alpha is None else alpha, factor)
    panels.product(ctx, p, a, b, c, factor)


# the BLAS


def call(
    ctx: Context, p: Product, a: ir.Value, b: ir.Value, c: ir.Value, alpha: ir.Value | None
) -> None:
    """cblas_{s,d}gemm."""
    size = lambda n: ir.Constant(ctx.unit.blas_int, n)
    flag = lambda t: ir.Constant(I32, TRANSPOSED if t else PLAIN)
    factor = constant(p.dtype, 1, 1.0) if alpha is None else alpha
    beta = constant(p.dtype, 1, float(p.accumulate))
    ctx.call(
        f"cblas_{FLOATS[p.dtype]}gemm", VOID,
        [ir.Constant(I32, ROW_MAJOR), flag(p.transpose_a), flag(p.transpose_b), size(p.m), size(p.n), size(p.k),
         factor, a, size(p.m if p.transpose_a else p.k), b, size(p.k if p.transpose_b else p.n), beta, c, size(p.n)],
    )  # fmt: skip


def vector_call(
    ctx: Context, p: Product, a: ir.Value, b: ir.Value, c: ir.Value, alpha: ir.Value | None
) -> None:
    """cblas_{s,d}gemv: a matrix times a vector."""
    size = lambda n: ir.Constant(ctx.unit.blas_int, n)
    if p.n == 1:
        matrix, vector, transposed = a, b, p.transpose_a
        rows, columns = (p.k, p.m) if transposed else (p.m, p.k)
    else:
        matrix, vector, transposed = b, a, not p.transpose_b
        rows, columns = (p.n, p.k) if p.transpose_b else (p.k, p.n)
    factor = constant(p.dtype, 1, 1.0) if alpha is None else alpha
    ctx.call(
        f"cblas_{FLOATS[p.dtype]}gemv", VOID,
        [ir.Constant(I32, ROW_MAJOR), ir.Constant(I32, TRANSPOSED if transposed else PLAIN), size(rows), size(columns),
         factor, matrix, size(columns), vector, size(1), constant(p.dtype, 1, float(p.accumulate)), c, size(1)],
    )  # fmt: skip


# small ones


def tiled(
    ctx: Context, p: Product, a: ir.Value, b: ir.Value, c: ir.Value, alpha: ir.Value | None
) -> None:
    """Tiles in registers, as a function that products of one kind share."""
    key = (p, alpha is not None)
    function = ctx.unit.helpers.get(key)
    if function is None:
        kinds = [a.type, b.type, c.type, llvm_type(p.dtype), a.type]
        name = ctx.module.get_unique_name("product")
        function = ir.Function(ctx.module, ir.FunctionType(VOID, kinds), name)
        function.linkage = "internal"
        function.attributes.add("nounwind")
        ctx.unit.helpers[key] = function
        inner = ctx.within(function)
        left, right, out, factor, packed = function.args
        _Tiles(inner, p, left, right, out, factor if alpha is not None else None, packed).emit()
        inner.b.ret_void()
    packed = ctx.scratch(p.k * p.n * p.dtype.itemsize) if p.transpose_b else c
    ctx.b.call(function, [a, b, c, constant(p.dtype, 1, 1) if alpha is None else alpha, packed])


class _Tiles:
    def __init__(
        self,
        ctx: Context,
        p: Product,
        a: ir.Value,
        b: ir.Value,
        c: ir.Value,
        alpha: Any,
        packed: ir.Value,
    ):
        self.ctx, self.b, self.p = ctx, ctx.b, p
        self.left, self.right, self.out, self.alpha = a, b, c, alpha
        self.lanes = ctx.lanes(p.dtype)
        while self.lanes > 2 and self.lanes >= 2 * p.n:
            self.lanes //= 2
        if p.transpose_b:
            self._pack(packed)
            self.right = packed
        across = -(-p.n // self.lanes)
        registers = 24 if ctx.unit.vector_bytes == 64 else 10
        blocks = -(-across // 4)
        self.vectors = -(-across // blocks)
        self.rows = max(1, min(p.m, registers // self.vectors, 8))
        while p.m % self.rows and p.m % (self.rows - 1) == 0:
            self.rows -= 1

    def _pack(self, packed: ir.Value) -> None:
        """b, given as [n, k], as [k, n]."""
        p, ctx = self.p, self.ctx
        with ctx.loop(p.n) as j:
            row, column = (
                address(ctx, self.right, j, p.dtype, p.k),
                address(ctx, packed, j, p.dtype),
            )
            with ctx.loop(p.k) as i:
                x = load(ctx, p.dtype, address(ctx, row, i, p.dtype))
                store(ctx, p.dtype, x, address(ctx, column, i, p.dtype, p.n))

    def emit(self) -> None:
        whole = self.p.m // self.rows * self.rows
        if whole:
            with self.ctx.loop(whole, 0, self.rows) as i:
                self._columns(i, self.rows)
        if whole < self.p.m:
            self._columns(self.ctx.index(whole), self.p.m - whole)

    def _columns(self, i: ir.Value, rows: int) -> None:
        width = self.vectors * self.lanes
        if width >= self.p.n:
            self._tile(i, self.ctx.index(0), rows)
        else:
            with self.ctx.loop(self.p.n, 0, width) as j:
                self._tile(i, j, rows)

    def _tile(self, i: ir.Value, j: ir.Value, rows: int) -> None:
        b, p, ctx, lanes = self.b, self.p, self.ctx, self.lanes
        places = [b.add(j, ir.Constant(I64, v * lanes)) for v in range(self.vectors)]
        masks: list[ir.Value | None] = [None] * self.vectors
        if p.n % lanes or p.n % (lanes * self.vectors):
            known = self.vectors * lanes >= p.n
            for v, place in enumerate(places):
                if not known or (v + 1) * lanes > p.n:
                    masks[v] = mask_below(b, place, ctx.index(p.n), lanes)
        s = ScalarBuilder(b, p.dtype, lanes)
        step = p.m if p.transpose_a else 1
        lefts = []
        for r in range(rows):
            row = b.add(i, ir.Constant(I64, r))
            lefts.append(address(ctx, self.left, row, p.dtype, 1 if p.transpose_a else p.k))

        def body(k: ir.Value, *totals: ir.Value) -> list[ir.Value]:
            line = address(ctx, self.right, k, p.dtype, p.n)
            xs = [
                load(ctx, p.dtype, address(ctx, line, q, p.dtype), lanes, m)
                for q, m in zip(places, masks)
            ]
            after = []
            for r in range(rows):
                factor = splat(
                    b, load(ctx, p.dtype, address(ctx, lefts[r], k, p.dtype, step)), lanes
                )
                after += [s.fma(factor, x, totals[r * self.vectors + v]) for v, x in enumerate(xs)]
            return after

        totals = ctx.loop_over(0, p.k, 1, [s.const(0)] * (rows * self.vectors), body)
        alpha = None if self.alpha is None else splat(b, self.alpha, lanes)
        for r in range(rows):
            row = b.add(i, ir.Constant(I64, r))
            line = address(ctx, self.out, row, p.dtype, p.n)
            for v, (q, m) in enumerate(zip(places, masks)):
                x, place = totals[r * self.vectors + v], address(ctx, line, q, p.dtype)
                if p.accumulate:
                    before = load(ctx, p.dtype, place, lanes, m)
                    x = s.add(before, x) if alpha is None else s.fma(alpha, x, before)
                store(ctx, p.dtype, x, place, lanes, m)


TABLE = {"matmul": matmul, "gemm": gemm, "affine": affine}
