"""The page's modules as one script, and the document around it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from gradtape.insight.colours import variables

HERE = Path(__file__).parent
STYLES = ("style.css", "figures.css")
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
_CLOSING = re.compile(r"</(?=script)", re.IGNORECASE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let) )", re.MULTILINE)


@cache
def modules() -> str:
    """All modules, each after those that it imports, as one text without imports and exports."""
    done: dict[str, str] = {}

    def add(name: str) -> None:
        if name in done:
            return
        text = (HERE / name).read_text(encoding="utf-8")
        done[name] = ""
        for imported in _IMPORT.findall(text):
            add(imported)
        del done[name]
        done[name] = _EXPORT.sub("", _IMPORT.sub("", text)).strip()

    add("start.js")
    return "\n\n".join(done.values())


@cache
def styles() -> str:
    sheets = [(HERE / name).read_text(encoding="utf-8") for name in STYLES]
    return "\n".join([variables(".gradtape"), *sheets])


def programs(source: str) -> str:
    """The two programs as one object. Their module exports them by name."""
    return f"{_EXPORT.sub('', source)}\nconst programs = {{ exact, rounded }};"


def document(data: dict[str, Any], source: str, title: str) -> str:
    """A document of its own: it asks for nothing, and runs nothing but its one script."""
    script = _CLOSING.sub(r"<\\/", f"\n{programs(source)}\n\n{modules()}\n\nstart(programs);\n")
    style = f"\nbody {{\n  margin: 0;\n}}\n\n{styles()}"
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    packed = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        '<main id="gradtape"></main>\n'
        f'<script type="application/json" id="gradtape-data">{packed}</script>\n'
        f'<script type="module">{script}</script>\n</body>\n</html>\n'
    )


def widget_module(source: str) -> str:
    """The same as a module for anywidget."""
    return (
        f"{programs(source)}\n\n{modules()}\n\nexport default {{ render: rendering(programs) }};\n"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"
