"""Products over named axes, taken apart: axes put in order, and one matrix product or one elementwise one.

einsum("bqhd,bkhd->bhqk", x, y)  =  matmul(transpose(x), transpose(y)), reshaped
"""

from __future__ import annotations

from math import prod
from typing import Any

from gradtape.graph.ir import Aval, Equation, Value
from gradtape.graph.passes.rewrite import Rewriter, Table
from gradtape.ops.einsum import plan

PRODUCTS = Table()
SUMS_OF_PRODUCTS = Table()  # in another order of addition than the kernel's
PLAIN = {"transpose_a": False, "transpose_b": False}


def _ordered(r: Rewriter, x: Value, order: Any, like: Equation) -> Value:
    if order is None:
        return x
    shape = tuple([x.shape[a] for a in order])
    return r.emit("transpose", (x,), {"perm": tuple(order)}, Aval(shape, x.dtype), like)


@PRODUCTS.on("einsum")
def by_matrix_product(r: Rewriter, e: Equation) -> Any:
    """A sum of products with free axes -> a matrix product;  no sum -> an elementwise product"""
    x, y = e.inputs
    if x.dtype.itemsize < 4:
        return None
    p = plan(e.attrs["equation"])
    x, y = _ordered(r, x, p.x_order, e), _ordered(r, y, p.y_order, e)
    n_x, n_y = len(x.shape) - p.n_summed, p.n_batch + p.n_summed
    batch, x_free, y_free = x.shape[: p.n_batch], x.shape[p.n_batch : n_x], y.shape[n_y:]
    shape = (*batch, *x_free, *y_free)
    if not p.n_summed:
        x = r.reshaped(x, (*x.shape, *(1,) * len(y_free)), e)
        y = r.reshaped(y, (*batch, *(1,) * len(x_free), *y_free), e)
        z = r.emit("multiply", (x, y), {}, Aval(shape, x.dtype), e)
    elif x_free or y_free:
        k = prod(x.shape[n_x:])
        m, n = prod(x_free), prod(y_free)
        x, y = r.reshaped(x, (*batch, m, k), e), r.reshaped(y, (*batch, k, n), e)
        z = r.emit("matmul", (x, y), PLAIN, Aval((*batch, m, n), x.dtype), e)
        z = r.reshaped(z, shape, e)
    else:
        return None
    return _ordered(r, z, p.z_order, e)


@SUMS_OF_PRODUCTS.on("einsum")
def by_sum(r: Rewriter, e: Equation) -> Any:
    """A sum of products without free axes -> the sum of an elementwise product"""
    p = plan(e.attrs["equation"])
    x, y = _ordered(r, e.inputs[0], p.x_order, e), _ordered(r, e.inputs[1], p.y_order, e)
    if len(x.shape) != p.n_batch + p.n_summed or not p.n_summed or x.dtype.itemsize < 4:
        return None
    z = r.emit("multiply", (x, y), {}, x.aval, e)
    axes = tuple(range(p.n_batch, len(x.shape)))
    shape = x.shape[: p.n_batch]
    z = r.emit("reduce_sum", (z,), {"axis": axes, "keepdims": False}, Aval(shape, x.dtype), e)
    return _ordered(r, z, p.z_order, e)
