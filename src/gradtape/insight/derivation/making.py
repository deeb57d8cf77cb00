"""From a recording to the steps of its derivation."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

import numpy as np

from gradtape.insight.derivation.by_hand import rounding_steps
from gradtape.insight.derivation.conventions import POOL_TIE, of_entry, of_fold
from gradtape.insight.derivation.entries import Entries
from gradtape.insight.derivation.expression import Symbol, total
from gradtape.insight.derivation.folds import pool_tie
from gradtape.insight.derivation.steps import (
    ForwardStep,
    GivenStep,
    Line,
    LocalStep,
    SeedStep,
    Step,
    SumStep,
    Tensor,
)
from gradtape.insight.derivation.words import backward_formula, formula, labels, titles
from gradtape.insight.recording import Gate, Index, Recording, reached_axes, source
from gradtape.insight.render.signs import number, symbol
from gradtape.insight.rounding import Rounded

FEW = 6  # entries of a tensor that are all shown
_LOOKED_AT = 64  # entries of a result whose conventions are looked for
MOST_TERMS = 12  # of a sum that are written out


@dataclass(frozen=True, eq=False)
class Derivation:
    """Steps in their order, and what they rest on.

    names: what each wire of the recording is called.  conventions: numbered from 1.
    target: the name of what is differentiated.  rounded: the same computation by hand, or None.
    """

    recording: Recording
    steps: tuple[Step, ...]
    names: tuple[str, ...]
    target: str
    conventions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rounded: Rounded | None = None


class Maker:
    """Makes steps; collects the conventions that they rest on."""

    def __init__(
        self, recording: Recording, rounded: Rounded | None = None, most_terms: int = MOST_TERMS
    ) -> None:
        self.recording, self.rounded = recording, rounded
        self.names = labels(recording)
        self.entries = Entries(recording, self.names, most_terms)
        self.conventions: dict[str, int] = {}
        self.on_path = dependents(recording)
        self.paths = self._paths()

    def _paths(self) -> dict[int, list[tuple[int, int]]]:
        """Per wire the parts of its gradient, in the order of the way back: (gate, position), (-1, -1) for the seed."""
        found: dict[int, list[tuple[int, int]]] = {}
        for k, t in enumerate(self.recording.targets):
            if k == self.recording.targets.index(t):
                found.setdefault(t, []).append((-1, -1))
        for gate in reversed(self.recording.gates):
            for position, (wire, part) in enumerate(zip(gate.inputs, gate.parts)):
                if part is not None and wire in self.on_path:
                    found.setdefault(wire, []).append((gate.index, position))
        return found

    def derivation(self) -> Derivation:
        """All steps: what is given, the way there, the way back."""
        return self.with_steps([*self.given(), *self.forward(), *self.backward(), *self.rounding()])

    def entry(self, wire: int, at: Index) -> Derivation:
        """The steps of one entry alone."""
        steps: list[Step] = []
        gate = self.recording.maker(wire)
        if gate is not None:
            steps.append(self.forward_step(gate, gate.outputs.index(wire), [at]))
        else:
            steps += self.given_of(wire, [at])
        paths = self.paths.get(wire, [])
        for gate_index, position in paths:
            if gate_index < 0:
                steps.append(self.seed_step(wire, [at]))
            else:
                steps.append(self.local_step(self.recording.gates[gate_index], position, [at]))
        if len(paths) > 1:
            steps.append(self.sum_step(wire, [at]))
        return self.with_steps(steps)

    def with_steps(self, steps: Sequence[Step]) -> Derivation:
        target = self.names[self.recording.targets[0]] if len(self.recording.targets) == 1 else "L"
        return Derivation(
            self.recording, tuple(steps), tuple(self.names), target, tuple(self.conventions), self._notes(),
            self.rounded,
        )  # fmt: skip

    def _notes(self) -> tuple[str, ...]:
        complex_ = any(w.dtype.kind == "c" for w in self.recording.wires)
        more = ("Complex numbers are given without formulas.",) if complex_ else ()
        return (*self.recording.notes, *more)

    # what is given, and the way there

    def given(self) -> list[Step]:
        return [
            step
            for w in self.recording.wires
            if self.recording.maker(w.index) is None and self.names[w.index]
            for step in self.given_of(w.index, self.shown(w.index))
        ]

    def given_of(self, wire: int, indices: Sequence[Index]) -> list[Step]:
        w = self.recording.wires[wire]
        lines = tuple([Line(self.entries.symbol(wire, at), w.value[at]) for at in indices])
        return [GivenStep(w.kind, "", None, wire, -1, lines, self.tensor(wire), w.kind)]

    def forward(self) -> list[Step]:
        return [step for gate in self.recording.gates for step in self.forward_of(gate)]

    def forward_of(self, gate: Gate) -> list[ForwardStep]:
        """A step per result; those that nothing needs are left out."""
        recording = self.recording
        return [
            self.forward_step(gate, k)
            for k, wire in enumerate(gate.outputs)
            if wire in recording.targets or recording.uses(wire)
        ]

    def forward_step(
        self, gate: Gate, output: int, indices: Sequence[Index] | None = None
    ) -> ForwardStep:
        wire = gate.outputs[output]
        lines = [self.value_line(gate, output, at) for at in self._chosen(indices, wire)]
        return ForwardStep(
            titles(self.recording, gate), formula(self.recording, gate, self.names), gate.place, wire,
            gate.index, tuple(lines), self.tensor(wire),
        )  # fmt: skip

    def value_line(self, gate: Gate, output: int, at: Index) -> Line:
        wire = gate.outputs[output]
        expression = self.entries.value(gate, output, at)
        note = "" if expression is not None else f"by {gate.title}"
        rounded = None if self.rounded is None else self.rounded.wires[wire].value[at]
        return Line(
            self.entries.symbol(wire, at),
            self.recording.wires[wire].value[at],
            expression,
            note,
            rounded,
        )

    # the way back

    def backward(self, short: Set[int] = frozenset()) -> list[Step]:
        """short: gates whose steps have no lines."""
        found: list[Step] = []
        recording = self.recording
        left = {w: len(p) for w, p in self.paths.items()}
        for t in dict.fromkeys(recording.targets):
            if recording.wires[t].gradient is not None and t in self.on_path:
                found.append(self.seed_step(t))
                self._done(found, left, t)
        for gate in reversed(recording.gates):
            for position in range(len(gate.inputs)):
                if (gate.index, position) in self.paths.get(gate.inputs[position], ()):
                    found.append(
                        self.local_step(gate, position, () if gate.index in short else None)
                    )
                    self._done(found, left, gate.inputs[position])
        return found

    def _done(self, found: list[Step], left: dict[int, int], wire: int) -> None:
        left[wire] -= 1
        if not left[wire] and len(self.paths[wire]) > 1:
            found.append(self.sum_step(wire))

    def seed_step(self, wire: int, indices: Sequence[Index] | None = None) -> SeedStep:
        seed = self.seed(wire)
        path = int(len(self.paths[wire]) > 1)
        lines = [
            Line(self.part_symbol(wire, at, path, seed), seed[at])
            for at in self._chosen(indices, wire)
        ]
        return SeedStep("target", "", None, wire, -1, tuple(lines), self.tensor(wire, seed))

    def seed(self, wire: int) -> np.ndarray:
        pairs = zip(self.recording.targets, self.recording.seeds)
        return np.asarray(sum(s for t, s in pairs if t == wire))

    def local_step(
        self, gate: Gate, position: int, indices: Sequence[Index] | None = None
    ) -> LocalStep:
        wire = gate.inputs[position]
        paths = self.paths[wire]
        path = paths.index((gate.index, position)) + 1 if len(paths) > 1 else 0
        part = np.asarray(gate.parts[position])
        lines = [
            self.local_line(gate, position, at, path, part) for at in self._chosen(indices, wire)
        ]
        return LocalStep(
            titles(self.recording, gate),
            backward_formula(self.recording, gate, position, self.names, path), gate.place, wire,
            gate.index, tuple(lines), self.tensor(wire, part), position, path, self._rule(gate, position),
        )  # fmt: skip

    def _rule(self, gate: Gate, position: int) -> str:
        if gate.card.latex is None or len(gate.outputs) > 1:
            return ""
        names = [
            symbol(self.names[w]) if self.names[w] else number(self.recording.wires[w].value.item())
            for w in (*gate.outputs, *gate.inputs)
        ]
        return gate.card.latex(*names, **gate.attrs)[position]

    def local_line(self, gate: Gate, position: int, at: Index, path: int, part: np.ndarray) -> Line:
        wire = gate.inputs[position]
        expression = self.entries.part(gate, position, at)
        note = "" if expression is not None else f"by the rule of {gate.title}"
        rounded = None
        if self.rounded is not None:
            theirs = self.rounded.gates[gate.index].parts[position]
            rounded = None if theirs is None else theirs[at]
        return Line(
            self.part_symbol(wire, at, path, part), part[at], expression, note, rounded,
            self._conventions(gate, position, at),
        )  # fmt: skip

    def sum_step(self, wire: int, indices: Sequence[Index] | None = None) -> SumStep:
        w = self.recording.wires[wire]
        lines = []
        for at in self._chosen(indices, wire):
            terms = [
                self.part_symbol(wire, at, k + 1, self._part(wire, *path))
                for k, path in enumerate(self.paths[wire])
            ]
            rounded = None if self.rounded is None else self.rounded.wires[wire].gradient
            lines.append(
                Line(
                    self.entries.symbol(wire, at, True), np.asarray(w.gradient)[at], total(terms),
                    rounded=None if rounded is None else rounded[at],
                )
            )  # fmt: skip
        return SumStep(
            "sum over paths", "", None, wire, -1, tuple(lines), self.tensor(wire, w.gradient)
        )

    def part_symbol(self, wire: int, at: Index, path: int, part: np.ndarray) -> Symbol:
        whole = self.entries.symbol(wire, at)
        return Symbol(whole.name, whole.index, part[at], True, path)

    def _part(self, wire: int, gate: int, position: int) -> np.ndarray:
        if gate < 0:
            return self.seed(wire)
        return np.asarray(self.recording.gates[gate].parts[position])

    def _conventions(self, gate: Gate, position: int, at: Index) -> tuple[int, ...]:
        wires = self.recording.wires
        x, y = wires[gate.inputs[position]], wires[gate.outputs[0]]
        said: list[str] = []
        if gate.card.family == "Elementwise":
            for out in islice(product(*reached_axes(x.shape, y.shape, at)), _LOOKED_AT):
                xs = [wires[w].value[source(wires[w].shape, out)] for w in gate.inputs]
                said.append(of_entry(gate.card.name, xs, position, gate.attrs))
        elif gate.card.name == "max_pool":
            said.append(POOL_TIE if pool_tie(self.entries, gate, at) else "")
        else:
            said.append(of_fold(gate.card.name, x.value, y.value, at, gate.attrs))
        numbers = [self.conventions.setdefault(s, len(self.conventions) + 1) for s in said if s]
        return tuple(dict.fromkeys(numbers))

    def rounding(self) -> list[Step]:
        if self.rounded is None:
            return []
        return list(rounding_steps(self.recording, self.rounded, self.names, self.entries))

    # tensors

    def _chosen(self, indices: Sequence[Index] | None, wire: int) -> Sequence[Index]:
        return self.shown(wire) if indices is None else indices

    def shown(self, wire: int) -> list[Index]:
        """The entries that are shown: all of a few, else the first two and the last."""
        shape = self.recording.wires[wire].shape
        size = int(np.prod(shape))
        flat = range(size) if size <= FEW else (0, 1, size - 1)
        return [tuple([int(i) for i in np.unravel_index(k, shape)]) for k in flat]

    def tensor(self, wire: int, value: Any = None) -> Tensor | None:
        """Shape and norm of what is not shown in full, and of every tensor of more than one number."""
        w = self.recording.wires[wire]
        array = w.value if value is None else value
        if array.size == 1:
            return None
        return Tensor(
            self.names[wire],
            w.shape,
            array.dtype.name,
            norm_of(array),
            min(array.size, len(self.shown(wire))),
        )


def norm_of(array: np.ndarray) -> float:
    """The length of all entries taken as one vector; nan for what are no numbers."""
    if array.dtype.kind not in "fciubV":
        return float("nan")
    wide = array if array.dtype.kind == "c" else array.astype(np.float64)
    with np.errstate(all="ignore"):
        return float(np.linalg.norm(wide.reshape(-1)))


def dependents(recording: Recording) -> set[int]:
    """The wires whose gradients go on to a source, the sources among them."""
    found = set(recording.sources)
    for gate in recording.gates:
        if any(p is not None and w in found for w, p in zip(gate.inputs, gate.parts)):
            found.update(gate.outputs)
    return found
