"""The `layer` detail: the operations of a Keras layer as one step, by shapes, norms and its formula."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gradtape.insight.derivation.making import Derivation, Maker, norm_of
from gradtape.insight.derivation.steps import LayerStep, Line, Step, Tensor
from gradtape.insight.derivation.words import formula
from gradtape.insight.recording import Gate

_LONGEST = 90  # characters of a formula


@dataclass
class Group:
    """The gates of one call of a layer; one gate of no layer where `name` is empty."""

    name: str
    calls: tuple[int, ...]
    gates: list[Gate] = field(default_factory=list)


def layer_of(gate: Gate) -> str:
    """The layers that a gate ran in, the outermost model left out: "block/dense"."""
    path = gate.layers[1:] if len(gate.layers) > 1 else gate.layers
    return "/".join(path)


def layered(maker: Maker) -> Derivation:
    """The derivation with one step per layer on the way there, and one on the way back."""
    groups: list[Group] = []
    for gate in maker.recording.gates:
        name = layer_of(gate)
        last = groups[-1] if groups else None
        if last is None or not name or (last.name, last.calls) != (name, gate.calls):
            groups.append(Group(name, gate.calls))
        groups[-1].gates.append(gate)
    steps: list[Step] = [*maker.given()]
    for group in groups:
        if group.name:
            steps.append(_forward(maker, group))
        else:
            steps += maker.forward_of(group.gates[0])
    steps += _backward(maker, groups)
    return maker.with_steps([*steps, *maker.rounding()])


def _backward(maker: Maker, groups: Sequence[Group]) -> list[Step]:
    """Steps of layers in place of the steps of their operations."""
    of_gate = {g.index: k for k, group in enumerate(groups) for g in group.gates if group.name}
    found: list[Step] = []
    done: set[int] = set()
    for step in maker.backward(of_gate.keys()):
        k = of_gate.get(step.gate)
        if k is None:
            if step.gate >= 0 or not _inside(maker, step.wire, groups, of_gate):
                found.append(step)
        elif k not in done:
            done.add(k)
            found.append(_back_through(maker, groups[k]))
    return found


def _inside(maker: Maker, wire: int, groups: Sequence[Group], of_gate: dict[int, int]) -> bool:
    """Whether a wire is only seen within one layer."""
    made = maker.recording.maker(wire)
    return made is not None and of_gate.get(made.index) is not None and wire not in maker.recording.targets  # fmt: skip


def _forward(maker: Maker, group: Group) -> LayerStep:
    into, weights, out = _ends(maker, group)
    lines: list[Line] = []
    for w in out:
        for at in maker.shown(w):
            rounded = None if maker.rounded is None else maker.rounded.wires[w].value[at]
            value = maker.recording.wires[w].value[at]
            lines.append(Line(maker.entries.symbol(w, at), value, rounded=rounded))
    tensors = [_tensor(maker, w, maker.recording.wires[w].value, "") for w in (*into, *weights, *out)]  # fmt: skip
    first = group.gates[0]
    return LayerStep(
        group.name, _formula(maker, group, out), first.place, out[0] if out else -1, first.index, tuple(lines),
        None, False, tuple(tensors),
    )  # fmt: skip


def _back_through(maker: Maker, group: Group) -> LayerStep:
    into, weights, out = _ends(maker, group)
    wires = maker.recording.wires
    tensors, lines, names = [], [], []
    for w in (*out, *into, *weights):
        gradient = wires[w].gradient
        if gradient is None or w not in maker.on_path:
            continue
        if w in out:
            tensors.append(_tensor(maker, w, gradient, "∂"))
            continue
        for path, array, rounded in _sent_back(maker, group, w):
            name = maker.names[w] + (f"|{path}" if path else "")
            names.append(name)
            tensors.append(replace(_tensor(maker, w, array, "∂"), name=f"∂{name}"))
            for at in maker.shown(w):
                lines.append(
                    Line(
                        maker.part_symbol(w, at, path, array), array[at],
                        rounded=None if rounded is None else rounded[at],
                    )
                )  # fmt: skip
    ups = ", ".join(f"∂{maker.names[w]}" for w in out)
    first = group.gates[0]
    return LayerStep(
        group.name, f"{ups} → {', '.join(f'∂{n}' for n in names)}", first.place, out[0] if out else -1, first.index,
        tuple(lines), None, True, tuple(tensors),
    )  # fmt: skip


def _sent_back(
    maker: Maker, group: Group, wire: int
) -> list[tuple[int, np.ndarray, np.ndarray | None]]:
    """What a layer adds to a gradient, exact and by hand: the whole, or its paths where there are others too."""
    own = {g.index for g in group.gates}
    paths = maker.paths.get(wire, [])
    if all(gate in own for gate, _ in paths):
        rounded = None if maker.rounded is None else maker.rounded.wires[wire].gradient
        return [(0, np.asarray(maker.recording.wires[wire].gradient), rounded)]
    return [
        (
            number,
            np.asarray(maker.recording.gates[gate].parts[position]),
            None if maker.rounded is None else maker.rounded.gates[gate].parts[position],
        )
        for number, (gate, position) in enumerate(paths, 1)
        if gate in own
    ]


def _ends(maker: Maker, group: Group) -> tuple[list[int], list[int], list[int]]:
    """What goes into a group, the variables among it, and what comes out."""
    recording = maker.recording
    own = {g.index for g in group.gates}
    made = {o for g in group.gates for o in g.outputs}
    into = dict.fromkeys(w for g in group.gates for w in g.inputs if w not in made)
    named = [w for w in into if maker.names[w]]
    weights = [w for w in named if recording.wires[w].kind == "variable"]
    out = [
        w
        for w in sorted(made)
        if w in recording.targets or any(g.index not in own for g, _ in recording.uses(w))
    ]
    return [w for w in named if w not in weights], weights, out


def _formula(maker: Maker, group: Group, out: Sequence[int]) -> str:
    """The layer's operations put into one another, or one after another where that gets long or needs other names."""
    chain = " → ".join(dict.fromkeys(g.title for g in group.gates))
    last = maker.recording.maker(out[0]) if len(out) == 1 else None
    if last is None:
        return chain
    names = [n.removeprefix(f"{group.name}/") for n in maker.names]
    used = [w for gate in group.gates for w in gate.inputs]
    for gate in group.gates:
        text = formula(maker.recording, gate, names, False).partition(" = ")[2]
        inner = [o for o in gate.outputs if o != out[0]]
        if any(used.count(o) > 1 for o in inner):
            return chain
        for o in inner:
            names[o] = text
    text = formula(maker.recording, last, names, False)
    return text if len(text) <= _LONGEST else chain


def _tensor(maker: Maker, wire: int, array: np.ndarray, mark: str) -> Tensor:
    shown = min(array.size, len(maker.shown(wire)))
    return Tensor(mark + maker.names[wire], array.shape, array.dtype.name, norm_of(array), shown)
