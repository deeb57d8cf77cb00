"""Entries at a kink: the one-sided derivatives, what they mean for what is claimed, and the names of the operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradtape.insight.certificate.branches import Branch, differing, singular
from gradtape.insight.certificate.certificate import AT_KINK, OPEN, RIGHT, WRONG, Entry, Kink
from gradtape.insight.certificate.differences import Line, Side, one_sided
from gradtape.insight.source import place_of

ONE_SIDED = "one-sided differences"
PYTHON = "a branch of Python"


@dataclass(frozen=True)
class Spot:
    """One entry (of a complex one, its part along `unit`) before it is judged.

    said: what is claimed as the user sees it, None where no dependence is claimed; claimed: the same as a number.
    own: what the cards' own rules give in float64, or None.  rounding: how far rounding may move what is claimed.
    """

    name: str
    source: int
    place: int
    unit: complex
    index: tuple[int, ...]
    claimed: float
    said: float | None
    own: float | None
    rounding: float

    def entry(self, reference: float, error: float, method: str, status: str) -> Entry:
        with np.errstate(all="ignore"):
            off = 0.0 if self.claimed == reference else abs(self.claimed - reference)
        bound = self.rounding + error
        return Entry(
            self.name, self.index, self.said, reference, float(off), float(bound), method, status
        )

    def kink(
        self,
        branch: Branch,
        element: tuple[int, ...],
        left: float,
        right: float,
        jump: bool = False,
    ) -> Kink:
        place = place_of(branch.site)
        return Kink(
            self.name, self.index, branch.card.name, place, element, left, right, self.said, jump
        )

    @property
    def conventional(self) -> bool:
        """Whether what is claimed is what the cards' own rules give."""
        return self.own is not None and _same(self.claimed, self.own, self.rounding)


def at_kink(spot: Spot, line: Line, beyond: float, kinks: list[Kink]) -> Entry:
    """The verdict where operations go another way within the smallest steps; what is found is added to `kinks`.

    beyond: how far from the entry the points of the one-sided differences are at least.
    """
    left, right = one_sided(line, -1.0, beyond), one_sided(line, 1.0, beyond)
    sides = [s for s in (left, right) if not np.isnan(s.value)]
    if not sides:
        return spot.entry(np.nan, np.inf, ONE_SIDED, AT_KINK if spot.conventional else OPEN)
    errors = sum(s.error for s in sides)
    allowed = spot.rounding + errors
    jump = any(_jumps(line, side) for side in sides)
    if len(sides) == 2 and not jump and _same(left.value, right.value, errors):
        both = left.value if np.isinf(left.value) else 0.5 * (left.value + right.value)
        if _same(spot.claimed, both, allowed):
            return spot.entry(both, errors, ONE_SIDED, RIGHT)
    low, high = min(s.value for s in sides), max(s.value for s in sides)
    between = low - allowed <= spot.claimed <= high + allowed
    conventional = spot.conventional
    if np.isnan(spot.claimed):  # 0/0 is no convention, the derivative of a root at 0 is
        conventional = conventional and singular(line.base.run.branches) is not None
    nearest = low if np.isnan(spot.claimed) else min(max(spot.claimed, low), high)
    kinks.extend(_named(spot, line, left, right, jump))
    return spot.entry(nearest, errors, ONE_SIDED, AT_KINK if between or conventional else WRONG)


def _jumps(line: Line, side: Side) -> bool:
    """Whether the function comes from elsewhere on that side."""
    if not (np.isfinite(side.value) and np.isfinite(side.limit)):
        return False
    base = line.base.value
    allowed = 1e-6 * max(abs(base), abs(side.limit)) + 10.0 * line.noise
    return not abs(side.limit - base) <= allowed + 1e-3 * side.error * line.scale


def _named(spot: Spot, line: Line, left: Side, right: Side, jump: bool) -> list[Kink]:
    """The operations that go another way on one of the sides."""
    slopes = [0.0 if abs(s.value) <= s.error else s.value for s in (left, right)]
    found: dict[Any, Kink] = {}
    for run in _runs((left, right)):
        for branch, element in differing(line.base.run.branches, run.branches):
            if (branch.card, branch.site) not in found:
                kink = spot.kink(branch, element, slopes[0], slopes[1], jump)
                found[branch.card, branch.site] = kink
        site = line.base.run.parting(run)
        if site is not None:
            named = (PYTHON, place_of(site), None, slopes[0], slopes[1], spot.said, jump)
            found.setdefault(PYTHON, Kink(spot.name, spot.index, *named))
    if not found:
        named = ("the function", None, None, slopes[0], slopes[1], spot.said, jump)
        return [Kink(spot.name, spot.index, *named)]
    return list(found.values())


def _runs(sides: Sequence[Side]) -> list[Any]:
    return [s.run for s in sides if s.run is not None]


def _same(a: float, b: float, allowed: float) -> bool:
    return (np.isnan(a) and np.isnan(b)) or a == b or bool(abs(a - b) <= allowed)
