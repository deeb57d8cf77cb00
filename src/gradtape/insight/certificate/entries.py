"""One entry of a gradient against its references."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradtape.insight.certificate.analytic import complex_step, is_analytic
from gradtape.insight.certificate.branches import singular
from gradtape.insight.certificate.certificate import AT_KINK, OPEN, RIGHT, WRONG, Entry, Kink
from gradtape.insight.certificate.differences import (
    FACTOR,
    FINEST,
    FIRST,
    Found,
    Line,
    Point,
    central,
)
from gradtape.insight.certificate.kinks import Spot, at_kink
from gradtape.insight.certificate.precise import precise
from gradtape.insight.certificate.program import Called, Program
from gradtape.insight.certificate.repetition import Repetition
from gradtape.insight.certificate.shaking import roundoff_of, smallest_of
from gradtape.insight.certificate.spread import SAFETY, Spread, spread_of

PRECISE = 16  # entries at most that are computed in fifty digits


class Judge:
    """Compares the entries of claimed gradients with references.

    claimed: by source, an array of its shape, or None where the target is said not to depend on it.
    """

    def __init__(
        self,
        program: Program,
        claimed: Sequence[np.ndarray | None],
        seeds: Sequence[np.ndarray],
        seed: int,
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
        self.failure: Exception | None = None  # what the user's function raised at another place
        self.leaks = bool(np.isfinite(self.value)) and self._leaks(seed)
        if self.leaks:
            # What is not recorded is computed in the user's dtype only.
            unit = max(roundoff_of(d) for d in self.dtypes)
            self.noise, self.finest = max(self.noise, 8.0 * unit * abs(self.value)), unit**0.5
        self.analytic = not self.leaks and is_analytic(self.base)
        self.repeat = None if self.leaks or self.base.unseen else Repetition(self.base)
        self._rounding: dict[int, np.ndarray] = {}
        self.level = 0  # of the steps that were small enough for the entry before
        self.n_precise = 0
        self.kinks: list[Kink] = []
        finite = [np.abs(c[np.isfinite(c)]).max(initial=0.0) for c in self.claimed]
        self.largest = max(finite, default=0.0)

    def rounding(self, source: int) -> np.ndarray:
        """How far rounding may move the claimed gradient, entry by entry."""
        found = self._rounding.get(source)
        if found is None:
            found = self._rounding[source] = self._rounding_of(source)
        return found

    def _rounding_of(self, source: int) -> np.ndarray:
        dtype = self.dtypes[source]
        with np.errstate(all="ignore"):
            size = np.abs(self.claimed[source])
            size = np.where(np.isfinite(size), size, 0.0)
            spread = self.spread.own[source]
            if self.spread.gradients is None:  # how errors grow is not known
                spread = spread + 16.0 * roundoff_of(dtype) * self.largest
            return SAFETY * (np.abs(spread) + roundoff_of(dtype) * size + 2.0 * smallest_of(dtype))

    def doubt(self, source: int) -> np.ndarray:
        """How far the claimed gradient is from that of the cards' own rules, in roundings: where to look first."""
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
        worst = max(parts, key=badness)
        claimed = None if self.none[source] else complex(self.claimed[source].reshape(-1)[place])
        return Entry(
            name, worst.index, claimed, complex(parts[0].reference, parts[1].reference),
            float(np.hypot(parts[0].error, parts[1].error)), parts[0].bound + parts[1].bound, worst.method,
            worst.status,
        )  # fmt: skip

    def line(self, direction: Sequence[np.ndarray | None], scale: float) -> Line:
        """f along a direction from the sources' values."""

        moving = [i for i, d in enumerate(direction) if d is not None]

        def at(t: float, sure: bool) -> Point:
            moved = [v if d is None else v + t * d for v, d in zip(self.values, direction)]
            try:
                if sure and self.repeat is not None:
                    repeated = self.repeat(moved, moving)
                    return Point(float(np.real(repeated.weighted(self.seeds))), repeated)
                run = self.program.run(moved)
            except (
                Exception
            ) as error:  # whatever the user's function raises where it is not defined
                self.failure = error
                return Point(np.nan, self.base)
            return Point(run.value(self.seeds), run)

        return Line(at, Point(self.value, self.base), self.noise, scale, self.finest)

    def _leaks(self, seed: int) -> bool:
        """Whether results depend on the sources on ways that are not recorded: through NumPy, say."""
        if not isinstance(self.program, Called):
            return False
        rng = np.random.default_rng([seed, 3])
        repeat = Repetition(self.base)
        for level in range(2, 10):
            moved = [v + FIRST / FACTOR**level * np.maximum(1, np.abs(v)) * rng.choice([-1, 1], v.shape)
                     for v in self.values]  # fmt: skip
            try:
                run = self.program.run(moved)
            except (
                Exception
            ) as error:  # whatever the user's function raises where it is not defined
                self.failure = error
                continue
            if not run.goes_as(self.base):
                continue
            return any(
                not np.allclose(a._value, b, rtol=1e-8, atol=1e-8 * np.abs(b).max(initial=0.0), equal_nan=True)
                for a, b in zip(run.outputs, repeat(moved, range(len(moved))).outputs)
            )  # fmt: skip
        return False

    def along(self, source: int, place: int, unit: complex) -> list[np.ndarray | None]:
        """The direction of one entry."""
        values = self.values[source]
        one = np.zeros(values.shape, values.dtype)
        one.reshape(-1)[place] = unit
        return [one if i == source else None for i in range(len(self.values))]

    def _part(self, name: str, source: int, place: int, unit: complex) -> Entry:
        spot = self._spot(name, source, place, unit)
        length = float(abs(self.values[source].reshape(-1)[place]))
        if not np.isfinite(length):
            return spot.entry(np.nan, np.inf, "nothing: the source is not finite", OPEN)
        direction = self.along(source, place, unit)
        line = self.line(direction, max(1.0, length))
        found = central(line, 0.02 * spot.rounding, self.level)
        if found is None and 0.0 < length < 1e-3:
            line = self.line(direction, length)
            found = central(line, 0.02 * spot.rounding)
        if found is None:
            kink = at_kink(spot, line, 0.0, self.kinks)
            if (
                np.isnan(kink.reference) and self.failure is not None
            ):  # it was never seen to be a kink
                return spot.entry(np.nan, np.inf, kink.method, OPEN)
            return kink
        self.level = max(0, round(np.log(line.scale * FIRST / found.step) / np.log(FACTOR)) - 2)
        reference, error, method = self._reference(spot, line, found, direction)
        # Nearer than that, the user's program is on the kink, as far as its dtype can tell.
        unit_roundoff = roundoff_of(self.dtypes[source])
        if found.step <= 2.0 * line.scale * max(2.0**-33, 8.0 * unit_roundoff):
            kink = at_kink(spot, line, found.step, self.kinks)
            if kink.status != OPEN:
                return kink
        size = max(
            abs(spot.claimed) if np.isfinite(spot.claimed) else 0.0, abs(reference), 1e-6 * self.largest,
            1e-6 * abs(self.value) / line.scale,
        )  # fmt: skip
        if error > 1e-3 * size and not self.leaks and self.n_precise < PRECISE and unit == 1.0:
            self.n_precise += 1
            exact = precise(self.base, self.seeds, source, place)
            if exact is not None:
                reference, error, method = exact, 2.0**-50 * abs(exact), "fifty digits"
        if np.isnan(spot.claimed) and spot.own is not None and np.isnan(spot.own):
            there = singular(self.base.branches)
            if there is not None:
                self.kinks.append(spot.kink(*there, reference, reference))
                return spot.entry(reference, error, method, AT_KINK)
        if not abs(spot.claimed - reference) <= spot.rounding + error:
            return spot.entry(reference, error, method, WRONG)
        # Nothing can be told where the reference is poor, or where rounding leaves nothing of the gradient.
        whole = max(size, self.largest, abs(self.value))
        ill = spot.rounding > max(0.1 * size, unit_roundoff**0.5 * whole)
        poor = error > max(0.1 * size, 0.1 * spot.rounding)
        unrelated = spot.said is None and reference == 0.0
        status = OPEN if (poor or ill) and size > 0.0 and not unrelated else RIGHT
        return spot.entry(reference, error, method, status)

    def _reference(
        self, spot: Spot, line: Line, found: Found, direction: Sequence[np.ndarray | None]
    ) -> tuple[float, float, str]:
        """The derivative, its error bound, and how it was found."""
        reference, error = found.value, found.error
        if self.analytic and self.repeat is not None and spot.unit == 1.0:
            step = complex_step(self.repeat, self.values, self.seeds, spot.source, spot.place)
            spread = float(self.spread.wide[spot.source].reshape(-1)[spot.place])
            fine = SAFETY * spread + 2.0**-50 * abs(step)
            if abs(step - reference) <= error + fine:
                return step, min(error, fine), "complex step"
        if abs(spot.claimed - reference) <= spot.rounding + error and np.isfinite(error):
            return reference, error, "differences"
        # Other steps, before anything is called wrong.
        again = central(self.line(direction, line.scale * 0.613), 0.0)
        if again is not None:
            if abs(again.value - reference) > again.error + error:
                error = max(again.error, error, 2.0 * abs(again.value - reference))
            if again.error < error:
                reference, error = again.value, again.error
        return reference, error, "differences"

    def _spot(self, name: str, source: int, place: int, unit: complex) -> Spot:
        def part(array: np.ndarray) -> float:
            entry = array.reshape(-1)[place]
            return float(entry.imag if unit == 1j else entry.real)

        index = tuple([int(i) for i in np.unravel_index(place, self.values[source].shape)])
        claimed = part(self.claimed[source])
        own = None if self.spread.gradients is None else part(self.spread.gradients[source])
        rounding = float(self.rounding(source).reshape(-1)[place])
        said = None if self.none[source] else claimed
        return Spot(name, source, place, unit, index, claimed, said, own, rounding)


def badness(e: Entry) -> tuple[int, float]:
    """How bad an entry is, to be compared."""
    order = {WRONG: 3, OPEN: 2, AT_KINK: 1, RIGHT: 0}
    ratio = e.error / e.bound if e.bound > 0 else (np.inf if e.error > 0 else 0.0)
    return order[e.status], float(np.inf if np.isnan(ratio) else ratio)
