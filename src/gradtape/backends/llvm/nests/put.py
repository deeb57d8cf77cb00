"""One row of a buffer replaced: in place, where nobody needs the buffer as it was."""

from __future__ import annotations

import math
from collections.abc import Callable

from gradtape.backends.llvm.context import Context
from gradtape.backends.llvm.nests.copies import copy_flat
from gradtape.backends.llvm.nests.memory import address, load
from gradtape.backends.llvm.nests.move import bits, movable
from gradtape.backends.llvm.nests.rows import Range
from gradtape.graph.ir import Equation


def put_row(equation: Equation) -> Callable[[Context, Equation], None] | None:
    buffer, index, _ = equation.inputs
    if not movable(buffer.dtype) or index.dtype.kind != "i" or buffer.shape[0] == 0:
        return None
    return _lower


def _lower(ctx: Context, equation: Equation) -> None:
    (buffer, index, row), (y,) = equation.inputs, equation.outputs
    n, kind = math.prod(buffer.shape[1:]), bits(buffer.dtype)
    source, target = ctx.pointer(buffer), ctx.pointer(y)
    with ctx.b.if_then(ctx.b.icmp_unsigned("!=", source, target)):
        copy_flat(ctx, source, target, kind, buffer.aval.size)
    watch = Range(ctx, buffer.shape[0])
    place = watch.watched(ctx, load(ctx, index.dtype, ctx.pointer(index)), index.dtype)
    copy_flat(ctx, ctx.pointer(row), address(ctx, target, place, kind, n), kind, n)
    watch.done(ctx, equation)


TABLE = {"put_row": put_row}
