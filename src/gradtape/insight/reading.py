"""From a tape to a recording: what led to the target is collected, calls of functions opened, and all walked back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from gradtape.base import tree
from gradtape.base.dtypes import DIFFERENTIABLE
from gradtape.base.errors import ArgumentError, TapeError
from gradtape.base.quiet import quiet
from gradtape.core.card import REGISTRY, Op
from gradtape.core.context import no_recording
from gradtape.core.ends import seeds_of, source_of, target_of
from gradtape.core.tape import GradientTape, place
from gradtape.core.variable import Variable
from gradtape.graph.ir import Graph, graphs_in
from gradtape.insight.naming import name_wires
from gradtape.insight.recording import Gate, Recording, Wire, frozen
from gradtape.insight.source import place_of, visible_names
from gradtape.insight.walk import back, leading_to

CALLS = ("call", "watched")


class Within(NamedTuple):
    """The layers that an operation ran in, outermost first, and the numbers of their calls."""

    names: tuple[str, ...] = ()
    calls: tuple[int, ...] = ()


class Draft:
    """A recording in the making.  Arrays stand in slots; each slot belongs to a wire, a variable's readings to one."""

    def __init__(self) -> None:
        self.values: list[np.ndarray] = []  # by slot
        self.wire_of: list[int] = []  # by slot
        self.kinds: list[str] = []  # by wire
        self.owners: list[Any] = []  # by wire: the variable or tensor
        self.slots: list[list[int]] = []  # by wire
        self.gates: list[tuple[type[Op], Any, tuple[int, ...], tuple[int, ...], Any, Any]] = []
        self.by_id: dict[int, int] = {}  # slot by id of a tensor
        self.alive: list[Any] = []  # what ids belong to
        self.inner: set[int] = (
            set()
        )  # slots of results that are not the last of what their expression computes

    def wire(self, kind: str, owner: Any, value: np.ndarray) -> int:
        """A new wire with its first slot; gives the slot."""
        self.kinds.append(kind)
        self.owners.append(owner)
        self.slots.append([])
        return self.slot(len(self.kinds) - 1, value)

    def slot(self, wire: int, value: np.ndarray) -> int:
        self.values.append(value)
        self.wire_of.append(wire)
        self.slots[wire].append(len(self.values) - 1)
        return len(self.values) - 1

    def of_tensor(self, tensor: Any, kind: str) -> int:
        """The slot of a tensor, which gets a wire of its own when it has none."""
        found = self.by_id.get(id(tensor))
        if found is None or self.wire_of[found] < 0:
            found = self.by_id[id(tensor)] = self.wire(kind, tensor, tensor._value)
            self.alive.append(tensor)
        return found

    def add(self, card: type[Op], attrs: Any, inputs: Sequence[int], values: Sequence[np.ndarray],
            site: Any, layers: Any) -> list[int]:  # fmt: skip
        """A gate; gives the slots of its outputs."""
        outputs = [self.wire("computed", None, v) for v in values]
        self.gates.append((card, attrs, tuple(inputs), tuple(outputs), site, layers))
        return outputs

    def open_graph(self, graph: Graph, inputs: Sequence[int], site: Any, layers: Any) -> list[int]:
        """The equations of a graph as gates, on the numbers of this call; gives the slots of its outputs."""
        slots: dict[Any, int] = dict(zip(graph.inputs, inputs))

        def at(value: Any) -> int:
            if value not in slots:
                slots[value] = self.wire("constant", None, graph.constants[value])
            return slots[value]

        for e, after in zip(graph.equations, (*graph.equations[1:], None)):
            if e.op == "host" and not e.outputs:
                continue  # it printed when the function was called
            given = [at(v) for v in e.inputs]
            if e.op == "cond":
                branch = e.attrs["branches"][bool(self.values[given[0]])]
                found = self.open_graph(branch, given[1:], e.site or site, layers)
            elif e.op == "while":
                found = self._open_loop(e, given, site, layers)
            else:
                card = REGISTRY[e.op]
                result = card.kernel(*[self.values[s] for s in given], **e.attrs)
                values = [np.asarray(v) for v in (result if card.multi else (result,))]
                found = self.add(card, e.attrs, given, values, e.site or site, layers)
            if after is not None and same_place(e.site, after.site):
                self.inner.update(found)
            slots.update(zip(e.outputs, found))
        return [at(v) for v in graph.outputs]

    def prune(self, targets: Sequence[int]) -> None:
        """Leave out what the targets do not need: conditions, counters, other results of a function."""
        self.gates = leading_to(self.gates, targets)
        needed = {*targets, *(s for gate in self.gates for s in (*gate[2], *gate[3]))}
        wires = {self.wire_of[s] for s in needed}
        order = {old: new for new, old in enumerate(sorted(wires))}
        self.slots = [self.slots[old] for old in order]
        self.kinds = [self.kinds[old] for old in order]
        self.owners = [self.owners[old] for old in order]
        self.wire_of = [order.get(w, -1) for w in self.wire_of]

    def _open_loop(self, e: Any, given: list[int], site: Any, layers: Any) -> list[int]:
        n, limit = e.attrs["n_constants"], e.attrs.get("limit")
        constants, carried, turns = given[:n], given[n:], 0
        while limit is None or turns < limit:
            arrays = [self.values[s] for s in (*constants, *carried)]
            if not e.attrs["cond"].run(*arrays)[0]:
                break
            carried = self.open_graph(
                e.attrs["body"], (*constants, *carried), e.site or site, layers
            )
            turns += 1
        return carried


