"""The `gate` detail: a recording taken apart into numbers, every wire one of them, as circuits are drawn by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from ml_dtypes import finfo

from gradtape.base.dtypes import DIFFERENTIABLE
from gradtape.base.errors import ArgumentError
from gradtape.base.quiet import quiet
from gradtape.core.card import REGISTRY, Op
from gradtape.core.context import no_recording
from gradtape.insight.recording import Gate, Recording, Wire, frozen, unique_names
from gradtape.insight.walk import USERS, back

LIMIT = 5_000


@dataclass(frozen=True, eq=False)
class Scalars(Recording):
    """A recording of numbers, and where they come from in the recording of tensors.

    origins: per wire the tensor's wire and the flat index of the entry that it is first, or None.
    makers_of: per gate the index of the tensors' gate that it is a part of.
    """

    origins: tuple[tuple[int, int] | None, ...] = ()
    makers_of: tuple[int, ...] = ()

    def entry(self, wire: int, flat: int) -> Wire | None:
        """The number at the flat index of a tensor's wire; None where the targets do not need it."""
        for found, origin in zip(self.wires, self.origins):
            if origin == (wire, flat):
                return found
        return None


class Draft:
    """Numbers and gates in the making.  A tensor is an array of the indices of its numbers' wires."""

    def __init__(self, recording: Recording, whole: Sequence[str], limit: int) -> None:
        self.recording, self.keep, self.limit = recording, frozenset(whole), limit
        self.values: list[Any] = []
        self.names: list[str] = []
        self.kinds: list[str] = []
        self.origins: list[tuple[int, int] | None] = []
        self.gates: list[tuple[type[Op], Mapping[str, Any], tuple[int, ...], tuple[int, ...], int]] = []  # fmt: skip
        self.ids: dict[int, np.ndarray] = {}  # the numbers of a tensor's wire
        self.tensors: dict[int, int] = {}  # the wire of a tensor that is kept in one piece
        self.fixed: set[int] = set()  # tensors' wires that depend on constants alone
        self.notes: dict[str, None] = {}
        self.at = 0  # the tensors' gate that is taken apart

    def wire(
        self, kind: str, value: Any, name: str = "", origin: tuple[int, int] | None = None
    ) -> int:
        self.values.append(np.asarray(value))
        self.names.append(name)
        self.kinds.append(kind)
        self.origins.append(origin)
        return len(self.values) - 1

    def constant(self, value: Any, like: int) -> int:
        """A number of the program's own, such as the 1 of 1/(1+e^-x)."""
        return self.wire("constant", np.asarray(value, self.values[like].dtype))

    def gate(self, name: str, *inputs: int, **attrs: Any) -> int:
        """A gate of one output; gives its wire."""
        return self.gate_of(REGISTRY[name], inputs, attrs)

    def gate_of(self, card: type[Op], inputs: Sequence[int], attrs: Mapping[str, Any]) -> int:
        self.room_for(1)
        value = np.asarray(card.kernel(*[self.values[i] for i in inputs], **attrs))
        output = self.wire("computed", value)
        self.gates.append((card, attrs, tuple(inputs), (output,), self.at))
        return output

    def room_for(self, count: int) -> None:
        """Raises where so many more gates are too many."""
        if len(self.gates) + count > self.limit:
            raise ArgumentError(
                f'The "gate" detail is for small computations: expected at most {self.limit:,} gates. Use '
                'detail="op", or a smaller batch.',
                gates=f"at least {len(self.gates) + count:,}",
            )

    def total(self, terms: Sequence[int]) -> int:
        """The wire of a sum: one gate, however many terms."""
        if len(terms) == 1:
            return terms[0]
        return self.gate("add" if len(terms) == 2 else "add_n", *terms)

    def entries(self, wire: int) -> np.ndarray:
        """The wires of a tensor's numbers, in its shape."""
        found = self.ids.get(wire)
        if found is None:
            tensor = self.recording.wires[wire]
            if wire in self.tensors:
                found = self._unpacked(self.tensors[wire], wire)
            else:
                found = self.new(wire, tensor.value, tensor.kind)
            self.ids[wire] = found
        return found

    def inputs_of(self, gate: Gate) -> list[np.ndarray]:
        return [self.entries(i) for i in gate.inputs]

    def new(self, wire: int, value: np.ndarray, kind: str) -> np.ndarray:
        """New wires for the numbers of a tensor."""
        self.room_for(0)
        if value.size > 4 * self.limit:
            self.room_for(value.size)
        made = [self.wire(kind, v, "", (wire, k)) for k, v in enumerate(each(value))]
        return np.array(made, np.int64).reshape(value.shape)

    def whole(self, wire: int) -> int:
        """The wire of a tensor in one piece."""
        found = self.tensors.get(wire)
        if found is None:
            ids, tensor = self.ids.get(wire), self.recording.wires[wire]
            if ids is None and self.recording.maker(wire) is None:
                found = self.wire(tensor.kind, tensor.value, tensor.name, (wire, -1))
            else:
                found = self._packed(self.entries(wire))
            self.tensors[wire] = found
        return found

    def _packed(self, ids: np.ndarray) -> int:
        if ids.shape == ():
            return int(ids)
        if not ids.size:
            return self.wire("constant", np.zeros(ids.shape, np.float32))
        row = self.gate("stack", *ids.reshape(-1).tolist(), axis=0)
        return row if ids.ndim == 1 else self.gate("reshape", row, shape=ids.shape)

    def _unpacked(self, tensor: int, wire: int) -> np.ndarray:
        value = self.values[tensor]
        if value.shape == ():
            return np.asarray(tensor)
        if not value.size:
            return np.empty(value.shape, np.int64)
        row = tensor if value.ndim == 1 else self.gate("reshape", tensor, shape=(value.size,))
        self.room_for(1)
        made = [self.wire("computed", v, "", (wire, k)) for k, v in enumerate(each(value))]
        attrs = {"num": value.size, "axis": 0}
        self.gates.append((REGISTRY["unstack"], attrs, (row,), tuple(made), self.at))
        return np.array(made, np.int64).reshape(value.shape)

    def put(self, wire: int, ids: np.ndarray) -> None:
        """The numbers of a tensor's wire, which have just been computed or moved."""
        self.ids[wire] = ids
        for flat, k in enumerate(ids.reshape(-1).tolist()):
            if self.origins[k] is None:
                self.origins[k] = (wire, flat)

    def kept(self, gate: Gate) -> None:
        """A gate that is not taken apart: tensors go in and come out."""
        inputs = [self.whole(i) for i in gate.inputs]
        self.room_for(1)
        outputs = []
        for o, value in zip(gate.outputs, self._results(gate, inputs)):
            tensor = self.recording.wires[o]
            self.tensors[o] = self.wire("computed", value, tensor.name, (o, -1))
            if tensor.shape == ():
                self.put(o, np.asarray(self.tensors[o]))
                self.origins[self.tensors[o]] = (o, 0)
            outputs.append(self.tensors[o])
        self.gates.append((gate.card, gate.attrs, tuple(inputs), tuple(outputs), gate.index))

    def _results(self, gate: Gate, inputs: Sequence[int]) -> list[np.ndarray]:
        """Computed from the numbers here, which may differ in the last digit; users' functions are not called again."""
        if gate.card.family == "Control" or gate.card.name in USERS:
            return [self.recording.wires[o].value for o in gate.outputs]
        result = gate.card.kernel(*[self.values[i] for i in inputs], **gate.attrs)
        return [np.asarray(v) for v in (result if gate.card.multi else (result,))]


