"""Common subexpressions: the same operation on the same values is computed once.  Never one with an effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradtape.graph.ir import Equation, Graph, Value
from gradtape.graph.passes.dce import HOLDERS, KEPT
from gradtape.graph.passes.rewrite import with_inputs

# x op y and y op x have the same bits.  Not products of complex numbers (their sums of products may be fused one way).
COMMUTES = frozenset(("add", "multiply", "equal", "not_equal", "logical_and", "logical_or", "logical_xor"))  # fmt: skip
SMALL = 1024  # bytes of the constants that are compared
SIMPLE = frozenset((int, bool, str, type(None), np.dtype))


def common(graph: Graph) -> Graph:
    """With every value computed once, and equal small constants kept once."""
    moved: dict[Value, Value] = {}
    seen: dict[Any, tuple[Value, ...]] = {}
    constants = _constants(graph.constants, moved)
    equations: list[Equation] = []
    for equation in graph.equations:
        inputs = equation.inputs
        if moved:
            for v in inputs:
                if v in moved:
                    inputs = tuple([moved.get(v, v) for v in inputs])
                    equation = with_inputs(equation, inputs)
                    break
        op = equation.op
        if op not in HOLDERS and op not in KEPT:
            key = key_of(op, inputs, equation.attrs)
            if key is not None:
                first = seen.setdefault(key, equation.outputs)
                if first is not equation.outputs:
                    moved.update(zip(equation.outputs, first))
                    continue
        equations.append(equation)
    if not moved:
        return graph
    outputs = tuple([moved.get(v, v) for v in graph.outputs])
    return Graph(graph.inputs, tuple(equations), outputs, constants, graph.name)


def key_of(op: str, inputs: tuple[Value, ...], attrs: Mapping[str, Any]) -> Any:
    """What two equations must share to compute the same; None where that cannot be told."""
    places = [id(v) for v in inputs]
    if op in COMMUTES and inputs[0].aval.dtype.kind != "c":
        places.sort()
    if not attrs:
        return (op, *places)
    try:
        key = (op, *places, *[(k, exact(v)) for k, v in attrs.items()])
        hash(key)
    except TypeError:
        return None
    return key


def exact(attr: Any) -> Any:
    """An attribute as a key that tells 1 from 1.0 and True, and 0.0 from -0.0."""
    kind = type(attr)
    if kind in SIMPLE:
        return (kind, attr) if kind is bool else attr
    if kind is tuple:
        for item in attr:
            if type(item) is not int:
                return tuple([exact(item) for item in attr])
        return attr
    if kind is float or kind is complex:
        return (kind, repr(attr))
    return (kind, attr)


def _constants(
    constants: Mapping[Value, np.ndarray], moved: dict[Value, Value]
) -> Mapping[Value, np.ndarray]:
    seen: dict[Any, Value] = {}
    for value, array in constants.items():
        if array.nbytes <= SMALL and array.dtype.kind != "O":
            first = seen.setdefault((array.dtype, array.shape, array.tobytes()), value)
            if first is not value:
                moved[value] = first
    return {v: a for v, a in constants.items() if v not in moved} if moved else constants