def opens(card: type[Op], attrs: Any) -> bool:
    """Whether an operation is a call whose equations can be computed once more: it drew and asked for nothing."""
    return (
        card.name in CALLS and attrs is not None and not _depends_on_world(attrs["program"].graph)
    )


def _depends_on_world(graph: Graph) -> bool:
    return any(
        (e.op == "host" and e.outputs) or any(map(_depends_on_world, graphs_in(e.attrs)))
        for e in graph.equations
    )


def same_place(one: Any, other: Any) -> bool:
    """Whether two sites are one place in the code."""
    return bool(one) and bool(other) and one[0] is other[0] and one[1] == other[1]


def recorded(
    tape: GradientTape, target: Any, sources: Any = None, output_gradients: Any = None
) -> Recording:
    """What `tape` recorded on the way to `target`, with all gradients.

    target: a tensor or a nest of them.  sources: whose gradients are asked for; None: the trainable variables and the
    watched tensors that the target depends on.  output_gradients: cotangents of the targets; None: ones.
    Raises RuntimeError where the tape has let its records go, ValueError for a target that it has not seen computed.
    """
    records = _records(tape)
    targets = [target_of(t) for t in tree.flatten(target)]
    if not targets:
        raise ArgumentError("There is nothing to explain: the target is empty.", target=target)
    with no_recording(), quiet():
        draft = _drafted(tape, records, targets)
        given = seeds_of(output_gradients, targets)
        seeds = [np.ones_like(t._value) if g is None else g._value for t, g in zip(targets, given)]
        slots = [_slot_of(draft, t) for t in targets]
        draft.prune(slots)
        cotangents, parts = back(draft.values, draft.gates, slots, seeds)
    chosen = _sources(tape, draft, sources)
    names = name_wires(draft, visible_names())
    wires = []
    for index, kind in enumerate(draft.kinds):
        owner = draft.owners[index]
        value = draft.values[draft.slots[index][0]]
        trainable = kind == "variable" and bool(getattr(owner, "trainable", False))
        gradient = _of_wire(draft.slots[index], cotangents)
        gradient = None if gradient is None else frozen(gradient)
        wires.append(Wire(index, names[index], kind, frozen(value), gradient, trainable))
    gates = [
        Gate(
            index, card, attrs, tuple([draft.wire_of[s] for s in inputs]),
            tuple([draft.wire_of[s] for s in outputs]), place_of(site), within.names, parts[index], within.calls,
        )
        for index, (card, attrs, inputs, outputs, site, within) in enumerate(draft.gates)
    ]  # fmt: skip
    at = tuple([draft.wire_of[s] for s in slots])
    return Recording(
        tuple(wires), tuple(gates), at, chosen, tuple(map(frozen, seeds)), _assigned(draft, names)
    )


def _assigned(draft: Draft, names: Sequence[str]) -> tuple[str, ...]:
    """A note per variable that had another value when it was read again: its values are wires of their own."""
    wires: dict[int, list[int]] = {}
    for wire, owner in enumerate(draft.owners):
        if draft.kinds[wire] == "variable":
            wires.setdefault(id(owner), []).append(wire)
    return tuple(
        [
            f"{', '.join(names[w] for w in found)} are the values of one variable, which was assigned while the tape "
            "was open: its gradient is the sum of theirs."
            for found in wires.values()
            if len(found) > 1
        ]
    )


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a is b or np.array_equal(a, b)


