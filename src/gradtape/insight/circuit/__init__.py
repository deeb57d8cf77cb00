"""Circuits: the picture of what a tape recorded, laid out here, as SVG, HTML, PNG, TikZ, DOT, Mermaid or JSON.

`Circuit.json()` is the laid-out drawing as data, for programs that draw it themselves and fill in numbers of their own
(version 1; the fields stay, others may be added):

    {"version": 1, "title", "detail", "direction": "right" | "down", "width", "height",
     "nodes": [{"id", "kind": "leaf" | "gate" | "layer" | "frame" | "end",
                "form": "circle" | "pill" | "box" | "frame" | "",       "" is text without a border
                "x", "y", "width", "height",                            x, y: the middle; pixels, y downwards
                "gate": index in recording.gates or -1,
                "wire": of leaves and ends the index in recording.wires, else -1,
                "layer": path of the layer, or "", "title": text for hovering,
                "place": null | {"file", "line", "text"}, "texts": [TEXT]}],
     "wires": [{"wire": index in recording.wires, "branch": false,      one per wire that is shown
                "uses": [[gate, position]],                             the gates that it leads to, also in layers
                "gate", "position": the one use, or -1,
                "paths": [SVG path data], "dots": [[x, y]],             dots: where it branches
                "tone": "plus" | "minus" | "mixed" | "zero" | "none" | "bad", "strength": 0 to 4,
                "name": TEXT | null, "value": TEXT | null, "gradient": TEXT | null, "title"},
               {... "branch": true, "uses",                             one per branch of a wire that is used
                "value": null, "gradient": TEXT}],                      several times: the sum of the uses' parts
     "texts": [TEXT]}                                                   the legend

    TEXT: {"x", "y", "anchor": "start" | "middle" | "end", "text", "size", "room": pixels kept free for it, "tone",
           "role": "value" | "gradient" | "part" | "sign" | "small" | "word" | "name" | "called" | "end" | "heading"
                   | "detail" | "legend"}

x, y of a TEXT are on its baseline. On wires "room" is at least that of "−0.000", with `decimals` of so many. Constants
that became part of a gate's sign (the 1 of "+1") have no wire here.
"""

from gradtape.insight.circuit.circuit import Circuit, circuit_of

__all__ = ["Circuit", "circuit_of"]
