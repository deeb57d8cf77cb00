"""Derivatives along a line by differences: central ones with Richardson's extrapolation, and one-sided ones at kinks.

    D(h) = (f(h) - f(-h)) / 2h = f'(0) + c1 h^2 + c2 h^4 + ...
    T[j, 0] = D(h0 / 4^j),  T[j, m] = T[j, m-1] + (T[j, m-1] - T[j-1, m-1]) / (16^m - 1)

Each T has an error, estimated from its neighbours in the table and from the roundoff of f divided by the step; the one
with the least is taken. Steps over which an operation goes another way than at 0 do not count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

FACTOR = 4.0
FIRST = 0.0712  # of the scale; no round number, which might be a period of the function
LEVELS = 18
COLUMNS = 6
FINEST = 2.0**-34  # the smallest step, of the scale
POINTS = 5  # of a one-sided derivative


@dataclass(frozen=True)
class Point:
    """f at one place of the line, and the run that gave it."""

    value: float
    run: Any


@dataclass(frozen=True)
class Found:
    """A derivative and its error bound.  step: the largest step over which nothing branched, 0 where there is none."""

    value: float
    error: float
    step: float


class Line:
    """f along a line through the sources' values.  noise: roundoff of f.  scale: a length on the line.

    at(t, sure) -> Point; sure: whether the program is known to go at t as it goes at 0.
    finest: the smallest step, in units of the scale.
    """

    def __init__(
        self,
        at: Callable[[float, bool], Point],
        base: Point,
        noise: float,
        scale: float,
        finest: float = FINEST,
    ):
        self._at, self.base, self.noise, self.scale, self.finest = at, base, noise, scale, finest
        self.known: dict[float, Point] = {0.0: base}
        self.sure = 0.0  # a step within which the program goes the same way

    def at(self, t: float) -> Point:
        found = self.known.get(t)
        if found is None:
            found = self.known[t] = self._at(t, abs(t) < self.sure)
        return found

    def smooth(self, h: float) -> bool:
        """Whether nothing branches between -h, 0 and h, and the values are numbers."""
        ends = self.at(h), self.at(-h)
        base = self.base.run
        same = all(np.isfinite(p.value) and p.run.goes_as(base) for p in ends)
        self.sure = max(self.sure, h) if same else self.sure
        return same

    def error_of(self, slope: float, *values: float) -> float:
        """Roundoff of f near values of this size, and of the place itself."""
        largest = max((abs(v) for v in values), default=0.0)
        return max(self.noise, 2.0**-53 * largest) + 2.0**-53 * self.scale * abs(slope) + 2.0**-1000


def central(line: Line, wanted: float = 0.0, first: int = 0) -> Found | None:
    """The derivative at 0, or None where each step meets a branch.  wanted: an error that is small enough.

    first: how many of the largest steps are left out.
    """
    base = line.base.value
    level = first
    while not line.smooth(line.scale * FIRST / FACTOR**level):
        level += 1
        if FIRST / FACTOR**level < line.finest:
            return None
    clear = step = line.scale * FIRST / FACTOR**level
    table: list[list[float]] = []
    best: tuple[float, float] = (np.inf, np.nan)
    for j in range(LEVELS):
        h = step / FACTOR**j
        if h < line.scale * line.finest / FACTOR**2 or not line.smooth(h):
            break
        up, down = line.at(h).value, line.at(-h).value
        row = [(up - down) / (2.0 * h)]
        rounding = 1.1 * line.error_of(row[0], up, down, base) / h
        for m in range(1, min(j, COLUMNS) + 1):
            before = row[m - 1]
            row.append(before + (before - table[j - 1][m - 1]) / (FACTOR ** (2 * m) - 1.0))
        table.append(row)
        for m in range(1, len(row)):
            error = (
                2.0 * max(abs(row[m] - row[m - 1]), abs(row[m] - table[j - 1][m - 1])) + rounding
            )
            best = min(best, (error, row[m]))
        if j == 0:
            best = 10.0 * abs(row[0]) + rounding, row[0]
        if j > 2 and rounding > 10.0 * best[0]:
            break
        small = max(wanted, 1e-11 * abs(best[1]), 4.0 * rounding)
        if j >= 2 and best[0] <= small:
            if _confirmed(line, h, best):
                break
            best = (np.inf, best[1])
    return Found(best[1], best[0], clear)


def _confirmed(line: Line, h: float, best: tuple[float, float]) -> bool:
    """Whether a much smaller step says the same, as far as it can tell: large steps may miss what a function does."""
    h = h / FACTOR**3.37
    if h < line.scale * line.finest / FACTOR**2 or not line.smooth(h):
        return True
    up, down = line.at(h).value, line.at(-h).value
    again = (up - down) / (2.0 * h)
    rounding = 2.0 * line.error_of(again, up, down) / h
    return abs(again - best[1]) <= rounding + best[0] + 1e-3 * abs(again)


@dataclass(frozen=True)
class Side:
    """A one-sided derivative (it may be infinite, or NaN where the function is not defined), and where f comes from."""

    value: float
    error: float
    limit: float  # what f tends to
    run: Any  # of the nearest point


def one_sided(line: Line, sign: float, beyond: float = 0.0) -> Side:
    """The derivative at 0 from one side, by points on that side alone, further away than `beyond`."""
    offsets = np.arange(1, POINTS + 1) / POINTS
    slope, value = _weights(offsets)
    slope_less, _ = _weights(offsets[:-1])
    best = Side(np.nan, np.inf, np.nan, None)
    slopes: list[float] = []
    level = 1
    while True:
        s = sign * line.scale * FIRST / FACTOR**level
        if abs(s) < max(line.scale * line.finest, beyond) * POINTS:
            break
        level += 1
        points = [line.at(s * float(o)) for o in offsets]
        last = points[-1].run
        if not all(np.isfinite(p.value) for p in points):
            continue
        if not all(p.run.goes_as(last) for p in points[:-1]):
            continue
        values = np.array([p.value for p in points])
        d = float(slope @ values) / s
        less = float(slope_less @ values[:-1]) / s
        rounding = float(np.abs(slope).sum()) * line.error_of(d, *values) / abs(s)
        error = 2.0 * abs(d - less) + rounding
        if abs(d) > 10.0 * rounding:
            slopes.append(d)
        if error < best.error:
            best = Side(d, error, float(value @ values), points[0].run)
        if len(slopes) > 3 and best.error < 1e-9 * abs(best.value):
            break
    if _grows(slopes):
        nearest = line.at(sign * line.scale * line.finest * POINTS)
        return Side(float(np.sign(slopes[-1]) * np.inf), 0.0, nearest.value, nearest.run)
    return best


def _grows(slopes: list[float]) -> bool:
    """Whether slopes at ever smaller steps grow without end, as those of a root at 0."""
    if len(slopes) < 6:
        return False
    sizes = np.abs(slopes[-6:])
    return bool(np.all(sizes[1:] > 1.15 * sizes[:-1]) and np.all(sizes > 0))


def _weights(offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the values at `offsets` for the slope and the value at 0 of the polynomial through them."""
    powers = np.vander(offsets, increasing=True)
    inverse = np.linalg.inv(powers)
    return inverse[1], inverse[0]
