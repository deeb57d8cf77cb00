"""Why a gradient is not finite: the first value that is not, forward first, then backward."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.insight.source import spelling_of
from gradtape.insight.why.case import Case
from gradtape.insight.why.reason import Reason, at, called, operand_of, quoted

_SINGULAR = ("log", "log1p", "real_div", "reciprocal", "rsqrt", "pow", "atanh", "digamma", "lgamma", "xlogy",
             "xlog1py", "xdivy", "floor_mod", "erfinv", "ndtri", "zeta", "polygamma", "expint")  # fmt: skip
_FIXES = {
    "exp": "keep the argument small: subtract the maximum first, or use tf.nn.softmax or tf.reduce_logsumexp.",
    "log": "keep the argument above 0: tf.math.log(x + 1e-7), or a loss from logits (from_logits=True).",
    "real_div": "keep the divisor away from 0: add a small number to it, or use tf.math.divide_no_nan.",
    "reciprocal": "keep the argument away from 0: add a small number to it.",
    "rsqrt": "add a small number under the root: tf.math.rsqrt(x + 1e-7).",
    "sqrt": "keep the argument above 0: tf.sqrt(x + 1e-7).",
    "pow": "keep the base above 0, or the exponent at 1 or above.",
    "asin": "keep the argument between -1 and 1: tf.clip_by_value(x, -0.999, 0.999).",
    "acos": "keep the argument between -1 and 1: tf.clip_by_value(x, -0.999, 0.999).",
    "norm": "keep it away from the zero vector: tf.sqrt(tf.reduce_sum(x * x) + 1e-12).",
}
_LARGE = "make the values smaller (a lower learning rate, scaled data), or use float64."


def nonfinite(case: Case, gradient: np.ndarray) -> Reason:
    """The reason of a gradient with inf or nan."""
    for slot in case.floating_ends:
        if _bad(case.net.values[slot]).any():
            return _forward(case, slot)
    return _backward(case) or case.reason("overflow", "The gradient is not finite.", _LARGE)


def not_finite(case: Case, slot: int) -> Reason | None:
    """The reason of a value that is not finite; None where it is."""
    value = case.net.values[slot]
    return _forward(case, slot) if value is not None and _bad(value).any() else None


def _bad(value: Any) -> np.ndarray:
    value = np.asarray(value)
    return ~np.isfinite(value) if value.dtype.kind in "fc" else np.zeros(value.shape, bool)


# --- forward ---


def _forward(case: Case, slot: int) -> Reason:
    """Back from a value that is not finite to the operation that made it of finite ones."""
    net = case.net
    makers = {s: index for index, gate in enumerate(net.gates) for s in gate[3]}
    while True:
        index = _first(_bad(net.values[slot]))
        maker = makers.get(slot)
        if maker is None or net.gates[maker][1] is None:
            return _given(case, slot, index)
        source = _guilty_input(net, maker, slot, index)
        if source is None:
            return _made(case, maker, slot, index)
        slot = source


def _first(bad: np.ndarray) -> tuple[int, ...]:
    found = np.argwhere(bad)
    return tuple(int(i) for i in found[0]) if len(found) else ()


def _guilty_input(net: Any, maker: int, slot: int, index: tuple[int, ...]) -> int | None:
    """The input that was not finite already; of a choice only the one that was chosen."""
    card, _, inputs, _, _, _ = net.gates[maker]
    shape = net.values[slot].shape
    for place, source in enumerate(inputs):
        value = net.values[source]
        if card.name == "where" and (
            place == 0 or bool(_entry(net.values[inputs[0]], shape, index)) != (place == 1)
        ):
            continue
        bad = _bad(value)
        if card.family == "Elementwise":
            bad = np.asarray(_entry(bad, shape, index))
        if bad.any():
            return source
    return None


def _entry(value: np.ndarray, shape: tuple[int, ...], index: tuple[int, ...]) -> Any:
    """The element that goes into element `index` of a result of that shape."""
    try:
        return np.broadcast_to(value, shape)[index]
    except (ValueError, IndexError):
        return value


def _given(case: Case, slot: int, index: tuple[int, ...]) -> Reason:
    net = case.net
    wire = net.wire_of[slot]
    owner = net.owners[wire]
    name = case.here.name_of(owner) if owner is not None else ""
    gate = next((i for i, g in enumerate(net.gates) if slot in g[2]), None)
    place = net.place(gate) if gate is not None else None
    if not name and gate is not None:
        position = net.gates[gate][2].index(slot)
        name = operand_of(net.gates[gate][0], place, position)
    binding = case.here.origin(owner, name) if name and owner is not None else None
    kind = {"variable": "The variable", "constant": "The constant"}.get(
        net.kinds[wire], "The input"
    )
    value = net.values[slot][index]
    named = f"{kind} {quoted(name, '')}".rstrip()
    message = f"{named} is not finite to begin with: it holds {_number(value)}{_at(index)}."
    fix = "look at where it comes from: a step that was too large, or data with gaps (tf.math.is_finite finds them)."
    told = binding.place if binding is not None else place
    return case.reason(
        "nonfinite_input", message, fix, place=told, data={"index": index, "phase": "forward"}
    )


def first_bad(card: Any, inputs: Sequence[np.ndarray], value: np.ndarray) -> str:
    """The first element of a result that is not finite, with its operands: "exp(120) = inf at element [2]"."""
    index = _first(_bad(value))
    operands = [_operand(card, x, value.shape, index) for x in inputs]
    return f"{_sum(card, operands, value[index])}{_at(index)}"


def _sum(card: Any, operands: Sequence[Any], value: Any) -> str:
    shown = ", ".join(map(_number, operands))
    return f"{called(card).rpartition('.')[2]}({shown}) = {_number(value)}"


def _made(case: Case, gate: int, slot: int, index: tuple[int, ...]) -> Reason:
    net = case.net
    card, _, inputs, _, _, _ = net.gates[gate]
    whole = net.values[slot]
    value = whole[index]
    operands = tuple([_operand(card, net.values[s], whole.shape, index) for s in inputs])
    singular = np.isnan(value) or (card.name in _SINGULAR and not _large(operands))
    message = (
        f"The first value that is not finite is made by {called(card)}{at(net.place(gate))}{_at(index)}: "
        f"{_sum(card, operands, value)}."
    )
    fix = _fix(case, gate, "keep its argument inside of its domain." if singular else _LARGE)
    data = {"index": index, "operands": operands, "phase": "forward"}
    code = "outside_domain" if singular else "overflow"
    return case.reason(code, message, fix, op=card.tf_name, place=net.place(gate), data=data)


def _fix(case: Case, gate: int, otherwise: str) -> str:
    """What to do about a gate: by what the code calls there, else by its card."""
    called = spelling_of(case.net.place(gate)).function
    return _FIXES.get(called) or _FIXES.get(case.net.gates[gate][0].name, otherwise)


def _operand(card: Any, value: np.ndarray, shape: tuple[int, ...], index: tuple[int, ...]) -> Any:
    """An operand's element, or the element of largest size where it is not element by element."""
    if card.family == "Elementwise":
        return np.asarray(_entry(value, shape, index)).reshape(-1)[0]
    flat = value.reshape(-1)
    return (
        flat[int(np.argmax(np.abs(flat)))]
        if flat.size and flat.dtype.kind in "fciu"
        else value.size
    )


