"""The movement operations: what each copies from where to where."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.backends.llvm.context import Context
from gradtape.backends.llvm.nests.copies import fill
from gradtape.backends.llvm.nests.move import Block, contiguous, movable, moved, shifted
from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Equation

Lower = Callable[[Context, Equation], None]
VIEWS = ("transpose", "slice", "strided_slice", "reverse", "split", "unstack")


def virtual(shape: tuple[int, ...]) -> np.ndarray:
    """An array of bytes with these strides, whose elements are never looked at."""
    return np.lib.stride_tricks.as_strided(np.zeros(1, np.int8), shape, contiguous(shape))


def offset_of(view: np.ndarray, base: np.ndarray) -> int:
    return view.__array_interface__["data"][0] - base.__array_interface__["data"][0]


def views(equation: Equation) -> Lower | None:
    """An operation whose NumPy kernel gives views: they say where the elements are."""
    (x,) = equation.inputs
    if not movable(x.dtype):
        return None
    card, base = REGISTRY[equation.op], virtual(x.shape)
    found = card.kernel(base, **equation.attrs)
    parts = found if card.multi else (found,)
    if not all(
        v is base or (v.base is not None and (v.base is base or v.base is base.base)) for v in parts
    ):
        return None  # a copy: of a scalar, say
    copies = [(offset_of(v, base), Block(v.shape, contiguous(v.shape), v.strides)) for v in parts]

    def lower(ctx: Context, equation: Equation) -> None:
        source = ctx.pointer(x)
        for y, (offset, block) in zip(equation.outputs, copies):
            if block.count:
                moved(ctx, shifted(ctx, source, offset, x.dtype), ctx.pointer(y), x.dtype, block)

    return lower


def broadcast_to(equation: Equation) -> Lower | None:
    (x,), (y,) = equation.inputs, equation.outputs
    if not movable(x.dtype):
        return None
    rank = len(y.shape)
    shape = (1,) * (rank - len(x.shape)) + x.shape
    strides = tuple([0 if n == 1 else s for n, s in zip(shape, contiguous(shape))])
    return _one_copy(Block(y.shape, contiguous(y.shape), strides))


def _one_copy(block: Block) -> Lower:
    def lower(ctx: Context, equation: Equation) -> None:
        (x,), (y,) = equation.inputs, equation.outputs
        moved(ctx, ctx.pointer(x), ctx.pointer(y), x.dtype, block)

    return lower


def tile(equation: Equation) -> Lower | None:
    (x,), multiples = equation.inputs, equation.attrs["multiples"]
    if not movable(x.dtype):
        return None
    sizes = [n for pair in zip(multiples, x.shape) for n in pair]
    source = [s for step in contiguous(x.shape) for s in (0, step)]
    return _one_copy(Block(tuple(sizes), contiguous(sizes), tuple(source)))


def repeat(equation: Equation) -> Lower | None:
    (x,), times, axis = equation.inputs, equation.attrs["repeats"], equation.attrs["axis"]
    if type(times) is not int or axis is None or not movable(x.dtype):
        return None
    axis %= len(x.shape)
    sizes = (*x.shape[: axis + 1], times, *x.shape[axis + 1 :])
    steps = contiguous(x.shape)
    return _one_copy(Block(sizes, contiguous(sizes), (*steps[: axis + 1], 0, *steps[axis + 1 :])))


def concat(equation: Equation) -> Lower | None:
    (y,), axis = equation.outputs, equation.attrs["axis"]
    if not movable(y.dtype):
        return None
    axis = axis % len(y.shape) if y.shape else 0

    def lower(ctx: Context, equation: Equation) -> None:
        start, whole = 0, ctx.pointer(y)
        strides = contiguous(y.shape)
        for x in equation.inputs:
            if x.aval.size:
                place = shifted(ctx, whole, start * strides[axis] if strides else 0, y.dtype)
                moved(
                    ctx,
                    ctx.pointer(x),
                    place,
                    y.dtype,
                    Block(x.shape, strides, contiguous(x.shape)),
                )
            start += x.shape[axis] if x.shape else 1

    return lower


def stack(equation: Equation) -> Lower | None:
    (y,), axis = equation.outputs, equation.attrs["axis"]
    if not movable(y.dtype):
        return None
    axis %= len(y.shape)
    strides = contiguous(y.shape)
    rest = (*strides[:axis], *strides[axis + 1 :])

    def lower(ctx: Context, equation: Equation) -> None:
        whole = ctx.pointer(y)
        for k, x in enumerate(equation.inputs):
            place = shifted(ctx, whole, k * strides[axis], y.dtype)
            moved(ctx, ctx.pointer(x), place, y.dtype, Block(x.shape, rest, contiguous(x.shape)))

    return lower


def pad(equation: Equation) -> Lower | None:
    (x,), (y,), attrs = equation.inputs, equation.outputs, equation.attrs
    if attrs["mode"] != "CONSTANT" or not movable(y.dtype) or y.dtype.kind not in "fiub":
        return None
    if (y.dtype.kind == "f" and y.dtype.itemsize < 4) or (
        y.dtype.kind == "b" and attrs["constant_values"]
    ):
        return None
    strides = contiguous(y.shape)
    offset = sum(before * s for (before, _), s in zip(attrs["paddings"], strides))

    def lower(ctx: Context, equation: Equation) -> None:
        whole = ctx.pointer(y)
        fill(ctx, whole, y.dtype, y.aval.size, attrs["constant_values"])
        if x.aval.size:
            block = Block(x.shape, strides, contiguous(x.shape))
            moved(ctx, ctx.pointer(x), shifted(ctx, whole, offset, y.dtype), y.dtype, block)

    return lower


def strided_slice_grad(equation: Equation) -> Lower | None:
    (g,), (y,), attrs = equation.inputs, equation.outputs, equation.attrs
    from gradtape.ops.index import numpy_key

    base = virtual(y.shape)
    view = base[numpy_key(attrs["spec"])]
    if not movable(y.dtype) or view.shape != g.shape:
        return None
    offset = offset_of(view, base)
    whole = view.size == y.aval.size

    def lower(ctx: Context, equation: Equation) -> None:
        place = ctx.pointer(y)
        if not whole:
            fill(ctx, place, np.dtype(np.int8), y.aval.nbytes, 0)
        if g.aval.size:
            block = Block(g.shape, view.strides, contiguous(g.shape))
            moved(ctx, ctx.pointer(g), shifted(ctx, place, offset, y.dtype), y.dtype, block)

    return lower


def roll(equation: Equation) -> Lower | None:
    """Along one axis: the end comes first."""
    (x,), (y,), attrs = equation.inputs, equation.outputs, equation.attrs
    if len(attrs["axis"]) != 1 or not movable(x.dtype) or not x.aval.size:
        return None
    axis = attrs["axis"][0] % len(x.shape)
    n, strides = x.shape[axis], contiguous(x.shape)
    shift = attrs["shift"][0] % n

    def lower(ctx: Context, equation: Equation) -> None:
        for start, to, size in ((0, shift, n - shift), (n - shift, 0, shift)):
            if size:
                block = Block((*x.shape[:axis], size, *x.shape[axis + 1 :]), strides, strides)
                source = shifted(ctx, ctx.pointer(x), start * strides[axis], x.dtype)
                moved(
                    ctx,
                    source,
                    shifted(ctx, ctx.pointer(y), to * strides[axis], x.dtype),
                    x.dtype,
                    block,
                )

    return lower


def reshaped(equation: Equation) -> Lower | None:
    """A reshape that is not made an alias: a copy."""
    (x,), (y,) = equation.inputs, equation.outputs
    if x.aval.nbytes != y.aval.nbytes or not movable(x.dtype):
        return None
    size = math.prod(x.shape)
    return _one_copy(Block((size,), (1,), (1,)))


TABLE: dict[str, Callable[[Equation], Any]] = {
    **dict.fromkeys(VIEWS, views),
    "broadcast_to": broadcast_to,
    "tile": tile,
    "repeat": repeat,
    "concat": concat,
    "stack": stack,
    "pad": pad,
    "strided_slice_grad": strided_slice_grad,
    "roll": roll,
    **dict.fromkeys(
        ("reshape", "expand_dims", "squeeze", "identity", "stop_gradient", "ensure_shape"), reshaped
    ),
}
