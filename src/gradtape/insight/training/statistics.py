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
PIECE = 8192  # entries: of more, BLAS starts threads, which cost more than the sum
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
    flat = _real(array)
    with quiet():
        parts = [_sums(piece, activation) for piece in _pieces(flat)]
    n, total, spread, square, size_abs, zeros, flattened, low, high = parts[0]
    for m, total_m, spread_m, square_m, abs_m, zeros_m, flattened_m, low_m, high_m in parts[1:]:
        if n and m:  # two spreads about two means (Chan, Golub and LeVeque, 1979)
            spread += (total / n - total_m / m) ** 2 * n * m / (n + m)
        n, total, spread, square = n + m, total + total_m, spread + spread_m, square + square_m
        size_abs, zeros, flattened = size_abs + abs_m, zeros + zeros_m, flattened + flattened_m
        low, high = min(low, low_m), max(high, high_m)
    if not n:
        nothing = [np.nan] * 6
        return np.array([*nothing, 0.0, np.nan, flat.size, flat.size])
    return np.array([
        total / n, (spread / n) ** 0.5, low, high, square**0.5, size_abs / n, zeros / n,
        flattened / n if activation else np.nan, flat.size - n, flat.size,
    ])  # fmt: skip


def _real(array: Any) -> np.ndarray:
    """The entries in a row; of complex ones, the absolute values."""
    flat = np.asarray(array).reshape(-1)
    return np.abs(flat) if flat.dtype.kind == "c" else flat


def _pieces(flat: np.ndarray) -> list[np.ndarray]:
    """Pieces that stay in the cache while they are read again and again."""
    if flat.size <= PIECE:
        return [flat]
    return [flat[k : k + PIECE] for k in range(0, flat.size, PIECE)]


def _sums(flat: np.ndarray, activation: str) -> tuple[Any, ...]:
    """Of the finite entries: how many, sum, squares about the mean, squares, |x|, zeros, saturated; least, largest."""
    flat = flat.astype(np.float64, copy=False)
    total = float(np.add.reduce(flat))
    if not np.isfinite(total):
        flat = flat[np.isfinite(flat)]
        total = float(np.add.reduce(flat))
    n = flat.size
    if not n:
        return 0, 0.0, 0.0, 0.0, 0.0, 0, 0, np.inf, -np.inf
    spread = flat - total / n
    flattened = np.count_nonzero(_slope(flat, activation) < FLAT) if activation else 0
    return (
        n, total, float(spread @ spread), float(flat @ flat), float(np.add.reduce(np.abs(flat))),
        n - np.count_nonzero(flat), flattened, float(np.minimum.reduce(flat)), float(np.maximum.reduce(flat)),
    )  # fmt: skip


def counted(array: Any, low: float, high: float) -> np.ndarray:
    """How many finite entries lie in each bin between `low` and `high`, as uint32[30]."""
    borders = edges(low, high)
    scale = BINS / float(borders[-1] - borders[0])
    found = np.zeros(BINS, np.int64)
    for piece in _pieces(_real(array)):
        with quiet():
            flat = piece.astype(np.float64, copy=False)
            if not np.isfinite(np.add.reduce(flat)):
                flat = flat[np.isfinite(flat)]
            places = (flat - borders[0]) * scale if scale < np.inf else (flat > borders[0]) * BINS
            places = np.clip(places, 0, BINS - 1).astype(np.intp)
        found += np.bincount(places, minlength=BINS)
    return found.astype(np.uint32)


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
