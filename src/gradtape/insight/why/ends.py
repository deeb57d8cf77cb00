"""The operation at which the way from the target back to the source ends, in words."""

from __future__ import annotations

from typing import Any

from gradtape.core.card import REGISTRY
from gradtape.insight.reading import CALLS
from gradtape.insight.source import place_of, spelling_of
from gradtape.insight.why.case import Case
from gradtape.insight.why.lost import FORM_ONLY, Lost, lost_inside
from gradtape.insight.why.reason import Reason, at, called, operand_of, quoted


def at_gate(case: Case, lost: Lost, ways: int) -> Reason:
    """The reason of a way that ends at a gate.  ways: how many do."""
    net = case.net
    card, attrs, _, _, _, within = net.gates[lost.gate]
    place = net.place(lost.gate)
    if card.name in CALLS and attrs is not None:
        equation = lost_inside(attrs["program"].graph, lost.position)
        if equation is not None:
            card, attrs = REGISTRY[equation.op], equation.attrs
            place = place_of(equation.site) or place
    data = {"ways_lost": ways, "layers": within.names, "input": lost.position}
    told: dict[str, Any] = {"op": card.tf_name, "place": place, "data": data}
    spelling = spelling_of(place)
    operand = operand_of(card, place, lost.position)
    result = quoted(spelling.result, "its result")
    if card.name == "stop_gradient":
        message = f"tf.stop_gradient{at(place)} ends every gradient: {result} counts as a constant."
        fix = f"leave tf.stop_gradient out{at(place)}, or ask for another source."
        return case.reason("stop_gradient", message, fix, **told)
    if card.name == "cast":
        kind = (attrs or {}).get("dtype")
        to = f"to {kind.name} " if kind is not None else "to whole numbers "
        what = "bools" if kind is not None and kind.kind == "b" else "whole numbers"
        message = f"tf.cast {to}{at(place).strip()} ends the gradient: {what} have no derivative."
        fix = "keep floats on the way from the source to the target; cast a copy for printing or indexing."
        return case.reason("integer_cast", message, fix, **told)
    if card.name in ("custom_gradient", "sparse_custom_gradient", "custom_rule"):
        message = f"The function with a gradient of its own{at(place)} gives None for {quoted(operand, 'an argument')}."
        fix = "return a tensor for each argument from its gradient function."
        return case.reason("custom_gradient", message, fix, **told)
    message = f"{called(card)}{at(place)} has no derivative{_because(card)}."
    if card.vjp is not None:
        what = quoted(operand, f"its input {_parameter(card, lost.position)}")
        message = f"{called(card)}{at(place)} passes no gradient to {what}: it only tells which, where or how many."
    return case.reason("no_derivative", message, _instead(card, case), **told)


def _parameter(card: Any, position: int) -> str:
    return f"`{card.parameters[position]}`" if position < len(card.parameters) else str(position)


def _because(card: Any) -> str:
    text = card.no_gradient.partition(":")[0]
    return f" ({text})" if text else ""


_INSTEAD = {
    "argmax": "use tf.nn.softmax(x) as a smooth choice, or tf.reduce_max(x) for the value.",
    "argmin": "use tf.nn.softmax(-x) as a smooth choice, or tf.reduce_min(x) for the value.",
    "round": "leave tf.round out of the loss, or let the gradient pass: x + tf.stop_gradient(tf.round(x) - x).",
    "host": "write it with TensorFlow's functions, or use tf.py_function.",
}
_STEPS = ("rint", "floor", "ceil", "floor_div", "truncate_div")
_COMPARISONS = ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal")


def _instead(card: Any, case: Case) -> str:
    if card.name in _INSTEAD:
        return _INSTEAD[card.name]
    if card.name in _STEPS:
        return "keep the smooth value in the loss, or let the gradient pass: x + tf.stop_gradient(f(x) - x)."
    if card.name in _COMPARISONS:
        return "use a smooth step such as tf.sigmoid(k * (a - b)), or tf.where on values that depend on the source."
    if card.name in FORM_ONLY:
        return f"use the values of {case.shown}, not only its shape."
    return "use an operation with a derivative on the way from the source to the target."
