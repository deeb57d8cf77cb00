"""Convolutions of one or two spatial axes, channels last, without columns in memory.

For one row of the window the numbers that a place of the output needs lie side by side: window width times channels. So
a convolution is a product whose rows of a are runs of that length, one per row of the window (`segments`), and has the
tiles of the matrix products.  An image is framed with zeros first, where there is padding, one image at a time.

    conv                    y = x * w
    conv_backprop_input     the same, of the spread and framed cotangent with the window turned around; for few channels
                            what each window contributes is added up
    conv_backprop_filter    w[r, :] += x[pixel, r] g[pixel, :]: rows are places of the window, k runs over the pixels
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir

from gradtape.backends.llvm.context import I1, I8, I64, Context
from gradtape.backends.llvm.nests.copies import fill
from gradtape.backends.llvm.nests.memory import address
from gradtape.backends.llvm.nests.move import Block, contiguous, moved
from gradtape.backends.llvm.nests.panels import FLOPS_PER_NS, fixed_rows, pack_of, vectors_for
from gradtape.backends.llvm.nests.rows import add_row
from gradtape.backends.llvm.scalar import constant, llvm_type
from gradtape.graph.ir import Equation

Lower = Callable[[Context, Equation], None]
NARROW = 8  # channels of which a tile would waste most of a register
COLUMN_BYTES = 1 << 20
PANEL_ROWS = 2048  # pixels whose cotangents are packed at a time


@dataclass(frozen=True)
class Sizes:
    """A convolution of `n` images: sizes of image, window, result, channels in and out; steps; framed sizes."""

    n: int
    h: int
    w: int
    c: int
    kh: int
    kw: int
    o: int
    oh: int
    ow: int
    sh: int
    sw: int
    top: int
    left: int
    fh: int
    fw: int

    @property
    def framed(self) -> bool:
        return (self.fh, self.fw) != (self.h, self.w)

    @property
    def image(self) -> int:
        return self.fh * self.fw * self.c

    @property
    def columns(self) -> int:
        """What all windows of an image hold together."""
        return self.oh * self.ow * self.kh * self.kw * self.c

    @property
    def flops(self) -> float:
        """Of one image."""
        return 2.0 * self.oh * self.ow * self.kh * self.kw * self.c * self.o


def sizes_of(x: tuple[int, ...], w: tuple[int, ...], attrs: Any) -> Sizes | None:
    """The sizes, or None for what has no code here: groups, dilations, three spatial axes."""
    from gradtape.ops.windows import geometry

    rank = len(x) - 2
    if (
        rank not in (1, 2)
        or any(d != 1 for d in attrs["dilations"])
        or x[-1] != w[-2]
        or 0 in (*x, *w)
    ):
        return None
    geo = geometry(x[1:-1], w[:-2], attrs["strides"], attrs["dilations"], attrs["padding"])
    if rank == 1:
        geo, x, w = ((1, 0, 0), *geo), (x[0], 1, *x[1:]), (1, *w)
        strides = (1, *attrs["strides"])
    else:
        strides = attrs["strides"]
    (oh, top, bottom), (ow, left, right) = geo
    if 0 in (oh, ow):
        return None
    return Sizes(x[0], x[1], x[2], x[3], w[0], w[1], w[3], oh, ow, strides[0], strides[1], top, left,
                 x[1] + top + bottom, x[2] + left + right)  # fmt: skip


def _float(*dtypes: np.dtype[Any]) -> bool:
    return all(d in (np.dtype(np.float32), np.dtype(np.float64)) for d in dtypes)


def conv(equation: Equation) -> Lower | None:
    x, w = equation.inputs
    sizes = sizes_of(x.shape, w.shape, equation.attrs)
    if sizes is None or not _float(x.dtype, w.dtype):
        return None

    def lower(ctx: Context, equation: Equation) -> None:
        given = [ctx.pointer(v) for v in (x, w, equation.outputs[0])]
        ctx.shared(
            ("conv", sizes, x.dtype), given, lambda inner, p: forward(inner, sizes, x.dtype, *p)
        )

    return lower


def conv_backprop_input(equation: Equation) -> Lower | None:
    (w, g), (dx,) = equation.inputs, equation.outputs
    sizes = sizes_of(dx.shape, w.shape, equation.attrs)
    if sizes is None or not _float(w.dtype, g.dtype):
        return None
    turned = turned_sizes(sizes)
    dtype = w.dtype
    narrow = sizes.c <= NARROW and sizes.columns * dtype.itemsize <= COLUMN_BYTES
    if turned is None and not narrow:
        return None

    def emit(ctx: Context, pointers: Sequence[ir.Value]) -> None:
        w_, g_, dx_ = pointers
        if narrow or turned is None:
            scattered(ctx, sizes, dtype, w_, g_, dx_)
            return
        window = ctx.scratch(w.aval.nbytes)
        s = sizes
        last = s.kh * s.kw * s.c * s.o
        source = ctx.at(w_, ctx.index(last - s.c * s.o), llvm_type(dtype))
        # [kh, kw, c, o] turned around in both axes, channels exchanged: [kh, kw, o, c]
        block = Block((s.kh * s.kw, s.o, s.c), (s.c * s.o, s.c, 1), (-s.c * s.o, 1, s.o))
        moved(ctx, source, window, dtype, block)
        forward(ctx, turned, dtype, g_, window, dx_, spread=(s.sh, s.sw, s.oh, s.ow))

    def lower(ctx: Context, equation: Equation) -> None:
        given = [ctx.pointer(v) for v in (w, g, dx)]
        ctx.shared(("conv_input", sizes, dtype), given, emit)

    return lower


def turned_sizes(s: Sizes) -> Sizes | None:
    """The convolution that gives the input's cotangent: over the result's cotangent, spread by the steps and framed."""
    top, left = s.kh - 1 - s.top, s.kw - 1 - s.left
    fh, fw = s.h + s.kh - 1, s.w + s.kw - 1
    if top < 0 or left < 0 or top + (s.oh - 1) * s.sh >= fh or left + (s.ow - 1) * s.sw >= fw:
        return None
    return Sizes(s.n, s.oh, s.ow, s.o, s.kh, s.kw, s.c, s.h, s.w, 1, 1, top, left, fh, fw)


def forward(
    ctx: Context, s: Sizes, dtype: np.dtype[Any], x: ir.Value, w: ir.Value, y: ir.Value,
    spread: tuple[int, int, int, int] | None = None,
) -> None:  # fmt: skip
    """y = x * w.  spread: steps between the rows and columns of x in its frame."""
    vectors, size, depth = vectors_for(ctx, dtype, s.o), dtype.itemsize, s.kh * s.kw * s.c
    width = vectors * ctx.lanes(dtype)
    panels = -(-s.o // width)
    packed = ctx.scratch(panels * (depth + 16) * width * size)
    pack = pack_of(ctx, dtype, vectors, False)
    b, kind = ctx.b, llvm_type(dtype)
    for panel in range(panels):
        columns = ctx.index(min(width, s.o - panel * width))
        source = ctx.at(w, ctx.index(panel * width), kind)
        target = ctx.at(packed, ctx.index(panel * depth * width), kind)
        b.call(pack, [source, ctx.index(s.o), ctx.index(depth), columns, target])
    cost = s.flops / FLOPS_PER_NS
    parts = len(ctx.parts(s.n, cost)) - 1
    frames = ctx.scratch(parts * _line(s.image * size)) if s.framed or spread else packed
    one = constant(dtype, 1, 1.0)

    def part(inner: Context, given: Sequence[ir.Value], begin: Any, end: Any, number: Any) -> None:
        x, y, packed, frames = given
        e = inner.b
        frame = inner.at(
            frames, e.mul(inner.index(number), ir.Constant(I64, _line(s.image * size))), I8
        )
        framed = s.framed or spread is not None
        if framed:
            fill(inner, frame, dtype, s.image, 0)
        with inner.loop(end, begin) as n:
            image = address(inner, x, n, dtype, s.h * s.w * s.c)
            if framed:
                _put(inner, s, dtype, image, frame, spread)
                image = frame
            with inner.loop(s.oh) as i, inner.loop(panels) as panel:
                column = e.mul(panel, ir.Constant(I64, width))
                rest = e.sub(ir.Constant(I64, s.o), column)
                columns = e.select(
                    e.icmp_signed("<", rest, ir.Constant(I64, width)), rest, ir.Constant(I64, width)
                )
                line = address(inner, image, i, dtype, s.sh * s.fw * s.c)
                row = e.add(e.mul(n, ir.Constant(I64, s.oh)), i)
                out = inner.at(address(inner, y, row, dtype, s.ow * s.o), column, kind)
                block = address(inner, packed, panel, dtype, depth * width)

                def places(
                    j: ir.Value,
                    tile: ir.Function,
                    line: Any = line,
                    out: Any = out,
                    block: Any = block,
                    columns: Any = columns,
                ) -> None:
                    a, c = (
                        address(inner, line, j, dtype, s.sw * s.c),
                        address(inner, out, j, dtype, s.o),
                    )
                    row, depth, o = (inner.index(q) for q in (s.sw * s.c, s.kw * s.c, s.o))
                    kh, segment = inner.index(s.kh), inner.index(s.fw * s.c)
                    no = ir.Constant(I1, 0)
                    e.call(
                        tile,
                        [a, row, inner.index(1), block, depth, c, o, columns, one, no, kh, segment],
                    )

                fixed_rows(inner, dtype, vectors, s.ow, True, places)

    ctx.parallel(s.n, cost, [x, y, packed, frames], part, name="conv")


def _line(nbytes: int) -> int:
    """Bytes in whole cache lines, and one more."""
    return -(-nbytes // 64) * 64 + 64


def _put(
    ctx: Context, s: Sizes, dtype: np.dtype[Any], image: ir.Value, frame: ir.Value, spread: Any
) -> None:
    """An image into its frame."""
    step_h, step_w = spread[:2] if spread else (1, 1)
    place = ctx.at(frame, ctx.index((s.top * s.fw + s.left) * s.c), llvm_type(dtype))
    block = Block(
        (s.h, s.w, s.c), (step_h * s.fw * s.c, step_w * s.c, 1), contiguous((s.h, s.w, s.c))
    )
    moved(ctx, image, place, dtype, block, alone=True)


def scattered(
    ctx: Context, s: Sizes, dtype: np.dtype[Any], w: ir.Value, g: ir.Value, dx: ir.Value
) -> None:
    """The input's cotangent where it has few channels: what each window contributes, as one product, is added up."""
    whole = s.kh * s.kw * s.c
    vectors, size, kind = vectors_for(ctx, dtype, whole), dtype.itemsize, llvm_type(dtype)
    width = vectors * ctx.lanes(dtype)
    panels, panel_size = -(-whole // width), (s.o + 16) * width
    packed = ctx.scratch(panels * panel_size * size)
    pack = pack_of(ctx, dtype, vectors, True)
    for panel in range(panels):
        columns = ctx.index(min(width, whole - panel * width))
        source = ctx.at(w, ctx.index(panel * width * s.o), kind)
        target = ctx.at(packed, ctx.index(panel * panel_size), kind)
        ctx.b.call(pack, [source, ctx.index(s.o), ctx.index(s.o), columns, target])
    cost = s.flops / FLOPS_PER_NS
    own = _line(s.columns * size) + _line(s.image * size)
    memory = ctx.scratch((len(ctx.parts(s.n, cost)) - 1) * own)
    one, no = constant(dtype, 1, 1.0), ir.Constant(I1, 0)

    def part(inner: Context, given: Sequence[ir.Value], begin: Any, end: Any, number: Any) -> None:
        g, dx, packed, memory = given
        e = inner.b
        contributions = inner.at(memory, e.mul(inner.index(number), ir.Constant(I64, own)), I8)
        frame = inner.at(contributions, inner.index(_line(s.columns * size)), I8)
        with inner.loop(end, begin) as n:
            slope = address(inner, g, n, dtype, s.oh * s.ow * s.o)
            image = address(inner, dx, n, dtype, s.h * s.w * s.c)
            for panel in range(panels):
                block = inner.at(packed, inner.index(panel * panel_size), kind)
                out = inner.at(contributions, inner.index(panel * width), kind)
                columns = inner.index(min(width, whole - panel * width))

                def rows(
                    i: ir.Value,
                    tile: ir.Function,
                    block: Any = block,
                    out: Any = out,
                    columns: Any = columns,
                ) -> None:
                    a, c = (
                        address(inner, slope, i, dtype, s.o),
                        address(inner, out, i, dtype, whole),
                    )
                    o, step = inner.index(s.o), inner.index(1)
                    zero = inner.index(0)
                    e.call(
                        tile,
                        [a, o, step, block, o, c, inner.index(whole), columns, one, no, step, zero],
                    )

                fixed_rows(inner, dtype, vectors, s.oh * s.ow, True, rows)
            target = frame if s.framed else image
            fill(inner, target, dtype, s.image, 0)
            with inner.loop(s.oh) as i, inner.loop(s.ow) as j:
                window = e.add(e.mul(i, ir.Constant(I64, s.ow)), j)
                source = address(inner, contributions, window, dtype, whole)
                corner = e.add(
                    e.mul(i, ir.Constant(I64, s.sh * s.fw)), e.mul(j, ir.Constant(I64, s.sw))
                )
                place = address(inner, target, corner, dtype, s.c)
                with inner.loop(s.kh) as kh:
                    _add_line(inner, s, dtype, source, place, kh)
            if s.framed:
                start = inner.at(frame, inner.index((s.top * s.fw + s.left) * s.c), kind)
                shape = (s.h, s.w, s.c)
                moved(
                    inner,
                    start,
                    image,
                    dtype,
                    Block(shape, contiguous(shape), (s.fw * s.c, s.c, 1)),
                    alone=True,
                )

    ctx.parallel(s.n, cost, [g, dx, packed, memory], part, name="scatter")


def _add_line(
    ctx: Context, s: Sizes, dtype: np.dtype[Any], source: ir.Value, place: ir.Value, kh: ir.Value
) -> None:
    """One row of a window, added to its place in the image."""
    line = address(ctx, source, kh, dtype, s.kw * s.c)
    add_row(ctx, line, address(ctx, place, kh, dtype, s.fw * s.c), dtype, s.kw * s.c)


def conv_backprop_filter(equation: Equation) -> Lower | None:
    (x, g), (dw,) = equation.inputs, equation.outputs
    sizes = sizes_of(x.shape, dw.shape, equation.attrs)
    if sizes is None or not _float(x.dtype, g.dtype):
        return None

    def lower(ctx: Context, equation: Equation) -> None:
        given = [ctx.pointer(v) for v in (x, g, dw)]
        ctx.shared(
            ("conv_filter", sizes, x.dtype),
            given,
            lambda inner, p: filters(inner, sizes, x.dtype, *p),
        )

    return lower


def filters(
    ctx: Context, s: Sizes, dtype: np.dtype[Any], x: ir.Value, g: ir.Value, dw: ir.Value
) -> None:
    """dw, summed over the images: each part has a sum of its own; these are added in their order."""
    vectors, size, kind = vectors_for(ctx, dtype, s.o), dtype.itemsize, llvm_type(dtype)
    width = vectors * ctx.lanes(dtype)
    panels, count = -(-s.o // width), s.kh * s.kw * s.c * s.o
    lines = max(1, min(s.oh, PANEL_ROWS // s.ow))
    cost = s.flops / FLOPS_PER_NS
    parts = len(ctx.parts(s.n, cost)) - 1
    own = _line(s.image * size) + _line((lines * s.ow + 16) * width * size)
    memory = ctx.scratch(parts * own)
    sums = ctx.scratch(parts * _line(count * size)) if parts > 1 else dw
    pack = pack_of(ctx, dtype, vectors, False)
    one = constant(dtype, 1, 1.0)

    def part(inner: Context, given: Sequence[ir.Value], begin: Any, end: Any, number: Any) -> None:
        x, g, sums, memory = given
        e = inner.b
        mine = inner.index(number)
        total = inner.at(sums, e.mul(mine, ir.Constant(I64, _line(count * size))), I8)
        frame = inner.at(memory, e.mul(mine, ir.Constant(I64, own)), I8)
        packed = inner.at(frame, inner.index(_line(s.image * size)), I8)
        fill(inner, total, dtype, count, 0)
        if s.framed:
            fill(inner, frame, dtype, s.image, 0)
        with inner.loop(end, begin) as n:
            image = address(inner, x, n, dtype, s.h * s.w * s.c)
            slope = address(inner, g, n, dtype, s.oh * s.ow * s.o)
            if s.framed:
                _put(inner, s, dtype, image, frame, None)
                image = frame
            with inner.loop(panels) as panel:
                column = e.mul(panel, ir.Constant(I64, width))
                rest = e.sub(ir.Constant(I64, s.o), column)
                columns = e.select(
                    e.icmp_signed("<", rest, ir.Constant(I64, width)), rest, ir.Constant(I64, width)
                )
                with inner.loop(s.oh, 0, lines) as i:
                    left = e.sub(ir.Constant(I64, s.oh), i)
                    some = e.select(
                        e.icmp_signed("<", left, ir.Constant(I64, lines)),
                        left,
                        ir.Constant(I64, lines),
                    )
                    source = inner.at(address(inner, slope, i, dtype, s.ow * s.o), column, kind)
                    e.call(
                        pack,
                        [
                            source,
                            inner.index(s.o),
                            e.mul(some, ir.Constant(I64, s.ow)),
                            columns,
                            packed,
                        ],
                    )
                    start = address(inner, image, i, dtype, s.sh * s.fw * s.c)
                    with inner.loop(s.kh) as kh:
                        line = address(inner, start, kh, dtype, s.fw * s.c)
                        out = inner.at(
                            address(inner, total, kh, dtype, s.kw * s.c * s.o), column, kind
                        )

                        def places(
                            r: ir.Value,
                            tile: ir.Function,
                            line: Any = line,
                            out: Any = out,
                            some: Any = some,
                            columns: Any = columns,
                        ) -> None:
                            a, c = inner.at(line, r, kind), address(inner, out, r, dtype, s.o)
                            step, ow, o = (inner.index(q) for q in (s.sw * s.c, s.ow, s.o))
                            yes, segment = ir.Constant(I1, 1), inner.index(s.sh * s.fw * s.c)
                            row = inner.index(1)
                            e.call(
                                tile,
                                [a, row, step, packed, ow, c, o, columns, one, yes, some, segment],
                            )

                        fixed_rows(inner, dtype, vectors, s.kw * s.c, False, places)

    ctx.parallel(s.n, cost, [x, g, sums, memory], part, name="filters")
    if parts > 1:
        fill(ctx, dw, dtype, count, 0)
        with ctx.loop(parts) as q:
            source = ctx.at(sums, ctx.b.mul(q, ir.Constant(I64, _line(count * size))), I8)
            add_row(ctx, source, dw, dtype, count)


TABLE: dict[str, Callable[[Equation], Any]] = {
    "conv": conv,
    "conv_backprop_input": conv_backprop_input,
    "conv_backprop_filter": conv_backprop_filter,
}