def _records(tape: Any) -> list[Any]:
    if not isinstance(tape, GradientTape):
        raise ArgumentError("Explanations are made from a tf.GradientTape.", tape=tape)
    if tape.trail.let_go:
        raise TapeError(
            f"The tape's records were let go at {place(tape._used_at)}, when its gradient was asked for: they held "
            f"{tape.trail.let_go / 2**20:.0f} MiB. Use tf.GradientTape(persistent=True), or explain before."
        )
    if tape._used_at is not None and not tape._records and not tape._persistent:
        raise TapeError(
            f"The tape's records were let go at {place(tape._used_at)}, when its gradient was asked for. Set "
            "gradtape.config.explanations = True, or use tf.GradientTape(persistent=True)."
        )
    return tape._records


def layers_of(tape: GradientTape, count: int) -> list[Within]:
    """The layers that each record ran in."""
    found = [Within()] * count
    for call, (layer, start, end) in enumerate(tape.trail.layers):  # inner calls end first
        name = str(getattr(layer, "name", type(layer).__name__))
        for index in range(start, min(end, count)):
            names, calls = found[index]
            found[index] = Within((name, *names), (call, *calls))
    return found


def _drafted(tape: GradientTape, records: list[Any], targets: list[Any]) -> Draft:
    """The records on the way to the targets as gates, with the wires that they need."""
    needed, useful = {id(t) for t in targets}, []
    for index in reversed(range(len(records))):
        output = records[index][3]
        made = output if type(output) is tuple else (output,)
        if any(id(t) in needed for t in made):
            useful.append(index)
            needed.update(id(t) for t in records[index][2])
    draft = Draft()
    for owner, reads in tape._reads.items():
        variable = tape._variables[owner]
        used = [t for t in reads if id(t) in needed]
        last, slot = None, -1
        for tensor in used:
            if last is None or not _same(tensor._value, last._value):  # assigned in between
                slot = draft.wire("variable", variable, tensor._value)
            else:
                slot = draft.slot(draft.wire_of[slot], tensor._value)
            draft.by_id[id(tensor)], last = slot, tensor
    layers = layers_of(tape, len(records))
    for index in reversed(useful):
        card, attrs, inputs, output, site = records[index]
        slots = [
            draft.of_tensor(t, "input" if id(t) in tape._leaves else "constant") for t in inputs
        ]
        outputs = output if type(output) is tuple else (output,)
        if opens(card, attrs):
            graph = attrs["program"].graph
            found = draft.open_graph(graph, slots, site, layers[index])
            for tensor, slot in zip(outputs, found):
                draft.by_id[id(tensor)] = slot
                if draft.owners[draft.wire_of[slot]] is None:
                    draft.owners[draft.wire_of[slot]] = tensor
        else:
            found = draft.add(card, attrs, slots, [t._value for t in outputs], site, layers[index])
            for tensor, slot in zip(outputs, found):
                draft.by_id[id(tensor)] = slot
                draft.owners[draft.wire_of[slot]] = tensor
        if index + 1 < len(records) and same_place(site, records[index + 1][4]):
            draft.inner.update(found)
    return draft


def _slot_of(draft: Draft, target: Any) -> int:
    if isinstance(target, Variable):
        for wire, owner in enumerate(draft.owners):
            if owner is target:
                return draft.slots[wire][0]
        return draft.wire("variable", target, target._value)
    return draft.of_tensor(target, "constant")


def _of_wire(slots: list[int], cotangents: dict[int, Any]) -> Any:
    """The cotangent of a wire: a variable takes together what its readings got, the last first, as the tape does."""
    total = None
    for slot in reversed(slots):
        part = cotangents.get(slot)
        if part is not None:
            total = part if total is None else total + part
    return total


def _sources(tape: GradientTape, draft: Draft, sources: Any) -> tuple[int, ...]:
    if sources is None:
        leaves = [i for i, k in enumerate(draft.kinds) if k in ("variable", "input")]
        return tuple([i for i in leaves if draft.values[draft.slots[i][0]].dtype in DIFFERENTIABLE])
    chosen = [draft.wire_of[_slot_of(draft, s)] for s in map(source_of, tree.flatten(sources))]
    variables = {id(draft.owners[w]) for w in chosen if draft.kinds[w] == "variable"}
    later = [w for w, o in enumerate(draft.owners) if w not in chosen and id(o) in variables]
    return (*chosen, *later)
