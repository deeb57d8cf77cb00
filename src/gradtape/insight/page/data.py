"""What the page is told: wires, gates, groups of leaves, and where each number is among the program's outputs."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np

from gradtape.backends.js import JsProgram, emit, unsupported
from gradtape.base.errors import ArgumentError
from gradtape.graph.passes import optimize
from gradtape.insight.derivation.words import labels
from gradtape.insight.page.program import Program, program_of, steady
from gradtape.insight.recording import Gate, Recording

LARGEST = 4_000_000  # numbers in one page
_ENTRY = re.compile(r"(.+)\[(\d+(?:,\d+)*)\]")
_TYPED = {"float32": "<f4", "float64": "<f8", "int32": "<i4", "uint8": "u1"}


class Told:
    """The data of a page as JSON-ready objects, and the two programs: exact, and with each intermediate rounded."""

    def __init__(self, recording: Recording, decimals: int):
        self.recording, self.decimals = recording, decimals
        self.programs: dict[str, tuple[Program, JsProgram]] = {}
        total = sum(w.value.size for w in recording.wires)
        if total > LARGEST:
            raise ArgumentError(
                f"The page holds at most {LARGEST:,} numbers. Explain a smaller batch.",
                numbers=total,
            )
        for name, places in (("exact", None), ("rounded", decimals)):
            program = program_of(recording, places)
            script = emit(optimize(program.graph), name, at=program.at(recording))
            self.programs[name] = program, script

    def source(self) -> str:
        """Both programs as JavaScript."""
        return "\n".join(script.source for _, script in self.programs.values())

    def data(self) -> dict[str, Any]:
        recording = self.recording
        exact = self.programs["exact"][0]
        labels = labels_of(recording)
        fixed = self._fixed()
        told = [] if exact.probabilities else probabilities_of(recording)
        return {
            "decimals": self.decimals,
            "targets": list(recording.targets),
            "seeds": [packed(seed) for seed in recording.seeds],
            "sources": list(recording.sources),
            "notes": list(recording.notes),
            "wires": [
                {
                    "name": w.name,
                    "label": labels[w.index],
                    "kind": w.kind,
                    "shape": list(w.shape),
                    "dtype": w.dtype.name,
                    "trainable": w.trainable,
                }
                for w in recording.wires
            ],
            "gates": [self._gate(g, fixed) for g in recording.gates],
            "leaves": [{"wire": i, "data": packed(recording.wires[i].value)} for i in exact.leaves],
            "groups": groups_of(recording, exact.leaves),
            "steady": {str(i): packed(a) for i, a in steady(recording, exact).items()},
            "tables": {name: table_of(program) for name, (program, _) in self.programs.items()},
            "probabilities": told,
            "classes": [_classes(recording, i) for i in told]
            + [name.startswith("softmax") for name, _ in exact.probabilities],
            "shapes": [list(exact.graph.outputs[o].aval.shape) for _, o in exact.probabilities],
        }

    def _gate(self, gate: Gate, fixed: Mapping[int, str]) -> dict[str, Any]:
        place = gate.place
        return {
            "op": gate.card.name,
            "family": gate.card.family,
            "inputs": list(gate.inputs),
            "outputs": list(gate.outputs),
            "layers": list(gate.layers),
            "attrs": {k: v for k, v in gate.attrs.items() if _plain(v)},
            "place": None
            if place is None
            else {"file": PurePath(place.file).name, "line": place.line, "text": place.text},
            "fixed": fixed.get(gate.index, ""),
        }

    def _fixed(self) -> dict[int, str]:
        """Gates that do not follow their inputs, with the reason."""
        program, _ = self.programs["exact"]
        found = dict(program.fixed)
        for equation, reason in unsupported(program.graph):
            gate = program.made.get(equation)
            if gate is not None:
                found.setdefault(gate, reason)
        return found


def table_of(program: Program) -> dict[str, Any]:
    """Where the numbers are among the outputs."""

    def nested(found: Mapping[tuple[int, int], int]) -> dict[str, dict[str, int]]:
        table: dict[str, dict[str, int]] = {}
        for (gate, position), output in found.items():
            table.setdefault(str(gate), {})[str(position)] = output
        return table

    return {
        "values": {str(w): o for w, o in program.values.items()},
        "gradients": {str(w): o for w, o in program.gradients.items()},
        "parts": nested(program.parts),
        "locals": nested(program.locals),
        "probabilities": [[name, output] for name, output in program.probabilities],
    }


def packed(array: np.ndarray) -> dict[str, Any]:
    """An array for a page: a typed array's bytes, or texts where JavaScript has no such number."""
    array = np.asarray(array)
    if array.dtype.kind in "cOSU":
        texts = [str(v) for v in array.reshape(-1)[:1000]]
        return {"texts": texts}
    name = "uint8" if array.dtype.kind == "b" else array.dtype.name
    if name not in _TYPED:
        name = "float64"
    flat = np.ascontiguousarray(array.reshape(-1).astype(_TYPED[name]))
    return {"type": name, "bytes": base64.b64encode(flat.tobytes()).decode("ascii")}


