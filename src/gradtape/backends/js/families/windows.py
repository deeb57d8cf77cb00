"""Windows that slide: convolutions, channels last, their gradients, and pools over any axes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradtape.backends.js.families.gather import combined
from gradtape.backends.js.numbers import FLOAT32
from gradtape.backends.js.places import place, row_major
from gradtape.backends.js.writer import Writer
from gradtape.graph.ir import Equation, Value
from gradtape.ops.windows import geometry

Geometry = Sequence[tuple[int, int, int]]


def taps(
    w: Writer, at: Sequence[str], shape: Sequence[int], geo: Geometry, ksize: Sequence[int],
    attrs: Any,
) -> Any:  # fmt: skip
    """Loops over the places of a window that lie inside of `shape`: (indices in the window, indices in the input)."""

    @contextmanager
    def opened(axis: int, ks: list[str], ps: list[str]) -> Iterator[tuple[list[str], list[str]]]:
        if axis == len(ksize):
            yield ks, ps
            return
        (_, before, after), stride = geo[axis], attrs["strides"][axis]
        step, n = attrs["dilations"][axis], ksize[axis]
        if n == 1 and not before and not after:
            start = at[axis] if stride == 1 else f"{at[axis]} * {stride}"
            with opened(
                axis + 1, [*ks, "0"], [*ps, "0" if at[axis] == "0" else f"({start})"]
            ) as found:
                yield found
            return
        with w.loop(n) as k:
            p = w.put(f"{at[axis]} * {stride} + {k} * {step} - {before}")
            w.line(f"if ({p} < 0 || {p} >= {shape[axis]}) continue;")
            with opened(axis + 1, [*ks, k], [*ps, p]) as found:
                yield found

    return opened(0, [], [])


class _Conv:
    """The shapes of a convolution: x[b, *spatial, c], w[*window, c / groups, o], y[b, *out, o]."""

    def __init__(self, x: tuple[int, ...], w: tuple[int, ...], y: tuple[int, ...], attrs: Any):
        self.x, self.w, self.y, self.attrs = x, w, y, attrs
        self.geo = geometry(
            tuple(x[1:-1]), tuple(w[:-2]), attrs["strides"], attrs["dilations"], attrs["padding"]
        )
        self.ksize = w[:-2]
        self.per_group, self.depth = w[-2], y[-1]
        self.outs = self.depth // (x[-1] // w[-2])  # of one group

    def taps(self, w: Writer, at: Sequence[str]) -> Any:
        return taps(w, at, self.x[1:-1], self.geo, self.ksize, self.attrs)

    def channel(self, c: str, o: str) -> str:
        """The channel of x that is channel c of the group of o."""
        if self.outs == self.depth:
            return c
        return f"{c} + Math.floor({o} / {self.outs}) * {self.per_group}"

    def at_x(self, n: str, ps: Sequence[str], c: str) -> str:
        steps = row_major(self.x)
        return place([n, *ps], steps[:-1], c)

    def at_w(self, ks: Sequence[str], c: str, o: str) -> str:
        return place([*ks, c, o], row_major(self.w))

    def at_y(self, n: str, at: Sequence[str], o: str) -> str:
        return place([n, *at, o], row_major(self.y))


def _more(w: Writer, dtype: np.dtype[Any], total: str, x: str, y: str) -> None:
    """One more product in a sum: of floats in float64."""
    if dtype.kind == "f":
        w.line(f"{total} += {x} * {y};")
    else:
        b = w.builder(dtype)
        w.line(f"{total} = {b.add(total, b.mul(x, y))};")


def _sum(w: Writer) -> str:
    total = w.name("s")
    w.line(f"let {total} = 0;")
    return total


def _end(dtype: np.dtype[Any], total: str) -> str:
    return f"f({total})" if dtype == FLOAT32 else total


def conv(w: Writer, e: Equation) -> None:
    (x, k), y = e.inputs, e.outputs[0]
    c = _Conv(x.shape, k.shape, y.shape, e.attrs)
    w.begin(y)
    if not y.aval.size:
        return
    with w.loops(y.shape) as (n, *at, o):
        total = _sum(w)
        with c.taps(w, at) as (ks, ps), w.loop(c.per_group) as i:
            _more(
                w,
                y.dtype,
                total,
                w.element(x, c.at_x(n, ps, c.channel(i, o))),
                w.element(k, c.at_w(ks, i, o)),
            )
        w.store(y, c.at_y(n, at, o), _end(y.dtype, total))


def conv_input(w: Writer, e: Equation) -> None:
    (k, g), y = e.inputs, e.outputs[0]
    c = _Conv(y.shape, k.shape, g.shape, e.attrs)
    w.begin(y, "0")
    if not (y.aval.size and g.aval.size):
        return
    groups = c.depth // c.outs
    with (
        w.loops(g.shape[:-1]) as (n, *at),
        c.taps(w, at) as (ks, ps),
        w.loops((groups, c.per_group)) as (j, i),
    ):
        total = _sum(w)
        with w.loop(c.outs) as o:
            whole = place([j], [c.outs], o)
            _more(
                w,
                y.dtype,
                total,
                w.element(k, c.at_w(ks, i, whole)),
                w.element(g, c.at_y(n, at, whole)),
            )
        channel = place([j], [c.per_group], i)
        combined(w, y, c.at_x(n, ps, channel), w.put(_end(y.dtype, total)))


def conv_filter(w: Writer, e: Equation) -> None:
    (x, g), y = e.inputs, e.outputs[0]
    c = _Conv(x.shape, y.shape, g.shape, e.attrs)
    w.begin(y, "0")
    if not (y.aval.size and g.aval.size):
        return
    # Sums of float64, rounded once: an array of them where the result is float32.
    wide = y.dtype == FLOAT32 and y.aval.size > 1
    sums = w.buffer(np.dtype(np.float64), y.aval.size) if wide else ""
    if wide:
        w.line(f"{sums}.fill(0);")
    with (
        w.loops(g.shape[:-1]) as (n, *at),
        c.taps(w, at) as (ks, ps),
        w.loops((c.per_group, c.depth)) as (i, o),
    ):
        a, b = w.element(x, c.at_x(n, ps, c.channel(i, o))), w.element(g, c.at_y(n, at, o))
        to = c.at_w(ks, i, o)
        if wide:
            w.line(f"{sums}[{to}] += {a} * {b};")
        else:
            builder = w.builder(y.dtype)
            combined(w, y, to, builder.mul(f"({a})", f"({b})"))
    if wide:
        w.line(f"{w.ref(y).name}.set({sums});")


# --- pools


def _geometry(shape: tuple[int, ...], a: Any) -> Geometry:
    return geometry(tuple(shape), a["ksize"], a["strides"], a["dilations"], a["padding"])


@contextmanager
def _window(w: Writer, x: tuple[int, ...], out: Sequence[str], a: Any) -> Iterator[str]:
    """Loops over a window; the place of the element in the input."""
    with taps(w, out, x, _geometry(x, a), a["ksize"], a) as (_, ps):
        yield place(ps, row_major(x))


def max_pool(w: Writer, e: Equation) -> None:
    x, y = e.inputs[0], e.outputs[0]
    info = np.finfo(x.dtype) if x.dtype.kind == "f" else np.iinfo(x.dtype)
    w.begin(y)
    with w.loops(y.shape) as out:
        total = w.name("s")
        w.line(f"let {total} = {info.min};")
        with _window(w, x.shape, out, e.attrs) as at:
            item = w.read(x, at)
            w.line(f"if ({item} > {total}) {total} = {item};")
        w.store(y, place(out, row_major(y.shape)), total)


def _largest(w: Writer, x: Value, out: Sequence[str], a: Any) -> str:
    """The place of a window's first largest; -1 where that is in the frame.  A nan that comes first stays."""
    best, at, first = w.name("s"), w.name("n"), w.name("n")
    geo, strides = _geometry(x.shape, a), a["strides"]
    starts = [f"{o} * {s} - {g[1]}" for o, s, g in zip(out, strides, geo)]
    tests = [f"{t} >= 0" for t, g in zip(starts, geo) if g[1]]
    tests += [f"{t} < {n}" for t, g, n in zip(starts, geo, x.shape) if g[2]]
    w.line(f"let {best} = -Infinity, {at} = -1, {first} = {' && '.join(tests) or 'true'};")
    with _window(w, x.shape, out, a) as p:
        item, here = w.read(x, p), w.put(p)
        w.line(
            f"if ({item} > {best} || {first}) {{ {best} = {item}; {at} = {here}; {first} = false; }}"
        )
    return at


