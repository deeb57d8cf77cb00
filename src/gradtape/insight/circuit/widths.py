"""How wide text is, without a font: widths of a wide sans-serif, so that narrower fonts fit as well.

In hundredths of the font size. The usual fonts of systems (Helvetica, Arial, Roboto, Segoe UI) are narrower than this.
"""

from __future__ import annotations

import re

_REGULAR = {
    17: "ⱼ", 18: "ᵢ", 27: "'", 28: "ijl", 29: "IJ", 32: " ,.·’", 34: "/:;\\|", 35: "f", 36: "-", 37: "ʸ", 38: "ᵀ",
    39: "()[]t⌊⌋⌈⌉", 40: "!²³¹⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", 41: "r", 46: '"', 50: "*_`‖°–▸▾", 52: "sz∂“”", 53: "?⁻", 54: "ε",
    45: "ˣ", 55: "c", 56: "L", 58: "Fk", 59: "vxyλγκ", 60: "Pπτ", 61: "TYaoθδ", 62: "e", 63: "ESbdghnpquσΣρη∘",
    64: "$0123456789{}√μβ", 66: "Kαφψ", 67: "∇∑", 68: "AVΔ", 69: "BRXZ", 70: "C", 73: "U∧∨", 75: "HN", 76: "∏",
    77: "DG▶▼", 78: "&", 79: "OQ", 82: "w", 83: "∞", 84: "#+<=>^~×−÷→←≤≥≠ω±¬", 86: "M", 87: "∈●", 95: "%", 97: "m½",
    99: "W",
}  # fmt: skip
_BOLD = {
    22: "ᵢⱼ", 31: "'", 34: "ijl", 35: " ", 37: "/IJ\\|", 38: ",.·’", 40: ":;", 42: "-ʸˣ", 43: "ᵀ",
    44: "f²³¹⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", 46: "!()[]⌊⌋⌈⌉", 48: "t", 49: "r", 50: "_`‖°–▸▾", 52: '"*', 53: "⁻", 54: "∂", 56: "ε",
    58: "?z", 59: "c", 60: "s", 63: "λ∘", 64: "Lτ", 65: "vxy", 66: "“”", 67: "ak√", 68: "EFTeΣγ", 69: "oθαδ",
    70: "$0123456789∇", 71: "hnu{}ηκ", 72: "SYbdgpqβρ∑", 73: "CPZ", 74: "μ", 76: "B", 77: "AKRVXΔ▶▼", 78: "σφ",
    79: "πψ∏", 81: "U∧∨", 82: "G", 83: "D∞", 84: "#+<=>HN^~×−÷→←≤≥≠±¬", 85: "OQ", 87: "&ω●", 90: "∈", 92: "w",
    104: "m½",
}  # fmt: skip
_WIDTHS = [
    {character: width for width, characters in table.items() for character in characters}
    for table in (_REGULAR, _BOLD)
]
_UNKNOWN = 110
_INDEX = re.compile(r"\[[0-9,]+\]$")


def width_of(text: str, size: float, bold: bool = False) -> float:
    """The width of a line of text in pixels at a font size."""
    table = _WIDTHS[bold]
    return sum([table.get(character, _UNKNOWN) for character in text]) * size / 100


def shortened(text: str, size: float, room: float, bold: bool = False) -> str:
    """The text, cut with an ellipsis where it is wider than `room`.

    What tells names apart stays: the end of a path and the index of an entry, "…/cell/kernel[0,3]".
    """

    def fits(found: str) -> bool:
        return width_of(found, size, bold) <= room

    if fits(text):
        return text
    index = _INDEX.search(text)
    tail = "" if index is None else index.group()
    head = text.removesuffix(tail)
    start, parts = "", head.split("/")
    if len(parts) > 1:
        start = "…/"
        for k in range(1, len(parts)):
            if fits(found := start + "/".join(parts[k:]) + tail):
                return found
        head = parts[-1]
    while head and not fits(f"{start}{head}…{tail}"):
        head = head[:-1]
    if head:
        return f"{start}{head}…{tail}"
    return "…"
