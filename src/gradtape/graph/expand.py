"""Equations taken apart into elementwise ones and folds, for the loops that run them.

    softmax(x)  =  e / sum(e),  e = exp(x - max(x))

The parts are equations of ordinary cards, but for `iota`: the position along the last axis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.graph.ir import Aval, Equation, Graph, Value

IOTA = "iota"
BOOL = np.dtype(np.bool_)
Checks = tuple[tuple[Value, int], ...]

FOLDS = {
    "reduce_sum": "sum", "reduce_mean": "mean", "reduce_max": "max", "reduce_min": "min", "reduce_prod": "prod",
    "reduce_any": "any", "reduce_all": "all",
}  # fmt: skip


def folds_anything(equation: Equation) -> bool:
    """Whether a fold takes more than one number at a time."""
    shape = equation.inputs[0].shape
    return any(shape[a] != 1 for a in equation.attrs["axis"])


class Parts:
    """Collects the equations that stand for one."""

    def __init__(self) -> None:
        self.equations: list[Equation] = []
        self.constants: dict[Value, np.ndarray] = {}
        self.checks: list[tuple[Value, int]] = []

    def const(self, number: float, dtype: np.dtype[Any]) -> Value:
        value = Value(Aval((), dtype))
        self.constants[value] = np.asarray(number, dtype)
        return value

    def __call__(
        self, op: str, *inputs: Value, to: Value | None = None, dtype: Any = None, **attrs: Any
    ) -> Value:
        """One more elementwise equation; its result, or `to`."""
        if to is None:
            shape = np.broadcast_shapes(*[x.shape for x in inputs])
            to = Value(Aval(shape, inputs[-1].dtype if dtype is None else dtype))
        self.equations.append(Equation(op, inputs, attrs, (to,)))
        return to

    def fold(self, op: str, x: Value, axis: int, to: Value | None = None) -> Value:
        """x folded along one axis: kept with length 1, or `to` without it."""
        if to is None:
            shape = tuple([1 if a == axis else n for a, n in enumerate(x.shape)])
            value = Value(Aval(shape, x.dtype))
        else:
            value = to
        attrs = {"axis": (axis,), "keepdims": to is None}
        self.equations.append(Equation(op, (x,), attrs, (value,)))
        return value

    def iota(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Value:
        value = Value(Aval(shape, dtype))
        self.equations.append(Equation(IOTA, (), {}, (value,)))
        return value


def expanded(graph: Graph) -> tuple[list[Equation], dict[Value, np.ndarray], Checks]:
    """The equations of a group, taken apart; its constants; the labels that must be in range."""
    parts = Parts()
    parts.constants.update(graph.constants)
    for equation in graph.equations:
        rule = RULES.get(equation.op)
        if rule is None or not rule(parts, equation, *equation.inputs, **equation.attrs):
            parts.equations.append(equation)
    return [_renamed(e) for e in parts.equations], parts.constants, tuple(parts.checks)


def _renamed(equation: Equation) -> Equation:
    """A fold of single numbers as what it is: the same number in another shape."""
    if equation.op not in FOLDS or folds_anything(equation):
        return equation
    attrs = {"shape": equation.outputs[0].shape}
    return Equation("reshape", equation.inputs, attrs, equation.outputs, equation.site)


def exponentials(p: Parts, x: Value, axis: int) -> tuple[Value, Value, Value]:
    """x less its largest, the exponentials of that, and their sum."""
    e = p("subtract", x, p.fold("reduce_max", x, axis))
    powers = p("exp", e)
    return e, powers, p.fold("reduce_sum", powers, axis)


def _softmax(p: Parts, equation: Equation, x: Value, *, axis: int) -> bool:
    _, powers, total = exponentials(p, x, axis % len(x.shape))
    p("real_div", powers, total, to=equation.outputs[0])
    return True


def _log_softmax(p: Parts, equation: Equation, x: Value, *, axis: int) -> bool:
    e, _, total = exponentials(p, x, axis % len(x.shape))
    p("subtract", e, p("log", total), to=equation.outputs[0])
    return True


def _sparse(p: Parts, equation: Equation, x: Value, labels: Value) -> bool:
    loss, slope = equation.outputs
    axis, n = len(x.shape) - 1, x.shape[-1]
    column = Value(Aval((*labels.shape, 1), labels.dtype))
    p.equations.append(Equation("reshape", (labels,), {"shape": column.shape}, (column,)))
    p.checks.append((labels, n))
    places = p.iota(x.shape, labels.dtype) if n > 1 else p.const(0, labels.dtype)
    hit = p("equal", places, column, dtype=BOOL)
    e, powers, total = exponentials(p, x, axis)
    zero, one = p.const(0, x.dtype), p.const(1, x.dtype)
    at_label = p.fold("reduce_sum", p("where", hit, e, zero), axis)
    difference = p("subtract", p("log", total), at_label)
    p.equations.append(Equation("reshape", (difference,), {"shape": loss.shape}, (loss,)))
    p("subtract", p("real_div", powers, total), p("where", hit, one, zero), to=slope)
    return True


def _dense(p: Parts, equation: Equation, x: Value, labels: Value, *, axis: int) -> bool:
    loss, slope = equation.outputs
    axis %= len(x.shape)
    e, powers, total = exponentials(p, x, axis)
    terms = p("multiply", labels, p("subtract", p("log", total), e))
    p.fold("reduce_sum", terms, axis, to=loss)
    p("subtract", p("real_div", powers, total), labels, to=slope)
    return True


def _sigmoid_cross_entropy(p: Parts, equation: Equation, x: Value, labels: Value) -> bool:
    zero = p.const(0, x.dtype)
    part = p("subtract", p("maximum", x, zero), p("multiply", x, labels))
    tail = p("log1p", p("exp", p("negative", p("abs", x))))
    p("add", part, tail, to=equation.outputs[0])
    return True


def _logsumexp(
    p: Parts, equation: Equation, x: Value, *, axis: tuple[int, ...], keepdims: bool
) -> bool:
    kept = tuple([1 if a in axis else n for a, n in enumerate(x.shape)])

    def fold(op: str, v: Value) -> Value:
        y = Value(Aval(kept, x.dtype))
        p.equations.append(Equation(op, (v,), {"axis": axis, "keepdims": True}, (y,)))
        return y

    largest = fold("reduce_max", x)
    top = p("where", p("is_finite", largest, dtype=BOOL), largest, p.const(0, x.dtype))
    total = fold("reduce_sum", p("exp", p("subtract", x, top)))
    y = p("add", p("log", total), top)
    p.equations.append(
        Equation("reshape", (y,), {"shape": equation.outputs[0].shape}, equation.outputs)
    )
    return True


def _bias_add(p: Parts, equation: Equation, value: Value, bias: Value, *, channels: int) -> bool:
    rank = len(value.shape)
    if channels % rank != rank - 1:
        wide = Value(Aval((*bias.shape, *(1,) * (rank - 2)), bias.dtype))
        p.equations.append(Equation("reshape", (bias,), {"shape": wide.shape}, (wide,)))
        bias = wide
    p("add", value, bias, to=equation.outputs[0])
    return True


def _l2_loss(p: Parts, equation: Equation, t: Value) -> bool:
    total = Value(Aval((), t.dtype))
    attrs = {"axis": tuple(range(len(t.shape))), "keepdims": False}
    p.equations.append(Equation("reduce_sum", (p("multiply", t, t),), attrs, (total,)))
    p("real_div", total, p.const(2, t.dtype), to=equation.outputs[0])
    return True


def _norm(p: Parts, equation: Equation, x: Value, *, axis: tuple[int, ...], keepdims: bool) -> bool:
    total = Value(Aval(equation.outputs[0].shape, x.dtype))
    squares = p("multiply", x, x)
    p.equations.append(
        Equation("reduce_sum", (squares,), {"axis": axis, "keepdims": keepdims}, (total,))
    )
    p("sqrt", total, to=equation.outputs[0])
    return True


def _add_n(p: Parts, equation: Equation, *inputs: Value) -> bool:
    total = inputs[0]
    for x in inputs[1:-1]:
        total = p("add", total, x)
    if len(inputs) == 1:
        p("identity", total, to=equation.outputs[0])
    else:
        p("add", total, inputs[-1], to=equation.outputs[0])
    return True


RULES: dict[str, Callable[..., bool]] = {
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "sparse_softmax_cross_entropy_with_logits": _sparse,
    "softmax_cross_entropy_with_logits": _dense,
    "sigmoid_cross_entropy_with_logits": _sigmoid_cross_entropy,
    "reduce_logsumexp": _logsumexp,
    "bias_add": _bias_add,
    "l2_loss": _l2_loss,
    "reduce_euclidean_norm": _norm,
    "add_n": _add_n,
}


def expands(op: str) -> bool:
    return op in RULES
