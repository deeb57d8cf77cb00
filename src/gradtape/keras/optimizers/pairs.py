"""Pairs of gradient and variable, before a step."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from gradtape.core.slices import IndexedSlices
from gradtape.core.tape import reasons

_log = logging.getLogger("gradtape")
_EXPLAINED: set[tuple[str, ...]] = (
    set()
)  # variables whose missing gradients were told the reason of


class CallableList(list[Any]):
    """A list that older code may call: `optimizer.variables()`."""

    def __call__(self) -> list[Any]:
        return self


def present(pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """The pairs that have a gradient.  Warns of the others; raises ValueError when there is none."""
    kept = [(g, v) for g, v in pairs if g is not None]
    missing = [v for g, v in pairs if g is None]
    names = tuple(v.name for v in missing)
    if not kept:
        why = (
            reasons(missing)
            or "Compute the loss from these variables inside the tape's `with` block."
        )
        raise ValueError(
            f"No gradients provided for any variable: {names}. Provided `grads_and_vars` is "
            f"{tuple(pairs)}. {why}"
        )
    why = ""
    if names not in _EXPLAINED:  # in a loop once is enough
        _EXPLAINED.add(names)
        why = reasons(missing)
    _log.warning(
        "Gradients do not exist for variables %s when minimizing the loss. If you're using `model.compile()`, did you "
        "forget to provide a `loss` argument?%s", list(names), why and f"\n{why}",
    )  # fmt: skip
    return kept


def distinct(slices: IndexedSlices) -> IndexedSlices:
    """Rows with the same index summed; arrays inside."""
    values, indices = np.asarray(slices.values), np.asarray(slices.indices)
    unique, places = np.unique(indices, return_inverse=True)
    summed = np.zeros((len(unique), *values.shape[1:]), values.dtype)
    np.add.at(summed, places, values)
    return IndexedSlices(summed, unique, slices.dense_shape)
