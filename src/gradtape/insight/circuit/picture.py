"""The whole picture: the drawing of a sketch with a margin and the legend."""

from __future__ import annotations

from dataclasses import replace

from gradtape.insight.circuit.captions import Captions
from gradtape.insight.circuit.drawing import Text
from gradtape.insight.circuit.dress import Dress, Look
from gradtape.insight.circuit.layout import arranged
from gradtape.insight.circuit.palette import LEGEND
from gradtape.insight.circuit.scene import Picture
from gradtape.insight.circuit.sketch import Opens, Sketch, sketch_of
from gradtape.insight.circuit.widths import width_of

_MARGIN = 12.0
_WIDEST = 1360.0


def picture_of(captions: Captions, look: Look, opens: Opens | None) -> Picture:
    """The whole picture of a recording."""
    return framed(sketch_of(captions, opens), captions, look)


def framed(sketch: Sketch, captions: Captions, look: Look) -> Picture:
    """The picture of a sketch, with a margin and the legend."""
    picture = arranged(sketch, Dress(captions, look), _WIDEST)
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
