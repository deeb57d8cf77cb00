"""Arrays in a few numbers: what a recorder keeps of everything, and all that it keeps of large arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

BINS = 30
# The order in which the numbers of a summary stand in a row.
NUMBERS = (
    "mean",
    "std",
    "min",
    "max",
    "norm",
    "mean_abs",
    "zeros",
    "saturated",
    "nonfinite",
    "size",
)
FLAT = 0.05  # of its largest slope: where an activation is less steep, it is saturated


@dataclass(frozen=True)
class Summary:
    """An array in numbers.  All but `nonfinite` and `size` are of its finite entries.

    norm: the square root of the sum of squares.  zeros: the fraction of entries that are exactly 0.
    saturated: the fraction where the slope of the activation is under 5% of its largest (nan: not a sigmoid or tanh).
    nonfinite: how many entries are infinite or NaN.  counts: of 30 bins of equal width between min and max.
    """

    mean: float
    std: float
    min: float
    max: float
    norm: float
    mean_abs: float
    zeros: float
    saturated: float
    nonfinite: int
    size: int
    counts: tuple[int, ...]

    @property
    def max_abs(self) -> float:
        return max(abs(self.min), abs(self.max))

    @property
    def rms(self) -> float:
        """Root mean square: the norm for arrays of any size to be compared by."""
        finite = self.size - self.nonfinite
        return self.norm / finite**0.5 if finite else float("nan")

    @property
    def edges(self) -> np.ndarray:
        """The borders of the bins: one more than there are counts."""
        return edges(self.min, self.max)

    def __str__(self) -> str:
        text = f"{self.mean:.3g} ± {self.std:.2g}, from {self.min:.3g} to {self.max:.3g}"
        if self.zeros:
            text += f", {self.zeros:.0%} zeros"
        if self.saturated > 0:
            text += f", {self.saturated:.0%} saturated"
        return text + (f", {self.nonfinite} not finite" if self.nonfinite else "")


def edges(low: float, high: float) -> np.ndarray:
    """Borders of the bins between two numbers; around a single one, half a unit to each side."""
    if not low < high:
        low, high = (low - 0.5, high + 0.5) if low == high else (0.0, 1.0)
    return np.linspace(low, high, BINS + 1)


def numbers(array: Any, activation: str = "") -> np.ndarray:
    """The numbers of `NUMBERS`, as float64[10].  activation: "sigmoid" or "tanh": saturated entries are counted."""
    with np.errstate(all="ignore"):
        return _numbers(np.asarray(array).reshape(-1), activation)


def _numbers(flat: np.ndarray, activation: str) -> np.ndarray:
    size, saturated = flat.size, np.nan
    flat = _finite(flat.astype(np.float64, copy=False))
    if flat.size and activation:
        saturated = float(np.mean(_slope(flat, activation) < FLAT))
    if not flat.size:
        return np.array([np.nan] * 5 + [np.nan, 0.0, saturated, size, size])
    square = float(flat @ flat)
    mean = float(flat.mean())
    spread = flat - mean
    return np.array([
        mean, (float(spread @ spread) / flat.size) ** 0.5, flat.min(), flat.max(), square**0.5,
        float(np.abs(flat).mean()), 1 - np.count_nonzero(flat) / flat.size, saturated, size - flat.size, size,
    ])  # fmt: skip


def counted(array: Any, low: float, high: float) -> np.ndarray:
    """How many finite entries lie in each bin between `low` and `high`, as uint32[30]."""
    with np.errstate(all="ignore"):
        flat = _finite(np.asarray(array).reshape(-1).astype(np.float64, copy=False))
    borders = edges(low, high)
    places = ((flat - borders[0]) * (BINS / (borders[-1] - borders[0]))).astype(np.intp)
    return np.bincount(np.clip(places, 0, BINS - 1), minlength=BINS).astype(np.uint32)


def summary(row: np.ndarray, counts: Any = None) -> Summary:
    """A summary of numbers in the order of `NUMBERS`."""
    *others, nonfinite, size = row.tolist()
    histogram = tuple(int(c) for c in counts) if counts is not None else ()
    return Summary(*others, nonfinite=int(nonfinite), size=int(size), counts=histogram)


def summarised(array: Any, activation: str = "") -> Summary:
    """The summary of an array."""
    row = numbers(array, activation)
    return summary(row, counted(array, row[2], row[3]))


def _finite(flat: np.ndarray) -> np.ndarray:
    if flat.size and np.isfinite(flat.sum()):
        return flat
    return flat[np.isfinite(flat)]


def _slope(y: np.ndarray, activation: str) -> np.ndarray:
    """The slope of an activation by its result, as a part of its largest."""
    return 4 * y * (1 - y) if activation == "sigmoid" else 1 - y * y
