"""What is written into a gate: ×, +, exp, 1/x, +1, ×−1, σ. Constants without a name become part of the sign."""

from __future__ import annotations

from collections.abc import Callable

from gradtape.insight.circuit.figures import number
from gradtape.insight.recording import Gate, Recording, Wire

SIGNS = {
    "add": "+", "add_n": "+", "subtract": "−", "multiply": "×", "real_div": "÷", "div_no_nan": "÷", "pow": "xʸ",
    "mul_no_nan": "×", "floor_div": "⌊÷⌋", "floor_mod": "mod", "negative": "×−1", "reciprocal": "1/x", "square": "x²",
    "sqrt": "√", "rsqrt": "1/√", "exp": "exp", "expm1": "exp−1", "log": "ln", "log1p": "ln(1+x)", "abs": "|x|",
    "sign": "sign", "sigmoid": "σ", "log_sigmoid": "ln σ", "relu": "ReLU", "relu6": "ReLU6", "elu": "ELU",
    "selu": "SELU", "silu": "SiLU", "leaky_relu": "leaky ReLU", "maximum": "max", "minimum": "min", "matmul": "@",
    "affine": "@ +", "gemm": "@ +", "bias_add": "+", "einsum": "einsum", "reduce_sum": "Σ", "reduce_mean": "mean",
    "reduce_max": "max", "reduce_min": "min", "reduce_prod": "∏", "reduce_logsumexp": "ln Σ exp",
    "reduce_euclidean_norm": "‖x‖", "reduce_any": "any", "reduce_all": "all", "cumsum": "cumsum",
    "squared_difference": "(a−b)²", "softmax": "softmax", "log_softmax": "ln softmax", "transpose": "xᵀ",
    "strided_slice": "[ ]", "slice": "[ ]", "gather": "gather", "floor": "⌊x⌋", "ceil": "⌈x⌉", "greater": ">",
    "greater_equal": "≥", "less": "<", "less_equal": "≤", "equal": "=", "not_equal": "≠", "logical_and": "∧",
    "logical_or": "∨", "logical_not": "¬", "max_pool": "max pool", "avg_pool": "mean pool", "conv": "conv",
    "fused_batch_norm": "batch norm", "softmax_cross_entropy_with_logits": "softmax CE",
    "sparse_softmax_cross_entropy_with_logits": "softmax CE", "sigmoid_cross_entropy_with_logits": "σ CE",
    "stop_gradient": "stop", "custom_gradient": "custom", "custom_rule": "custom", "identity": "x", "l2_loss": "Σx²/2",
    "clip_by_value": "clip", "matrix_determinant": "det", "matrix_inverse": "x⁻¹", "boolean_mask": "mask",
    "expand_dims": "expand", "zeros_like": "0", "ones_like": "1", "broadcast_to": "broadcast", "reverse": "reverse",
}  # fmt: skip

SYMMETRIC = frozenset(
    ["add", "add_n", "multiply", "maximum", "minimum", "equal", "not_equal", "logical_and", "logical_or",
     "logical_xor", "squared_difference", "mul_no_nan"]
)  # fmt: skip

_AFTER: dict[str, Callable[[str], str]] = {  # the constant is the second operand
    "add": lambda c: c if c.startswith("−") else f"+{c}",
    "subtract": lambda c: f"−({c})" if c.startswith("−") else f"−{c}",
    "multiply": lambda c: f"×{c}",
    "real_div": lambda c: f"÷{c}",
    "pow": lambda c: f"x{c.translate(_SUPERSCRIPTS)}" if set(c) <= set("−0123456789") else f"x^{c}",
    "maximum": lambda c: f"max {c}",
    "minimum": lambda c: f"min {c}",
    "greater": lambda c: f">{c}",
    "greater_equal": lambda c: f"≥{c}",
    "less": lambda c: f"<{c}",
    "less_equal": lambda c: f"≤{c}",
    "equal": lambda c: f"={c}",
    "floor_mod": lambda c: f"mod {c}",
}
_BEFORE: dict[str, Callable[[str], str]] = {  # the constant is the first operand
    "add": _AFTER["add"],
    "multiply": _AFTER["multiply"],
    "maximum": _AFTER["maximum"],
    "minimum": _AFTER["minimum"],
    "subtract": lambda c: f"{c}−x",
    "real_div": lambda c: f"{c}/x",
    "pow": lambda c: f"{c}ˣ",
}
_SUPERSCRIPTS = str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def sign_of(gate: Gate, recording: Recording) -> tuple[str, tuple[int, ...]]:
    """The sign of a gate, and the positions of the inputs that became part of it."""
    name = gate.card.name
    wires = [recording.wires[w] for w in gate.inputs]
    if len(wires) == 2:
        for position, table in ((1, _AFTER), (0, _BEFORE)):
            if name in table and _folds(wires[position]) and not _folds(wires[1 - position]):
                constant = number(wires[position].value.reshape(-1)[0])
                return table[name](constant), (position,)
    sign = SIGNS.get(name, name.replace("_", " ")) if gate.title == name else gate.title
    if name == "matmul":
        sign = f"{'ᵀ' if _set(gate, 'a') else ''}@{'ᵀ' if _set(gate, 'b') else ''}"
    return sign, ()


def _set(gate: Gate, side: str) -> bool:
    return bool(gate.attrs.get(f"transpose_{side}") or gate.attrs.get(f"adjoint_{side}"))


def _folds(wire: Wire) -> bool:
    return wire.kind == "constant" and not wire.name and wire.value.size == 1
