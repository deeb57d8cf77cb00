"""Numbers and gates in the making: what the rules that take operations apart write into."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradtape.base.errors import ArgumentError
from gradtape.core.card import REGISTRY, Op
from gradtape.insight.recording import Gate, Recording
from gradtape.insight.walk import USERS


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
