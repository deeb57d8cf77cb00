"""Steps in a function that is traced: the same rules on traced arrays, which become equations of its graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.backward import dense
from gradtape.core.bind import RECORDED
from gradtape.core.context import STATE
from gradtape.core.convert import convert
from gradtape.core.slices import IndexedSlices
from gradtape.keras.engine.arrays import CannotTrace, array_like, is_traced


def power(base: Any, exponent: Any) -> Any:
    """base ** exponent of two scalars, the base a NumPy one.

    Of traced ones in float64: 1 - b^t has few digits left, so b^t must be as exact as the C library's.
    """
    if not is_traced(exponent):
        return base**exponent
    return (np.float64(base) ** exponent.astype(np.float64)).astype(exponent.dtype)


def update(optimizer: Any, gradient: Any, variable: Any, slots: list[Any]) -> None:
    """The optimizer's rule for one variable.  Slices are spread out: all rules treat them so."""
    w = variable._value
    lr = optimizer._rate().astype(w.dtype)
    if isinstance(gradient, IndexedSlices):
        gradient = dense(gradient, RECORDED)
    g = convert(gradient, w.dtype)._value
    check_shape(variable, g, w)
    new = optimizer.step(g, w, lr, *[s._value for s in slots])
    for place, value in zip((variable, *slots), new):
        place._store(array_like(value))


def check_shape(variable: Any, g: Any, w: Any) -> None:
    """Raises ValueError for a gradient of another shape than its variable's."""
    if g.shape != w.shape:
        raise ValueError(
            f"The gradient of {variable.name} must have its shape {w.shape}. Received: shape {g.shape}"
        )


def refuse_slices(gradient: Any) -> None:
    """A rule of the user's gets slices with distinct rows; how many there are is known only when it runs."""
    if STATE.trace is not None and isinstance(gradient, IndexedSlices):
        raise CannotTrace("an optimizer's own `update_step` is given a sparse gradient")