def labels_of(recording: Recording) -> list[str]:
    """A name for each wire, as the derivation calls it; a number without a name is called by its number."""
    found = labels(recording)
    for index, label in enumerate(found):
        if not label:
            value = recording.wires[index].value.reshape(-1)[0]
            text = f"{value:g}" if value.dtype.kind in "fiu" else str(value)
            found[index] = text.replace("-", "−")
    return found


def groups_of(recording: Recording, leaves: tuple[int, ...]) -> list[dict[str, Any]]:
    """The leaves as a person thinks of them: the numbers w[0,0], w[0,1] are one tensor w.

    cells: per entry in row-major order [number of the leaf, flat index in it], or None where there is no such entry.
    """
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    labels = labels_of(recording)
    for number, index in enumerate(leaves):
        wire = recording.wires[index]
        match = _ENTRY.fullmatch(wire.name) if not wire.shape else None
        if match is None:
            groups[wire.kind, f"#{index}"] = {
                "name": labels[index],
                "kind": wire.kind,
                "trainable": wire.trainable,
                "shape": list(wire.shape),
                "entries": {flat: [number, flat] for flat in range(wire.value.size)},
            }
            continue
        at = tuple(int(n) for n in match[2].split(","))
        group = groups.setdefault(
            (wire.kind, match[1]),
            {"name": match[1], "kind": wire.kind, "trainable": wire.trainable, "parts": {}},
        )
        group["parts"][at] = [number, 0]
    for group in groups.values():
        parts = group.pop("parts", None)
        if parts is not None:
            shape = [max(axis) + 1 for axis in zip(*parts)]
            group["shape"] = shape
            group["entries"] = {
                int(np.ravel_multi_index(at, shape)): cell for at, cell in parts.items()
            }
        entries = group.pop("entries")
        group["cells"] = [entries.get(i) for i in range(math.prod(group["shape"]))]
    order = {"variable": 0, "input": 1, "constant": 2}
    return sorted(groups.values(), key=lambda g: order[g["kind"]])


def probabilities_of(recording: Recording) -> list[int]:
    """The wires that hold probabilities: of a softmax or its parts, else of a sigmoid or its parts."""
    softmax: list[int] = []
    sigmoid: list[int] = []
    for gate in recording.gates:
        name = gate.card.name
        if name == "softmax" or (name == "real_div" and _made_by(recording, gate.inputs[0], "exp")):
            softmax += gate.outputs
        elif name == "sigmoid" or (
            name == "reciprocal" and _one_and_exp(recording, gate.inputs[0])
        ):
            sigmoid += gate.outputs
    found = softmax or sigmoid
    # What weights are put to afterwards is a layer's inside, not what the model says.
    weighted = _before_weights(recording)
    return [w for w in found if w not in weighted and recording.wires[w].value.size <= 64]


def _classes(recording: Recording, wire: int) -> bool:
    """Whether the last axis of probabilities is that of the classes, of which one is true."""
    maker = recording.maker(wire)
    return maker is not None and maker.card.name in ("softmax", "real_div")


def _before_weights(recording: Recording) -> set[int]:
    """The wires that lead to a gate that a variable goes into as well."""
    found: set[int] = set()
    for gate in reversed(recording.gates):
        weighted = any(recording.wires[i].kind == "variable" for i in gate.inputs)
        if weighted or not found.isdisjoint(gate.outputs):
            found.update(gate.inputs)
    return found


def _made_by(recording: Recording, wire: int, card: str) -> bool:
    maker = recording.maker(wire)
    return maker is not None and maker.card.name == card


def _one_and_exp(recording: Recording, wire: int) -> bool:
    maker = recording.maker(wire)
    return (
        maker is not None
        and maker.card.name == "add"
        and any(_made_by(recording, i, "exp") for i in maker.inputs)
    )


def _plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return len(value) <= 16 and all(map(_plain, value))
    return value is None or isinstance(value, bool | int | float | str)
