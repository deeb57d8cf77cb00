"""A computation done by hand: every intermediate number rounded to a few decimals, there and back."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from gradtape.base.errors import ArgumentError
from gradtape.base.quiet import quiet
from gradtape.core.context import no_recording
from gradtape.insight.recording import Gate, Recording, Wire, frozen
from gradtape.insight.walk import back, there

_SEARCHED = 80  # gates: in larger computations the causes are not searched one by one


class Event(NamedTuple):
    """A rounding: of the value of a wire (position -1), or of what a gate sends to an input of its."""

    number: int
    position: int


@dataclass(frozen=True, eq=False)
class Cause:
    """How far one rounding moves a gradient, when the roundings are made one after another; the effects add up."""

    event: Event
    before: float
    after: float
    effect: float


@dataclass(frozen=True, eq=False)
class Difference:
    """A number at the end, exact, and as it is when rounded numbers are carried on."""

    wire: int
    index: tuple[int, ...]
    exact: float
    carried: float
    causes: tuple[Cause, ...]

    @property
    def added(self) -> float:
        return self.carried - self.exact


@dataclass(frozen=True, eq=False)
class Rounded(Recording):
    """A recording whose computed values and gradients are rounded, each as soon as it is there.

    exact: the recording as it was.  made: per rounding (number before, number after), where they differ.
    """

    decimals: int = 2
    exact: Recording | None = None
    made: dict[Event, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict, repr=False)

    def differences(self, most: int = 64) -> list[Difference]:
        """For the sources' gradients: exact, with rounded numbers carried on, and which roundings did it."""
        assert self.exact is not None
        found = []
        for s in self.sources:
            exact, mine = self.exact.wires[s].gradient, self.wires[s].gradient
            if exact is None or mine is None or exact.dtype.kind == "c":
                continue
            for index in list(np.ndindex(*exact.shape))[: max(most - len(found), 0)]:
                causes = self._causes(s, index)
                found.append(Difference(s, index, float(exact[index]), float(mine[index]), causes))
        return found

    def _causes(self, wire: int, index: tuple[int, ...]) -> tuple[Cause, ...]:
        exact = self.exact
        if exact is None or exact.wires[wire].gradient is None or len(exact.gates) > _SEARCHED:
            return ()
        found, last = [], float(exact.wires[wire].gradient[index])  # type: ignore[index]
        for event, gradients in self._one_by_one():
            now = float(gradients[wire][index])
            before, after = self.made[event]
            if now != last and before.size == 1:
                found.append(Cause(event, float(before.item()), float(after.item()), now - last))
            last = now
        return tuple(sorted(found, key=lambda c: -abs(c.effect)))

    def _one_by_one(self) -> list[tuple[Event, dict[int, Any]]]:
        """The gradients by wire after the first rounding, after the first two, ...; kept for the next source."""
        known = self.__dict__.get("_runs")
        if known is None:
            known, allowed = [], set()
            for event in self.made:
                allowed.add(event)
                known.append((event, _run(self.exact, _rounder(self.decimals, {}, allowed))[1]))
            self.__dict__["_runs"] = known
        return known


def nearest(x: np.ndarray, decimals: int) -> np.ndarray:
    """Rounded to decimals, in the dtype; -0 becomes 0."""
    if x.dtype.kind not in "fcV":
        return x
    wide = x if x.dtype.kind == "c" else x.astype(np.float64)
    return np.asarray(np.round(wide, decimals) + 0.0).astype(x.dtype)


def rounded(recording: Recording, decimals: int) -> Rounded:
    """The same computation as done by hand: each computed value and each part of a gradient rounded at once.

    What is given (variables, inputs, constants) is taken as it is. decimals: int, 0 to 15.
    """
    if not isinstance(decimals, int) or not 0 <= decimals <= 15:
        raise ArgumentError(
            "`decimals` is the number of digits after the point: an int from 0 to 15.",
            decimals=decimals,
        )
    made: dict[Event, tuple[np.ndarray, np.ndarray]] = {}
    with no_recording(), quiet():
        values, cotangents, parts = _run(recording, _rounder(decimals, made))
    wires = [
        Wire(
            w.index, w.name, w.kind, frozen(values[w.index]),
            None if w.gradient is None else frozen(cotangents.get(w.index, w.gradient)), w.trainable,
        )
        for w in recording.wires
    ]  # fmt: skip
    gates = [
        Gate(g.index, g.card, g.attrs, g.inputs, g.outputs, g.place, g.layers, p, g.calls)
        for g, p in zip(recording.gates, parts)
    ]
    return Rounded(
        tuple(wires), tuple(gates), recording.targets, recording.sources, recording.seeds,
        recording.notes, decimals=decimals, exact=recording, made=made,
    )  # fmt: skip


def _rounder(
    decimals: int, made: dict[Event, Any], allowed: Set[Event] | None = None
) -> Callable[[Any, int, np.ndarray], np.ndarray]:
    def settle(number: Any, position: int, x: np.ndarray) -> np.ndarray:
        event = Event(number, position)
        if allowed is not None and event not in allowed:
            return x
        y = nearest(x, decimals)
        if not np.array_equal(x, y, equal_nan=x.dtype.kind in "fc"):
            made[event] = (x, y)
        return y

    return settle


def _run(
    recording: Any, settle: Callable[[Any, int, np.ndarray], np.ndarray]
) -> tuple[list[Any], dict[int, Any], list[tuple[Any, ...]]]:
    values = [w.value for w in recording.wires]
    gates = [(g.card, g.attrs, g.inputs, g.outputs) for g in recording.gates]
    with no_recording(), quiet():
        there(values, gates, settle)
        cotangents, parts = back(values, gates, recording.targets, recording.seeds, settle)
    return values, cotangents, parts
