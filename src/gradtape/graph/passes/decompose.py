"""Operations taken apart into those that the compiler knows: the parts fuse with what stands around them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.graph.ir import Aval, Equation, Graph, Value
from gradtape.graph.passes.rewrite import Rewriter, Table, rewrite

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
RULES = Table()


def decompose(graph: Graph) -> Graph:
    """The graph with its compound operations taken apart, at the top level."""
    return rewrite(graph, RULES)


@RULES.on("affine")
def affine(r: Rewriter, e: Equation) -> Any:
    """affine(x, w, b) -> add(matmul(x, w), b)"""
    x, w, b = e.inputs
    aval = e.outputs[0].aval
    plain = {"transpose_a": False, "transpose_b": False}
    return r.emit("add", (r.emit("matmul", (x, w), plain, aval, e), b), {}, aval, e)


@RULES.on("fused_batch_norm")
def batch_norm(r: Rewriter, e: Equation) -> Any:
    """fused_batch_norm(x, scale, offset) -> means and elementwise steps"""
    x, scale, offset = e.inputs
    if x.dtype not in FLOATS or not x.aval.size:
        return None
    rank, channels = len(x.shape), e.attrs["channels"] % len(x.shape)
    wide = tuple([n if a == channels else 1 for a, n in enumerate(x.shape)])
    n, small = x.aval.size // scale.shape[0], Aval(scale.shape, x.dtype)
    over = {"axis": tuple([a for a in range(rank) if a != channels]), "keepdims": False}

    def spread(v: Value) -> Value:
        return v if channels == rank - 1 else r.reshaped(v, wide, e)

    def number(value: float) -> Value:
        return r.constant(np.asarray(value, x.dtype))

    mean = r.emit("reduce_mean", (x,), over, small, e)
    centred = r.emit("subtract", (x, spread(mean)), {}, x.aval, e)
    square = r.emit("square", (centred,), {}, x.aval, e)
    biased = r.emit("reduce_mean", (square,), over, small, e)
    raised = r.emit("add", (biased, number(e.attrs["epsilon"])), {}, small, e)
    root = r.emit("sqrt", (raised,), {}, small, e)
    factor = r.emit("real_div", (scale, root), {}, small, e)
    scaled = r.emit("multiply", (centred, spread(factor)), {}, x.aval, e)
    y = r.emit("add", (scaled, spread(offset)), {}, x.aval, e)
    variance = r.emit("multiply", (biased, number(n / max(n - 1, 1))), {}, small, e)
    return y, mean, variance
