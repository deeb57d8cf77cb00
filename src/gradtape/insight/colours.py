"""The colours of pictures and pages, light and dark: what each means, and what it is.

Values are green; gradients blue where positive, orange where negative. In the plane, regions are
"one" or "nought".
"""

from __future__ import annotations

from collections.abc import Mapping

LIGHT: Mapping[str, str] = {
    "paper": "#faf9f6", "panel": "#ffffff", "ink": "#1f2933", "soft": "#52606d", "line": "#dcdfe3",
    "value": "#0b7a4b", "plus": "#1d5fbf", "minus": "#c2410c", "mixed": "#7a3fb0", "zero": "#66727f",
    "bad": "#b3127f", "accent": "#1d5fbf", "accent-ink": "#ffffff", "trouble": "#9c2f24",
    "nought": "#f2b591", "one": "#86b1ea", "point-edge": "#ffffff",
}  # fmt: skip
DARK: Mapping[str, str] = {
    "paper": "#14171c", "panel": "#1c2027", "ink": "#e4e9ee", "soft": "#a9b6c3", "line": "#343a44",
    "value": "#4ade9f", "plus": "#7cb4ff", "minus": "#ff9a5c", "mixed": "#c9a2ff", "zero": "#93a1b0",
    "bad": "#ff7ad6", "accent": "#7cb4ff", "accent-ink": "#10202f", "trouble": "#f2938a",
    "nought": "#8a4a22", "one": "#2b5590", "point-edge": "#14171c",
}  # fmt: skip


def variables(root: str) -> str:
    """A style sheet that sets all of them on a root: as its `data-theme` says, else as the reader's system does."""
    dark = _block(f'{root}:not([data-theme="light"])', "dark", DARK)
    return "\n".join(
        [
            _block(root, "light", LIGHT),
            _block(f'{root}[data-theme="dark"]', "dark", DARK),
            f"@media (prefers-color-scheme: dark) {{\n{dark}}}\n",
        ]
    )


def _block(selector: str, scheme: str, colours: Mapping[str, str]) -> str:
    lines = [f"  --{name}: {colour};\n" for name, colour in colours.items()]
    return f"{selector} {{\n  color-scheme: {scheme};\n{''.join(lines)}}}\n"
