"""What operations and wires are called in a derivation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.insight.recording import Gate, Recording
from gradtape.insight.render.numbers import short

INFIX = {
    "add": "+", "subtract": "-", "multiply": "*", "real_div": "/", "matmul": "@", "pow": "**", "floor_mod": "%",
    "floor_div": "//", "greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<=", "equal": "==",
    "not_equal": "!=",
}  # fmt: skip

_TITLES = {
    "negative": "×(−1)", "reciprocal": "1/x", "add": "+", "add_n": "Σ", "subtract": "−", "multiply": "×",
    "real_div": "÷", "square": "x²", "pow": "xʸ", "maximum": "max", "minimum": "min", "reduce_sum": "Σ",
    "reduce_mean": "mean", "rsqrt": "1/√x", "sqrt": "√x", "abs": "|x|",
}  # fmt: skip

_SILENT_ATTRS = frozenset({"keepdims", "transpose_a", "transpose_b", "batch_dims"})


_NUMBERED = re.compile(r"_?[0-9₀-₉]*(\[.*)?$")


def titles(recording: Recording, gate: Gate) -> str:
    """A gate's name as circuits show it: "×(−1)", "exp", "+1", "1/x"."""
    fixed = [recording.wires[w] for w in gate.inputs]
    if gate.card.name in ("add", "multiply", "subtract", "real_div") and len(fixed) == 2:
        last = fixed[1]
        if last.kind == "constant" and not last.name and last.value.size == 1 and not last.shape:
            sign = _TITLES[gate.card.name]
            return f"{sign}{plain(last.value)}"
    return _TITLES.get(gate.card.name, gate.title)


def plain(value: Any) -> str:
    """A number as people write it: "1", "0.5"."""
    if np.iscomplexobj(value):
        return f"({short(value)})"
    x = float(np.asarray(value))
    return str(int(x)) if x.is_integer() and abs(x) < 1e6 else f"{x:.4g}"


def labels(recording: Recording) -> list[str]:
    """What each wire is called: its name, or v1, v2, ... for what is computed. Numbers without a name stay without.

    Where `v` is a name in the code, v1 would be read as its entry or as another of that name: there u1, u2, ... stand.
    """
    taken = {_NUMBERED.sub("", w.name) for w in recording.wires}
    letters = {
        k: next((c for c in k if c not in taken), k[0] + "_") for k in ("vuts", "ckab", "xiyn")
    }
    counts = dict.fromkeys(letters.values(), 0)
    found = []
    made = {o for g in recording.gates for o in g.outputs}
    for wire in recording.wires:
        name = wire.name
        if not name and (wire.index in made or wire.kind != "constant" or wire.value.size != 1):
            kind = "vuts" if wire.index in made else "ckab" if wire.kind == "constant" else "xiyn"
            letter = letters[kind]
            counts[letter] += 1
            name = f"{letter}{counts[letter]}"
        found.append(name)
    return found


def formula(recording: Recording, gate: Gate, names: Sequence[str], attrs: bool = True) -> str:
    """The operation on whole tensors: "z = x @ w", "h = relu(z)".  attrs: with its other arguments."""
    args = [_operand(recording, w, names) for w in gate.inputs]
    name = gate.card.name
    if name in INFIX or name in ("affine", "negative", "bias_add"):  # an operand may be a formula
        args = [f"({a})" if " " in a and not _is_call(a) else a for a in args]
    wanted = [o for o in gate.outputs if o in recording.targets or recording.uses(o)]
    result = ", ".join(names[o] for o in wanted or gate.outputs)
    if name in INFIX and len(args) == 2:
        if name == "matmul":
            args = [
                f"transpose({a})" if gate.attrs.get(f"transpose_{k}") else a
                for a, k in zip(args, "ab")
            ]
        text = f"{args[0]} {INFIX[name]} {args[1]}"
    elif name == "affine":
        text = f"{args[0]} @ {args[1]} + {args[2]}"
    elif name == "bias_add":
        text = f"{args[0]} + {args[1]}"
    elif name == "negative":
        text = f"-{args[0]}"
    else:
        said = [*args]
        for key, value in gate.attrs.items() if attrs else ():
            if key not in _SILENT_ATTRS and isinstance(value, bool | int | float | str | tuple):
                shown = repr(value)
                if len(shown) <= 24:
                    said.append(f"{key}={shown}")
        text = f"{gate.title}({', '.join(said)})"
    return f"{result} = {text}"


def _is_call(text: str) -> bool:
    """ "f(...)", the last bracket closing the first."""
    depth = 0
    for k, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if c == ")" and not depth:
            return k == len(text) - 1
    return False


def _operand(recording: Recording, wire: int, names: Sequence[str]) -> str:
    return names[wire] or plain_constant(recording.wires[wire].value)


def plain_constant(value: np.ndarray) -> str:
    if not value.size:
        return "[]"
    if value.dtype.kind == "b":
        return str(bool(value.reshape(-1)[0]))
    if value.dtype.kind == "c":
        return plain(value.reshape(-1)[0])
    if value.dtype.kind in "iufV":
        return plain(value.reshape(-1)[0].astype(np.float64))
    return str(value.reshape(-1)[0])


_PASSED_ON = frozenset({"add", "add_n", "affine", "bias_add", "identity", "cast"})


def backward_formula(
    recording: Recording, gate: Gate, position: int, names: Sequence[str], path: int = 0
) -> str:
    """What a gate passes back to an input, on whole tensors: "∂w = transpose(x) @ ∂z"."""
    args = [_operand(recording, w, names) for w in gate.inputs]
    shapes = [recording.wires[w].shape for w in gate.inputs]
    ups = [f"∂{names[o]}" for o in gate.outputs if recording.wires[o].gradient is not None]
    up = ups[0] if len(ups) == 1 else f"({', '.join(ups)})"
    text = _passed_back(gate, position, args, names[gate.outputs[0]], up)
    result = recording.wires[gate.outputs[0]].shape
    name = gate.card.name
    if (gate.card.family == "Elementwise" or (name == "affine" and position == 2)) and shapes[
        position
    ] != result:
        text = f"sum of {text} over the broadcast axes"
    return f"∂{args[position]}{f'|{path}' if path else ''} = {text}"


def _passed_back(gate: Gate, position: int, args: Sequence[str], y: str, up: str) -> str:
    name, attrs = gate.card.name, gate.attrs
    plain_product = name == "matmul" and not (attrs["transpose_a"] or attrs["transpose_b"])
    if plain_product or (name == "affine" and position < 2):
        return f"{up} @ transpose({args[1]})" if position == 0 else f"transpose({args[0]}) @ {up}"
    if name in _PASSED_ON or (name, position) == ("subtract", 0):
        return up
    if name == "negative" or (name, position) == ("subtract", 1):
        return f"-{up}"
    if name == "multiply":
        return f"{args[1 - position]} * {up}"
    if name == "real_div":
        return f"{up} / {args[1]}" if position == 0 else f"-{args[0]} / {args[1]}**2 * {up}"
    if name == "reduce_sum":
        return f"{up}, repeated"
    if name == "reduce_mean":
        return f"{up} / n, repeated"
    if gate.card.family in ("Movement", "Gather"):
        return f"{up}, moved back"
    if gate.card.family == "Elementwise" and len(args) == 1:
        return f"{name}'({args[0]}) * {up}"
    return f"{up} through {gate.title}"
