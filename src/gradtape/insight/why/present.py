"""A gradient that is there: whether it is fine, zero, or not finite."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.base.dtypes import DIFFERENTIABLE
from gradtape.base.quiet import quiet
from gradtape.core import backward as back
from gradtape.core.bind import RAW
from gradtape.core.slices import IndexedSlices
from gradtape.insight.source import place_of
from gradtape.insight.why.case import Case
from gradtape.insight.why.nonfinite import nonfinite, not_finite
from gradtape.insight.why.notes import notes
from gradtape.insight.why.reason import Reason, at
from gradtape.insight.why.zero import dead_units, vanished, zero

_TINY = 1e-10  # below, a gradient that a flat function made small counts as vanished


def gradient_of(case: Case) -> np.ndarray | None:
    """The gradient as the tape gives it."""
    floating = [t for t in case.targets if t.dtype.np in DIFFERENTIABLE]
    with quiet():
        found = case.tape._backward(floating, [None] * len(floating), [case.source], RAW)[0]
        return back.dense(found, RAW) if isinstance(found, IndexedSlices) else found


def present(case: Case) -> Reason | None:
    """The reason for a gradient that is no None; None where it is."""
    gradient = gradient_of(case)
    if gradient is None:
        return None
    if gradient.dtype.kind in "fc" and not np.isfinite(gradient).all():
        return nonfinite(case, gradient)
    if gradient.size and not gradient.any():
        return zero(case)
    if gradient.size and gradient.dtype.kind == "f" and np.abs(gradient).max() < _TINY:
        found = vanished(case, gradient)
        if found is not None:
            return found
    return _fine(case, gradient)


def _fine(case: Case, gradient: np.ndarray) -> Reason:
    shape = f"shape {gradient.shape}, " if gradient.ndim else ""
    size = np.sqrt(np.sum(np.square(np.abs(gradient.astype(np.complex128)))))
    message = f"The gradient is there: {shape}norm {size:.3g}."
    data: dict[str, Any] = {"norm": float(size)}
    zeros = int(gradient.size - np.count_nonzero(gradient))
    if zeros:
        message += f" {zeros} of its {gradient.size} entries are 0."
        data["zeros"] = zeros
        dead = dead_units(case)
        if dead:
            message += " " + dead
    for slot in case.floating_ends:
        bad = not_finite(case, slot)
        if bad is not None:
            message += f" But {case.shown_target} itself is not finite. {bad.message}"
            data["target"] = bad
            break
    remarks = tuple(notes(case))
    if remarks:
        message += " But: " + " ".join(remarks)
        data["notes"] = remarks
    used = place_of(case.tape._used_at or None)
    if used is not None and not case.tape._persistent:
        data["used"] = used
        message += f" The tape was used{at(used)}: ask for all gradients in one call, or make it persistent."
    return case.reason("fine", message, data=data)
