"""Parts of pages about `tape.gradient` calls: no styles and no scripts of their own."""

from __future__ import annotations

import re
from html import escape

from gradtape.insight.calls.spots import Source, Turn

CODE = re.compile(r"`([^`\n]+)`")
STATES = {"some": "", "zero": "zero", "none": "None", "not finite": "not finite"}


def source_table(turn: Turn) -> str:
    """The sources of a call with their gradients, and the reasons of those that are None, zero or not finite."""
    rows = "".join(map(_row, turn.sources))
    targets = ", ".join(f"<code>{escape(name)}</code>" for name in turn.targets)
    return (
        f"<p>Target: {targets}</p>"
        '<div class="scroll" tabindex="0" role="group" aria-label="Gradients"><table class="sources"><thead><tr>'
        '<th scope="col">source</th><th scope="col">shape</th><th scope="col">dtype</th><th scope="col">norm</th>'
        f'<th scope="col">gradient</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _row(source: Source) -> str:
    shape = " × ".join(map(str, source.shape)) or "scalar"
    norm = "" if source.norm is None else f"{source.norm:.4g}"
    state = STATES[source.state]
    value = f'<strong class="state">{state}</strong> ' if state else ""
    values = f"<code>{escape(source.text)}</code>" if source.text else ""
    return (
        f'<tr><th scope="row"><code>{escape(source.name)}</code></th><td>{shape}</td><td>{escape(source.dtype)}</td>'
        f"<td>{norm}</td><td>{value}{values}{_reason(source)}</td></tr>"
    )


def _reason(source: Source) -> str:
    if not source.reason:
        return ""
    where = f'<br><span class="where">{escape(source.where)}</span>' if source.where else ""
    fix = f'<br><span class="fix">To do: {_marked(source.fix)}</span>' if source.fix else ""
    return f'<p class="reason">{_marked(source.reason)}{where}{fix}</p>'


def _marked(text: str) -> str:
    """A text as HTML, what stands between backticks as code."""
    return CODE.sub(r"<code>\1</code>", escape(text))
