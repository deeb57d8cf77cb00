"""Products over named axes, taken apart: axes put in order, and one matrix product or one elementwise one.

einsum("bqhd,bkhd->bhqk", x, y)  =  matmul(transpose(x), transpose(y), transpose_b=True), reshaped
"""

from __future__ import annotations

from math import prod
from typing import Any

from gradtape.graph.ir import Aval, Equation, Value
from gradtape.graph.passes.rewrite import Rewriter, Table
from gradtape.ops.einsum import plan

PRODUCTS = Table()  # in another order of addition than the kernel's


def _ordered(r: Rewriter, x: Value, names: Any, wanted: list[str], like: Equation) -> Value:
    """x, whose axes have `names`, with its axes in the order `wanted`."""
    order = tuple([names.index(c) for c in wanted])
    if order == tuple(range(len(order))):
        return x
    shape = tuple([x.shape[a] for a in order])
    return r.emit("transpose", (x,), {"perm": order}, Aval(shape, x.dtype), like)


@PRODUCTS.on("einsum")
def by_products(r: Rewriter, e: Equation) -> Any:
    """A sum of products with free axes -> a matrix product;  without -> the sum of an elementwise product;  no sum ->
    an elementwise product"""
    x, y = e.inputs
    if x.dtype.itemsize < 4:
        return None
    names_x, names_y, names_z = plan(e.attrs["equation"]).labels
    size = dict(zip(names_x, x.shape)) | dict(zip(names_y, y.shape))
    batch = [c for c in names_z if c in names_x and c in names_y]
    summed = [c for c in names_x if c in names_y and c not in names_z]
    free_x = [c for c in names_x if c not in names_y]
    free_y = [c for c in names_y if c not in names_x]
    found = batch + free_x + free_y
    lead, rows, columns, shape = [
        tuple([size[c] for c in names]) for names in (batch, free_x, free_y, found)
    ]
    if not summed:
        x = _ordered(r, x, names_x, batch + free_x, e)
        y = _ordered(r, y, names_y, batch + free_y, e)
        x = r.reshaped(x, (*lead, *rows, *(1,) * len(columns)), e)
        y = r.reshaped(y, (*lead, *(1,) * len(rows), *columns), e)
        z = r.emit("multiply", (x, y), {}, Aval(shape, x.dtype), e)
    elif not free_x and not free_y:
        x = _ordered(r, x, names_x, batch + summed, e)
        y = _ordered(r, y, names_y, batch + summed, e)
        z = r.emit("multiply", (x, y), {}, x.aval, e)
        axes = tuple(range(len(batch), len(x.shape)))
        attrs = {"axis": axes, "keepdims": False}
        z = r.emit("reduce_sum", (z,), attrs, Aval(shape, x.dtype), e)
    else:
        # Whichever of the free and the summed axes are last in memory stay so: flags of the product turn them.
        m, n, k = prod(rows), prod(columns), prod([size[c] for c in summed])
        turned_x, turned_y = names_x[-1] in free_x, names_y[-1] in summed
        x_order = batch + (summed + free_x if turned_x else free_x + summed)
        y_order = batch + (free_y + summed if turned_y else summed + free_y)
        x = r.reshaped(
            _ordered(r, x, names_x, x_order, e), (*lead, *((k, m) if turned_x else (m, k))), e
        )
        y = r.reshaped(
            _ordered(r, y, names_y, y_order, e), (*lead, *((n, k) if turned_y else (k, n))), e
        )
        attrs = {"transpose_a": turned_x, "transpose_b": turned_y}
        z = r.emit("matmul", (x, y), attrs, Aval((*lead, m, n), x.dtype), e)
        z = r.reshaped(z, shape, e)
    return _ordered(r, z, found, list(names_z), e)