def max_pool_grad(w: Writer, e: Equation) -> None:
    (g, x), y = e.inputs, e.outputs[0]
    w.begin(y, "0")
    with w.loops(g.shape) as out:
        at = _largest(w, x, out, e.attrs)
        with w.block(f"if ({at} >= 0)"):
            combined(w, y, at, w.read(g, place(out, row_major(g.shape))))


def max_pool_pick(w: Writer, e: Equation) -> None:
    (values, x), y = e.inputs, e.outputs[0]
    w.begin(y)
    with w.loops(y.shape) as out:
        at = _largest(w, x, out, e.attrs)
        w.store(y, place(out, row_major(y.shape)), f"{at} >= 0 ? {w.element(values, at)} : 0")


def max_pool_with_argmax(w: Writer, e: Equation) -> None:
    x, (y, places) = e.inputs[0], e.outputs
    each = max(math.prod(x.shape[1:]), 1)
    w.begin(y)
    w.begin(places)
    with w.loops(y.shape) as out:
        at, to = _largest(w, x, out, e.attrs), place(out, row_major(y.shape))
        w.store(y, to, f"{at} >= 0 ? {w.element(x, at)} : 0")
        found = at if e.attrs["include_batch"] else f"{at} % {each}"
        w.store(places, to, f"{at} >= 0 ? {found} : 0")


def avg_pool(w: Writer, e: Equation) -> None:
    x, y = e.inputs[0], e.outputs[0]
    w.begin(y)
    with w.loops(y.shape) as out:
        total, count = _sum(w), _sum(w)
        with _window(w, x.shape, out, e.attrs) as at:
            w.line(f"{total} += {w.element(x, at)};")
            w.line(f"{count}++;")
        w.store(y, place(out, row_major(y.shape)), _end(y.dtype, f"{total} / Math.max({count}, 1)"))


def avg_pool_grad(w: Writer, e: Equation) -> None:
    g, y = e.inputs[0], e.outputs[0]
    w.begin(y, "0")
    with w.loops(g.shape) as out:
        count = _sum(w)
        with _window(w, y.shape, out, e.attrs):
            w.line(f"{count}++;")
        share = w.put(
            _end(y.dtype, f"{w.read(g, place(out, row_major(g.shape)))} / Math.max({count}, 1)")
        )
        with _window(w, y.shape, out, e.attrs) as at:
            combined(w, y, at, share)


TABLE = {
    "conv": conv, "conv_backprop_input": conv_input, "conv_backprop_filter": conv_filter, "max_pool": max_pool,
    "max_pool_grad": max_pool_grad, "max_pool_pick": max_pool_pick, "max_pool_with_argmax": max_pool_with_argmax,
    "avg_pool": avg_pool, "avg_pool_grad": avg_pool_grad,
}  # fmt: skip
