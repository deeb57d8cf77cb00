"""Arrays in a few numbers: what a recorder keeps of everything, and all that it keeps of large arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradtape.base.quiet import quiet

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
_STEPS = np.arange(BINS + 1) / BINS
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
    """Borders of the bins between two numbers; around a single one, half a unit to each side (a thousandth of it,
    where that is more)."""
    low, high = float(low), float(high)
    if low == high:
        half = max(0.5, 1e-3 * abs(low))
        low, high = low - half, high + half
    elif not 0 < high - low < np.inf:
        low, high = 0.0, 1.0
    return low + (high - low) * _STEPS


def numbers(array: Any, activation: str = "") -> np.ndarray:
    """The numbers of `NUMBERS`, as float64[10].  activation: "sigmoid" or "tanh": saturated entries are counted."""
    with quiet():
        return _numbers(np.asarray(array).reshape(-1), activation)


def _numbers(flat: np.ndarray, activation: str) -> np.ndarray:
    size, saturated = flat.size, np.nan
    flat = flat.astype(np.float64, copy=False)
    total = float(np.add.reduce(flat))
    if not np.isfinite(total):
        flat = flat[np.isfinite(flat)]
        total = float(np.add.reduce(flat))
    n = flat.size
    if not n:
        return np.array([np.nan] * 6 + [0.0, saturated, size, size])
    if activation:
        saturated = np.count_nonzero(_slope(flat, activation) < FLAT) / n
    mean = total / n
    spread = flat - mean
    return np.array([
        mean, (float(spread @ spread) / n) ** 0.5, np.minimum.reduce(flat), np.maximum.reduce(flat),
        float(flat @ flat) ** 0.5, float(np.add.reduce(np.abs(flat))) / n, 1 - np.count_nonzero(flat) / n, saturated,
        size - n, size,
    ])  # fmt: skip


def counted(array: Any, low: float, high: float) -> np.ndarray:
    """How many finite entries lie in each bin between `low` and `high`, as uint32[30]."""
    borders = edges(low, high)
    with quiet():
        flat = np.asarray(array).reshape(-1).astype(np.float64, copy=False)
        flat = flat[np.isfinite(flat)]
        shares = (flat - borders[0]) / (borders[-1] - borders[0])
        places = np.clip(shares * BINS, 0, BINS - 1).astype(np.intp)
    return np.bincount(places, minlength=BINS).astype(np.uint32)


def summary(row: np.ndarray, counts: Any = None) -> Summary:
    """A summary of numbers in the order of `NUMBERS`."""
    *others, nonfinite, size = row.tolist()
    histogram = tuple(int(c) for c in counts) if counts is not None else ()
    return Summary(*others, nonfinite=int(nonfinite), size=int(size), counts=histogram)


def summarised(array: Any, activation: str = "") -> Summary:
    """The summary of an array."""
    row = numbers(array, activation)
    return summary(row, counted(array, row[2], row[3]))


def _slope(y: np.ndarray, activation: str) -> np.ndarray:
    """The slope of an activation by its result, as a part of its largest."""
    return 4 * y * (1 - y) if activation == "sigmoid" else 1 - y * y
