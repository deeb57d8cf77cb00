"""A circuit: the picture of a recording, and the forms in which it can be had."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from gradtape.base.errors import ArgumentError
from gradtape.insight.circuit.data import data_of
from gradtape.insight.circuit.drawing import Drawing, Text
from gradtape.insight.circuit.dress import Dress, Look
from gradtape.insight.circuit.layout import Picture, arranged
from gradtape.insight.circuit.palette import LEGEND
from gradtape.insight.circuit.sketch import Opens, sketch_of
from gradtape.insight.circuit.svg import svg_of
from gradtape.insight.circuit.widths import width_of
from gradtape.insight.recording import Recording

_MARGIN = 12.0
_WIDEST = 1360.0
_MANY = 40  # gates, from which a model is folded into its layers


class Circuit:
    """The picture of a computation: gates, wires, values above, gradients below."""

    def __init__(self, recording: Recording, detail: str, look: Look, opens: Opens | None) -> None:
        self.recording = recording
        self.detail = detail
        self._look = look
        self._opens = opens
        self._picture: Picture | None = None

    def __repr__(self) -> str:
        drawing = self.drawing
        return (
            f"<Circuit of {self._name()}: {len(self.recording.gates)} gates, detail {self.detail!r}, "
            f"{drawing.width:.0f}×{drawing.height:.0f}>"
        )

    @property
    def drawing(self) -> Drawing:
        """The drawing, laid out."""
        return self._laid_out().drawing

    @property
    def crossings(self) -> int:
        """How many crossings of wires are left in it."""
        return self._laid_out().crossings

    def svg(self, theme: str = "") -> str:
        """The picture as an SVG document. theme: "light" or "dark"; "": as the reader's system says."""
        return svg_of(self.drawing, self._title(), theme)

    def json(self) -> str:
        """The laid-out drawing as JSON."""
        data = data_of(self.drawing, self._title(), self.detail, self._look.direction)
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"))

    def _repr_svg_(self) -> str:
        return self.svg()

    def _name(self) -> str:
        names = [self.recording.wires[t].name or "the target" for t in self.recording.targets]
        return ", ".join(names)

    def _title(self) -> str:
        return f"Circuit of {self._name()}: values above the wires, gradients below"

    def _laid_out(self) -> Picture:
        if self._picture is None:
            self._picture = picture_of(self.recording, self._look, self._opens)
        return self._picture


def picture_of(recording: Recording, look: Look, opens: Opens | None) -> Picture:
    """The whole picture, with a margin and the legend."""
    picture = arranged(sketch_of(recording, opens), Dress(recording, look), _WIDEST)
    drawing = picture.drawing.moved(_MARGIN, _MARGIN)
    width, height = drawing.width + 2 * _MARGIN, drawing.height + 2 * _MARGIN
    if look.gradients:
        tones = {line.tone for line in drawing.lines}
        texts = []
        x, y = _MARGIN, height + 10
        for tone, text in LEGEND:
            if tone in ("value", "ink") or tone in tones:
                size = width_of(text, 12.0)
                texts.append(
                    Text(x, y, text, "legend", 12.0, size, "start", "" if tone == "ink" else tone)
                )
                x += size + 14
        width, height = max(width, x), height + 20
        drawing = replace(drawing, texts=(*drawing.texts, *texts))
    return replace(picture, drawing=replace(drawing, width=width, height=height))


def circuit_of(
    recording: Recording, *, detail: str | None = None, decimals: int | None = None, gradients: bool = True,
    fold: bool | Sequence[str] | None = None, direction: str = "right",
) -> Circuit:  # fmt: skip
    """The picture of a recording.

    detail: "gate" (every wire one number), "op" (one gate per operation), "layer" (a box per Keras layer); None: as
    recorded, a large model folded into its layers.  decimals: of the numbers; None: three significant digits.
    gradients: whether they stand below the wires.  fold: which layers are one box each: all of them (True), those
    named, or none (False: each layer is a frame around its gates).  direction: "right" or "down".
    Raises ValueError for a detail or direction that there is not.
    """
    if detail not in (None, "gate", "op", "layer"):
        raise ArgumentError('detail is one of "gate", "op", "layer".', detail=detail)
    if direction not in ("right", "down"):
        raise ArgumentError('direction is "right" or "down".', direction=direction)
    if detail == "gate":
        from gradtape.insight.gates import scalars

        recording = scalars(recording)
    elif detail is None:
        layered = any(g.layers for g in recording.gates)
        detail = "layer" if layered and len(recording.gates) > _MANY else "op"
    look = Look(decimals, gradients, direction)
    return Circuit(recording, detail, look, _opens(detail, fold))


def _opens(detail: str, fold: bool | Sequence[str] | None) -> Opens | None:
    if fold is None:
        return (lambda path: False) if detail == "layer" else None
    if fold is True:
        return lambda path: False
    if fold is False:
        return lambda path: True
    names = [fold] if isinstance(fold, str) else list(fold)
    return lambda path: path not in names and path.rpartition("/")[2].partition("#")[0] not in names