Rule = Callable[[Draft, Gate], bool]


def each(value: np.ndarray) -> list[np.ndarray]:
    """The entries of an array, each as an array of shape ()."""
    flat = value.reshape(-1)
    return [flat[k : k + 1].reshape(()) for k in range(flat.size)]


def scalars(recording: Recording, *, whole: Sequence[str] = (), limit: int = LIMIT) -> Scalars:
    """A recording in which every wire is one number.

    Products of matrices are products and sums, movements are no gates, sigmoid is ×(−1), exp, +1, 1/x, softmax and the
    losses are exponentials, sums and logarithms. whole: names of operations that stay in one piece ("sigmoid").
    What cannot be taken apart stays a gate on tensors, and is noted. Entries are named "w[0,1]"; axes of length 1 are
    left out. Raises InvalidArgumentError (a ValueError) where there would be more gates than `limit`.
    """
    from gradtape.insight.splits import split

    for name in whole:
        if name not in REGISTRY:
            raise ArgumentError(
                "`whole` names operations as derivations do, such as 'sigmoid'.", whole=name
            )
    draft = Draft(recording, whole, limit)
    with no_recording(), quiet():
        for wire in recording.wires:
            if wire.kind == "constant":
                draft.fixed.add(wire.index)
        for gate in recording.gates:
            draft.at = gate.index
            split(draft, gate)
        targets, seeds = _targets(draft)
        _prune(draft, targets)
        cotangents, parts = back(draft.values, draft.gates, targets, seeds)
    return _checked(_recording(draft, targets, seeds, cotangents, parts), recording)


