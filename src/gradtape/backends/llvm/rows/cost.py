"""Which graphs are small enough for registers, and how long their code will be.

`length` counts the vector instructions of a graph; it is None where an equation has no rule on rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.backends.llvm.rows.rules import FILLING, MOVES, RULES
from gradtape.backends.llvm.scalar import LOWERED, scalar_rule
from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Aval, Equation, Graph

COLUMNS = 64  # the widest row
ELEMENTS = 1024  # the largest tensor
REGISTER = 64  # bytes
CHEAP = frozenset(
    ("add", "subtract", "multiply", "negative", "square", "abs", "sign", "maximum", "minimum", "relu", "relu_grad",
     "relu6", "relu6_grad", "leaky_relu", "leaky_relu_grad", "equal", "not_equal", "less", "less_equal", "greater",
     "greater_equal", "logical_and", "logical_or", "logical_not", "logical_xor", "where", "cast", "squared_difference",
     "conj", "real", "real_div", "div_no_nan", "mul_no_nan", "reciprocal", "sqrt", "rsqrt", "clip_by_value", "floor",
     "ceil", "round", "rint", "is_nan", "is_inf", "is_finite", "approximate_equal")
)  # fmt: skip
DEAR = 30  # instructions of an exponential and its like


def fits(aval: Aval) -> bool:
    """Whether a tensor can live in registers."""
    shape = aval.shape
    return aval.dtype in LOWERED and (
        not shape or (shape[-1] <= COLUMNS and 0 < aval.size <= ELEMENTS)
    )


def registers(aval: Aval) -> int:
    columns = aval.shape[-1] if aval.shape else 1
    return aval.size // columns * -(-columns * aval.dtype.itemsize // REGISTER)


def length(graph: Graph, limit: float) -> float | None:
    """The number of vector instructions, or None where a value or an equation does not fit or there are more."""
    if not all(map(fits, (*graph.avals_in, *graph.avals_out))):
        return None
    if not all(fits(v.aval) for v in graph.constants):
        return None
    total = float(sum(map(registers, (*graph.avals_in, *graph.avals_out))))
    for equation in graph.equations:
        more = length_of(equation, limit)
        if more is None or (total := total + more) > limit:
            return None
    return total


def length_of(equation: Equation, limit: float) -> float | None:
    op, attrs = equation.op, equation.attrs
    if not all(fits(v.aval) for v in (*equation.inputs, *equation.outputs)):
        return None
    if op in ("while", "cond", "fused"):
        held = {
            "while": lambda: (attrs["cond"], attrs["body"]),
            "cond": lambda: attrs["branches"],
            "fused": lambda: (attrs["graph"],),
        }[op]()
        parts = [length(graph, limit) for graph in held]
        return None if None in parts else float(sum(p for p in parts if p is not None))
    card = REGISTRY.get(op)
    if card is None:
        return None
    if op in RULES:
        return _by_rule(equation)
    if op in MOVES or op in FILLING:
        if op == "pad" and attrs["mode"] != "CONSTANT":
            return None
        return float(sum(map(_moving, equation.outputs))) if op not in FREE else 0.0
    if card.family == "Elementwise" and not card.multi:
        rule = scalar_rule(card, [v.dtype for v in equation.inputs], attrs)
        if rule is None:
            return None
        out = equation.outputs[0].aval
        return float(registers(out)) if op in CHEAP else _dear(out)
    return None


def _dear(aval: Aval) -> float:
    """The length of an exponential: narrow rows share vectors."""
    rows, whole = registers(aval), -(-aval.nbytes // REGISTER)
    return min(rows * DEAR, whole * DEAR + 2 * rows)


FREE = frozenset(("identity", "stop_gradient", "ensure_shape"))


def _moving(value: Any) -> float:
    return (
        value.aval.size
        // max(value.shape[-1] if value.shape else 1, 1)
        * min(4, value.shape[-1] if value.shape else 1)
    )


def _by_rule(equation: Equation) -> float | None:
    """The length of an equation that has a rule; None where the rule does not take its attributes."""
    op, attrs = equation.op, equation.attrs
    x, y = equation.inputs[0], equation.outputs[0]
    floating = x.dtype.kind == "f"
    wide = registers(x.aval)
    if op == "matmul":
        k = x.shape[-2] if attrs["transpose_a"] else x.shape[-1]
        return 2.0 * k * registers(y.aval)
    if op == "affine":
        return 2.0 * x.shape[-1] * registers(y.aval)
    if op == "bias_add" and attrs["channels"] != -1 and len(x.shape) != 2:
        return None
    if op == "reduce_mean" and not floating:
        return None
    if op in ("argmax", "argmin"):
        last = attrs["axis"] % max(len(x.shape), 1) == len(x.shape) - 1
        return 3.0 * x.aval.size if last and x.dtype.kind in "fiu" else None
    if op == "one_hot":
        last = attrs["axis"] % (len(x.shape) + 1) == len(x.shape)
        whole = np.dtype(attrs["dtype"]) in LOWERED
        return 3.0 * registers(y.aval) if last and whole else None
    if op == "gather":
        if attrs["axis"] != 0 or attrs["batch_dims"] != 0 or not x.shape or not x.shape[0]:
            return None
        index = equation.inputs[1]
        return 3.0 * registers(x.aval) * index.aval.size if index.dtype.kind == "i" else None
    if op == "unsorted_rows_sum":
        index = equation.inputs[1].aval.size
        return 3.0 * registers(y.aval) * index if x.dtype.kind in "fiu" else None
    if op.startswith("softmax") or op in ("log_softmax", "reduce_logsumexp"):
        return 2 * _dear(x.aval) + 8.0 * wide if floating else None
    if op == "sparse_softmax_cross_entropy_with_logits":
        return 2 * _dear(x.aval) + 14.0 * wide if floating and x.shape[-1] else None
    if op.startswith("reduce_") or op == "l2_loss":
        return 6.0 * wide
    return float(max(wide, registers(y.aval)))
