"""The circuit as a page of its own: layers unfold when clicked; nothing is loaded from anywhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files

from gradtape.insight.circuit.svg import escaped, style, svg_of
from gradtape.insight.circuit.unfold import View

_REST = "Point at a gate or a wire, or go through the gates with the Tab key, to see the line of code and the numbers."
_LAYERS = " A layer unfolds when it is clicked; Escape folds it."


def _part(name: str) -> str:
    return files("gradtape.insight.circuit").joinpath(name).read_text(encoding="utf-8")


def fragment_of(views: Sequence[View], title: str, heading: str, note: str = "") -> str:
    """The page's inside, which a notebook can show: it brings its style and its script."""
    several = len(views) > 1
    buttons = ['<button type="button" data-to="" disabled>Fold all</button>'] if several else []
    if any(v.name == "*" for v in views):
        buttons.append('<button type="button" data-to="*">Unfold all</button>')
    buttons.append('<button type="button" data-fit aria-pressed="false">Fit the width</button>')
    first = svg_of(views[0].drawing, title, interactive=True)
    lines = [
        f'<div class="gt-page"><style>{style()}{_part("page.css")}</style>',
        f'<div class="bar"><h1>{escaped(heading)}</h1>{"".join(buttons)}</div>',
        f'<div class="view">{first}</div>',
        f'<div class="about" role="status" tabindex="0">{_REST}{_LAYERS if several else ""}{escaped(note)}</div>',
    ]
    if several:
        for view in views:
            drawn = svg_of(view.drawing, title, interactive=True)
            names = f'data-view="{escaped(view.name)}" data-above="{escaped(view.above)}"'
            lines.append(f"<template {names}>{drawn}</template>")
    return "\n".join([*lines, f"<script>{_part('page.js')}</script></div>", ""])


def html_of(views: Sequence[View], title: str, heading: str, note: str = "") -> str:
    """A whole document. Its policy lets only its own script run and nothing be fetched."""
    digest = hashlib.sha256(_part("page.js").encode()).digest()
    allowed = f"'sha256-{base64.b64encode(digest).decode()}'"
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src {allowed}"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escaped(title)}</title>\n<style>body {{ margin: 0 }} "
        "@media (prefers-color-scheme: dark) { body { background: #0f151c } }</style>\n</head>\n<body>\n"
        f"<main>{fragment_of(views, title, heading, note)}</main>\n</body>\n</html>\n"
    )
