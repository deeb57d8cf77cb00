"""Rows picked and added by index; positions of extremes; running totals; one-hot rows.

An array is seen as (before, n, after): the axis in question, and what lies around it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir

from gradtape.backends.llvm.context import I32, I64, Context
from gradtape.backends.llvm.nests.copies import copy_flat, fill
from gradtape.backends.llvm.nests.memory import (
    across,
    address,
    constant_vector,
    load,
    mask_below,
    splat,
    store,
)
from gradtape.backends.llvm.nests.move import bits, movable
from gradtape.backends.llvm.scalar import LOWERED, ScalarBuilder, constant, llvm_type
from gradtape.graph.ir import Equation

Lower = Callable[[Context, Equation], None]
NUMBERS = "fiu"
NS_PER_BYTE = 0.1


def around(shape: tuple[int, ...], axis: int) -> tuple[int, int, int]:
    """(before, n, after)."""
    return math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])


class Range:
    """Watches that indices are in [0, n): those that are not are taken as 0, and the kernel is asked in the end."""

    def __init__(self, ctx: Context, n: int):
        self.n = n
        self.flag = ctx.scratch(4)
        ctx.b.store(ir.Constant(I32, 0), self.flag)

    def watched(self, ctx: Context, x: ir.Value, dtype: np.dtype[Any]) -> ir.Value:
        b = ctx.b
        if x.type != I64:
            x = b.sext(x, I64) if dtype.kind == "i" else b.zext(x, I64)
        bad = b.icmp_unsigned(">=", x, ir.Constant(I64, self.n))
        b.store(b.or_(b.load(self.flag, typ=I32), b.zext(bad, I32)), self.flag)
        return b.select(bad, ir.Constant(I64, 0), x)

    def done(self, ctx: Context, equation: Equation) -> None:
        ctx.fallback_if(
            ctx.b.icmp_signed("!=", ctx.b.load(self.flag, typ=I32), ir.Constant(I32, 0)), equation
        )


def split(
    shape: tuple[int, ...], indices: tuple[int, ...], axis: int, batch_dims: int
) -> tuple[int, int, int, int, int]:
    """Sizes of a gather: batch, middle, n, rest, and the number of indices per batch."""
    axis %= len(shape)
    batch_dims = batch_dims + len(indices) if batch_dims < 0 else batch_dims
    product = math.prod
    return (product(shape[:batch_dims]), product(shape[batch_dims:axis]), shape[axis], product(shape[axis + 1 :]),
            product(indices[batch_dims:]))  # fmt: skip


def gather(equation: Equation) -> Lower | None:
    (x, indices), (y,), attrs = equation.inputs, equation.outputs, equation.attrs
    if not movable(x.dtype) or indices.dtype.kind != "i":
        return None
    batch, middle, n, rest, count = split(
        x.shape, indices.shape, attrs["axis"], attrs["batch_dims"]
    )
    if n == 0:
        return None
    kind = bits(x.dtype)

    def lower(ctx: Context, equation: Equation) -> None:
        if not y.aval.size:
            return
        watch = Range(ctx, n)
        source, target, places = (ctx.pointer(v) for v in (x, y, indices))
        with ctx.loop(batch) as i, ctx.loop(middle) as j:
            b = ctx.b
            block = b.add(b.mul(i, ir.Constant(I64, middle)), j)
            of_x = address(ctx, source, block, kind, n * rest)
            of_y = address(ctx, target, block, kind, count * rest)
            of_index = address(ctx, places, i, indices.dtype, count)
            with ctx.loop(count) as k:
                index = load(ctx, indices.dtype, address(ctx, of_index, k, indices.dtype))
                row = watch.watched(ctx, index, indices.dtype)
                copy_flat(
                    ctx,
                    address(ctx, of_x, row, kind, rest),
                    address(ctx, of_y, k, kind, rest),
                    kind,
                    rest,
                )
        watch.done(ctx, equation)

    return lower


def add_row(ctx: Context, source: ir.Value, target: ir.Value, dtype: np.dtype[Any], n: int) -> None:
    """target[:n] += source[:n]."""
    lanes = ctx.lanes(dtype)
    while lanes > 1 and lanes >= 2 * n:
        lanes //= 2
    end = ctx.index(n)

    def body(j: ir.Value) -> list[ir.Value]:
        mask = mask_below(ctx.b, j, end, lanes) if n % lanes else None
        place = address(ctx, target, j, dtype)
        s = ScalarBuilder(ctx.b, dtype, lanes)
        x = load(ctx, dtype, address(ctx, source, j, dtype), lanes, mask)
        store(ctx, dtype, s.add(load(ctx, dtype, place, lanes, mask), x), place, lanes, mask)
        return []

    ctx.loop_over(0, n, lanes, [], body)


def gather_grad(equation: Equation) -> Lower | None:
    indices, attrs = equation.inputs[1], equation.attrs
    sizes = split(attrs["shape"], indices.shape, attrs["axis"], attrs["batch_dims"])
    return _added(equation, sizes)


def unsorted_rows_sum(equation: Equation) -> Lower | None:
    (_, indices), shape = equation.inputs, equation.attrs["shape"]
    return (
        _added(equation, (1, 1, shape[0], math.prod(shape[1:]), indices.aval.size))
        if shape
        else None
    )


def _added(equation: Equation, sizes: tuple[int, int, int, int, int]) -> Lower | None:
    """Zeros, to whose rows those of the first input are added."""
    (g, indices), (y,) = equation.inputs, equation.outputs
    batch, middle, n, rest, count = sizes
    if g.dtype not in LOWERED or g.dtype.kind not in NUMBERS or indices.dtype.kind != "i" or n == 0:
        return None

    def lower(ctx: Context, equation: Equation) -> None:
        target = ctx.pointer(y)
        fill(ctx, target, y.dtype, y.aval.size, 0)
        if not g.aval.size:
            return
        watch = Range(ctx, n)
        source, places = ctx.pointer(g), ctx.pointer(indices)
        with ctx.loop(batch) as i, ctx.loop(middle) as j:
            b = ctx.b
            block = b.add(b.mul(i, ir.Constant(I64, middle)), j)
            of_y = address(ctx, target, block, y.dtype, n * rest)
            of_g = address(ctx, source, block, y.dtype, count * rest)
            of_index = address(ctx, places, i, indices.dtype, count)
            with ctx.loop(count) as k:
                index = load(ctx, indices.dtype, address(ctx, of_index, k, indices.dtype))
                row = watch.watched(ctx, index, indices.dtype)
                add_row(
                    ctx,
                    address(ctx, of_g, k, y.dtype, rest),
                    address(ctx, of_y, row, y.dtype, rest),
                    y.dtype,
                    rest,
                )
        watch.done(ctx, equation)

    return lower


def one_hot(equation: Equation) -> Lower | None:
    (indices,), (y,), attrs = equation.inputs, equation.outputs, equation.attrs
    if y.dtype not in LOWERED or indices.dtype.kind not in "iu":
        return None
    on, off = attrs["on_value"], attrs["off_value"]
    if y.dtype.kind == "b":
        on, off = bool(on), bool(off)
    axis = attrs["axis"] % (len(indices.shape) + 1)
    before, depth, after = around(y.shape, axis) if y.shape else (1, 1, 1)
    stored = np.dtype(np.int8) if y.dtype.kind == "b" else y.dtype

    def lower(ctx: Context, equation: Equation) -> None:
        if not y.aval.size:
            return
        target, places = ctx.pointer(y), ctx.pointer(indices)
        fill(ctx, target, stored, y.aval.size, off)
        b = ctx.b
        with ctx.loop(before) as i, ctx.loop(after) as j:
            flat = b.add(b.mul(i, ir.Constant(I64, after)), j)
            index = load(ctx, indices.dtype, address(ctx, places, flat, indices.dtype))
            if indices.dtype.itemsize < 8:
                index = (b.sext if indices.dtype.kind == "i" else b.zext)(index, I64)
            inside = b.icmp_unsigned("<", index, ir.Constant(I64, depth))
            row = b.add(
                b.mul(i, ir.Constant(I64, depth)), b.select(inside, index, ir.Constant(I64, 0))
            )
            place = address(ctx, target, b.add(b.mul(row, ir.Constant(I64, after)), j), stored)
            kept = load(ctx, stored, place)
            store(ctx, stored, b.select(inside, constant(stored, 1, on), kept), place)

    return lower


def extreme(equation: Equation) -> Lower | None:
    """argmax and argmin: the first of the extremes; nan is passed over."""
    (x,), (y,), attrs = equation.inputs, equation.outputs, equation.attrs
    if x.dtype not in LOWERED or x.dtype.kind not in NUMBERS or not x.aval.size:
        return None
    before, n, after = around(x.shape, attrs["axis"] % len(x.shape))
    largest = equation.op == "argmax"
    worst: Any = (
        (-np.inf if largest else np.inf)
        if x.dtype.kind == "f"
        else (np.iinfo(x.dtype).min if largest else np.iinfo(x.dtype).max)
    )

    def step(
        ctx: Context, best: ir.Value, where: ir.Value, x_: ir.Value, place: ir.Value, lanes: int
    ) -> list[ir.Value]:
        s = ScalarBuilder(ctx.b, x.dtype, lanes)
        better = s.gt(x_, best) if largest else s.lt(x_, best)
        return [ctx.b.select(better, x_, best), ctx.b.select(better, place, where)]

    def along(ctx: Context, source: ir.Value, target: ir.Value) -> None:
        """The axis is the last: several places at once, then the first of the best."""
        b, lanes = ctx.b, ctx.lanes(x.dtype)
        while lanes > 1 and lanes >= 2 * n:
            lanes //= 2
        start = [constant(x.dtype, lanes, worst), constant(np.dtype(np.int64), lanes, 0)]
        end = ctx.index(n)
        offsets = constant_vector(I64, range(lanes)) if lanes > 1 else None

        def body(j: ir.Value, best: ir.Value, where: ir.Value) -> list[ir.Value]:
            mask = mask_below(b, j, end, lanes) if n % lanes else None
            v = load(ctx, x.dtype, address(ctx, source, j, x.dtype), lanes, mask)
            if mask is not None:
                v = b.select(mask, v, start[0])
            place = j if offsets is None else b.add(splat(b, j, lanes), offsets)
            return step(ctx, best, where, v, place, lanes)

        best, where = ctx.loop_over(0, n, lanes, start, body)
        if lanes > 1:
            s = ScalarBuilder(b, x.dtype, 1)
            top = across(
                b,
                best,
                lambda p, q: (
                    ScalarBuilder(b, x.dtype, _lanes(p)).max(p, q)
                    if largest
                    else ScalarBuilder(b, x.dtype, _lanes(p)).min(p, q)
                ),
            )
            s = ScalarBuilder(b, x.dtype, lanes)
            hit = s.eq(best, splat(b, top, lanes))
            where = b.select(hit, where, constant(np.dtype(np.int64), lanes, 2**62))
            where = across(b, where, lambda p, q: b.select(b.icmp_signed("<", p, q), p, q))
        _put(ctx, where, target)

    def _put(
        ctx: Context,
        where: ir.Value,
        target: ir.Value,
        lanes: int = 1,
        mask: ir.Value | None = None,
    ) -> None:
        kind = llvm_type(y.dtype, lanes)
        if y.dtype.itemsize < 8:
            where = ctx.b.trunc(where, kind)
        store(ctx, y.dtype, where, target, lanes, mask)

    def beside(ctx: Context, source: ir.Value, target: ir.Value) -> None:
        """Several columns at once."""
        b, lanes = ctx.b, ctx.lanes(np.dtype(np.int64))
        while lanes > 1 and lanes >= 2 * after:
            lanes //= 2
        end = ctx.index(after)

        def column(j: ir.Value) -> list[ir.Value]:
            mask = mask_below(b, j, end, lanes) if after % lanes else None

            def body(i: ir.Value, best: ir.Value, where: ir.Value) -> list[ir.Value]:
                place = address(ctx, address(ctx, source, i, x.dtype, after), j, x.dtype)
                v = load(ctx, x.dtype, place, lanes, mask)
                return step(ctx, best, where, v, splat(b, i, lanes), lanes)

            start = [constant(x.dtype, lanes, worst), constant(np.dtype(np.int64), lanes, 0)]
            _, where = ctx.loop_over(0, n, 1, start, body)
            _put(ctx, where, address(ctx, target, j, y.dtype), lanes, mask)
            return []

        ctx.loop_over(0, after, lanes, [], column)

    def lower(ctx: Context, equation: Equation) -> None:
        source, target = ctx.pointer(x), ctx.pointer(y)
        with ctx.loop(before) as i:
            of_x = address(ctx, source, i, x.dtype, n * after)
            of_y = address(ctx, target, i, y.dtype, after)
            (along if after == 1 else beside)(ctx, of_x, of_y)

    return lower


def _lanes(x: ir.Value) -> int:
    return x.type.count if isinstance(x.type, ir.VectorType) else 1


def running(equation: Equation) -> Lower | None:
    """cumsum and cumprod: one after the other along the axis, several columns at once."""
    (x,), (y,), attrs = equation.inputs, equation.outputs, equation.attrs
    if x.dtype not in LOWERED or x.dtype.kind not in NUMBERS:
        return None
    before, n, after = around(x.shape, attrs["axis"] % len(x.shape))
    product, exclusive = equation.op == "cumprod", attrs["exclusive"]
    start = 1 if product else 0 if exclusive or x.dtype.kind != "f" else -0.0

    def lower(ctx: Context, equation: Equation) -> None:
        if not x.aval.size:
            return
        source, target, b = ctx.pointer(x), ctx.pointer(y), ctx.b
        lanes = ctx.lanes(x.dtype)
        while lanes > 1 and lanes >= 2 * after:
            lanes //= 2
        end = ctx.index(after)
        with ctx.loop(before) as i:
            of_x, of_y = (address(ctx, p, i, x.dtype, n * after) for p in (source, target))

            def column(j: ir.Value) -> list[ir.Value]:
                mask = mask_below(b, j, end, lanes) if after % lanes else None

                def body(k: ir.Value, total: ir.Value) -> list[ir.Value]:
                    place = b.sub(ir.Constant(I64, n - 1), k) if attrs["reverse"] else k
                    flat = b.add(b.mul(place, ir.Constant(I64, after)), j)
                    v = load(ctx, x.dtype, address(ctx, of_x, flat, x.dtype), lanes, mask)
                    s = ScalarBuilder(b, x.dtype, lanes)
                    following = s.mul(total, v) if product else s.add(total, v)
                    put = total if exclusive else following
                    store(ctx, x.dtype, put, address(ctx, of_y, flat, x.dtype), lanes, mask)
                    return [following]

                ctx.loop_over(0, n, 1, [constant(x.dtype, lanes, start)], body)
                return []

            ctx.loop_over(0, after, lanes, [], column)

    return lower


TABLE: dict[str, Callable[[Equation], Any]] = {
    "gather": gather,
    "gather_grad": gather_grad,
    "unsorted_rows_sum": unsorted_rows_sum,
    "one_hot": one_hot,
    "argmax": extreme,
    "argmin": extreme,
    "cumsum": running,
    "cumprod": running,
}
