"""One entry of a gradient against its references."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.insight.certificate.analytic import complex_step, is_analytic
from gradtape.insight.certificate.branches import differing, singular
from gradtape.insight.certificate.certificate import AT_KINK, OPEN, RIGHT, WRONG, Entry, Kink
from gradtape.insight.certificate.differences import (
    FACTOR,
    FINEST,
    FIRST,
    Line,
    Point,
    Side,
    central,
    one_sided,
)
from gradtape.insight.certificate.precise import precise
from gradtape.insight.certificate.program import Called, Program
from gradtape.insight.certificate.spread import SAFETY, Spread, roundoff_of, smallest_of, spread_of
from gradtape.insight.source import place_of

PYTHON = "a branch of Python"
PRECISE = 16  # entries at most that are computed in fifty digits


class Judge:
    """Compares the entries of claimed gradients with references.

    claimed: by source, an array of its shape, or None where the target is said not to depend on it.
    """

    def __init__(
        self, program: Program, claimed: Sequence[np.ndarray | None], seeds: Sequence[np.ndarray], seed: int
    ):
        self.program, self.seeds = program, [np.asarray(s) for s in seeds]
        self.values = program.values
        self.none = [c is None for c in claimed]
        self.claimed = [np.zeros(v.shape) if c is None else c for c, v in zip(claimed, self.values)]
        self.base = program.run(self.values, keep=True)
        self.value = self.base.value(self.seeds)
        self.spread: Spread = spread_of(self.base, self.seeds, seed)
        self.dtypes = [v.dtype for v in program.own_values]
        self.noise, self.finest = self.spread.noise, FINEST
        self.leaks = self._leaks(seed)
        if self.leaks:
            # What is not recorded is computed in the user's dtype only.
            unit = max(roundoff_of(d) for d in self.dtypes)
            self.noise, self.finest = max(self.noise, 8.0 * unit * abs(self.value)), unit**0.5
        self.analytic = not self.leaks and is_analytic(self.base)
        self.level = 0  # of the steps that were small enough for the entry before
        self.n_precise = 0
        self.kinks: list[Kink] = []
        finite = [np.abs(c[np.isfinite(c)]).max(initial=0.0) for c in self.claimed]
        self.largest = max(finite, default=0.0)

    def rounding(self, source: int) -> np.ndarray:
        """How far rounding may move the claimed gradient, entry by entry."""
        dtype = self.dtypes[source]
        with np.errstate(all="ignore"):
            size = np.abs(self.claimed[source])
            size = np.where(np.isfinite(size), size, 0.0)
            spread = self.spread.own[source]
            if self.spread.gradients is None:  # how errors grow is not known
                spread = spread + 16.0 * roundoff_of(dtype) * self.largest
            return SAFETY * (np.abs(spread) + roundoff_of(dtype) * size + 2.0 * smallest_of(dtype))

    def doubt(self, source: int) -> np.ndarray:
        """How far the claimed gradient is from that of the cards' own rules, in units of rounding: where to look first."""
        if self.spread.gradients is None:
            return np.zeros(self.claimed[source].shape)
        with np.errstate(all="ignore"):
            own = self.spread.gradients[source]
            off = np.abs(self.claimed[source] - own) / (self.rounding(source) + 1e-300)
            same = np.isnan(own) & np.isnan(self.claimed[source])
            return np.where(same, 0.0, np.where(np.isnan(off), np.inf, off))

    def entry(self, name: str, source: int, place: int) -> Entry:
        """The verdict on one entry, by its place among the source's elements."""
        if self.values[source].dtype.kind != "c":
            return self._part(name, source, place, 1.0)
        # The gradient of a real target by z = x + iy is d/dx + i d/dy.
        parts = [self._part(name, source, place, unit) for unit in (1.0, 1j)]
        worst = max(parts, key=_badness)
        claimed = None if self.none[source] else complex(self.claimed[source].reshape(-1)[place])
        return Entry(
            name, worst.index, claimed, complex(parts[0].reference, parts[1].reference),
            float(np.hypot(parts[0].error, parts[1].error)), parts[0].bound + parts[1].bound, worst.method,
            worst.status,
        )  # fmt: skip

    def line(self, direction: Sequence[np.ndarray | None], scale: float) -> Line:
        """f along a direction from the sources' values."""

        def at(t: float) -> Point:
            moved = [v if d is None else v + t * d for v, d in zip(self.values, direction)]
            run = self.program.run(moved)
            return Point(run.value(self.seeds), run)

        return Line(at, Point(self.value, self.base), self.noise, scale, self.finest)

    def _leaks(self, seed: int) -> bool:
        """Whether results depend on the sources on ways that are not recorded: through NumPy, say."""
        if not isinstance(self.program, Called):
            return False
        rng = np.random.default_rng([seed, 3])
        for level in range(2, 6):
            moved = [v + FIRST / FACTOR**level * np.maximum(1, np.abs(v)) * rng.choice([-1, 1], v.shape)
                     for v in self.values]  # fmt: skip
            run = self.program.run(moved)
            if not run.goes_as(self.base):
                continue
            return any(
                not np.allclose(a._value, b, rtol=1e-8, atol=1e-8 * np.abs(b).max(initial=0.0), equal_nan=True)
                for a, b in zip(run.outputs, self.base.again(moved))
            )  # fmt: skip
        return False

    def along(self, source: int, place: int, unit: complex) -> list[np.ndarray | None]:
        """The direction of one entry."""
        values = self.values[source]
        one = np.zeros(values.shape, values.dtype)
        one.reshape(-1)[place] = unit
        return [one if i == source else None for i in range(len(self.values))]

    def _part(self, name: str, source: int, place: int, unit: complex) -> Entry:
        claimed_entry = self.claimed[source].reshape(-1)[place]
        claimed = float(claimed_entry.imag if unit == 1j else claimed_entry.real)
        index = tuple(int(i) for i in np.unravel_index(place, self.values[source].shape))
        rounding = float(self.rounding(source).reshape(-1)[place])
        own = self._own(source, place, unit)
        said = None if self.none[source] else claimed

        def made(reference: float, error: float, method: str, status: str) -> Entry:
            bound = rounding + error
            with np.errstate(all="ignore"):
                off = 0.0 if claimed == reference else abs(claimed - reference)
            return Entry(name, index, said, reference, float(off), float(bound), method, status)

        length = float(abs(self.values[source].reshape(-1)[place]))
        if not np.isfinite(length):
            return made(np.nan, np.inf, "nothing: the source is not finite", OPEN)
        line = self.line(self.along(source, place, unit), max(1.0, length))
        found = central(line, 0.02 * rounding, self.level)
        if found is None and 0.0 < length < 1e-3:
            line = self.line(self.along(source, place, unit), length)
            found = central(line, 0.02 * rounding)
        if found is None:
            return self._at_kink(name, source, index, claimed, own, line, rounding, made, 0.0)
        self.level = max(0, round(np.log(line.scale * FIRST / found.step) / np.log(FACTOR)) - 2)
        reference, error, method = found.value, found.error, "differences"
        if self.analytic and unit == 1.0:
            step = complex_step(self.program, self.values, self.seeds, source, place)
            fine = SAFETY * float(self.spread.wide[source].reshape(-1)[place]) + 2.0**-50 * abs(step)
            if abs(step - reference) <= error + fine:
                reference, error, method = step, min(error, fine), "complex step"
        agrees = abs(claimed - reference) <= rounding + error
        if not agrees or not np.isfinite(error):
            again = central(self.line(self.along(source, place, unit), line.scale * 0.613), 0.0)
            if again is not None and method == "differences":
                if abs(again.value - reference) > again.error + error:
                    error = max(again.error, error, 2.0 * abs(again.value - reference))
                if again.error < error:
                    reference, error = again.value, again.error
            agrees = abs(claimed - reference) <= rounding + error
        if not agrees and found.step <= 2.0 * line.scale * max(2.0**-33, 8.0 * roundoff_of(self.dtypes[source])):
            return self._at_kink(name, source, index, claimed, own, line, rounding, made, found.step)
        size = max(
            abs(claimed) if np.isfinite(claimed) else 0.0, abs(reference), 1e-6 * self.largest,
            1e-6 * abs(self.value) / line.scale,
        )  # fmt: skip
        if error > 1e-3 * size and not self.leaks and self.n_precise < PRECISE and unit == 1.0:
            self.n_precise += 1
            exact = precise(self.base, self.seeds, source, place)
            if exact is not None:
                reference, error, method = exact, 2.0**-50 * abs(exact), "fifty digits"
                agrees = abs(claimed - reference) <= rounding + error
        if np.isnan(claimed) and np.isnan(own) and (place_at := singular(self.base.branches)):
            branch, element = place_at
            self.kinks.append(
                Kink(name, index, branch.card.name, place_of(branch.site), element, reference, reference, said)
            )
            return made(reference, error, method, AT_KINK)
        if agrees:
            # Nothing can be told where the reference is poor, or where rounding leaves nothing of the gradient.
            whole = max(size, self.largest, abs(self.value))
            ill = rounding > max(0.1 * size, roundoff_of(self.dtypes[source]) ** 0.5 * whole)
            poor = error > max(0.1 * size, 0.1 * rounding)
            status = OPEN if (poor or ill) and size > 0.0 else RIGHT
            if said is None and reference == 0.0:
                status = RIGHT
        else:
            status = WRONG
        return made(reference, error, method, status)

    def _own(self, source: int, place: int, unit: complex) -> float:
        if self.spread.gradients is None:
            return np.nan
        own = self.spread.gradients[source].reshape(-1)[place]
        return float(own.imag if unit == 1j else own.real)

    def _at_kink(
        self, name: str, source: int, index: tuple[int, ...], claimed: float, own: float, line: Line,
        rounding: float, made: Any, beyond: float,
    ) -> Entry:  # fmt: skip
        left, right = one_sided(line, -1.0, beyond), one_sided(line, 1.0, beyond)
        sides = [s for s in (left, right) if not np.isnan(s.value)]
        if not sides:
            status = AT_KINK if _same(claimed, own, rounding) else OPEN
            return made(np.nan, np.inf, "one-sided differences", status)
        errors = sum(s.error for s in sides)
        jump = self._jumps(line, sides)
        agree = len(sides) == 2 and _close(left.value, right.value, errors)
        if agree and not jump:
            reference = 0.5 * (left.value + right.value) if np.isfinite(left.value) else left.value
            if _same(claimed, reference, rounding + errors):
                return made(reference, errors, "one-sided differences", RIGHT)
        low, high = min(s.value for s in sides), max(s.value for s in sides)
        allowed = rounding + errors
        between = low - allowed <= claimed <= high + allowed
        nearest = low if claimed < low else high if claimed > high else claimed
        conventional = _same(claimed, own, rounding)
        if np.isnan(claimed):  # 0/0 is no convention, the derivative of a root at 0 is
            conventional = conventional and singular(line.base.run.branches) is not None
        status = AT_KINK if between or conventional else WRONG
        if np.isnan(claimed):
            nearest = low
        self._name_kinks(name, index, line, left, right, None if self.none[source] else claimed, jump)
        return made(nearest, errors, "one-sided differences", status)

    def _jumps(self, line: Line, sides: list[Side]) -> bool:
        base = line.base.value
        for side in sides:
            if np.isfinite(side.value) and np.isfinite(side.limit):
                allowed = 1e-6 * max(abs(base), abs(side.limit)) + 10.0 * line.noise + side.error * line.scale * 1e-3
                if not abs(side.limit - base) <= allowed:
                    return True
        return False

    def _name_kinks(
        self, name: str, index: tuple[int, ...], line: Line, left: Side, right: Side, claimed: Any, jump: bool
    ) -> None:
        slopes = [0.0 if abs(s.value) <= s.error else s.value for s in (left, right)]
        seen: set[Any] = set()
        for side in (left, right):
            if side.run is None:
                continue
            for branch, element in differing(line.base.run.branches, side.run.branches):
                key = branch.card, branch.site
                if key in seen:
                    continue
                seen.add(key)
                self.kinks.append(
                    Kink(name, index, branch.card.name, place_of(branch.site), element, *slopes, claimed, jump)
                )
            site = line.base.run.parting(side.run)
            if site is not None and PYTHON not in seen:
                seen.add(PYTHON)
                self.kinks.append(Kink(name, index, PYTHON, place_of(site), None, *slopes, claimed, jump))
        if not seen:
            self.kinks.append(Kink(name, index, "the function", None, None, *slopes, claimed, jump))


def _same(a: float, b: float, allowed: float) -> bool:
    return (np.isnan(a) and np.isnan(b)) or a == b or abs(a - b) <= allowed


def _close(a: float, b: float, allowed: float) -> bool:
    return a == b or bool(abs(a - b) <= allowed)


def _badness(e: Entry) -> tuple[int, float]:
    order = {WRONG: 3, OPEN: 2, AT_KINK: 1, RIGHT: 0}
    ratio = e.error / e.bound if e.bound > 0 else (np.inf if e.error > 0 else 0.0)
    return order[e.status], float(np.inf if np.isnan(ratio) else ratio)
