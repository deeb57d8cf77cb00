"""The steps that are kept, in as few bytes as can be; the records that users see are made of them on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from gradtape.base.quiet import quiet
from gradtape.insight.training.memory import OBJECT, Ledger, level, to_drop
from gradtape.insight.training.statistics import Summary, counted, numbers, summary
from gradtape.insight.training.step import Flag, Step, WeightStatistics

WEIGHT, GRADIENT, UPDATE = range(3)


@dataclass(eq=False)
class Part:
    """A weight in a step.  weight, gradient, after: the arrays where they are kept.

    numbers: those of weight, gradient and update, each a row of `NUMBERS`.  counts: the histograms of weight, gradient
    and update, where the arrays are not kept.
    """

    name: str
    weight: Any
    gradient: Any
    numbers: np.ndarray
    counts: np.ndarray | None
    after: Any = None

    def drop_arrays(self) -> None:
        """Keep statistics and histograms only."""
        if self.counts is None:
            update = None if self.after is None else difference(self.after, self.weight)
            arrays = (self.weight, self.gradient, update)
            self.counts = np.stack([
                np.zeros(30, np.uint32) if a is None else counted(a, *self.numbers[k, 2:4])
                for k, a in enumerate(arrays)
            ])  # fmt: skip
        self.weight = self.gradient = self.after = None

    def summary(self, what: int) -> Summary | None:
        row = self.numbers[what]
        if not row[-1]:  # of no entries: there was none
            return None
        arrays = (self.weight, self.gradient, None)
        array = arrays[what]
        if self.counts is not None:
            counts: Any = self.counts[what]
        else:
            if what == UPDATE:
                array = difference(self.after, self.weight)
            counts = None if array is None else counted(array, row[2], row[3])
        return summary(row, counts)

    def arrays(self) -> list[Any]:
        return [a for a in (self.weight, self.gradient, self.after) if a is not None]


@dataclass(eq=False)
class Row:
    """A step that is kept.  number: its place among the steps that were recorded."""

    index: int
    number: int
    epoch: int | None
    batch: int | None
    loss: float
    rate: float | None = None
    parts: list[Part] = field(default_factory=list)
    layers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    results: tuple[str, ...] = ()  # names of layers
    result_numbers: np.ndarray = field(default_factory=lambda: np.zeros((0, 10)))
    result_counts: np.ndarray = field(default_factory=lambda: np.zeros((0, 30), np.uint32))
    dead: Mapping[str, float] = field(default_factory=dict)
    flags: tuple[Flag, ...] = ()
    tapes: list[Any] = field(default_factory=list)
    tape_bytes: int = 0

    @property
    def overhead(self) -> int:
        """Bytes of all but the arrays of the weights and the tapes."""
        total = 8 * OBJECT + self.result_numbers.nbytes + self.result_counts.nbytes + 2 * OBJECT
        total += 100 * len(self.dead) + 600 * len(self.flags)
        for part in self.parts:
            total += 4 * OBJECT + part.numbers.nbytes
            total += 0 if part.counts is None else part.counts.nbytes + OBJECT
        return total

    def part(self, name: str) -> Part | None:
        return next((p for p in self.parts if p.name == name), None)


class Rows:
    """The kept steps, in order, with the bytes that they take."""

    def __init__(self, limit: int):
        self.limit = limit
        self.kept: list[Row] = []
        self._ledger = Ledger()
        self._overhead = self.tape_bytes = 0
        self.arrays_dropped = self.tapes_dropped = False

    @property
    def nbytes(self) -> int:
        return self._ledger.total + self._overhead + self.tape_bytes

    def add(self, row: Row) -> None:
        self.kept.append(row)
        self._enter(row)

    def _enter(self, row: Row) -> None:
        self._overhead += row.overhead
        self.tape_bytes += row.tape_bytes
        for part in row.parts:
            for array in part.arrays():
                self._ledger.add(array)

    def change(self, row: Row, change: Callable[[Row], None]) -> None:
        """Let `change` change a kept row; what it holds is counted anew also where an error ends the change."""
        self._leave(row)
        try:
            change(row)
        finally:
            self._enter(row)

    def _leave(self, row: Row) -> None:
        self._overhead -= row.overhead
        self.tape_bytes -= row.tape_bytes
        for part in row.parts:
            for array in part.arrays():
                self._ledger.drop(array)

    def fit(self, others: int = 0) -> None:
        """Let go of steps until all is within the limit.  others: bytes that are held elsewhere."""
        while self.tape_bytes > self.limit // 2:
            self._drop_tapes()
        while self.nbytes + others > self.limit:
            gone = set(to_drop([r.number for r in self.kept]))
            if gone:
                for row in self.kept:
                    if row.number in gone:
                        self._leave(row)
                self.kept = [r for r in self.kept if r.number not in gone]
            elif any(r.tapes for r in self.kept):
                self._drop_tapes()
            elif any(p.arrays() for r in self.kept for p in r.parts):
                self.arrays_dropped = True
                for row in list(self.kept):
                    self.change(row, _drop_arrays)
            else:
                return  # the first and the last step, in numbers alone: there is no less

    def _drop_tapes(self) -> None:
        holders = [r for r in self.kept if r.tapes]
        gone = set(to_drop([r.number for r in holders]))
        self.tapes_dropped = True
        if not gone:
            middle = [r.number for r in holders[1:-1]] or [holders[0].number]
            gone = {min(middle, key=level)}
        for row in holders:
            if row.number in gone:
                self.tape_bytes -= row.tape_bytes
                row.tapes, row.tape_bytes = [], 0


def _drop_arrays(row: Row) -> None:
    for part in row.parts:
        part.drop_arrays()


def difference(new: Any, old: Any) -> Any:
    if new is None or old is None:
        return None
    with quiet():
        return np.subtract(new, old)


def step_of(row: Row) -> Step:
    """The record of a kept step."""
    statistics, weights, gradients, after = {}, {}, {}, {}
    for part in row.parts:
        weight: Any = part.summary(WEIGHT)
        gradient, update = part.summary(GRADIENT), part.summary(UPDATE)
        statistics[part.name] = WeightStatistics(weight, gradient, update)
        weights[part.name] = weight if part.weight is None else read_only(part.weight)
        gradients[part.name] = gradient if part.gradient is None else read_only(part.gradient)
        after[part.name] = None if part.after is None else read_only(part.after)
    results = {
        name: summary(found, counts)
        for name, found, counts in zip(row.results, row.result_numbers, row.result_counts)
    }
    return Step(
        index=row.index, epoch=row.epoch, batch=row.batch, loss=row.loss, learning_rate=row.rate,
        weights=_frozen(weights), gradients=_frozen(gradients), after=_frozen(after), statistics=_frozen(statistics),
        activations=_frozen(results), dead=_frozen(row.dead), layers=_frozen(row.layers), flags=row.flags,
    )  # fmt: skip


def _frozen(mapping: Mapping[str, Any]) -> Any:
    return MappingProxyType(dict(mapping))


def part_of(name: str, weight: np.ndarray, gradient: Any, values: Any, whole: int) -> Part:
    """What is kept of a weight.  values: the entries of the gradient that are not zeros of slices."""
    found = np.zeros((3, 10))
    found[WEIGHT] = numbers(weight)
    if values is not None:
        found[GRADIENT] = numbers(values)
    if weight.size <= whole:
        return Part(name, owned(weight), None if gradient is None else owned(gradient), found, None)
    counts = np.zeros((3, 30), np.uint32)
    counts[WEIGHT] = counted(weight, *found[WEIGHT, 2:4])
    if values is not None:
        counts[GRADIENT] = counted(values, *found[GRADIENT, 2:4])
    return Part(name, None, None, found, counts)


def close_part(part: Part, before: np.ndarray, after: np.ndarray) -> None:
    """Note what a weight became."""
    update = difference(after, before)
    part.numbers[UPDATE] = numbers(update)
    if part.counts is None:
        part.after = owned(after)
    else:
        part.counts[UPDATE] = counted(update, *part.numbers[UPDATE, 2:4])


def owned(array: np.ndarray) -> np.ndarray:
    """The array, or a copy where keeping it would keep a larger one alive."""
    base = array.base
    return array.copy() if isinstance(base, np.ndarray) and base.nbytes > array.nbytes else array


def read_only(array: np.ndarray) -> np.ndarray:
    """A view that cannot be written."""
    view = array.view()
    view.flags.writeable = False
    return view


def series(rows: Sequence[Row], layer: str, what: int) -> tuple[list[int], list[float]]:
    """Steps, and the joint norm of a layer's weights, gradients or updates at each."""
    steps, values = [], []
    for row in rows:
        names = row.layers.get(layer, ())
        found = [p.numbers[what, 4] for p in row.parts if p.name in names and p.numbers[what, 9]]
        if found:
            steps.append(row.index)
            values.append(float(np.sqrt(np.sum(np.square(found)))))
    return steps, values
