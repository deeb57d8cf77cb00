"""Runs of neighbours copied and filled."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

from gradtape.backends.llvm.context import I1, I8, I64, PTR, VOID, Context
from gradtape.backends.llvm.nests.memory import address, intrinsic, load, mask_below, splat, store
from gradtape.backends.llvm.scalar import constant

IN_LINE = 256  # bytes that are copied without a call


def copy_flat(
    ctx: Context, source: ir.Value, target: ir.Value, dtype: np.dtype[Any], count: int
) -> None:
    """`count` neighbours from one place to another."""
    if count <= 0:
        return
    nbytes = count * dtype.itemsize
    if nbytes <= IN_LINE:
        _vectors(ctx, source, target, nbytes)
        return
    function = intrinsic(ctx.module, "llvm.memcpy.p0.p0.i64", VOID, [PTR, PTR, I64, I1])
    ctx.b.call(function, [target, source, ir.Constant(I64, nbytes), ir.Constant(I1, 0)])


def _vectors(ctx: Context, source: ir.Value, target: ir.Value, nbytes: int) -> None:
    """A few bytes, by the widest loads that fit."""
    at, width = 0, ctx.unit.vector_bytes
    while at < nbytes:
        while width > nbytes - at:
            width //= 2
        kind = I8 if width == 1 else ir.VectorType(I8, width)
        place = ctx.index(at)
        x = ctx.b.load(ctx.at(source, place, I8), typ=kind, align=1)
        ctx.b.store(x, ctx.at(target, place, I8), align=1)
        at += width


def fill(ctx: Context, target: ir.Value, dtype: np.dtype[Any], count: int, number: Any) -> None:
    """`count` neighbours, all the same number."""
    if count <= 0:
        return
    if not number and np.signbit(number) == 0:
        function = intrinsic(ctx.module, "llvm.memset.p0.i64", VOID, [PTR, I8, I64, I1])
        size = ir.Constant(I64, count * dtype.itemsize)
        ctx.b.call(function, [target, ir.Constant(I8, 0), size, ir.Constant(I1, 0)])
        return
    lanes = ctx.lanes(dtype)
    x = constant(dtype, lanes, number)
    with ctx.loop(count, 0, lanes) as j:
        mask = mask_below(ctx.b, j, ctx.index(count), lanes) if count % lanes else None
        store(ctx, dtype, x, address(ctx, target, j, dtype), lanes, mask)


__all__ = ["copy_flat", "fill", "load", "splat"]
