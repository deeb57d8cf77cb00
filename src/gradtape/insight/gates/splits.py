"""How each operation on tensors becomes gates on numbers.

A rule takes the draft and the gate, and puts the wires of the output's numbers; it gives False where the gate is better
kept in one piece: then nothing may have been put.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.base.dtypes import DIFFERENTIABLE
from gradtape.insight.gates.draft import Draft, Rule
from gradtape.insight.gates.folds import FOLDS, reaches
from gradtape.insight.gates.linear import moved, weighted
from gradtape.insight.gates.products import PRODUCTS
from gradtape.insight.recording import Gate


def split(draft: Draft, gate: Gate) -> None:
    """Take a gate apart, or keep it."""
    wires = draft.recording.wires
    if draft.fixed.issuperset(gate.inputs):
        _fix(draft, gate)
        return
    card = gate.card
    empty = any(not wires[w].value.size for w in (*gate.inputs, *gate.outputs))
    if empty and card.family not in ("Movement", "Gather"):
        draft.kept(gate)
        return
    if card.family == "Elementwise" or card.name not in draft.keep:
        rule = RULES.get(card.name)
        if rule is None and card.family in ("Movement", "Gather"):
            rule = _linear
        if rule is not None:
            if rule(draft, gate):
                return
        elif card.family == "Elementwise":
            _each(draft, gate)
            return
    if all(wires[o].dtype not in DIFFERENTIABLE for o in gate.outputs):
        _fix(draft, gate)
        draft.notes[f"The result of {card.name} is taken as it is: it has no derivative."] = None
        return
    if card.name not in draft.keep:
        draft.notes[f"{card.name} is one gate on whole tensors: it is not taken apart."] = None
    draft.kept(gate)


def _fix(draft: Draft, gate: Gate) -> None:
    """What is computed from constants is a constant."""
    for o in gate.outputs:
        draft.fixed.add(o)
        draft.ids[o] = draft.new(o, draft.recording.wires[o].value, "constant")


def _each(draft: Draft, gate: Gate) -> bool:
    """Entry by entry, the inputs broadcast."""
    make = None if gate.card.name in draft.keep else PARTS.get(gate.card.name)

    def of_one(*numbers: int) -> int:
        found = make(draft, *numbers) if make is not None else None
        return draft.gate_of(gate.card, numbers, gate.attrs) if found is None else found

    return _map(draft, gate, of_one)


def _map(draft: Draft, gate: Gate, of_one: Callable[..., int]) -> bool:
    inputs = np.broadcast_arrays(*draft.inputs_of(gate))
    draft.room_for(inputs[0].size)
    made = [of_one(*map(int, numbers)) for numbers in zip(*[i.reshape(-1) for i in inputs])]
    draft.put(gate.outputs[0], np.array(made, np.int64).reshape(inputs[0].shape))
    return True


# Elementwise functions in parts ------------------------------------------------------------------------------------


def _sigmoid(draft: Draft, x: int) -> int | None:
    if draft.values[x].dtype.kind != "f" or "sigmoid" in draft.keep:
        return None
    if not reaches(draft, x):
        draft.notes["sigmoid of a large number is one gate: its parts would overflow."] = None
        return None
    e = draft.gate("exp", draft.gate("negative", x))
    return draft.gate("reciprocal", draft.gate("add", e, draft.constant(1, e)))


def _silu(draft: Draft, x: int, beta: int) -> int | None:
    plain = draft.kinds[beta] == "constant" and draft.values[beta] == 1
    scaled = x if plain else draft.gate("multiply", beta, x)
    s = _sigmoid(draft, scaled)
    return draft.gate("multiply", x, draft.gate("sigmoid", scaled) if s is None else s)


def _squared_difference(draft: Draft, x: int, y: int) -> int:
    return draft.gate("square", draft.gate("subtract", x, y))


def _sigmoid_cross_entropy(draft: Draft, x: int, label: int) -> int:
    return draft.gate(
        "subtract", draft.gate("softplus", x), draft.gate("multiply", x, label)
    )  # max(x, 0) and |x| of the kernel have kinks that cancel


PARTS: dict[str, Callable[..., int | None]] = {
    "sigmoid": _sigmoid,
    "silu": _silu,
    "squared_difference": _squared_difference,
    "sigmoid_cross_entropy_with_logits": _sigmoid_cross_entropy,
}


# What moves or adds ------------------------------------------------------------------------------------------------


def _linear(draft: Draft, gate: Gate) -> bool:
    """Movements are no gates; sums of entries with fixed weights are sums."""
    if gate.card.name == "stop_gradient":
        return _each(draft, gate)
    wires = draft.recording.wires
    if all(wires[o].dtype not in DIFFERENTIABLE for o in gate.outputs):
        return False
    if gate.card.name in _NOT_LINEAR or gate.card.vjp is None:
        return False
    floating = [i for i, w in enumerate(gate.inputs) if wires[w].dtype in DIFFERENTIABLE]
    ids = [draft.entries(gate.inputs[i]) for i in floating]
    values = [wires[w].value for w in gate.inputs]
    results = [wires[o].value for o in gate.outputs]
    found = moved(gate.card, gate.attrs, values, floating, ids, results)
    if found is None:
        return _weighted(draft, gate, values, floating, ids, results)
    for o, picked in zip(gate.outputs, found):
        made = [
            k if k >= 0 else draft.wire("constant", v)
            for k, v in zip(picked.reshape(-1).tolist(), wires[o].value.reshape(-1))
        ]
        draft.put(o, np.array(made, np.int64).reshape(picked.shape))
    return True


def _weighted(
    draft: Draft, gate: Gate, values: list[Any], floating: list[int], ids: list[np.ndarray],
    results: list[np.ndarray],
) -> bool:  # fmt: skip
    draft.room_for(sum(r.size for r in results))
    found = weighted(gate.card, gate.attrs, values, floating, results)
    if found is None:
        return False
    numbers = np.concatenate([i.reshape(-1) for i in ids])
    for o, (offset, weights) in zip(gate.outputs, found):
        result = draft.recording.wires[o]
        made = []
        for start, row in zip(offset, weights):
            terms = []
            for k in np.flatnonzero(row).tolist():
                n = int(numbers[k])
                w = row[k]
                terms.append(n if w == 1 else draft.gate("multiply", n, draft.constant(w, n)))
            if start or not terms:
                terms.append(draft.wire("constant", np.asarray(start, result.dtype)))
            made.append(draft.total(terms))
        draft.put(o, np.array(made, np.int64).reshape(result.shape))
    return True


_NOT_LINEAR = frozenset({"tensor_scatter_nd_max", "tensor_scatter_nd_min"})


_ADDING = (
    "cumsum", "avg_pool", "avg_pool_grad", "segment_sum", "segment_mean", "segment_gather", "take_last", "put_last",
    "bias_add",
)  # fmt: skip

RULES: dict[str, Rule] = {**PRODUCTS, **FOLDS, **dict.fromkeys(_ADDING, _linear)}
