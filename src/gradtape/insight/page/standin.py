"""A stand-in for the circuit's layout."""
from typing import Any

from gradtape.insight.recording import Recording


def drawing_of(r: Recording) -> dict[str, Any]:
    rank = {}
    for g in r.gates:
        rank[g.index] = 1 + max([rank[r.maker(i).index] for i in g.inputs if r.maker(i)], default=0)
    cols: dict[int, int] = {}
    pos = {}
    shapes, lines = [], []
    def put(key, col):
        row = cols.get(col, 0); cols[col] = row + 1
        pos[key] = (60 + col * 170, 50 + row * 70)
        return pos[key]
    def text(x, y, t, role, size=14, anchor="middle", width=60):
        return {"x": x, "y": y, "text": t, "role": role, "size": size, "anchor": anchor, "width": width, "tone": ""}
    used = sorted({i for g in r.gates for i in g.inputs})
    for i in used:
        if r.maker(i) is None:
            w = r.wires[i]
            first = min(rank[g.index] for g, _ in r.uses(i))
            x, y = put(("w", i), first - 1)
            shapes.append({"key": f"leaf{i}", "kind": "leaf", "form": "pill", "x": x, "y": y, "width": 50, "height": 26, "texts": [text(x, y + 5, w.name or "c", "name")], "title": w.name, "gate": -1, "wire": i, "layer": "", "place": None})
    for g in r.gates:
        x, y = put(("g", g.index), rank[g.index])
        shapes.append({"key": f"gate{g.index}", "kind": "gate", "form": "circle", "x": x, "y": y, "width": 40, "height": 40, "texts": [text(x, y + 5, g.card.name[:4], "sign")], "title": g.card.name, "gate": g.index, "wire": -1, "layer": "", "place": None})
    for g in r.gates:
        for i in g.inputs:
            m = r.maker(i)
            x0, y0 = pos[("g", m.index)] if m else pos[("w", i)]
            x1, y1 = pos[("g", g.index)]
            lines.append({"wire": i, "paths": [{"start": [x0 + 22, y0], "segments": [[x0 + 80, y0, x1 - 80, y1, x1 - 20, y1]]}], "tone": "plus", "strength": 1, "value": text(x0 + 50, y0 - 6, "", "value"), "gradient": text(x0 + 50, y0 + 16, "", "gradient"), "dots": [], "gate": -1, "position": -1, "title": ""})
    for i in r.targets:
        m = r.maker(i)
        x0, y0 = pos[("g", m.index)]
        lines.append({"wire": i, "paths": [{"start": [x0 + 22, y0], "segments": [[x0 + 90, y0]]}], "tone": "plus", "strength": 1, "value": text(x0 + 50, y0 - 6, "", "value"), "gradient": text(x0 + 50, y0 + 16, "", "gradient"), "dots": [], "gate": -1, "position": -1, "title": ""})
    return {"width": max(x for x, _ in pos.values()) + 130, "height": max(y for _, y in pos.values()) + 50, "shapes": shapes, "lines": lines, "texts": []}