def _large(operands: Sequence[Any]) -> bool:
    return any(np.abs(x) > 1e15 for x in operands if np.asarray(x).dtype.kind in "fciu")


# --- backward ---


def _backward(case: Case) -> Reason | None:
    net, (found, parts) = case.net, case.pulled
    for gate in reversed(range(len(net.gates))):
        _, _, inputs, outputs, _, _ = net.gates[gate]
        gs = [found[s] for s in outputs if s in case.on_path and s in found]
        if not gs or not parts[gate] or any(_bad(g).any() for g in gs):
            continue
        for position, slot in enumerate(inputs):
            part = parts[gate][position]
            if slot in case.on_path and part is not None and _bad(part).any():
                return _blown(case, gate, position, np.asarray(gs[0]), np.asarray(part))
    return None


def _blown(case: Case, gate: int, position: int, g: np.ndarray, part: np.ndarray) -> Reason:
    """A gate that got a finite cotangent and gave one that is not."""
    net = case.net
    card, _, inputs, outputs, _, _ = net.gates[gate]
    bad = _bad(part)
    index = _first(bad)
    same = g.shape == part.shape
    coming = g[index] if same else g.reshape(-1)[int(np.argmax(np.abs(g)))] if g.size else 0.0
    x = net.values[inputs[position]]
    value = x[index]
    data: dict[str, Any] = {"index": index, "operands": (value,), "phase": "backward",
                            "elements": (int(bad.sum()), int(bad.size))}  # fmt: skip
    told: dict[str, Any] = {"op": card.tf_name, "place": net.place(gate), "data": data}
    name = f"{called(card)}{at(net.place(gate))}"
    if not np.any(coming):
        return _masked(case, gate, name, value, bad, told)
    local = _local(net, gate, position)
    if local is not None and np.isfinite(local[index]):
        message = (
            f"The gradient becomes too large for {part.dtype.name} on its way back through {name}{_at(index)}: "
            f"{_number(local[index])} × {_number(coming)}."
        )
        return case.reason("overflow", message, _LARGE, **told)
    y = net.values[outputs[0]]
    there = f" ({_number(y[index])})" if y.shape == x.shape else ""
    message = (
        f"{name} has a value{there} at {_number(value)}{_at(index)}, but no finite derivative."
    )
    return case.reason(
        "infinite_derivative", message, _fix(case, gate, "keep it away from there."), **told
    )


