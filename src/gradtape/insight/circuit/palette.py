"""The colours of the pictures, light and dark: values green; gradients blue where positive, orange where negative."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gradtape.insight import colours


class Palette(NamedTuple):
    ink: str
    soft: str
    node: str
    rim: str
    frame: str
    value: str
    plus: str
    minus: str
    mixed: str
    zero: str
    none: str
    bad: str
    page: str


def _palette(
    of: Mapping[str, str], *, node: str, rim: str, frame: str, none: str, page: str
) -> Palette:
    shared = {k: of[k] for k in ("ink", "soft", "value", "plus", "minus", "mixed", "zero", "bad")}
    return Palette(node=node, rim=rim, frame=frame, none=none, page=page, **shared)


LIGHT = _palette(
    colours.LIGHT, node="#ffffff", rim="#52606d", frame="#f4f6f8", none="#98a4b0", page="#ffffff"
)
DARK = _palette(
    colours.DARK, node="#1b2430", rim="#93a4b8", frame="#161d26", none="#66758a", page="#0f151c"
)
TONES = ("plus", "minus", "mixed", "zero", "none", "bad")
STROKES = (1.3, 1.5, 2.0, 2.8, 3.6)  # by strength
FONT = 'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, "DejaVu Sans", sans-serif'
LEGEND = (
    ("value", "value above"),
    ("ink", "gradient below:"),
    ("plus", "positive"),
    ("minus", "negative"),
    ("mixed", "mixed signs"),
    ("zero", "zero"),
    ("none", "no gradient"),
)
