"""What is certified: a program that gives wide values for wide sources, read from a tape or called again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradtape.base import tree
from gradtape.base.dtypes import DIFFERENTIABLE
from gradtape.base.quiet import quiet
from gradtape.core.context import STATE, no_recording, recorders
from gradtape.core.convert import convert
from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable
from gradtape.insight.certificate.branches import Branch, same_way
from gradtape.insight.certificate.wide import Fixed, Step, Wide, widened


class Run:
    """One wide run: its outputs, where it branched, and the operations (where they were kept)."""

    __slots__ = (
        "branches",
        "opaque",
        "outputs",
        "path",
        "reassigned",
        "starts",
        "steps",
        "stops",
        "unseen",
    )

    def __init__(self, wide: Wide, starts: list[Tensor], outputs: list[Tensor]):
        self.starts, self.outputs = starts, outputs
        self.branches: list[Branch] = wide.branches
        self.path: list[Any] = wide.path
        self.steps: list[Step] = wide.steps
        self.opaque, self.unseen = wide.opaque, wide.unseen
        self.reassigned, self.stops = wide.reassigned, wide.stops

    def weighted(self, seeds: Sequence[np.ndarray]) -> Any:
        """The sum of the outputs, weighted by their cotangents."""
        total: Any = 0.0
        with quiet():
            for output, seed in zip(self.outputs, seeds):
                total = total + np.sum(np.conj(seed) * output._value)
        return total

    def value(self, seeds: Sequence[np.ndarray]) -> float:
        """The real part of `weighted`: what the gradient is the gradient of."""
        return float(np.real(self.weighted(seeds)))

    def goes_as(self, other: Run) -> bool:
        """Whether both made the same operations, and these went the same way."""
        return self.path == other.path and same_way(self.branches, other.branches)

    def parting(self, other: Run) -> Any:
        """The site of the first operation that the other run does not make; None where both make the same.

        This run is one that kept its operations.
        """
        if self.path == other.path:
            return None
        same = 0
        for mine, its in zip(self.path, other.path):
            if mine is not its:
                break
            same += 1
        made = [s.site for s in self.steps if s.card in self.path]
        return made[min(same, len(made) - 1)] if made else None


class Program:
    """A function of its sources, in float64.  sources: tensors or variables; values: what they are, in float64."""

    names: list[str]
    sources: list[Any]
    targets: list[Any]  # tensors of the user's own run

    def __init__(self) -> None:
        self.fixed = Fixed()
        self.runs = 0

    @property
    def values(self) -> list[np.ndarray]:
        return [widened(value) for value in self.own_values]

    own_values: list[np.ndarray]

    def run(self, values: Sequence[np.ndarray], keep: bool = False) -> Run:
        raise NotImplementedError


class Recorded(Program):
    """The operations that a tape recorded, once more."""

    def __init__(self, tape: Any, records: list[Any], targets: list[Any], sources: list[Any]):
        super().__init__()
        self.tape, self.records = tape, records
        self.targets, self.sources = targets, sources
        self.own_values = [self._first_reading(s) for s in sources]

    def _first_reading(self, source: Any) -> np.ndarray:
        reads = self.tape._reads.get(id(source))
        return reads[0]._value if reads else source._value

    def run(self, values: Sequence[np.ndarray], keep: bool = False) -> Run:
        self.runs += 1
        wide, starts = Wide(self.fixed, keep), []
        for source, value, own in zip(self.sources, values, self.own_values):
            start = wide.start(source, value)
            starts.append(start)
            if isinstance(source, Variable):
                wide.sources[id(source)] = start, own
                for tensor in self.tape._reads.get(id(source), ()):
                    wide.variable_read(source, tensor)
        with no_recording():
            for card, attrs, inputs, output, site in self.records:
                STATE.site = site
                try:
                    wide.record(card, attrs, inputs, output)
                finally:
                    STATE.site = None
        return Run(wide, starts, [wide.of(t) for t in self.targets])


class Called(Program):
    """A function that is called again and again, with its sources where they are wanted.

    inputs: its arguments; those of floating dtypes are the sources.  extra: variables beside them.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        arguments: Sequence[Any],
        sources: list[Any],
        pass_them: bool = True,
    ):
        super().__init__()
        self.f, self.arguments, self.pass_them = f, list(arguments), pass_them
        self.sources = sources
        self.own_values = [s._held() if isinstance(s, Variable) else s._value for s in sources]
        self.targets = []

    def call(self, arguments: Sequence[Any]) -> list[Any]:
        """The flat results of the user's function, those of floating dtypes."""
        result = self.f(*arguments) if self.pass_them else self.f()
        found = [convert(y) for y in tree.flatten(result) if y is not None]
        return [y for y in found if y._value.dtype in DIFFERENTIABLE]

    def run(self, values: Sequence[np.ndarray], keep: bool = False) -> Run:
        self.runs += 1
        wide, starts, replaced = Wide(self.fixed, keep), [], {}
        before = []
        for source, value, own in zip(self.sources, values, self.own_values):
            moved = own if value is own else _narrow(value, own.dtype)
            if isinstance(source, Variable):
                before.append((source, source._held()))
                source._store(moved)
                starts.append(wide.start(source, value))
            else:
                tensor = replaced[id(source)] = Tensor(moved)
                starts.append(wide.start(tensor, value))
        arguments = tree.map_structure(lambda a: replaced.get(id(a), a), self.arguments)
        try:
            with as_it_was(wide, self.fixed), recorders((wide,)):
                outputs = self.call(arguments)
        finally:
            for source, buffer in before:
                source._store(buffer)
        return Run(wide, starts, [wide.of(t) for t in outputs])


def _narrow(value: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """The nearest numbers of the user's dtype."""
    with quiet():
        return np.array(
            np.real(value) if value.dtype.kind == "c" and dtype.kind != "c" else value
        ).astype(dtype)


class Keeper:
    """A recorder that only notes which variables are written, and what they held before."""

    passive = True

    def __init__(self) -> None:
        self.written: dict[int, tuple[Any, np.ndarray]] = {}

    def watches(self, tensors: Any) -> bool:
        return True  # else compiled code would write variables in their places

    def record(self, card: Any, attrs: Any, inputs: Any, output: Any) -> None:
        pass

    def variable_read(self, variable: Any, tensor: Any) -> None:
        pass

    def variable_written(self, variable: Any) -> None:
        self.written.setdefault(id(variable), (variable, variable._held()))


@contextmanager
def as_it_was(keeper: Any, fixed: Fixed, eagerly: bool = True) -> Iterator[None]:
    """Inside, random numbers are those of the first run; after it, variables are what they were.

    keeper: a recorder that notes the variables that are written.  eagerly: whether traced functions run in Python.
    """
    seen, draws = STATE.seen, STATE.draws
    STATE.seen, STATE.draws = eagerly or seen, Draws(fixed)
    try:
        yield
    finally:
        STATE.seen, STATE.draws = seen, draws
        with no_recording():
            for variable, buffer in keeper.written.values():
                variable._store(buffer)


class Draws:
    """Gives the random numbers of the first run again, in their order."""

    def __init__(self, fixed: Fixed):
        self.kept, self.place = fixed.drawn, 0

    def __call__(self, draw: Callable[[], np.ndarray]) -> np.ndarray:
        if self.place == len(self.kept):
            self.kept.append(np.array(draw()))
        self.place += 1
        return self.kept[self.place - 1]
