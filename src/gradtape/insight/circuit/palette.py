"""The colours of the pictures, light and dark: values green; gradients blue where positive, orange where negative."""

from __future__ import annotations

from typing import NamedTuple


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


LIGHT = Palette(
    "#1f2933", "#52606d", "#ffffff", "#52606d", "#f4f6f8", "#0b7a4b", "#1d5fbf", "#c2410c", "#7a3fb0", "#66727f",
    "#98a4b0", "#b3127f", "#ffffff",
)  # fmt: skip
DARK = Palette(
    "#e4e9ee", "#a9b6c3", "#1b2430", "#93a4b8", "#161d26", "#4ade9f", "#7cb4ff", "#ff9a5c", "#c9a2ff", "#93a1b0",
    "#66758a", "#ff7ad6", "#0f151c",
)  # fmt: skip
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
