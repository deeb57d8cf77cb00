"""The `gate` detail: a recording taken apart into numbers, every wire one of them, as circuits are drawn by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from ml_dtypes import finfo

from gradtape.base.dtypes import DIFFERENTIABLE
from gradtape.base.errors import ArgumentError
from gradtape.base.quiet import quiet
from gradtape.core.card import REGISTRY
from gradtape.core.context import no_recording
from gradtape.insight.gates.draft import Draft, each
from gradtape.insight.gates.splits import split
from gradtape.insight.recording import Gate, Recording, Wire, frozen, unique_names
from gradtape.insight.walk import back, leading_to

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


def scalars(recording: Recording, *, whole: Sequence[str] = (), limit: int = LIMIT) -> Scalars:
    """A recording in which every wire is one number.

    Products of matrices are products and sums, movements are no gates, sigmoid is ×(−1), exp, +1, 1/x, softmax and the
    losses are exponentials, sums and logarithms. whole: names of operations that stay in one piece ("sigmoid").
    What cannot be taken apart stays a gate on tensors, and is noted. Entries are named "w[0,1]"; axes of length 1 are
    left out. Raises InvalidArgumentError (a ValueError) where there would be more gates than `limit`.
    """
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
        draft.gates = leading_to(draft.gates, targets)
        cotangents, parts = back(draft.values, draft.gates, targets, seeds)
    return _checked(_recording(draft, targets, seeds, cotangents, parts), recording)


def _targets(draft: Draft) -> tuple[list[int], list[Any]]:
    targets: list[int] = []
    seeds: list[Any] = []
    for wire, seed in zip(draft.recording.targets, draft.recording.seeds):
        targets += draft.entries(wire).reshape(-1).tolist()
        seeds += each(seed)
    return targets, seeds


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
                    draft.names[k] = _entry_name(name, index, ids.shape)


def _entry_name(name: str, index: Sequence[int], shape: Sequence[int]) -> str:
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
