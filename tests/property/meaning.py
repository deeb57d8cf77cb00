"""The meaning of a graph that tests compare: NumPy kernels, each on contiguous operands.

So no result depends on how an operand lies in memory, as it must not in compiled code either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.base.quiet import quiet
from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Equation, Graph


def evaluate(graph: Graph, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What a graph gives, each kernel on contiguous operands; a transposed factor is transposed first."""
    env = dict(zip(graph.inputs, arrays))
    env.update(graph.constants)
    with quiet():
        for e in graph.equations:
            xs = [np.asarray(env[v], order="C") for v in e.inputs]
            found = one(e, xs)
            env.update(zip(e.outputs, found))
    return [env[v] for v in graph.outputs]


class Contiguous:
    """A graph that an equation holds, run by `evaluate`."""

    def __init__(self, graph: Graph):
        self.graph, self.avals_out = graph, graph.avals_out

    def run(self, *arrays: np.ndarray) -> list[np.ndarray]:
        return evaluate(self.graph, arrays)


def held(attr: Any) -> Any:
    if isinstance(attr, Graph):
        return Contiguous(attr)
    if type(attr) is tuple:
        return tuple([held(item) for item in attr])
    return attr


def one(e: Equation, xs: list[np.ndarray]) -> list[np.ndarray]:
    card = REGISTRY[e.op]
    attrs: Any = e.attrs
    if card.family == "Control":
        attrs = {name: held(attr) for name, attr in attrs.items()}
    elif e.op == "matmul":
        for i, name in enumerate(("transpose_a", "transpose_b")):
            if attrs[name]:
                xs[i] = np.asarray(xs[i].swapaxes(-1, -2), order="C")
        xs[1] = xs[1].copy()  # the product of an array and itself is another routine
        attrs = {"transpose_a": False, "transpose_b": False}
    found = card.kernel(*xs, **attrs)
    return [np.asarray(a) for a in (found if card.multi else (found,))]


def bits(array: np.ndarray) -> Any:
    """What of an array must be equal: dtype, shape, and the bits, all NaNs being one."""
    array = np.asarray(array, order="C")
    if array.dtype.kind == "c":
        parts = array.reshape(-1).view(array.real.dtype)
    else:
        parts = array
    if parts.dtype.kind in "fV":
        parts = np.where(np.isnan(parts), np.asarray(np.nan, parts.dtype), parts)
    return array.dtype.name, array.shape, np.asarray(parts, order="C").tobytes()
