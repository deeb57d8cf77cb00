"""Operations taken apart into those that the compiler knows: the parts fuse with what stands around them.

affine(x, w, b)       matmul, then add
fused_batch_norm      means and elementwise steps
"""

from __future__ import annotations

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
    "fused_batch_norm": _batch_norm,
}
