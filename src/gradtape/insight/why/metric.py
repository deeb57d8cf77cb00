"""A metric where a loss should be: its result is a number, not a part of the computation."""

from __future__ import annotations

import ast
from typing import Any

from gradtape.insight.why.case import Case
from gradtape.insight.why.code import Binding
from gradtape.insight.why.reason import Reason, at


def of_metric(case: Case, binding: Binding) -> Reason | None:
    """The reason where a statement calls a metric, or asks for its result."""
    call = binding.value
    if not isinstance(call, ast.Call):
        return None
    called = call.func
    if isinstance(called, ast.Attribute) and called.attr == "result":
        called = called.value
    made = called.func if isinstance(called, ast.Call) else called
    text, held = ast.unparse(called), _held(case, ast.unparse(made))
    if not (hasattr(held, "update_state") and hasattr(held, "result")):
        return None
    message = (
        f"`{text}` is a metric{at(binding.place)}: it keeps numbers, and its result is a constant."
    )
    fix = f"use a loss on the way to {case.shown_target}, such as {_loss(held)}, and the metric beside it."
    return case.reason("numpy", message, fix, place=binding.place, op=text)


def _held(case: Case, text: str) -> Any:
    """What a name, or an attribute of one, holds in the frames that asked."""
    root, *rest = text.split(".")
    for view in case.here.views:
        if root in view.names:
            found = view.names[root]
            for name in rest:
                found = getattr(found, name, None)
            return found
    return None


def _loss(metric: Any) -> str:
    """The loss that is called as the metric is, or the nearest thing to one."""
    from gradtape.keras import losses

    kind = metric if isinstance(metric, type) else type(metric)
    if hasattr(losses, kind.__name__):
        return f"tf.keras.losses.{kind.__name__}()"
    return "tf.keras.losses.MeanSquaredError() or tf.keras.losses.BinaryCrossentropy()"
