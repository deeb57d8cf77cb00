"""What elementwise equations cost, in additions: for choosing between computing again and keeping."""

from __future__ import annotations

from gradtape.core.card import REGISTRY
from gradtape.graph.expand import IOTA
from gradtape.graph.ir import Equation
from gradtape.graph.space import is_same

CHEAP = 4.0  # how much computing again may cost instead of a store and a load
_DEAR = {
    "exp": 12, "log": 14, "tanh": 16, "sigmoid": 14, "pow": 40, "erf": 24, "erfc": 30, "sin": 24, "cos": 24, "tan": 30,
    "expm1": 16, "log1p": 18, "softplus": 24, "elu": 14, "selu": 14, "silu": 16, "gelu": 26, "sqrt": 3, "rsqrt": 4,
    "real_div": 3, "div_no_nan": 4, "reciprocal": 3, "floor_div": 4, "floor_mod": 8,
}  # fmt: skip
_UNKNOWN = 20.0
_CHEAP_CARDS = {
    "add", "subtract", "multiply", "negative", "square", "abs", "maximum", "minimum", "equal", "not_equal", "less",
    "less_equal", "greater", "greater_equal", "logical_and", "logical_or", "logical_not", "logical_xor", "where",
    "cast", "relu", "relu_grad", "relu6", "relu6_grad", "leaky_relu", "leaky_relu_grad", "clip_by_value", "sign",
    "mul_no_nan", "squared_difference", "sigmoid_grad", "tanh_grad", "elu_grad", "selu_grad", "floor", "ceil",
    "round", "is_nan", "is_finite", "is_inf", "bias_add", "add_n", "ones_like", "zeros_like", IOTA,
}  # fmt: skip


def cost_of(equation: Equation) -> float:
    """What an equation costs per vector, in additions."""
    op = equation.op
    if is_same(equation):
        return 0.0
    if op in _CHEAP_CARDS:
        return 1.0
    found = _DEAR.get(op)
    if found is None:
        found = 1.0 if op in REGISTRY and REGISTRY[op].family == "Reduce" else _UNKNOWN
    dtype = equation.inputs[0].dtype if equation.inputs else equation.outputs[0].dtype
    return found * (1.5 if dtype.itemsize == 8 else 1.0)
