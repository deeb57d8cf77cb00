"""A recording as one graph: from the numbers at its leaves to every value, every gradient and what each gate adds.

The gates are replayed under a trace, forwards and then backwards by the cards' rules, so the graph computes what the
tape computed, for any numbers at the leaves.  What cannot be replayed (drawn numbers, calls of Python, shapes that
depend on numbers) stays as recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradtape.backends.js.numbers import known
from gradtape.base.dtypes import DIFFERENTIABLE, DIFFERENTIABLE_KINDS
from gradtape.base.errors import OpError
from gradtape.base.quiet import quiet
from gradtape.core import backward
from gradtape.core.bind import PUBLIC, RECORDED, apply
from gradtape.core.context import recorders
from gradtape.core.slices import IndexedSlices
from gradtape.core.tensor import Tensor
from gradtape.graph.ir import Equation, Graph, Value
from gradtape.graph.traced import CannotTrace
from gradtape.graph.tracer import Trace
from gradtape.insight.recording import Gate, Recording

DRAWN = "its numbers were drawn when the tape ran"
OUTSIDE = "it cannot be run again for other numbers"
FOREIGN = "a browser has no such numbers"
REAL = (np.dtype(np.float32), np.dtype(np.float64))
PROBABILITY_OF = {
    "softmax_cross_entropy_with_logits": "softmax",
    "sparse_softmax_cross_entropy_with_logits": "softmax",
    "sigmoid_cross_entropy_with_logits": "sigmoid",
}


@dataclass
class Program:
    """graph: leaves -> outputs; each of the tables below says at which output a number is.

    leaves: the wires that are inputs.  values, gradients: by wire.  parts, locals: by (gate, position); a local is
    d output / d input of an elementwise gate.  probabilities: (name, output) beside those on wires.
    fixed: gates whose outputs stay as they are, with the reason.  made: which gate an equation belongs to.
    """

    leaves: tuple[int, ...] = ()
    graph: Graph = field(default_factory=lambda: Graph((), (), ()))
    values: dict[int, int] = field(default_factory=dict)
    gradients: dict[int, int] = field(default_factory=dict)
    parts: dict[tuple[int, int], int] = field(default_factory=dict)
    locals: dict[tuple[int, int], int] = field(default_factory=dict)
    probabilities: list[tuple[str, int]] = field(default_factory=list)
    fixed: dict[int, str] = field(default_factory=dict)
    made: dict[Equation, int] = field(default_factory=dict)

    def at(self, recording: Recording) -> list[np.ndarray]:
        """The recorded numbers of the leaves."""
        return [recording.wires[i].value for i in self.leaves]


def leaves_of(recording: Recording) -> tuple[int, ...]:
    """The wires whose numbers a person may change: variables, inputs and constants of the user's, of real numbers.

    A number without a name is the program's own (the 2 of x ** 2, the 1 of a sigmoid's parts), unless it is an entry
    of a tensor.
    """
    origins = getattr(recording, "origins", ())
    sizes = Counter([origin[0] for origin in origins if origin is not None])
    found = []
    for w in recording.wires:
        if recording.maker(w.index) is not None or w.dtype not in REAL or not w.value.size:
            continue
        origin = origins[w.index] if w.index < len(origins) else None
        entry = origin is not None and sizes[origin[0]] > 1
        if w.kind != "constant" or w.name or w.value.size > 1 or entry:
            found.append(w.index)
    return tuple(found)


def program_of(recording: Recording, decimals: int | None = None) -> Program:
    """The graph of a recording; with `decimals` each intermediate is rounded, forwards and backwards."""
    return _Replay(recording, decimals).program()


class _Replay:
    def __init__(self, recording: Recording, decimals: int | None):
        self.recording, self.decimals = recording, decimals
        self.trace = Trace(None, "recording")
        self.now: dict[int, Any] = {}  # tensors by wire
        self.found = Program(leaves=leaves_of(recording))
        self.outputs: dict[Value, int] = {}

    def program(self) -> Program:
        with self.trace.active(), recorders(()), quiet():
            for wire in self.recording.wires:
                if wire.index in self.found.leaves:
                    tensor: Any = self.trace.placeholder(wire.shape, wire.dtype)
                else:
                    tensor = Tensor(wire.value)
                self.now[wire.index] = tensor
            for gate in self.recording.gates:
                self._forward(gate)
            self._probabilities()
            self._backward()
            outputs = tuple(self.outputs)
        trace = self.trace
        self.found.graph = Graph(
            tuple(trace.inputs), tuple(trace.equations), outputs, trace.constants, trace.name
        )
        return self.found

    def _forward(self, gate: Gate) -> None:
        before = len(self.trace.equations)
        tensors = tuple([self.now[i] for i in gate.inputs])
        if all(type(t) is Tensor for t in tensors):
            return  # nothing that it depends on changes
        reason = DRAWN if gate.card.family == "Random" else ""
        if not all(known(self.recording.wires[i].dtype) for i in gate.outputs):
            reason = FOREIGN
        outputs: Sequence[Any] = ()
        if not reason:
            try:
                made = apply(gate.card, tensors, dict(gate.attrs))
                outputs = made if gate.card.multi else (made,)
            except (CannotTrace, OpError, TypeError, ValueError):
                reason = OUTSIDE
        wires = self.recording.wires
        if not reason and any(
            tuple(t._value.shape) != wires[i].shape for t, i in zip(outputs, gate.outputs)
        ):
            reason = OUTSIDE
        if reason:
            del self.trace.equations[before:]
            self.found.fixed[gate.index] = reason
            return
        for tensor, wire in zip(outputs, gate.outputs):
            self.now[wire] = self._settled(tensor)
            self.found.values[wire] = self._give(self.now[wire])
        self._mark(gate.index, before)

    def _backward(self) -> None:
        recording, now = self.recording, self.now
        cotangents: dict[int, Any] = {}
        for wire, seed in zip(recording.targets, recording.seeds):
            if recording.wires[wire].dtype in DIFFERENTIABLE:
                before = cotangents.get(wire)
                cotangents[wire] = Tensor(seed) if before is None else before + Tensor(seed)
        for gate in reversed(recording.gates):
            given = [cotangents.get(i) for i in gate.outputs]
            if gate.card.vjp is None or all(g is None for g in given):
                continue
            start = len(self.trace.equations)
            given = [_dense(g) for g in given]
            ys = tuple([now[i] for i in gate.outputs])
            xs = [now[i] for i in gate.inputs]
            found = self._pulled(gate, given, ys, xs)
            for position, (wire, part) in enumerate(zip(gate.inputs, found)):
                if part is None:
                    continue
                if known(recording.wires[wire].dtype):
                    self.found.parts[gate.index, position] = self._give(part)
                before = cotangents.get(wire)
                cotangents[wire] = (
                    part if before is None else backward.accumulate(before, part, RECORDED)
                )
            self._locals(gate, ys, xs)
            self._mark(gate.index, start)
        for wire, c in cotangents.items():
            own = recording.wires[wire]
            if own.gradient is not None and known(own.dtype):
                self.found.gradients[wire] = self._give(_dense(c))

    def _pulled(self, gate: Gate, given: list[Any], ys: Any, xs: list[Any]) -> list[Any]:
        """What a gate adds to each input's gradient, of the input's shape; as recorded where its rule cannot be run."""
        before = len(self.trace.equations)
        try:
            found = _rule(gate, given, ys, xs)
            parts: list[Any] = []
            for x, c in zip(xs, found):
                c = c() if callable(c) else c
                if c is None or x._value.dtype.kind not in DIFFERENTIABLE_KINDS:
                    parts.append(None)
                    continue
                c = _dense(c)
                if tuple(c._value.shape) != tuple(x._value.shape):
                    c = RECORDED.unbroadcast(c, tuple(x._value.shape))
                parts.append(self._settled(c))
        except (CannotTrace, OpError, TypeError, ValueError):
            del self.trace.equations[before:]
            self.found.fixed.setdefault(gate.index, OUTSIDE)
            return [None if p is None else Tensor(p) for p in gate.parts]
        return parts

    def _locals(self, gate: Gate, ys: Any, xs: list[Any]) -> None:
        if gate.card.family != "Elementwise" or gate.card.multi or gate.index in self.found.fixed:
            return
        one = Tensor(np.ones(tuple(ys[0]._value.shape), ys[0]._value.dtype))
        before = len(self.trace.equations)
        try:
            found = _rule(gate, [one], ys, xs)
            for position, c in enumerate(found):
                c = c() if callable(c) else c
                if c is not None and (gate.index, position) in self.found.parts:
                    self.found.locals[gate.index, position] = self._give(c)
        except (CannotTrace, OpError, TypeError, ValueError):
            del self.trace.equations[before:]

    def _probabilities(self) -> None:
        """What a loss that takes scores says of them."""
        for gate in self.recording.gates:
            kind = PROBABILITY_OF.get(gate.card.name)
            if kind is None or gate.index in self.found.fixed:
                continue
            scores = self.now[gate.inputs[gate.card.parameters.index("logits")]]
            name = self.recording.wires[gate.inputs[0]].name
            text = f"{kind}({name})" if name else kind
            self.found.probabilities.append((text, self._give(PUBLIC[kind](scores))))

    def _settled(self, tensor: Any) -> Any:
        if self.decimals is None or tensor._value.dtype.kind not in "fV":
            return tensor
        wide = PUBLIC["cast"](tensor, np.float64)
        scale = RECORDED.const(10.0**self.decimals, like=wide)
        near = PUBLIC["round"](wide * scale) / scale + RECORDED.const(
            0.0, like=wide
        )  # -0 becomes 0
        return PUBLIC["cast"](near, tensor._value.dtype)

    def _give(self, tensor: Any) -> int:
        """The number of an output."""
        value = self.trace.value_of(tensor._value)
        return self.outputs.setdefault(value, len(self.outputs))

    def _mark(self, gate: int, start: int) -> None:
        for equation in self.trace.equations[start:]:
            self.found.made[equation] = gate


def _rule(gate: Gate, given: list[Any], ys: Any, xs: list[Any]) -> Any:
    """What the card's rule gives for the cotangents of its outputs."""
    card, attrs = gate.card, gate.attrs
    assert card.vjp is not None
    if not card.multi:
        return card.vjp(RECORDED, given[0], ys[0], *xs, **attrs)
    if not card.optional_cotangents:
        given = [
            backward.zeros(y, RECORDED) if g is None and y._value.dtype in DIFFERENTIABLE else g
            for g, y in zip(given, ys)
        ]
    return card.vjp(RECORDED, tuple(given), ys, *xs, **attrs)


def _dense(c: Any) -> Any:
    return backward.dense(c, RECORDED) if type(c) is IndexedSlices else c


def steady(recording: Recording, program: Program) -> Mapping[int, np.ndarray]:
    """The values of the wires that the program does not compute and that are no leaves."""
    return {
        w.index: w.value
        for w in recording.wires
        if w.index not in program.values and w.index not in program.leaves
    }
