"""Gradients clipped by their norms: sparse ones stay sparse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.core.convert import convert
from gradtape.core.slices import IndexedSlices
from gradtape.keras.engine.arrays import as_tensor, is_traced


def array_of(g: Any) -> np.ndarray:
    return convert(g.values if isinstance(g, IndexedSlices) else g)._value


def like(g: Any, change: Callable[[np.ndarray], np.ndarray]) -> Any:
    value = as_tensor(change(array_of(g)))
    return IndexedSlices(value, g.indices, g.dense_shape) if isinstance(g, IndexedSlices) else value


def clip_by_norm(g: Any, limit: float) -> Any:
    """g * limit / max(norm(g), limit)."""

    def clipped(value: np.ndarray) -> np.ndarray:
        bound = value.dtype.type(limit)
        norm = np.sqrt(np.sum(value * value, dtype=value.dtype))
        return value * bound / np.maximum(norm, bound)

    return like(g, clipped)


def clip_by_global_norm(grads: list[Any], limit: float) -> list[Any]:
    """All gradients times limit / max(joint norm, limit)."""
    arrays = [array_of(g) for g in grads]
    half_squares = sum(np.sum(a * a, dtype=a.dtype) / a.dtype.type(2) for a in arrays)
    norm = np.sqrt(half_squares * 2)
    traced, finite = is_traced(norm), np.isfinite(norm)
    if not traced and not finite:
        return [like(g, lambda v: np.full_like(v, np.nan)) for g in grads]

    def clipped(value: np.ndarray) -> np.ndarray:
        one, bound = value.dtype.type(1), value.dtype.type(limit)
        factor = bound * np.minimum(one / norm.astype(value.dtype), one / bound)
        return value * (np.where(finite, factor, value.dtype.type(np.nan)) if traced else factor)

    return [like(g, clipped) for g in grads]
