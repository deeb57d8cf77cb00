"""Operations taken apart into those that the compiler knows: the parts fuse with what stands around them.

affine(x, w, b)       matmul, then add
einsum(x, y)          transpose, reshape, matmul, reshape, transpose
fused_batch_norm      means and elementwise steps
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.graph.ir import Aval, Equation, Graph, Value

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


class _Parts:
    """Collects equations."""

    def __init__(self, site: Any):
        self.site = site
        self.equations: list[Equation] = []
        self.constants: dict[Value, np.ndarray] = {}

    def __call__(
        self, op: str, *inputs: Value, shape: tuple[int, ...], to: Value | None = None, **attrs: Any
    ) -> Value:
        y = Value(Aval(tuple(shape), inputs[0].dtype)) if to is None else to
        self.equations.append(Equation(op, inputs, attrs, (y,), self.site))
        return y

    def const(self, number: float, dtype: np.dtype[Any]) -> Value:
        y = Value(Aval((), dtype))
        self.constants[y] = np.asarray(number, dtype)
        return y

    def reshape(self, x: Value, shape: tuple[int, ...], to: Value | None = None) -> Value:
        return (
            x
            if to is None and x.shape == shape
            else self("reshape", x, shape=shape, to=to, shape_=shape)
        )

    def transpose(self, x: Value, perm: tuple[int, ...], to: Value | None = None) -> Value:
        if to is None and perm == tuple(range(len(perm))):
            return x
        return self("transpose", x, shape=tuple([x.shape[p] for p in perm]), to=to, perm=perm)


def decompose(graph: Graph) -> Graph:
    """The graph with its compound operations taken apart, at the top level."""
    if not any(e.op in RULES for e in graph.equations):
        return graph
    equations: list[Equation] = []
    constants = dict(graph.constants)
    for e in graph.equations:
        rule = RULES.get(e.op)
        parts = _Parts(e.site)
        if rule is None or not rule(parts, e):
            equations.append(e)
            continue
        equations += [_renamed(p) for p in parts.equations]
        constants.update(parts.constants)
    return Graph(graph.inputs, tuple(equations), graph.outputs, constants, graph.name)


def _renamed(e: Equation) -> Equation:
    """`shape_` is the attribute of a reshape: `shape` is taken by the result."""
    if "shape_" not in e.attrs:
        return e
    return Equation(e.op, e.inputs, {"shape": e.attrs["shape_"]}, e.outputs, e.site)


def _affine(p: _Parts, e: Equation) -> bool:
    x, w, b = e.inputs
    shape = e.outputs[0].shape
    product = p("matmul", x, w, shape=shape, transpose_a=False, transpose_b=False)
    p("add", product, b, shape=shape, to=e.outputs[0])
    return True


def _einsum(p: _Parts, e: Equation) -> bool:
    """Batch axes first, then the free and the summed ones, whichever are last in memory already."""
    from gradtape.ops.einsum import plan

    (x, y), (z,) = e.inputs, e.outputs
    if z.dtype not in FLOATS or not z.aval.size or not x.aval.size:
        return False
    (names_x, names_y, names_z), *_ = plan(e.attrs["equation"])
    size = dict(zip(names_x, x.shape)) | dict(zip(names_y, y.shape))
    batch = [c for c in names_z if c in names_x and c in names_y]
    summed = [c for c in names_x if c in names_y and c not in names_z]
    free_x = [c for c in names_x if c not in names_y]
    free_y = [c for c in names_y if c not in names_x]
    if not summed:
        return _outer(p, (x, y), z, (names_x, names_y, names_z), (batch, free_x, free_y))
    many = lambda names: math.prod(size[c] for c in names)
    turned_a, turned_b = names_x[-1] in free_x, names_y[-1] in summed
    order_x = batch + (summed + free_x if turned_a else free_x + summed)
    order_y = batch + (free_y + summed if turned_b else summed + free_y)
    lead, rows, inner, columns = (
        tuple([size[c] for c in batch]),
        many(free_x),
        many(summed),
        many(free_y),
    )
    a = p.transpose(x, tuple([names_x.index(c) for c in order_x]))
    b = p.transpose(y, tuple([names_y.index(c) for c in order_y]))
    a = p.reshape(a, (*lead, inner, rows) if turned_a else (*lead, rows, inner))
    b = p.reshape(b, (*lead, columns, inner) if turned_b else (*lead, inner, columns))
    c = p("matmul", a, b, shape=(*lead, rows, columns), transpose_a=turned_a, transpose_b=turned_b)
    found = batch + free_x + free_y
    c = p.reshape(c, tuple([size[n] for n in found]))
    p.transpose(c, tuple([found.index(n) for n in names_z]), to=z)
    return True


def _outer(p: _Parts, operands: Any, z: Value, names: Any, kinds: Any) -> bool:
    """Nothing is summed: an elementwise product of operands with axes of length 1 where the other has its own."""
    (x, y), (names_x, names_y, names_z), (batch, free_x, free_y) = operands, names, kinds
    a = p.transpose(x, tuple([names_x.index(c) for c in batch + free_x]))
    b = p.transpose(y, tuple([names_y.index(c) for c in batch + free_y]))
    k = len(batch)
    a = p.reshape(a, (*a.shape, *(1,) * len(free_y)))
    b = p.reshape(b, (*b.shape[:k], *(1,) * len(free_x), *b.shape[k:]))
    c = p("multiply", a, b, shape=np.broadcast_shapes(a.shape, b.shape))
    found = batch + free_x + free_y
    p.transpose(c, tuple([found.index(n) for n in names_z]), to=z)
    return True


def _batch_norm(p: _Parts, e: Equation) -> bool:
    (x, scale, offset), (y, mean, variance) = e.inputs, e.outputs
    if x.dtype not in FLOATS or not x.aval.size:
        return False
    rank, channels = len(x.shape), e.attrs["channels"] % len(x.shape)
    axes = tuple([a for a in range(rank) if a != channels])
    wide = tuple([n if a == channels else 1 for a, n in enumerate(x.shape)])
    n, small = x.aval.size // scale.shape[0], scale.shape

    def spread(v: Value) -> Value:
        return v if channels == rank - 1 else p.reshape(v, wide)

    p("reduce_mean", x, shape=small, to=mean, axis=axes, keepdims=False)
    centred = p("subtract", x, spread(mean), shape=x.shape)
    square = p("square", centred, shape=x.shape)
    biased = p("reduce_mean", square, shape=small, axis=axes, keepdims=False)
    root = p(
        "sqrt", p("add", biased, p.const(e.attrs["epsilon"], x.dtype), shape=small), shape=small
    )
    factor = p("real_div", scale, root, shape=small)
    scaled = p("multiply", centred, spread(factor), shape=x.shape)
    p("add", scaled, spread(offset), shape=x.shape, to=y)
    p("multiply", biased, p.const(n / max(n - 1, 1), x.dtype), shape=small, to=variance)
    return True


RULES: dict[str, Callable[[_Parts, Equation], bool]] = {
    "affine": _affine,
    "einsum": _einsum,
    "fused_batch_norm": _batch_norm,
}