def _targets(draft: Draft) -> tuple[list[int], list[Any]]:
    targets: list[int] = []
    seeds: list[Any] = []
    for wire, seed in zip(draft.recording.targets, draft.recording.seeds):
        targets += draft.entries(wire).reshape(-1).tolist()
        seeds += each(seed)
    return targets, seeds


def _prune(draft: Draft, targets: Sequence[int]) -> None:
    needed, kept = set(targets), []
    for gate in reversed(draft.gates):
        if not needed.isdisjoint(gate[3]):
            kept.append(gate)
            needed.update(gate[2])
    draft.gates = kept[::-1]


def _recording(
    draft: Draft, targets: list[int], seeds: list[Any], cotangents: dict[int, Any], parts: list[Any]
) -> Scalars:
    recording = draft.recording
    sources = []
    for s in recording.sources:
        if s in draft.ids:
            sources += draft.ids[s].reshape(-1).tolist()
        elif s in draft.tensors:
            sources.append(draft.tensors[s])
    used = {*targets, *(w for g in draft.gates for w in (*g[2], *g[3]))}
    _name(draft)
    order = {old: new for new, old in enumerate(sorted(used))}
    names = unique_names([draft.names[old] for old in order])
    wires = []
    for old, new in order.items():
        origin = draft.origins[old]
        trainable = draft.kinds[old] == "variable" and bool(
            origin and recording.wires[origin[0]].trainable
        )
        gradient = cotangents.get(old)
        gradient = None if gradient is None else frozen(gradient)
        value = frozen(draft.values[old])
        wires.append(Wire(new, names[new], draft.kinds[old], value, gradient, trainable))
    gates = []
    for index, (card, attrs, inputs, outputs, at) in enumerate(draft.gates):
        gate = recording.gates[at]
        into, out = (tuple([order[w] for w in ws]) for ws in (inputs, outputs))
        gates.append(
            Gate(
                index,
                card,
                attrs,
                into,
                out,
                gate.place,
                gate.layers,
                tuple(parts[index]),
                gate.calls,
            )
        )
    left_out = len(sources) - len(used.intersection(sources))
    if left_out:
        draft.notes[f"{left_out} numbers that the result does not depend on are left out."] = None
    return Scalars(
        tuple(wires),
        tuple(gates),
        tuple([order[t] for t in targets]),
        tuple([order[s] for s in sources if s in order]),
        tuple(map(frozen, seeds)),
        (*recording.notes, *draft.notes),
        origins=tuple([draft.origins[old] for old in order]),
        makers_of=tuple([at for *_, at in draft.gates]),
    )


def _name(draft: Draft) -> None:
    """Names of numbers by the names of their tensors; the first tensor that has a name gives it."""
    for wire, ids in draft.ids.items():
        name = draft.recording.wires[wire].name
        if name:
            for index, k in np.ndenumerate(ids):
                if not draft.names[k]:
                    draft.names[k] = entry_name(name, index, ids.shape)


def entry_name(name: str, index: Sequence[int], shape: Sequence[int]) -> str:
    """ "w[0,1]"; axes of length 1 are left out, so that a single number keeps its name."""
    said = [str(i) for i, n in zip(index, shape) if n != 1]
    return f"{name}[{','.join(said)}]" if said else name


def _checked(numbers: Scalars, recording: Recording) -> Scalars:
    """With a note where a leaf's gradient is not what the tensors' rules give, to rounding."""
    worst, name = 0.0, ""
    for wire, origin in zip(numbers.wires, numbers.origins):
        if origin is None or origin[1] < 0 or wire.gradient is None or wire.kind == "computed":
            continue
        whole = recording.wires[origin[0]].gradient
        if whole is None or wire.dtype not in DIFFERENTIABLE or not np.isfinite(whole).all():
            continue
        size = float(np.abs(whole).max()) or 1.0
        apart = float(np.abs(whole.reshape(-1)[origin[1]] - wire.gradient)) / size
        if not apart <= worst:
            worst, name = apart, wire.name
    if not worst or worst <= float(finfo(numbers.seeds[0].dtype).eps) ** 0.5:
        return numbers
    note = (
        f"In parts, the gradient of {name or 'a number'} comes out otherwise than in one piece, by {worst:.1e} of its "
        "size."
    )
    return replace(numbers, notes=(*numbers.notes, note))
