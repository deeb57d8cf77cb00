"""A recording as a live page, and as a widget."""

from __future__ import annotations

import json
from typing import Any

from gradtape.insight.page import bundle
from gradtape.insight.page.data import Told
from gradtape.insight.page.standin import drawing_of
from gradtape.insight.recording import Recording

LEARNING_RATE = 0.1
DECIMALS = 2


def page_of(
    recording: Recording, *, decimals: int | None = None, learning_rate: float = LEARNING_RATE
) -> str:
    """An HTML document that shows a recording and computes it again for other numbers.

    decimals: to how many places the page rounds each intermediate when it is asked to round; None: two.
    """
    data, source = _told(recording, decimals, learning_rate)
    names = [data["wires"][i]["label"] for i in recording.targets]
    return bundle.document(data, source, f"{', '.join(names)}: gradtape")


def widget_of(
    recording: Recording, *, decimals: int | None = None, learning_rate: float = LEARNING_RATE
) -> Any:
    """The same as an anywidget, for Jupyter and marimo.  Raises ImportError where anywidget is absent."""
    try:
        import anywidget
        import traitlets
    except ImportError as error:
        raise ImportError(
            "Widgets need anywidget. Install it with: pip install 'gradtape[widget]'"
        ) from error
    data, source = _told(recording, decimals, learning_rate)
    body = {
        "_esm": bundle.widget_module(source),
        "_css": bundle.styles(),
        "data": traitlets.Unicode("").tag(sync=True),
    }
    return type("ExplanationWidget", (anywidget.AnyWidget,), body)(data=json.dumps(data))


def _told(
    recording: Recording, decimals: int | None, learning_rate: float
) -> tuple[dict[str, Any], str]:
    told = Told(recording, DECIMALS if decimals is None else decimals)
    data = told.data()
    data["rate"] = learning_rate
    data["drawing"] = drawing_of(recording)
    return data, told.source()
