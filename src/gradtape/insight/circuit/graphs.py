"""The circuit in the languages of other programs: DOT (Graphviz) and Mermaid. They lay it out themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gradtape.insight.circuit.dress import Dress
from gradtape.insight.circuit.palette import LIGHT, STROKES
from gradtape.insight.circuit.sketch import Box, Sketch


class Join(NamedTuple):
    """A wire from one box to one other, with its texts."""

    start: str
    end: str
    value: str
    gradient: str
    tone: str
    strength: int


def _inmost(sketch: Sketch) -> Iterator[Box]:
    for box in sketch.boxes:
        if box.inner is None:
            yield box
        else:
            yield from _inmost(box.inner)


def joins(sketch: Sketch, dress: Dress) -> list[Join]:
    """All wires, from their makers to their users. A branch shows the gradient that comes back through it."""
    boxes = list(_inmost(sketch))
    source = {wire: box.key for box in boxes for wire in box.outputs}
    users: dict[int, int] = {}
    for box in boxes:
        for wire in box.inputs:
            users[wire] = users.get(wire, 0) + 1
    found = []
    for box in boxes:
        for wire, part in zip(box.inputs, box.parts):
            gradient: np.ndarray | None = dress.recording.wires[wire].gradient
            gradient = gradient if users[wire] == 1 else part
            tone, strong = dress.captions.tone(gradient)
            texts = dress.captions.value(wire), dress.captions.part(gradient)
            found.append(Join(source[wire], box.key, *texts, tone, strong))
    return found


def _quoted(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + text.replace("\n", "\\n") + '"'


def dot_of(sketch: Sketch, dress: Dress) -> str:
    """The circuit in DOT; layers that are opened are clusters."""
    direction = "TB" if dress.down else "LR"
    lines = [
        "digraph circuit {",
        f'  graph [rankdir={direction}, fontname="sans-serif"];',
        '  node [fontname="sans-serif"];',
        '  edge [fontname="sans-serif", fontsize=10, arrowsize=0.6];',
        *_dot_boxes(sketch, "  "),
    ]
    for j in joins(sketch, dress):
        label = _quoted(f"{j.value}\n{j.gradient}".rstrip("\n"))
        colour = getattr(LIGHT, j.tone)
        style = f'label={label}, color="{colour}", penwidth={STROKES[j.strength]:g}'
        lines.append(f"  {_quoted(j.start)} -> {_quoted(j.end)} [{style}];")
    return "\n".join([*lines, "}", ""])


def _dot_boxes(sketch: Sketch, indent: str) -> Iterator[str]:
    for box in sketch.boxes:
        tip = f", tooltip={_quoted(box.title)}" if box.title else ""
        if box.inner is not None:
            yield f"{indent}subgraph {_quoted(f'cluster_{box.layer}')} {{"
            yield f"{indent}  label={_quoted(box.text)}; style=dashed;"
            yield from _dot_boxes(box.inner, indent + "  ")
            yield f"{indent}}}"
        else:
            shape = {"leaf": "plaintext", "end": "plaintext", "layer": "box"}.get(
                box.kind, "ellipse"
            )
            label = _quoted("\n".join([box.text, *box.details]))
            yield f"{indent}{_quoted(box.key)} [label={label}, shape={shape}{tip}];"


def mermaid_of(sketch: Sketch, dress: Dress) -> str:
    """The circuit as a Mermaid flowchart; layers that are opened are subgraphs."""
    names = {box.key: f"n{i}" for i, box in enumerate(_inmost(sketch))}
    lines = [f"flowchart {'TB' if dress.down else 'LR'}"]
    lines += _mermaid_boxes(sketch, names, "  ")
    found = joins(sketch, dress)
    for j in found:
        label = _escaped(" / ".join([t for t in (j.value, j.gradient) if t]))
        lines.append(f'  {names[j.start]} -->|"{label}"| {names[j.end]}')
    for number, j in enumerate(found):
        colour = getattr(LIGHT, j.tone)
        width = f"{STROKES[j.strength]:g}px"
        lines.append(f"  linkStyle {number} stroke:{colour},stroke-width:{width}")
    return "\n".join([*lines, ""])


def _mermaid_boxes(sketch: Sketch, names: dict[str, str], indent: str) -> Iterator[str]:
    for box in sketch.boxes:
        if box.inner is not None:
            inside = list(_mermaid_boxes(box.inner, names, indent + "  "))
            first = inside[0].strip().split("[")[0].split("(")[0].split(" ")[-1] if inside else ""
            yield f'{indent}subgraph group_{first}["{_escaped(box.text)}"]'
            yield from inside
            yield f"{indent}end"
            continue
        text = _escaped("\n".join([box.text, *box.details])).replace("\n", "<br/>")
        start, end = {"leaf": ("[", "]"), "end": ("[", "]"), "layer": ("[", "]")}.get(
            box.kind, ("((", "))") if len(box.text) < 4 else ("([", "])")
        )
        yield f'{indent}{names[box.key]}{start}"{text}"{end}'


def _escaped(text: str) -> str:
    """Mermaid's own escapes: entities by number."""
    return "".join([f"#{ord(c)};" if c in '"#&<>|`' else c for c in text])
