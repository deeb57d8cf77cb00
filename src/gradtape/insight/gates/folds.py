"""Reductions taken apart, and what is made of them: softmax, its losses, pooling, running products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.core.card import REGISTRY
from gradtape.insight.gates.draft import Draft, Rule
from gradtape.insight.gates.linear import weighted
from gradtape.insight.recording import Gate


def reaches(draft: Draft, *numbers: int) -> bool:
    """Whether the exponentials of the numbers and their squares are far from the ends of the dtype's range."""
    most = float(np.log(np.finfo(draft.values[numbers[0]].dtype).max)) / 2.5
    return all(abs(float(draft.values[n])) < most for n in numbers)


def _folds(draft: Draft, gate: Gate) -> list[list[int]]:
    """The numbers that each number of the output is made of."""
    x = draft.inputs_of(gate)[0]
    axis = gate.attrs.get("axis", tuple(range(x.ndim)))
    rest = [a for a in range(x.ndim) if a not in axis]
    rows = x.transpose(*rest, *axis).reshape(-1, int(np.prod([x.shape[a] for a in axis])))
    return rows.tolist()


def _reduction(of_one: Callable[[Draft, list[int]], int | None]) -> Rule:
    def rule(draft: Draft, gate: Gate) -> bool:
        wire = draft.recording.wires[gate.outputs[0]]
        rows = _folds(draft, gate)
        if not rows or not rows[0]:
            return False
        draft.room_for(len(rows))
        before = len(draft.gates)
        made = []
        for row in rows:
            one = of_one(draft, row)
            if one is None:
                del draft.gates[before:]
                return False
            made.append(one)
        draft.put(gate.outputs[0], np.array(made, np.int64).reshape(wire.shape))
        return True

    return rule


def _mean(draft: Draft, row: list[int]) -> int:
    s = draft.total(row)
    return s if len(row) == 1 else draft.gate("real_div", s, draft.constant(len(row), s))


def _chain(name: str) -> Callable[[Draft, list[int]], int]:
    def of_one(draft: Draft, row: list[int]) -> int:
        total = row[0]
        for number in row[1:]:
            total = draft.gate(name, total, number)
        return total

    return of_one


def _extreme(name: str) -> Callable[[Draft, list[int]], int | None]:
    """The largest, pair by pair; not where several are the largest: they share the derivative evenly."""
    chain = _chain(name)

    def of_one(draft: Draft, row: list[int]) -> int | None:
        values = [float(draft.values[n]) for n in row]
        best = max(values) if name == "maximum" else min(values)
        return chain(draft, row) if values.count(best) == 1 else None

    return of_one


def _norm(draft: Draft, row: list[int]) -> int | None:
    if not any(float(draft.values[n]) for n in row) or draft.values[row[0]].dtype.kind == "c":
        return None
    return draft.gate("sqrt", draft.total([draft.gate("square", n) for n in row]))


def _half_square(draft: Draft, row: list[int]) -> int:
    s = draft.total([draft.gate("square", n) for n in row])
    return draft.gate("real_div", s, draft.constant(2, s))


def _exponentials(draft: Draft, row: list[int]) -> tuple[list[int], int | None]:
    """exp of each number; of large ones less the largest, which is given too."""
    if reaches(draft, *row):
        return [draft.gate("exp", n) for n in row], None
    top = draft.constant(max(float(draft.values[n]) for n in row), row[0])
    draft.notes[
        "Of large logits the largest is taken away first: it changes no result, only the size of the exponentials."
    ] = None
    return [draft.gate("exp", draft.gate("subtract", n, top)) for n in row], top


def _log_total(draft: Draft, row: list[int]) -> int:
    e, top = _exponentials(draft, row)
    y = draft.gate("log", draft.total(e))
    return y if top is None else draft.gate("add", y, top)


# Softmax and its losses --------------------------------------------------------------------------------------------


def _finite(draft: Draft, row: Any) -> bool:
    return all(np.isfinite(draft.values[int(n)]) for n in row)


def _rows(draft: Draft, wire: int, axis: int) -> tuple[np.ndarray, tuple[int, ...]]:
    x = np.moveaxis(draft.entries(wire), axis, -1)
    return x.reshape(-1, x.shape[-1]), x.shape


def _softmax(draft: Draft, gate: Gate) -> bool:
    axis = gate.attrs["axis"]
    rows, shape = _rows(draft, gate.inputs[0], axis)
    if not rows.size or not _finite(draft, rows.reshape(-1)):
        return False
    draft.room_for(2 * rows.size)
    made = []
    for row in rows.tolist():
        if gate.card.name == "log_softmax":
            y = _log_total(draft, row)
            made.append([draft.gate("subtract", n, y) for n in row])
        else:
            e, _ = _exponentials(draft, row)
            s = draft.total(e)
            made.append([draft.gate("real_div", n, s) for n in e])
    draft.put(gate.outputs[0], np.moveaxis(np.array(made, np.int64).reshape(shape), -1, axis))
    return True


def _slope_used(draft: Draft, gate: Gate) -> bool:
    slope = gate.outputs[1]
    return bool(draft.recording.uses(slope)) or slope in draft.recording.targets


def _sparse_softmax_loss(draft: Draft, gate: Gate) -> bool:
    rows, _ = _rows(draft, gate.inputs[0], -1)
    labels = draft.recording.wires[gate.inputs[1]].value
    if _slope_used(draft, gate) or not rows.size or not _finite(draft, rows.reshape(-1)):
        return False
    draft.room_for(rows.size)
    made = [
        draft.gate("subtract", _log_total(draft, row), row[label])
        for row, label in zip(rows.tolist(), labels.reshape(-1).tolist())
    ]
    draft.put(gate.outputs[0], np.array(made, np.int64).reshape(labels.shape))
    return True


