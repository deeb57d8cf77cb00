"""Pools over one or two spatial axes, channels last: several channels at once, windows cut at the edges.

max_pool        the largest of the window; nan loses, padding never wins
max_pool_grad   each cotangent to the first largest of its window
avg_pool        the mean over what lies inside;  avg_pool_grad spreads it back
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir

from gradtape.backends.llvm.context import I32, I64, Context
from gradtape.backends.llvm.nests.copies import fill
from gradtape.backends.llvm.nests.memory import address, load, mask_below, splat, store
from gradtape.backends.llvm.scalar import ScalarBuilder, constant, llvm_type
from gradtape.graph.ir import Equation

Lower = Callable[[Context, Equation], None]
INT32 = np.dtype(np.int32)
NS_PER_TAP = 0.4


@dataclass(frozen=True)
class Windows:
    """Images, and how windows lie on them."""

    n: int
    h: int
    w: int
    c: int
    oh: int
    ow: int
    kh: int
    kw: int
    sh: int
    sw: int
    top: int
    left: int

    @property
    def tiling(self) -> bool:
        """Whether every place of the image lies in exactly one window."""
        steps = (self.kh, self.kw, self.top, self.left) == (self.sh, self.sw, 0, 0)
        return steps and (self.oh * self.sh, self.ow * self.sw) == (self.h, self.w)


def windows_of(shape: tuple[int, ...], attrs: Any) -> Windows | None:
    """The windows, or None for what has no code here: dilations, windows over images or channels, other ranks."""
    from gradtape.ops.windows import geometry

    ksize, strides, rank = attrs["ksize"], attrs["strides"], len(shape)
    if rank not in (3, 4) or any(d != 1 for d in attrs["dilations"]) or 0 in shape:
        return None
    if (ksize[0], ksize[-1], strides[0], strides[-1]) != (1, 1, 1, 1):
        return None
    geo = geometry(shape, ksize, strides, attrs["dilations"], attrs["padding"])
    if any(geo[k][1] or geo[k][2] for k in (0, -1)):
        return None
    middle = [(shape[k], *geo[k][:2], ksize[k], strides[k]) for k in range(1, rank - 1)]
    if rank == 3:
        middle.insert(0, (1, 1, 0, 1, 1))
    (h, oh, top, kh, sh), (w, ow, left, kw, sw) = middle
    if 0 in (oh, ow):
        return None
    return Windows(shape[0], h, w, shape[-1], oh, ow, kh, kw, sh, sw, top, left)


def _float(dtype: np.dtype[Any]) -> bool:
    return dtype in (np.dtype(np.float32), np.dtype(np.float64))


class _Images:
    """Emits the loops over images, places of the result and vectors of channels."""

    def __init__(self, ctx: Context, s: Windows, dtype: np.dtype[Any]):
        self.ctx, self.b, self.s, self.dtype = ctx, ctx.b, s, dtype
        lanes = ctx.lanes(dtype)
        while lanes > 1 and lanes >= 2 * s.c:
            lanes //= 2
        self.lanes, self.scalar = lanes, ScalarBuilder(ctx.b, dtype, lanes)
        self.mask: ir.Value | None = None

    @contextmanager
    def places(
        self, begin: Any, end: Any
    ) -> Iterator[tuple[ir.Value, ir.Value, ir.Value, ir.Value]]:
        """Images, rows and columns of the result, channels: n, i, j, c."""
        s, ctx = self.s, self.ctx
        channels = ctx.loop(s.c, 0, self.lanes)
        with ctx.loop(end, begin) as n, ctx.loop(s.oh) as i, ctx.loop(s.ow) as j, channels as c:
            rest = s.c % self.lanes
            self.mask = mask_below(self.b, c, ctx.index(s.c), self.lanes) if rest else None
            yield n, i, j, c

    def span(
        self, place: ir.Value, step: int, before: int, k: int, size: int
    ) -> tuple[ir.Value, ir.Value, ir.Value]:
        """Where a window starts, and which of its places lie inside: from, to."""
        b, ctx = self.b, self.ctx
        start = b.sub(b.mul(place, ctx.index(step)), ctx.index(before))
        first = b.sub(ctx.index(0), start)
        first = b.select(b.icmp_signed(">", first, ctx.index(0)), first, ctx.index(0))
        last = b.sub(ctx.index(size), start)
        last = b.select(b.icmp_signed("<", last, ctx.index(k)), last, ctx.index(k))
        return start, first, last

    def taps(
        self,
        i: ir.Value,
        j: ir.Value,
        carried: Sequence[ir.Value],
        body: Callable[..., Sequence[ir.Value]],
    ) -> list[ir.Value]:
        """body(row, column, number, *carried) for the places of a window that lie inside."""
        s, b, ctx = self.s, self.b, self.ctx
        top, first_h, last_h = self.span(i, s.sh, s.top, s.kh, s.h)
        left, first_w, last_w = self.span(j, s.sw, s.left, s.kw, s.w)

        def rows(p: ir.Value, *outer: ir.Value) -> Sequence[ir.Value]:
            def columns(q: ir.Value, *inner: ir.Value) -> Sequence[ir.Value]:
                number = b.add(b.mul(p, ctx.index(s.kw)), q)
                return body(b.add(top, p), b.add(left, q), number, *inner)

            return ctx.loop_over(first_w, last_w, 1, outer, columns)

        return ctx.loop_over(first_h, last_h, 1, carried, rows)

    def inside(self, i: ir.Value, j: ir.Value) -> ir.Value:
        """How many places of a window lie inside, as a vector of numbers."""
        s, b = self.s, self.b
        _, first_h, last_h = self.span(i, s.sh, s.top, s.kh, s.h)
        _, first_w, last_w = self.span(j, s.sw, s.left, s.kw, s.w)
        count = b.mul(b.sub(last_h, first_h), b.sub(last_w, first_w))
        count = b.select(b.icmp_signed(">", count, I64(1)), count, I64(1))
        return splat(b, b.sitofp(count, llvm_type(self.dtype)), self.lanes)

    def of_input(
        self, x: ir.Value, n: ir.Value, row: ir.Value, column: ir.Value, c: ir.Value
    ) -> ir.Value:
        s = self.s
        return self._element(x, (n, row, column, c), (s.h, s.w, s.c))

    def of_output(
        self, y: ir.Value, n: ir.Value, i: ir.Value, j: ir.Value, c: ir.Value
    ) -> ir.Value:
        s = self.s
        return self._element(y, (n, i, j, c), (s.oh, s.ow, s.c))

    def _element(
        self, base: ir.Value, places: tuple[ir.Value, ...], sizes: tuple[int, ...]
    ) -> ir.Value:
        flat = places[0]
        for place, size in zip(places[1:], sizes):
            flat = self.b.add(self.b.mul(flat, self.ctx.index(size)), place)
        return address(self.ctx, base, flat, self.dtype)

    def get(self, place: ir.Value) -> ir.Value:
        return load(self.ctx, self.dtype, place, self.lanes, self.mask)

    def put(self, x: ir.Value, place: ir.Value) -> None:
        store(self.ctx, self.dtype, x, place, self.lanes, self.mask)

    def more(self, x: ir.Value, place: ir.Value) -> None:
        """Added to what is there, if windows can meet."""
        self.put(x if self.s.tiling else self.scalar.add(self.get(place), x), place)

    def first_largest(
        self, x: ir.Value, n: ir.Value, i: ir.Value, j: ir.Value, c: ir.Value
    ) -> ir.Value:
        """The number of the first largest place of a window, per channel; nan stays where it comes first."""
        b, k = self.b, llvm_type(INT32, self.lanes)

        def better(
            row: ir.Value, column: ir.Value, number: ir.Value, best: ir.Value, which: ir.Value
        ) -> list[ir.Value]:
            here = self.get(self.of_input(x, n, row, column, c))
            start = splat(b, b.icmp_signed("==", number, self.ctx.index(0)), self.lanes)
            larger = b.or_(self.scalar.gt(here, best), start)
            now = splat(b, b.trunc(number, I32), self.lanes)
            return [b.select(larger, here, best), b.select(larger, now, which)]

        start = [constant(self.dtype, self.lanes, -np.inf), constant(INT32, self.lanes, 0)]
        which = self.taps(i, j, start, better)[1]
        assert which.type == k
        return which


def _lowering(
    key: str, s: Windows, dtype: np.dtype[Any], emit: Callable[..., None], zero: int | None = None
) -> Lower:
    """emit(images, begin, end, *pointers) over the images, on several threads.  zero: a result that starts from 0."""
    cost = s.oh * s.ow * s.kh * s.kw * s.c * NS_PER_TAP

    def whole(ctx: Context, pointers: Sequence[ir.Value]) -> None:
        def part(
            inner: Context, given: Sequence[ir.Value], begin: Any, end: Any, number: Any
        ) -> None:
            if zero is not None and not s.tiling:
                size = s.h * s.w * s.c
                with inner.loop(end, begin) as n:
                    fill(inner, address(inner, given[zero], n, dtype, size), dtype, size, 0)
            emit(_Images(inner, s, dtype), begin, end, *given)

        ctx.parallel(s.n, cost, pointers, part, name="pool")

    def lower(ctx: Context, equation: Equation) -> None:
        pointers = [ctx.pointer(v) for v in (*equation.inputs, *equation.outputs)]
        ctx.shared((key, s, dtype), pointers, whole)

    return lower


def max_pool(equation: Equation) -> Lower | None:
    (x,) = equation.inputs
    s = windows_of(x.shape, equation.attrs)
    if s is None or not _float(x.dtype):
        return None

    def emit(images: _Images, begin: Any, end: Any, x: ir.Value, y: ir.Value) -> None:
        with images.places(begin, end) as (n, i, j, c):

            def larger(
                row: ir.Value, column: ir.Value, number: ir.Value, best: ir.Value
            ) -> list[ir.Value]:
                here = images.get(images.of_input(x, n, row, column, c))
                return [images.b.select(images.scalar.gt(here, best), here, best)]

            start = constant(images.dtype, images.lanes, np.finfo(images.dtype).min)
            (best,) = images.taps(i, j, [start], larger)
            images.put(best, images.of_output(y, n, i, j, c))

    return _lowering("max_pool", s, x.dtype, emit)


def max_pool_grad(equation: Equation) -> Lower | None:
    g, x = equation.inputs
    s = windows_of(x.shape, equation.attrs)
    if s is None or not _float(x.dtype) or g.dtype != x.dtype:
        return None

    def emit(images: _Images, begin: Any, end: Any, g: ir.Value, x: ir.Value, dx: ir.Value) -> None:
        b = images.b
        with images.places(begin, end) as (n, i, j, c):
            which = images.first_largest(x, n, i, j, c)
            slope = images.get(images.of_output(g, n, i, j, c))

            def put(row: ir.Value, column: ir.Value, number: ir.Value) -> list[ir.Value]:
                place = images.of_input(dx, n, row, column, c)
                hit = b.icmp_signed("==", which, splat(b, b.trunc(number, I32), images.lanes))
                share = b.select(hit, slope, images.scalar.const(0))
                images.more(share, place)
                return []

            images.taps(i, j, [], put)

    return _lowering("max_pool_grad", s, x.dtype, emit, zero=2)


def avg_pool(equation: Equation) -> Lower | None:
    (x,) = equation.inputs
    s = windows_of(x.shape, equation.attrs)
    if s is None or not _float(x.dtype):
        return None

    def emit(images: _Images, begin: Any, end: Any, x: ir.Value, y: ir.Value) -> None:
        with images.places(begin, end) as (n, i, j, c):

            def more(
                row: ir.Value, column: ir.Value, number: ir.Value, total: ir.Value
            ) -> list[ir.Value]:
                return [images.scalar.add(total, images.get(images.of_input(x, n, row, column, c)))]

            (total,) = images.taps(i, j, [images.scalar.const(0)], more)
            images.put(
                images.scalar.div(total, images.inside(i, j)), images.of_output(y, n, i, j, c)
            )

    return _lowering("avg_pool", s, x.dtype, emit)


def avg_pool_grad(equation: Equation) -> Lower | None:
    (g,), attrs = equation.inputs, equation.attrs
    s = windows_of(tuple(attrs["input_shape"]), attrs)
    if s is None or not _float(g.dtype):
        return None

    def emit(images: _Images, begin: Any, end: Any, g: ir.Value, dx: ir.Value) -> None:
        with images.places(begin, end) as (n, i, j, c):
            slope = images.get(images.of_output(g, n, i, j, c))
            share = images.scalar.div(slope, images.inside(i, j))

            def put(row: ir.Value, column: ir.Value, number: ir.Value) -> list[ir.Value]:
                place = images.of_input(dx, n, row, column, c)
                images.more(share, place)
                return []

            images.taps(i, j, [], put)

    return _lowering("avg_pool_grad", s, g.dtype, emit, zero=1)


TABLE: dict[str, Callable[[Equation], Any]] = {
    "max_pool": max_pool,
    "max_pool_grad": max_pool_grad,
    "avg_pool": avg_pool,
    "avg_pool_grad": avg_pool_grad,
}
