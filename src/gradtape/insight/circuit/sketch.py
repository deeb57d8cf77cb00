"""What is to be drawn, before any place is known: boxes that wires join, layers folded into one box or opened."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from gradtape.insight.circuit import figures
from gradtape.insight.circuit.captions import Captions
from gradtape.insight.circuit.signs import SYMMETRIC, sign_of
from gradtape.insight.recording import Gate, Wire
from gradtape.insight.source import Place, cell_of

Uses = tuple[tuple[int, int], ...]


@dataclass
class Box:
    """A leaf, gate, layer or end. inputs, outputs: wires by port; parts: what each input gets from here."""

    key: str
    kind: str
    text: str
    title: str
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    parts: list[np.ndarray | None] = field(default_factory=list)
    uses: list[Uses] = field(
        default_factory=list
    )  # of each input: by which gates, at which of their positions
    details: tuple[str, ...] = ()
    free: bool = False
    gate: int = -1
    wire: int = -1
    layer: str = ""
    place: tuple[str, int, str] | None = None
    inner: Sketch | None = None
    width: float = 0.0  # at least; layers of one sketch are equally wide


@dataclass
class Sketch:
    """Boxes, and the wires that come from outside and leave."""

    boxes: list[Box]
    entries: list[int] = field(default_factory=list)
    exits: list[int] = field(default_factory=list)
    layer: str = ""  # the path of the opened layer that it is the inside of
    brought: dict[int, np.ndarray | None] = field(
        default_factory=dict
    )  # what each entry gets from in here

    def layers(self) -> list[Box]:
        """The layers in it, also inside of opened ones."""
        found = []
        for box in self.boxes:
            if box.kind in ("layer", "frame"):
                found.append(box)
            if box.inner is not None:
                found += box.inner.layers()
        return found


Opens = Callable[[str], bool]


def sketch_of(captions: Captions, opens: Opens | None) -> Sketch:
    """The boxes of a recording. opens: which layers, by their paths, are shown with their inside; None: no layers."""
    return _Sketcher(captions, opens).whole()


@dataclass
class _Group:
    """Gates that stand together: one gate of no layer, or a call of a layer."""

    gates: list[tuple[Gate, tuple[str, ...]]]  # with what is left of their paths of layers
    path: str = ""


class _Sketcher:
    def __init__(self, captions: Captions, opens: Opens | None) -> None:
        self.captions = captions
        self.recording = captions.recording
        self.opens = opens
        self.calls: dict[str, int] = {}

    def whole(self) -> Sketch:
        path = self.recording.gates
        gates = [(g, g.layers if self.opens is not None else ()) for g in path]
        gates, prefix = _without_the_whole(gates)
        sketch = self.inside(gates, prefix, set(), self.recording.targets)
        for number, wire in enumerate(self.recording.targets):
            name = self.recording.wires[wire].name or "target"
            title = f"{name}: what the gradients are of"
            part = self.recording.seeds[number]
            sketch.boxes.append(
                Box(
                    f"end{number}",
                    "end",
                    name,
                    title,
                    [wire],
                    parts=[part],
                    uses=[()],
                    wire=wire,
                )
            )
        sketch.exits = []
        return sketch

    def inside(
        self, gates: list[tuple[Gate, tuple[str, ...]]], prefix: str, outside: set[int],
        ends: Sequence[int] = (),
    ) -> Sketch:  # fmt: skip
        """The boxes of some gates; `outside`: wires that come from elsewhere though they are leaves; `ends`: wires
        that are needed even where no gate takes them.
        """
        groups = self._groups(gates, prefix)
        made = {w for g, _ in gates for w in g.outputs}
        owners = self._owners(groups)
        boxes = []
        for group in groups:
            boxes.append(
                self._layer(group, owners) if group.path else self._gate(group.gates[0][0])
            )
        wanted = list(dict.fromkeys([*[w for box in boxes for w in box.inputs], *ends]))
        foreign = [w for w in wanted if w not in made]
        entries = [w for w in foreign if w in outside or self.recording.maker(w) is not None]
        leaves = [self._leaf(w) for w in foreign if w not in entries]
        targets = set(self.recording.targets)
        numbers = {g.index for g, _ in gates}
        exits = [
            w for w in dict.fromkeys([w for box in boxes for w in box.outputs])
            if w in targets or any(g.index not in numbers for g, _ in self.recording.uses(w))
        ]  # fmt: skip
        return Sketch(leaves + boxes, entries, exits)

    def _groups(self, gates: Iterable[tuple[Gate, tuple[str, ...]]], prefix: str) -> list[_Group]:
        groups: list[_Group] = []
        last: tuple[str, int] | None = None
        for gate, path in gates:
            name = path[0] if path else ""
            depth = len(gate.layers) - len(path)
            call = name, gate.calls[depth] if depth < len(gate.calls) else -1
            if name and call == last:
                groups[-1].gates.append((gate, path[1:]))
            elif name:
                whole = f"{prefix}/{name}" if prefix else name
                self.calls[whole] = self.calls.get(whole, 0) + 1
                if self.calls[whole] > 1:
                    whole = f"{whole}#{self.calls[whole]}"
                groups.append(_Group([(gate, path[1:])], whole))
            else:
                groups.append(_Group([(gate, ())]))
            last = call
        return groups

    def _owners(self, groups: list[_Group]) -> dict[int, int]:
        """leaf -> the one group that hides it; data that flows through the layers is not hidden."""
        users: dict[int, set[int]] = {}
        for number, group in enumerate(groups):
            for gate, _ in group.gates:
                for wire in gate.inputs:
                    users.setdefault(wire, set()).add(number)
        everywhere: dict[int, int] = {}
        for wire in users:
            everywhere[wire] = len(self.recording.uses(wire))
        owners: dict[int, int] = {}
        for number, group in enumerate(groups):
            if not group.path:
                continue
            mine = {w for g, _ in group.gates for w in g.inputs}
            flows = any(self._flows(w, group) for w in mine)
            for wire in sorted(mine):
                kind = self.recording.wires[wire].kind
                if self.recording.maker(wire) is not None or len(users[wire]) > 1:
                    continue
                if sum([g.inputs.count(wire) for g, _ in group.gates]) < everywhere[wire]:
                    continue
                constant = self.recording.wires[wire]
                hidden = (
                    kind == "constant" and not constant.name and (flows or constant.value.size == 1)
                )
                if kind == "variable" or hidden:
                    owners[wire] = number
        return owners

    def _flows(self, wire: int, group: _Group) -> bool:
        """Whether a wire brings the layer its data: computed elsewhere, watched or named."""
        own = {g.index for g, _ in group.gates}
        maker = self.recording.maker(wire)
        if maker is not None:
            return maker.index not in own
        found = self.recording.wires[wire]
        return found.kind == "input" or (found.kind == "constant" and bool(found.name))

    def _layer(self, group: _Group, owners: dict[int, int]) -> Box:
        recording = self.recording
        hidden = [
            w for w in dict.fromkeys([w for g, _ in group.gates for w in g.inputs]) if w in owners
        ]
        made = {w for g, _ in group.gates for w in g.outputs}
        needed = list(dict.fromkeys([w for g, _ in group.gates for w in g.inputs]))
        inputs = [w for w in needed if w not in made and w not in owners]
        numbers = {g.index for g, _ in group.gates}
        targets = set(recording.targets)
        outputs = [
            w for g, _ in group.gates for w in g.outputs
            if w in targets or any(u.index not in numbers for u, _ in recording.uses(w))
        ]  # fmt: skip
        uses = [
            tuple([(g.index, i) for g, _ in group.gates for i, x in enumerate(g.inputs) if x == w])
            for w in inputs
        ]
        parts = [
            _sum([recording.gates[g].parts[i] for g, i in u if recording.gates[g].parts])
            for u in uses
        ]
        name = group.path.rpartition("/")[2].partition("#")[0]
        place = _place(group.gates[0][0].place)
        box = Box(
            f"layer:{group.path}", "layer", name, "", inputs, outputs, parts,
            uses, layer=group.path, place=place,
        )  # fmt: skip
        weights = [recording.wires[w] for w in hidden if recording.wires[w].kind == "variable"]
        box.details = self._details(group, weights)
        box.title = _joined(name, *[self.captions.about(w.index) for w in weights], _line(place))
        if self.opens is not None and self.opens(group.path):
            box.kind = "frame"
            box.inner = self.inside(group.gates, group.path, set(inputs))
            box.inner.layer = group.path
            for leaf in box.inner.boxes:
                if leaf.kind == "leaf":
                    for outer in group.path.split("/"):
                        leaf.text = leaf.text.removeprefix(f"{outer.partition('#')[0]}/")
            box.inputs = box.inner.entries
            box.parts = [parts[inputs.index(w)] for w in box.inputs]
            box.uses = [uses[inputs.index(w)] for w in box.inputs]
            box.inner.brought = dict(zip(box.inputs, box.parts))
            box.outputs = box.inner.exits
        else:
            self._count(group.gates, group.path)
        return box

    def _count(self, gates: Iterable[tuple[Gate, tuple[str, ...]]], prefix: str) -> None:
        """Layers inside of a folded one get the numbers of their calls all the same."""
        for group in self._groups(gates, prefix):
            if group.path:
                self._count(group.gates, group.path)

    def _signs(self, group: _Group) -> list[str]:
        inner = list(dict.fromkeys([path[0] for _, path in group.gates if path]))
        if len(inner) > 1:
            return [f"{len(inner)} layers"]
        return [sign_of(g, self.recording)[0] for g, _ in group.gates]

    def _details(self, group: _Group, weights: list[Wire]) -> tuple[str, ...]:
        signs = self._signs(group)
        shown = " · ".join(signs[:4]) + (" · …" if len(signs) > 4 else "")
        norms = [self.captions.norm(w.gradient) for w in weights if w.gradient is not None]
        if not norms or not self.captions.gradients:
            return (shown,)
        total = sum([n * n for n in norms]) ** 0.5
        count = f"{len(weights)} weight{'s' if len(weights) > 1 else ''}"
        return shown, f"{count}  ‖∇‖ {figures.number(total, self.captions.decimals)}"

    def _gate(self, gate: Gate) -> Box:
        sign, folded = sign_of(gate, self.recording)
        kept = [i for i in range(len(gate.inputs)) if i not in folded]
        place = _place(gate.place)
        parts = gate.parts or (None,) * len(gate.inputs)
        targets = self.recording.targets
        outputs = [w for w in gate.outputs if w in targets or self.recording.uses(w)]
        told = [self.captions.about(w) for w in outputs[:3]]
        return Box(
            f"gate{gate.index}", "gate", sign, _joined(gate.title, _line(place), *told),
            [gate.inputs[i] for i in kept], outputs, [parts[i] for i in kept],
            [((gate.index, i),) for i in kept], free=gate.card.name in SYMMETRIC, gate=gate.index, place=place,
        )  # fmt: skip

    def _leaf(self, wire: int) -> Box:
        found = self.recording.wires[wire]
        name = found.name or {"constant": "const", "variable": "variable"}.get(found.kind, "input")
        return Box(
            f"leaf{wire}", "leaf", name, self.captions.about(wire), outputs=[wire], wire=wire
        )


def _without_the_whole(
    gates: list[tuple[Gate, tuple[str, ...]]],
) -> tuple[list[tuple[Gate, tuple[str, ...]]], str]:
    """A model that holds all the layers is not drawn: its layers are."""
    prefix = ""
    while True:
        inside = [i for i, (_, path) in enumerate(gates) if path]
        names = {gates[i][1][0] for i in inside}
        together = bool(inside) and inside[-1] - inside[0] + 1 == len(inside)
        if len(names) != 1 or not together:
            return gates, prefix
        inner = {path[1] if len(path) > 1 else "" for _, path in gates if path}
        if len(inner) < 2:
            return gates, prefix
        name = names.pop()
        prefix = f"{prefix}/{name}" if prefix else name
        gates = [(g, path[1:]) for g, path in gates]


def _sum(parts: Sequence[np.ndarray | None]) -> np.ndarray | None:
    total = None
    for part in parts:
        if part is not None:
            total = part if total is None else total + part
    return total


def _place(place: Place | None) -> tuple[str, int, str] | None:
    """Without folders: a drawing is the same wherever the file lies. A notebook's cells have no file of their own."""
    if place is None:
        return None
    cell = cell_of(place.file)
    file = os.path.basename(place.file.replace("\\", "/"))
    if cell is not None:
        file = f"cell {cell}" if cell else "cell"
    return re.sub(r"\s+", " ", file), place.line, place.text


def _line(place: tuple[str, int, str] | None) -> str:
    return "" if place is None else f"{place[0]}:{place[1]}  {place[2]}"


def _joined(*lines: str) -> str:
    return "\n".join([line for line in lines if line])
