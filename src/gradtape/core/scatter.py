"""What a variable's rows or entries become when some of them are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.base.errors import ArgumentError


def _write_batches(buffer: np.ndarray, indices: np.ndarray, values: np.ndarray) -> None:
    grid = np.indices(indices.shape)
    buffer[(*grid[:-1], indices)] = values


WRITE: dict[str, Callable[[np.ndarray, Any, np.ndarray], None]] = {
    "add": np.add.at, "sub": np.subtract.at, "mul": np.multiply.at, "div": np.divide.at, "max": np.maximum.at,
    "min": np.minimum.at, "update": lambda b, i, v: b.__setitem__(i, v), "batch": _write_batches,
}  # fmt: skip


def scattered_rows(
    old: np.ndarray, indices: np.ndarray, values: np.ndarray, kind: str, axis: int
) -> np.ndarray:
    size = old.shape[axis]
    if indices.size and (indices.min() < 0 or indices.max() >= size):
        bad = int(indices.min() if indices.min() < 0 else indices.max())
        raise ArgumentError(f"indices = {bad} is not in [0, {size}).")
    buffer = old.copy()
    WRITE[kind](buffer, indices, values)
    return buffer


def scattered_entries(
    old: np.ndarray, places: np.ndarray, values: np.ndarray, kind: str
) -> np.ndarray:
    """A copy of `old` with the entries written that the last axis of `places` names."""
    key = tuple(np.moveaxis(places, -1, 0))
    for axis, part in enumerate(key):
        if part.size and (part.min() < 0 or part.max() >= old.shape[axis]):
            raise ArgumentError(
                f"indices are not in [0, {old.shape[axis]}) of axis {axis}.",
                indices=places,
            )
    buffer = old.copy()
    WRITE[kind](buffer, key, values)
    return buffer
