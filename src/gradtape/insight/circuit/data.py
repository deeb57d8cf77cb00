"""The laid-out drawing as plain data, for programs that draw it themselves: see the package's docstring."""

from __future__ import annotations

from typing import Any

from gradtape.insight.circuit.drawing import Drawing, Line, Shape, Text
from gradtape.insight.circuit.svg import path_data


def data_of(drawing: Drawing, title: str, detail: str, direction: str) -> dict[str, Any]:
    """Dictionaries, lists, numbers and strings only."""
    return {
        "version": 1,
        "title": title,
        "detail": detail,
        "direction": direction,
        "width": _round(drawing.width),
        "height": _round(drawing.height),
        "nodes": [_node(s) for s in drawing.shapes],
        "wires": [_wire(line) for line in drawing.lines],
        "texts": [_text(t) for t in drawing.texts],
    }


def _round(x: float) -> float:
    return round(x, 1)


def _text(text: Text | None) -> dict[str, Any] | None:
    if text is None:
        return None
    return {
        "x": _round(text.x), "y": _round(text.y), "anchor": text.anchor, "text": text.text, "role": text.role,
        "size": text.size, "room": _round(text.width), "tone": text.tone,
    }  # fmt: skip


def _node(shape: Shape) -> dict[str, Any]:
    place = shape.place
    return {
        "id": shape.key, "kind": shape.kind, "form": shape.form, "x": _round(shape.x), "y": _round(shape.y),
        "width": _round(shape.width), "height": _round(shape.height), "gate": shape.gate, "wire": shape.wire,
        "layer": shape.layer, "title": shape.title, "texts": [_text(t) for t in shape.texts],
        "place": None if place is None else {"file": place[0], "line": place[1], "text": place[2]},
    }  # fmt: skip


def _wire(line: Line) -> dict[str, Any]:
    return {
        "wire": line.wire, "branch": line.branch, "uses": [list(u) for u in line.uses], "gate": line.gate,
        "position": line.position, "paths": [path_data(p) for p in line.paths], "tone": line.tone,
        "strength": line.strength, "dots": [[_round(x), _round(y)] for x, y in line.dots],
        "name": _text(line.name), "value": _text(line.value), "gradient": _text(line.gradient), "title": line.title,
    }  # fmt: skip
