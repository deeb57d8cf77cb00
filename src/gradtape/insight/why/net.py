"""All that a tape knows of a computation: what it recorded, and what it saw but did not record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import ref

import numpy as np

from gradtape.base.quiet import quiet
from gradtape.core.context import no_recording
from gradtape.core.slices import IndexedSlices
from gradtape.core.variable import Variable
from gradtape.insight.reading import Draft, layers_of, opens
from gradtape.insight.source import Place, place_of
from gradtape.insight.walk import back, cotangents_of


class Net(Draft):
    """Gates in the order in which they ran, calls of traced functions opened.

    A gate whose attributes are None was not recorded: its inputs were not watched, and values may be unknown (None).
    """

    def __init__(self, tape: Any):
        super().__init__()
        self.tape = tape
        self._by_reference: dict[int, tuple[int, Any]] = {}
        self.dtype_kinds: dict[int, str] = {}  # by slot, where the value is gone
        for owner, reads in tape._reads.items():
            variable, wire = tape._variables[owner], -1
            for tensor in reads:
                if wire < 0:
                    slot = self.wire("variable", variable, tensor._value)
                    wire = self.wire_of[slot]
                else:
                    slot = self.slot(wire, tensor._value)
                self._put(ref(tensor), slot)
        asides, records = list(tape.trail.asides), tape._records
        layers = layers_of(tape, len(records))
        asides.reverse()
        for index in range(len(records) + 1):
            while asides and asides[-1][4] <= index:
                self._aside(*asides.pop())
            if index < len(records):
                self._record(records[index], layers[index])

    def _put(self, reference: Any, slot: int) -> None:
        self._by_reference[id(reference)] = slot, reference

    def known(self, tensor: Any) -> int | None:
        """The slot of a tensor that the tape has met."""
        found = self._by_reference.get(id(ref(tensor)))
        return None if found is None else found[0]

    def of_tensor(self, tensor: Any, kind: str) -> int:
        return self._at(ref(tensor), kind)

    def _at(self, reference: Any, kind: str) -> int:
        found = self._by_reference.get(id(reference))
        if found is not None:
            return found[0]
        tensor = reference()
        slot = self.wire(kind, tensor, getattr(tensor, "_value", None))  # type: ignore[arg-type]
        self._put(reference, slot)
        return slot

    def _aside(
        self, card: Any, inputs: Any, outputs: Any, kinds: str, _before: int, site: Any
    ) -> None:
        given = [self._at(r, "constant") for r in inputs]
        values: Any = [getattr(r(), "_value", None) for r in outputs]
        made = self.add(card, None, given, values, site, ())
        for reference, slot, kind in zip(outputs, made, kinds):
            self._put(reference, slot)
            self.owners[self.wire_of[slot]] = reference()
            self.dtype_kinds[slot] = kind

    def _record(self, record: Any, layers: Any) -> None:
        card, attrs, inputs, output, site = record
        leaves = self.tape._leaves
        given = [self.of_tensor(t, "input" if id(t) in leaves else "constant") for t in inputs]
        outputs = output if type(output) is tuple else (output,)
        made = None
        if opens(card, attrs):
            made = self.open_graph(attrs["program"].graph, given, site, layers)
        if made is None:
            made = self.add(card, attrs, given, [t._value for t in outputs], site, layers)
            for tensor, slot in zip(outputs, made):
                self.owners[self.wire_of[slot]] = tensor
        for tensor, slot in zip(outputs, made):
            self._put(ref(tensor), slot)

    # --- questions ---

    def slots_of(self, source: Any) -> set[int]:
        """Where a source stands: a variable's readings, or a tensor."""
        if not isinstance(source, Variable):
            found = self.known(source)
            return set() if found is None else {found}
        tensors = list(self.tape._reads.get(id(source), ()))
        if source._read_tensor is not None:
            tensors.append(source._read_tensor)
        return {slot for t in tensors if (slot := self.known(t)) is not None}

    def kind(self, slot: int) -> str:
        """The kind of a slot's dtype: "f" float, "i" integer, ..., "" where nothing is known."""
        value = self.values[slot]
        return self.dtype_kinds.get(slot, "") if value is None else value.dtype.kind

    def floating(self, slot: int) -> bool:
        return self.kind(slot) in ("f", "c", "V", "")

    def reached(self, slots: Iterable[int]) -> set[int]:
        """All that is computed from `slots`, with them."""
        found = set(slots)
        for _, _, inputs, outputs, _, _ in self.gates:
            if not found.isdisjoint(inputs):
                found.update(outputs)
        return found

    def needed(self, slots: Iterable[int]) -> set[int]:
        """All that `slots` are computed from, with them."""
        found = set(slots)
        for _, _, inputs, outputs, _, _ in reversed(self.gates):
            if not found.isdisjoint(outputs):
                found.update(inputs)
        return found

    def made(self) -> set[int]:
        """All that a gate computes."""
        return {slot for gate in self.gates for slot in gate[3]}

    def leaves(self, slots: set[int]) -> list[int]:
        """Those of `slots` that no gate computes, in the order of their use."""
        made, found = self.made(), []
        for gate in self.gates:
            if not slots.isdisjoint(gate[3]):
                found += [s for s in gate[2] if s in slots and s not in made]
        found += [s for s in slots if s not in made]
        return list(dict.fromkeys(found))

    def place(self, gate: int) -> Place | None:
        return place_of(self.gates[gate][4])

    def pulled(self, targets: list[int], seeds: list[np.ndarray]) -> tuple[dict[int, Any], Any]:
        """Cotangents by slot, and what each gate adds to each of its inputs."""
        with no_recording(), quiet():
            return back(self.values, self.gates, targets, seeds)

    def given_back(self, gate: int, position: int, g: Any, xs: Any = None, y: Any = None) -> Any:
        """What a gate with one output gives back for another cotangent, or other inputs; broadcasting is not undone.

        None where it gives nothing, or slices.
        """
        card, attrs, inputs, outputs, _, _ = self.gates[gate]
        xs = [self.values[s] for s in inputs] if xs is None else xs
        y = self.values[outputs[0]] if y is None else y
        with no_recording(), quiet():
            found = cotangents_of(card, attrs, [g], (y,), xs)[position]
            found = found() if callable(found) else found
        return None if found is None or isinstance(found, IndexedSlices) else np.asarray(found)


def net_of(tape: Any) -> Net:
    """The net of a tape; what it computes again for traced functions is not recorded anywhere."""
    with no_recording(), quiet():
        return Net(tape)
