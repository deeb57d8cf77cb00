"""The data of a page in few letters: what is as usual is left out, places and tables are lists.

unpacking.js puts it back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WIRE = {"kind": "computed", "shape": [], "dtype": "float32", "trainable": False}
GATE = {"layers": [], "attrs": {}, "fixed": "", "place": None}
TEXT = ("x", "y", "room", "text", "role", "size", "anchor", "tone")
NODE = ("kind", "form", "x", "y", "width", "height", "gate", "wire", "layer")


def packed_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same data for `unpacking.js`."""
    places: dict[tuple[Any, ...], int] = {}
    gates = []
    for gate in data["gates"]:
        short = _unusual(gate, GATE)
        if gate["place"] is not None:
            short["place"] = places.setdefault(tuple(gate["place"].values()), len(places))
        gates.append(short)
    wires = []
    for wire in data["wires"]:
        short = _unusual(wire, WIRE)
        if wire["name"] == wire["label"]:
            del short["label"]
        wires.append(short)
    counts = len(wires), [len(gate["inputs"]) for gate in data["gates"]]
    return {
        **data,
        "wires": wires,
        "gates": gates,
        "places": [list(place) for place in places],
        "tables": {name: _table(table, *counts) for name, table in data["tables"].items()},
        "drawings": [_drawing(drawing) for drawing in data["drawings"]],
    }


def _unusual(given: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in given.items() if k not in usual or v != usual[k]}


def _table(table: Mapping[str, Any], wires: int, inputs: Sequence[int]) -> dict[str, Any]:
    """By wire, by gate and position: the output, or -1."""

    def flat(found: Mapping[str, int], count: int) -> list[int]:
        return [found.get(str(i), -1) for i in range(count)]

    def nested(found: Mapping[str, Mapping[str, int]]) -> list[Any]:
        return [flat(found[str(g)], n) if str(g) in found else 0 for g, n in enumerate(inputs)]

    return {
        "values": flat(table["values"], wires),
        "gradients": flat(table["gradients"], wires),
        "parts": nested(table["parts"]),
        "locals": nested(table["locals"]),
        "probabilities": table["probabilities"],
    }


def _drawing(drawing: Mapping[str, Any]) -> dict[str, Any]:
    """What the page draws of a circuit: numbers, tones and titles it makes itself."""
    return {
        "name": drawing["name"],
        "width": drawing["width"],
        "height": drawing["height"],
        "nodes": [
            [*[n[k] for k in NODE], [_text(t) for t in n["texts"]]] for n in drawing["nodes"]
        ],
        "wires": [_line(w) for w in drawing["wires"]],
        "texts": [_text(t) for t in drawing["texts"]],
    }


def _line(line: Mapping[str, Any]) -> list[Any]:
    uses = [number for use in line["uses"] for number in use]
    texts = [_text(line["name"]), *[_text(line[k], written=False) for k in ("value", "gradient")]]
    return [line["wire"], int(line["branch"]), uses, line["paths"], line["dots"], *texts]


def _text(text: Mapping[str, Any] | None, written: bool = True) -> list[Any] | int:
    """What stands at a place; numbers that the page writes itself are left out."""
    if text is None:
        return 0
    found = [
        *[text[k] for k in TEXT[:3]],
        text["text"] if written else "",
        *[text[k] for k in TEXT[4:]],
    ]
    if found[-1] == "" or not written:
        found.pop()
        if found[-1] == "middle":
            found.pop()
    return found
