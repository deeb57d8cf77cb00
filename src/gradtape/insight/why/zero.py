"""Why a gradient is there and zero: where on the way back the numbers became zero."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradtape.base.quiet import quiet
from gradtape.insight.reading import CALLS
from gradtape.insight.why.case import Case
from gradtape.insight.why.ends import at_gate
from gradtape.insight.why.lost import lost_at
from gradtape.insight.why.nonfinite import not_finite
from gradtape.insight.why.reason import Reason, at, called, line_of, operand_of, quoted

DEAD = ("relu", "relu6", "maximum", "minimum", "clip_by_value")
SATURATING = (
    "sigmoid", "tanh", "softmax", "log_softmax", "erf", "erfc", "elu", "selu", "silu", "softsign", "softplus",
    "log_sigmoid", "softmax_cross_entropy_with_logits", "sparse_softmax_cross_entropy_with_logits",
    "sigmoid_cross_entropy_with_logits", "exp", "reduce_logsumexp", "atan",
)  # fmt: skip
PRODUCTS = (
    "multiply",
    "matmul",
    "affine",
    "gemm",
    "einsum",
    "conv",
    "real_div",
    "mul_no_nan",
    "reduce_prod",
    "pow",
)
CHOOSING = (
    "where", "gather", "gather_nd", "strided_slice", "slice", "boolean_mask", "split", "unstack", "reduce_max",
    "reduce_min", "max_pool", "max_pool_with_argmax", "top_k", "take_last", "tensor_scatter_nd_update", "concat", "pad",
    "segment_max", "segment_min", "dynamic_partition", "stack",
)  # fmt: skip
JOINING = ("concat", "stack", "pad")
_SMALL = 1e-6  # a derivative below is flat


@dataclass(frozen=True, eq=False)
class Stop:
    """The gate at which a cotangent `g` that is not zero becomes the zeros `part`, at input `position`."""

    gate: int
    position: int
    g: np.ndarray
    part: np.ndarray


def zero(case: Case) -> Reason:
    """The reason of a gradient of zeros."""
    stops = _stops(case, _all_zero)
    cancelled = _cancelled(case)
    if stops and (cancelled is None or stops[0].gate >= cancelled[0]):
        return _reason(case, stops[0], len(stops))
    if cancelled is not None:
        return cancelled[1]
    lost = lost_at(case.net, case.ends, case.sources)
    if lost:  # in the branch that a traced function took
        return replace(at_gate(case, lost[0], len(lost)), gradient="zero")
    return case.reason("flat", f"The gradient of {case.shown_target} by {case.shown} is 0 here.")


def vanished(case: Case, gradient: np.ndarray) -> Reason | None:
    """The reason of a gradient that a flat function has made tiny; None where no such function lies on the way."""
    stops = [s for s in _stops(case, _nearly) if case.net.gates[s.gate][0].name in SATURATING]
    return (
        _saturated(case, stops[0], f"nearly 0 (at most {np.abs(gradient).max():.1g})")
        if stops
        else None
    )


def dead_units(case: Case) -> str:
    """A sentence about units that pass nothing on, where others do; "" where there are none."""
    for index in reversed(range(len(case.net.gates))):
        card, _, _, outputs, _, _ = case.net.gates[index]
        if card.name not in DEAD or case.on_path.isdisjoint(outputs):
            continue
        part = case.pulled[1][index][0]
        g = case.pulled[0].get(outputs[0])
        if part is None or g is None or part.ndim < 2:
            continue
        axes = tuple(range(part.ndim - 1))
        dead = np.flatnonzero(~part.any(axis=axes) & np.asarray(g).any(axis=axes))
        if len(dead):
            which = ", ".join(map(str, dead[:8])) + (", ..." if len(dead) > 8 else "")
            place = at(case.net.place(index))
            return f"{called(card)}{place} passes nothing on for {len(dead)} of {part.shape[-1]} units ({which})."
    return ""


def _all_zero(g: np.ndarray, part: np.ndarray) -> bool:
    return bool(g.any()) and not part.any()


def _nearly(g: np.ndarray, part: np.ndarray) -> bool:
    return bool(g.any()) and float(np.abs(part).max(initial=0)) <= _SMALL * float(np.abs(g).max())


def _stops(case: Case, holds: Any) -> list[Stop]:
    """The gates on the way, those nearest to the target first, at which numbers become zeros."""
    net, on_path = case.net, case.on_path
    found, parts = case.pulled
    stops: list[Stop] = []
    for index in reversed(range(len(net.gates))):
        _, _, inputs, outputs, _, _ = net.gates[index]
        gs = [found[s] for s in outputs if s in on_path and s in found]
        if not gs or not parts[index]:
            continue
        g = next((g for g in gs if np.any(g)), gs[0])
        for position, slot in enumerate(inputs):
            part = parts[index][position]
            if slot in on_path and part is not None and holds(np.asarray(g), np.asarray(part)):
                stops.append(Stop(index, position, np.asarray(g), np.asarray(part)))
    return stops


def _cancelled(case: Case) -> tuple[int, Reason] | None:
    """The value whose gradient is a sum of parts that cancel, with the last gate of them."""
    net, (found, parts) = case.net, case.pulled
    adding: dict[int, list[int]] = {}
    for index, (_, _, inputs, _, _, _) in enumerate(net.gates):
        for position, slot in enumerate(inputs):
            part = parts[index][position] if parts[index] else None
            if part is not None and np.any(part) and slot in case.on_path:
                adding.setdefault(net.wire_of[slot], []).append(index)
    best = None
    for wire, gates in adding.items():
        total = sum(np.asarray(found[s]) for s in net.slots[wire] if s in found)
        if len(gates) > 1 and not np.any(total) and (best is None or gates[-1] > best[0]):
            best = gates[-1], gates, wire
    if best is None:
        return None
    last, gates, wire = best
    places = list(dict.fromkeys([net.place(i) for i in gates]))
    lines = " and ".join(dict.fromkeys([line_of(p) for p in places if p is not None]))
    owner = net.owners[wire]
    name = quoted(case.here.name_of(owner) if owner is not None else "", "an intermediate value")
    message = f"The parts of the gradient by {name} that come from {lines} cancel: they add up to exactly 0."
    fix = "look at the signs of the terms: what one adds, the other takes away."
    card = net.gates[last][0]
    return last, case.reason("cancelled", message, fix, op=card.tf_name, place=places[-1],
                             data={"places": tuple(places)})  # fmt: skip


def _reason(case: Case, stop: Stop, ways: int) -> Reason:
    card, _, inputs, _, _, _ = case.net.gates[stop.gate]
    name = card.name
    if not stop.part.size or any(case.net.values[s].size == 0 for s in inputs):
        return _empty(case, stop)
    if name in DEAD:
        return _dead(case, stop)
    if name in SATURATING:
        if "softmax" in name and _even(stop):
            return _softmax_sum(case, stop)
        return _saturated(case, stop, "0")
    if name in CHOOSING:
        return _not_chosen(case, stop)
    if _sums_out(case, stop):
        message = (
            f"What comes back through {_shown(case, stop)} adds up to exactly 0: its parts cancel."
        )
        return _told(case, stop, "cancelled", message, "look at the signs of what is added there.")
    if name in PRODUCTS or "conv" in name:
        found = _times_zero(case, stop)
        if found is not None:
            return found
    if _in_float64(case, stop):
        dtype = stop.part.dtype.name
        message = f"{_shown(case, stop)} gives numbers too small for {dtype}: they become 0."
        return _told(case, stop, "underflow", message, "use float64, or scale the values up.")
    return _flat(case, stop)


def _told(case: Case, stop: Stop, code: str, message: str, fix: str, **data: Any) -> Reason:
    card, _, inputs, _, _, _ = case.net.gates[stop.gate]
    bad = not_finite(case, inputs[stop.position])
    if bad is not None:
        message += f" Its input is not finite. {bad.message}"
    place = case.net.place(stop.gate)
    return case.reason(code, message, fix, op=card.tf_name, place=place, data=data)


def _dead_behind(case: Case, slot: int) -> Stop | None:
    """The relu (or bound) that made a value 0 everywhere, and passes nothing on: back along zeros."""
    net = case.net
    if np.any(net.values[slot]):
        return None
    makers = {s: index for index, gate in enumerate(net.gates) for s in gate[3]}
    while (gate := makers.get(slot)) is not None and net.gates[gate][1] is not None:
        card, _, inputs, _, _, _ = net.gates[gate]
        if card.name in DEAD:
            one = np.ones_like(net.values[slot])
            part = net.given_back(gate, 0, one)
            if part is not None and not part.any():
                return Stop(gate, 0, one, part)
        zeros = [s for s in inputs if net.floating(s) and not np.any(net.values[s])]
        if not zeros:
            return None
        slot = zeros[0]
    return None


def _empty(case: Case, stop: Stop) -> Reason:
    _, _, inputs, _, _, _ = case.net.gates[stop.gate]
    value = next(v for v in [case.net.values[s] for s in inputs] if not v.size)
    message = (
        f"{_shown(case, stop)} works on no numbers: its operand has the shape {value.shape}, so that nothing comes "
        "back."
    )
    fix = "look at how the data is cut into batches: this one is empty."
    return _told(case, stop, "flat", message, fix, shape=value.shape)


def _dead(case: Case, stop: Stop) -> Reason:
    net = case.net
    card, _, inputs, _, _, _ = net.gates[stop.gate]
    x = net.values[inputs[stop.position]]
    total = int(np.count_nonzero(stop.g)) if stop.g.shape == x.shape else x.size
    units = x.shape[-1] if x.ndim > 1 else x.size
    plural = "units" if x.ndim > 1 else "elements"
    what = f"all {units} {plural}"
    low, high = float(x.min()), float(x.max())
    span = f"{high:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
    if card.name in ("relu", "relu6") and high <= 0:
        why = f"{what} are at or below 0" if units > 1 else "the unit is at or below 0"
        fix = "start with smaller or other weights, a lower learning rate, or use tf.nn.leaky_relu."
    elif card.name in ("maximum", "minimum"):
        why = "the other argument wins everywhere"
        fix = f"look at the values before tf.{card.name}, or use a smooth one such as tf.nn.softplus or leaky_relu."
    else:
        why = (
            f"{what} lie outside of the bounds"
            if units > 1
            else "the value lies outside of the bounds"
        )
        fix = f"keep the values inside of the bounds of {called(card)}, or widen them."
    to = _operand(case, stop)
    message = (
        f"{_shown(case, stop)} passes nothing on{f' to `{to}`' if to else ''}: {why} (the input is "
        f"{span})."
    )
    dead = tuple(range(units))
    return _told(case, stop, "dead_unit", message, fix, dead=dead, units=units, elements=total)


def _saturated(case: Case, stop: Stop, size: str) -> Reason:
    net = case.net
    card, _, inputs, _, _, _ = net.gates[stop.gate]
    x = net.values[inputs[stop.position]]
    low, high = float(x.min()), float(x.max())
    span = f"{high:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
    message = (
        f"{_shown(case, stop)} is saturated: its input is {span}, where it is flat, and the "
        f"gradient is {size}."
    )
    fix = "make its input smaller: scale the data, start with smaller weights, or normalise before it."
    if "softmax" in card.name or "cross_entropy" in card.name:
        fix = "make the logits smaller, or compute the loss from logits (from_logits=True)."
    return _told(case, stop, "saturated", message, fix, low=low, high=high)


def _even(stop: Stop) -> bool:
    """Whether all that comes back along the last axis is the same."""
    g = stop.g
    return bool(g.ndim and np.all(g == g[..., :1]))


def _softmax_sum(case: Case, stop: Stop) -> Reason:
    message = (
        f"The entries of {_shown(case, stop)} always add up to 1: weighted alike, as in a sum, they do not "
        "change."
    )
    fix = "use single entries: pick one with tf.gather, or compare with labels in a cross-entropy loss."
    return _told(case, stop, "cancelled", message, fix)


def _chooser(case: Case, stop: Stop) -> Stop:
    """The gate that chooses: after values were joined, the one that then picks some of them."""
    net = case.net
    if net.gates[stop.gate][0].name not in JOINING:
        return stop
    after = net.reached(net.gates[stop.gate][3]) & case.on_path
    for index in range(stop.gate + 1, len(net.gates)):
        card, _, inputs, _, _, _ = net.gates[index]
        position = next((i for i, s in enumerate(inputs) if s in after), None)
        if card.name in CHOOSING and card.name not in JOINING and position is not None:
            return Stop(index, position, stop.g, stop.part)
    return stop


def _not_chosen(case: Case, stop: Stop) -> Reason:
    stop = _chooser(case, stop)
    card = case.net.gates[stop.gate][0]
    operand = _operand(case, stop)
    what = quoted(operand, "this input")
    if card.name == "where":
        branch = "True" if stop.position == 2 else "False"
        message = f"{_shown(case, stop)} takes nothing of {what}: its condition is {branch} at all elements."
        fix = "look at the condition: the other branch is taken everywhere."
    else:
        message = (
            f"{_shown(case, stop)} picks other elements than those that {case.shown} goes into."
        )
        fix = "look at the indices, or use all elements."
    return _told(case, stop, "not_chosen", message, fix)


def _sums_out(case: Case, stop: Stop) -> bool:
    """Whether it is the sum over broadcast axes that is zero."""
    card = case.net.gates[stop.gate][0]
    if card.multi or stop.part.size >= stop.g.size or card.family != "Elementwise":
        return False
    found = case.net.given_back(stop.gate, stop.position, stop.g)
    return found is not None and bool(np.any(found))


def _times_zero(case: Case, stop: Stop) -> Reason | None:
    card, _, inputs, _, _, _ = case.net.gates[stop.gate]
    xs = [case.net.values[s] for s in inputs]
    others = [i for i in range(len(xs)) if i != stop.position]
    if len(others) and all(inputs[i] == inputs[stop.position] for i in others):
        return _flat(case, stop)
    zeros = [i for i in others if xs[i].size and not np.any(xs[i])]
    if zeros:
        i = zeros[0]
        dead = _dead_behind(case, inputs[i])
        if dead is not None:
            return _dead(case, dead)
        name = operand_of(card, case.net.place(stop.gate), i)
        what = f"`{name}`, which is 0 everywhere" if name else "zeros"
        message = f"{_shown(case, stop)} multiplies by {what}."
        fix = f"look at where {quoted(name, 'the factor')} comes from: it must not be all zeros."
        return _told(case, stop, "times_zero", message, fix, operand=i)
    if card.multi:
        return None
    sizes = [np.abs(x) if x.dtype.kind == "f" else x for x in xs]
    found = case.net.given_back(stop.gate, stop.position, np.abs(stop.g), sizes)
    if found is None:
        return None
    if card.family == "Contraction" and np.any(found):
        message = f"The products that {_shown(case, stop)} adds up on the way back cancel exactly."
        return _told(case, stop, "cancelled", message, "look at the signs of what is added there.")
    if not np.any(found) and not _in_float64(case, stop):
        message = f"{_shown(case, stop)} multiplies by 0 wherever a gradient comes back."
        return _told(
            case, stop, "times_zero", message, "look at the mask or factor: it must not be 0 there."
        )
    return None


def _in_float64(case: Case, stop: Stop) -> bool:
    """Whether the same step in float64 gives numbers that are not zero."""
    card, attrs, inputs, _, _, _ = case.net.gates[stop.gate]
    xs = [case.net.values[s] for s in inputs]
    if card.family not in ("Elementwise", "Contraction", "Reduce") or card.multi:
        return False
    if any(x.dtype.kind != "f" for x in (*xs, stop.g)) or stop.g.dtype == np.float64:
        return False
    with quiet():
        wide = [x.astype(np.float64) for x in xs]
        y = np.asarray(card.kernel(*wide, **attrs))
    g = stop.g.astype(np.float64)
    found = case.net.given_back(stop.gate, stop.position, g, wide, y)
    return found is not None and bool(np.any(found))


def _flat(case: Case, stop: Stop) -> Reason:
    net = case.net
    card, _, inputs, _, _, _ = net.gates[stop.gate]
    x = net.values[inputs[stop.position]]
    dead = _dead_behind(case, inputs[stop.position])
    if dead is not None:
        return _dead(case, dead)
    if card.name in CALLS:
        message = (
            f"{_shown(case, stop)} gives back 0. It is not looked into: it draws, or calls Python."
        )
        fix = "ask without tf.function (gradtape.config.functions_eagerly = True), which shows the line."
        return _told(case, stop, "flat", message, fix)
    single = x.size == 1 and x.dtype.kind == "f"
    value = f" (its input is {float(x.reshape(-1)[0]):.3g})" if single else ""
    message = f"{_shown(case, stop)} is flat here{value}: its derivative is 0."
    fix = "start from another point; the derivative is 0 at this one."
    if card.name == "sign":
        message = f"{_shown(case, stop)} is a step: its derivative is 0 everywhere."
        fix = "use tf.tanh, or another smooth function."
    return _told(case, stop, "flat", message, fix)


def _shown(case: Case, stop: Stop) -> str:
    return f"{called(case.net.gates[stop.gate][0])}{at(case.net.place(stop.gate))}"


def _operand(case: Case, stop: Stop) -> str:
    gate = case.net.gates[stop.gate]
    return operand_of(gate[0], case.net.place(stop.gate), stop.position)
