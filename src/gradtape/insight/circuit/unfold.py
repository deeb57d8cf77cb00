"""The views of a page: the whole picture, each layer unfolded, all of them; each laid out beforehand.

In a small picture a layer unfolds where it stands. In a large one it is shown with what it is joined to, so that the
page stays small however many layers there are.
"""

from __future__ import annotations

from dataclasses import dataclass

from gradtape.insight.circuit.captions import Captions
from gradtape.insight.circuit.drawing import Drawing
from gradtape.insight.circuit.dress import Look
from gradtape.insight.circuit.picture import framed, picture_of
from gradtape.insight.circuit.scene import Picture
from gradtape.insight.circuit.sketch import Box, Opens, Sketch, sketch_of

_IN_PLACE = 16  # layers, up to which one unfolds among the others
_ALL = 300  # gates, up to which all may be unfolded at once


@dataclass(frozen=True)
class View:
    """name: "" for the whole, "*" for all unfolded, else the layer's path. above: the view that it goes back to."""

    name: str
    above: str
    drawing: Drawing


def views(captions: Captions, look: Look, opens: Opens | None, whole: Picture) -> list[View]:
    """The whole picture first."""
    found = [View("", "", whole.drawing)]
    if opens is None:
        return found
    every = {box.layer: box for box in sketch_of(captions, lambda path: True).layers()}
    folded = [path for path in every if not opens(path)]
    small = len(every) <= _IN_PLACE
    for path in folded:
        above = path.rpartition("/")[0]
        while above and above not in folded:
            above = above.rpartition("/")[0]
        if small:

            def opened(other: str, path: str = path) -> bool:
                return opens(other) or path == other or path.startswith(f"{other}/")

            drawing = picture_of(captions, look, opened).drawing
        else:
            drawing = framed(_alone(every[path], every, captions, folded), captions, look).drawing
        found.append(View(path, above, drawing))
    if folded and len(captions.recording.gates) <= _ALL:
        found.append(View("*", "", picture_of(captions, look, lambda path: True).drawing))
    return found


def _alone(box: Box, every: dict[str, Box], captions: Captions, folded: list[str]) -> Sketch:
    """An opened layer between the layers that its wires come from and lead to; layers in it are folded."""
    frame = box
    if any(path.startswith(f"{box.layer}/") for path in every):
        around = sketch_of(captions, lambda p: p == box.layer or box.layer.startswith(f"{p}/"))
        frame = next(b for b in around.layers() if b.layer == box.layer)
    boxes = []
    for wire in frame.inputs:
        maker = _beside([b for b in every.values() if wire in b.outputs], box)
        name = maker.text if maker else captions.recording.wires[wire].name or "…"
        leaf = Box(
            f"from{wire}", "leaf", f"{name} →" if maker else name, name, outputs=[wire], wire=wire
        )
        leaf.layer = maker.layer if maker and maker.layer in folded else ""
        boxes.append(leaf)
    boxes.append(frame)
    for wire in frame.outputs:
        users = _beside([b for b in every.values() if wire in b.inputs], box)
        name = users.text if users else "…"
        end = Box(f"to{wire}", "end", f"→ {name}", name, [wire], parts=[None], uses=[()], wire=wire)
        end.layer = users.layer if users and users.layer in folded else ""
        boxes.append(end)
    return Sketch(boxes)


def _beside(candidates: list[Box], box: Box) -> Box | None:
    """The outermost of the layers that does not hold the box and is not held by it."""
    apart = [
        b for b in candidates
        if b is not box and not f"{box.layer}/".startswith(f"{b.layer}/") and not b.layer.startswith(f"{box.layer}/")
    ]  # fmt: skip
    return min(apart, key=lambda b: b.layer.count("/"), default=None)
