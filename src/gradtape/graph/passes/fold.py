"""Constant folding: equations on known values are computed now, where the result is small."""

from __future__ import annotations

import numpy as np

from gradtape.base.quiet import quiet
from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Aval, Equation, Graph, Value
from gradtape.graph.passes.dce import HOLDERS

LIMIT = 4096  # elements of a result; larger ones only where they are no larger than what they are made of
KEPT_LARGE = 1 << 20
STAY = HOLDERS | {
    "matmul",
    "affine",
    "einsum",
    "conv",
    "conv_backprop_input",
    "conv_backprop_filter",
}


def fold(graph: Graph) -> Graph:
    """With every equation on constants alone computed.  One that raises stays, and raises when it runs.

    Products of matrices stay: their sums are rounded as the machine's kernels order them.
    """
    constants = graph.constants
    if not constants and all(e.inputs for e in graph.equations):
        return graph
    known: dict[Value, np.ndarray] = dict(constants)
    equations: list[Equation] = []
    for equation in graph.equations:
        for v in equation.inputs:
            if v not in known:
                break
        else:
            if equation.op not in STAY and computed(equation, known):
                continue
        equations.append(equation)
    if len(equations) == len(graph.equations):
        return graph
    return Graph(graph.inputs, tuple(equations), graph.outputs, known, graph.name)


def computed(equation: Equation, known: dict[Value, np.ndarray]) -> bool:
    """Put the results of an equation among the known values, if they are small enough and it does not raise."""
    size = sum([v.aval.size for v in equation.outputs])
    if size > LIMIT:
        source = sum([v.aval.size for v in equation.inputs])
        if size > source or size > KEPT_LARGE:
            return False
    card = REGISTRY[equation.op]
    arrays = [known[v] for v in equation.inputs]
    try:
        with quiet():
            found = card.kernel(*arrays, **equation.attrs)
    except Exception:
        return False
    results = found if card.multi else (found,)
    for value, array in zip(equation.outputs, results):
        array = np.asarray(array)
        if array.dtype.kind == "O" or Aval(array.shape, array.dtype) != value.aval:
            return False
        known[value] = np.array(array, order="C", copy=None if array.base is None else True)
    return True