def _softmax_loss(draft: Draft, gate: Gate) -> bool:
    """Labels that are not constants, or do not sum to 1, have a derivative that the parts do not have."""
    logits, labels = (draft.entries(i) for i in gate.inputs)
    values = draft.recording.wires[gate.inputs[1]].value
    if _slope_used(draft, gate) or gate.inputs[1] not in draft.fixed or not logits.size:
        return False
    axis = gate.attrs["axis"]
    values = np.moveaxis(np.broadcast_to(values, logits.shape), axis, -1)
    if not np.allclose(values.sum(-1), 1, atol=1e-5) or not _finite(draft, logits.reshape(-1)):
        return False
    x = np.moveaxis(logits, axis, -1)
    t = np.moveaxis(np.broadcast_to(labels, logits.shape), axis, -1)
    draft.room_for(2 * x.size)
    made = []
    for index in np.ndindex(*x.shape[:-1]):
        y = _log_total(draft, x[index].tolist())
        terms = []
        for n, label in zip(x[index].tolist(), t[index].tolist()):
            share = float(draft.values[label])
            if share:
                term = draft.gate("subtract", y, n)
                terms.append(term if share == 1 else draft.gate("multiply", label, term))
        made.append(draft.total(terms))
    draft.put(gate.outputs[0], np.array(made, np.int64).reshape(x.shape[:-1]))
    return True


def _max_pool(draft: Draft, gate: Gate) -> bool:
    """The largest of each window; not where several are the largest."""
    wires = draft.recording.wires
    ids, x, y = draft.entries(gate.inputs[0]), wires[gate.inputs[0]].value, wires[gate.outputs[0]]
    draft.room_for(y.value.size)
    windows = weighted(REGISTRY["avg_pool"], gate.attrs, [x], [0], [y.value], check=False)
    if windows is None:
        return False
    flat, chain = ids.reshape(-1), _extreme("maximum")
    before, made = len(draft.gates), []
    for row in windows[0][1]:
        one = chain(draft, flat[np.flatnonzero(row)].tolist())
        if one is None:
            del draft.gates[before:]
            return False
        made.append(one)
    draft.put(gate.outputs[0], np.array(made, np.int64).reshape(y.shape))
    return True


def _batch_norm(draft: Draft, gate: Gate) -> bool:
    """Per channel: mean, distances from it, their mean square, 1/sqrt, scale and offset."""
    wires = draft.recording.wires
    x, scale, offset = draft.inputs_of(gate)
    if wires[gate.inputs[0]].dtype.itemsize < 4:
        return False
    rows = np.moveaxis(x, gate.attrs["channels"], 0)
    shape, rows = rows.shape, rows.reshape(x.shape[gate.attrs["channels"]], -1)
    n = rows.shape[1]
    draft.room_for(rows.size * 4)
    made, means, variances = [], [], []
    for row, factor, shift in zip(rows.tolist(), scale.tolist(), offset.tolist()):
        means.append(_mean(draft, row))
        centred = [draft.gate("subtract", k, means[-1]) for k in row]
        variance = _mean(draft, [draft.gate("square", k) for k in centred])
        shifted = draft.gate("add", variance, draft.constant(gate.attrs["epsilon"], variance))
        factor = draft.gate("multiply", factor, draft.gate("rsqrt", shifted))
        made.append([draft.gate("add", draft.gate("multiply", k, factor), shift) for k in centred])
        more = draft.constant(n / max(n - 1, 1), variance)
        variances.append(draft.gate("multiply", variance, more))
    y = np.moveaxis(np.array(made, np.int64).reshape(shape), 0, gate.attrs["channels"])
    for wire, ids in zip(gate.outputs, (y, np.array(means), np.array(variances))):
        draft.put(wire, ids)
    return True


def _cumprod(draft: Draft, gate: Gate) -> bool:
    axis, backwards = gate.attrs["axis"], gate.attrs["reverse"]
    rows, shape = _rows(draft, gate.inputs[0], axis)
    draft.room_for(rows.size)
    made = []
    for row in rows.tolist():
        line = row[::-1] if backwards else row
        if gate.attrs["exclusive"]:
            line = [draft.constant(1, line[0]), *line[:-1]]
        total = line[:1]
        for n in line[1:]:
            total.append(draft.gate("multiply", total[-1], n))
        made.append(total[::-1] if backwards else total)
    draft.put(gate.outputs[0], np.moveaxis(np.array(made, np.int64).reshape(shape), -1, axis))
    return True


FOLDS: dict[str, Rule] = {
    "reduce_sum": _reduction(lambda draft, row: draft.total(row)),
    "reduce_mean": _reduction(_mean),
    "reduce_prod": _reduction(_chain("multiply")),
    "reduce_max": _reduction(_extreme("maximum")),
    "reduce_min": _reduction(_extreme("minimum")),
    "reduce_euclidean_norm": _reduction(_norm),
    "reduce_logsumexp": _reduction(
        lambda draft, row: _log_total(draft, row) if _finite(draft, row) else None
    ),
    "l2_loss": _reduction(_half_square),
    "softmax": _softmax,
    "log_softmax": _softmax,
    "sparse_softmax_cross_entropy_with_logits": _sparse_softmax_loss,
    "softmax_cross_entropy_with_logits": _softmax_loss,
    "max_pool": _max_pool,
    "cumprod": _cumprod,
    "fused_batch_norm": _batch_norm,
}
