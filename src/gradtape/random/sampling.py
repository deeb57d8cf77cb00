"""What stateful and stateless draws share: shapes, bounds, scaling, permutations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.base.errors import ArgumentError, DtypeError, ShapeError
from gradtape.random import distributions
from gradtape.random.philox import Philox

PHILOX, THREEFRY, AUTO_SELECT = 1, 2, 3
# Set by the compiler's room: (order, steps) -> None, the swaps of `permutation`.
SWAPS: list[Any] = []
_ALGORITHMS = {"philox": PHILOX, "threefry": THREEFRY, "autoselect": AUTO_SELECT}


def algorithm_id(alg: Any) -> int:
    """The number of an algorithm given as number, name or enum member; None means auto-select.

    Raises: ArgumentError for an unknown name or number; DtypeError for anything else.
    """
    if alg is None:
        return AUTO_SELECT
    if isinstance(alg, str):
        plain = alg.strip().lower().replace("-", "").replace("_", "")
        if plain in _ALGORITHMS:
            return _ALGORITHMS[plain]
        raise ArgumentError("Expected 'philox', 'threefry' or 'auto_select'.", alg=alg)
    number = getattr(alg, "value", alg)
    if not isinstance(number, int | np.integer):
        raise DtypeError("Expected `alg` to be a name or the number of an algorithm.", alg=alg)
    if number not in (PHILOX, THREEFRY, AUTO_SELECT):
        raise ArgumentError("Expected `alg` to be 1, 2 or 3.", alg=alg)
    return int(number)


def check_supported(alg: int) -> None:
    """Raises: ArgumentError for ThreeFry: TensorFlow has no kernel for it on a CPU."""
    if alg == THREEFRY:
        raise ArgumentError("Unsupported algorithm id: 2. Use 'philox' or 'auto_select'.")


def float_dtype(dtype: Any) -> np.dtype:
    """`dtype` as a NumPy dtype. Raises: DtypeError unless it is one of the four float types."""
    found = np.dtype(dtype)
    if found not in distributions.FLOATS:
        raise DtypeError("Expected float16, bfloat16, float32 or float64.", dtype=found.name)
    return found


def read_shape(shape: Sequence[int] | np.ndarray) -> tuple[tuple[int, ...], int, str]:
    """Dimensions, number of elements, and integer type ("int32" or "int64") of `shape`.

    A sequence counts as int32 even if its elements are NumPy's int64; an array keeps its dtype.
    """
    if np.ndim(shape) != 1:
        raise ShapeError(f"shape must be a vector of int32 or int64, got rank {np.ndim(shape)}.")
    index = "int64" if isinstance(shape, np.ndarray) and shape.dtype == np.int64 else "int32"
    dims = tuple(int(d) for d in shape)
    if any(d < 0 for d in dims):
        raise ShapeError(f"Dimension {min(dims)} must be >= 0.", shape=dims)
    n = math.prod(dims)
    if n > 2**31 - 1 and any(d > 2**31 - 1 for d in dims):
        index = "int64"
    return dims, n, index


def bounds(minval: Any, maxval: Any) -> tuple[int, int]:
    """Both bounds of a draw of integers. Raises: ArgumentError unless minval < maxval."""
    for name, value in (("minval", minval), ("maxval", maxval)):
        if np.ndim(value):
            raise ShapeError(f"{name} must be 0-D, got shape {list(np.shape(value))}.")
    low, high = int(minval), int(maxval)
    if low >= high:
        raise ArgumentError(f"Need minval < maxval, got {low} >= {high}.")
    return low, high


def scale(draw: np.ndarray, stddev: Any, mean: Any) -> np.ndarray:
    """draw * stddev + mean, each step rounded to the dtype of `draw` (which may be overwritten)."""
    dtype = draw.dtype
    if isinstance(stddev, (int, float)) and isinstance(mean, (int, float)):
        if stddev != 1:
            draw *= dtype.type(stddev)
        if mean != 0 or stddev < 0:
            draw += dtype.type(mean)
        return draw
    factor, shift = np.asarray(stddev).astype(dtype), np.asarray(mean).astype(dtype)
    return np.asarray(draw * factor + shift, dtype)


def stretch(draw: np.ndarray, minval: Any, maxval: Any) -> np.ndarray:
    """draw * (maxval - minval) + minval in the dtype of `draw` (which may be overwritten)."""
    dtype = draw.dtype
    if isinstance(minval, (int, float)) and isinstance(maxval, (int, float)):
        low, high = dtype.type(minval), dtype.type(maxval)
        if high != 1 or low != 0:
            draw *= high - low
        if low != 0:
            draw += low
        return draw
    low, high = np.asarray(minval).astype(dtype), np.asarray(maxval).astype(dtype)
    return np.asarray(draw * (high - low) + low, dtype)


def draw_integers(
    rng: Philox, shape: Sequence[int] | np.ndarray, minval: Any, maxval: Any, dtype: np.dtype
) -> np.ndarray:
    """Integers in [minval, maxval), or all of `dtype` where both are None: dtype[shape].

    Raises: ArgumentError for one bound alone, an unsigned dtype with bounds, an empty range.
    """
    if (minval is None) != (maxval is None):
        raise ArgumentError(
            f"For integer dtype {dtype.name}, `minval` and `maxval` must be both None or both not.",
            minval=minval,
            maxval=maxval,
        )
    dims, n, _ = read_shape(shape)
    if minval is None:
        return distributions.full_int(rng, n, dtype).reshape(dims)
    if dtype.kind == "u":
        raise ArgumentError("Expected a signed `dtype` with `minval`.", dtype=dtype.name)
    low, high = bounds(minval, maxval) if n else (0, 1)
    return distributions.uniform_int(rng, n, low, high, dtype).reshape(dims)


def permutation(rng: Philox, n: int) -> np.ndarray:
    """A random order of n rows: int64[n]. Fisher and Yates from the front; takes n - 1 words."""
    steps = rng.words(n - 1).astype(np.int64) % np.arange(n, 1, -1)
    if SWAPS:
        rows = np.arange(n, dtype=np.int64)
        SWAPS[0](rows, np.ascontiguousarray(steps))
        return rows
    order = list(range(n))
    for i, step in enumerate(steps.tolist()):
        if step:
            j = i + step
            order[i], order[j] = order[j], order[i]
    return np.array(order, np.int64)