def _masked(
    case: Case, gate: int, name: str, value: Any, bad: np.ndarray, told: dict[str, Any]
) -> Reason:
    """0·inf: nothing comes back where the derivative is infinite."""
    net = case.net
    count = f"{int(bad.sum())} of {bad.size} elements" if bad.size > 1 else "this element"
    reached = net.reached(net.gates[gate][3]) & net.needed(case.ends)
    chooser = next((i for i, g in enumerate(net.gates)
                    if g[0].name == "where" and i > gate and not reached.isdisjoint(g[2])), None)  # fmt: skip
    made = net.gates[gate][3][0]
    if chooser is None and _bad(net.values[made]).any():
        return _forward(case, made)
    if chooser is not None:
        place = net.place(chooser)
        told["data"] = {**told["data"], "where": place}
        message = (
            f"The branch of tf.where{at(place)} that is not taken at {count} has an infinite derivative there "
            f"({name} at {_number(value)}), and 0·inf = nan."
        )
        fix = (
            "the double where: make the argument safe inside too, as in x_safe = tf.where(ok, x, 1.0); "
            "tf.where(ok, f(x_safe), 0.0)."
        )
        return case.reason("zero_times_inf", message, fix, **told)
    message = (
        f"{name} has an infinite derivative at {_number(value)} ({count}), and nothing is passed on there: "
        "0·inf = nan."
    )
    fix = "make the argument safe before the operation, as in x_safe = tf.where(ok, x, 1.0), not its result after it."
    return case.reason("zero_times_inf", message, fix, **told)


def _local(net: Any, gate: int, position: int) -> np.ndarray | None:
    """The derivative itself, element by element."""
    card, _, inputs, outputs, _, _ = net.gates[gate]
    if card.family != "Elementwise" or card.multi:
        return None
    found = net.given_back(gate, position, np.ones_like(net.values[outputs[0]]))
    same = found is not None and found.shape == net.values[inputs[position]].shape
    return found if same else None


def _number(x: Any) -> str:
    value = np.asarray(x)
    if value.dtype.kind == "f":
        return f"{float(value):.6g}"
    return str(value) if value.size == 1 else "..."


def _at(index: tuple[int, ...]) -> str:
    return f" at element [{', '.join(map(str, index))}]" if index else ""
