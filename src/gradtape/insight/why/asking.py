"""The question and its answer: which kind of reason a gradient needs, and who finds it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.base import tree
from gradtape.base.dtypes import DIFFERENTIABLE
from gradtape.base.errors import ArgumentError
from gradtape.core.context import STATE, no_recording
from gradtape.core.ends import target_of
from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable
from gradtape.insight.why.case import Case
from gradtape.insight.why.elsewhere import left_reason
from gradtape.insight.why.here import Here
from gradtape.insight.why.missing import missing
from gradtape.insight.why.net import Net, net_of
from gradtape.insight.why.present import present
from gradtape.insight.why.reason import Reason, quoted


def why(tape: Any, target: Any, source: Any) -> Any:
    """Why d target / d source is None, zero, not finite, or that it is there: a `Reason`; a nest of them for a nest.

    target: a tensor, or a nest of tensors whose gradients add up.  source: a tensor or variable, or a nest.
    """
    here = Here()
    with no_recording():
        net = net_of(tape)
        flat = [source] if isinstance(source, Tensor | Variable) else tree.flatten(source)
        if len(flat) == 1 and flat[0] is source:
            return _answer(tape, net, here, target, source, None)
        found = [_answer(tape, net, here, target, s, i) for i, s in enumerate(flat)]
    return tree.pack(source, found)


def reasons(tape: Any, target: Any, variables: Sequence[Any]) -> str:
    """The reasons for several variables as one text, those that say the same once."""
    here = Here()
    lines: dict[str, None] = {}
    with no_recording():
        net = net_of(tape)
        for variable in variables:
            lines.setdefault(str(_answer(tape, net, here, target, variable, None)))
    return "\n".join(lines)


def _answer(tape: Any, net: Net, here: Here, target: Any, source: Any, index: int | None) -> Reason:
    name = here.name_of_source(source, index)
    if not isinstance(source, Tensor | Variable):
        return _no_tensor(here, source, name)
    source = source._base if isinstance(source, Variable) else source
    flat = tree.flatten(target)
    case = Case(tape, net, here, source, name)
    for part in flat:
        if not isinstance(part, Tensor | Variable):
            return _target_left(case, part)
    case.targets = [target_of(t) for t in flat]
    if not case.targets:
        raise ArgumentError("There is nothing to explain: the target is empty.", target=target)
    floating = [t for t in case.targets if t.dtype.np in DIFFERENTIABLE]
    if floating and source.dtype.np in DIFFERENTIABLE and STATE.trace is None:
        found = present(case)
        if found is not None:
            return found
    return missing(case)


def _no_tensor(here: Here, source: Any, name: str) -> Reason:
    binding = here.origin(source, name)
    kind = (
        "a NumPy array"
        if isinstance(source, np.ndarray | np.generic)
        else f"a {type(source).__name__}"
    )
    message = f"{quoted(name, 'The source')} is {kind}, which tapes do not know."
    text = name or "x"
    given = binding.text if binding is not None and binding.kind == "assign" else text
    fix = f"use {text} = tf.Variable({given}), or {text} = tf.constant({given}) and tape.watch({text})."
    place = binding.place if binding is not None else None
    return Reason("constant", message, fix, place=place, variable=name)


def _target_left(case: Case, target: Any) -> Reason:
    """The target itself is a number of NumPy's or Python's."""
    binding = case.here.origin(target, case.target_name)
    if binding is None:
        kind = type(target).__name__
        message = f"{case.shown_target} is a {kind}, no tensor: the tape has lost it."
        return case.reason("numpy", message, "keep it a tensor: use TensorFlow's functions.")
    return left_reason(case, binding.place, binding.source, case.target_name)
