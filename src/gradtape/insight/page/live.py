"""A recording as a live page, and as a widget."""

from __future__ import annotations

import json
from typing import Any

from gradtape.insight.circuit import circuit_of
from gradtape.insight.page import bundle
from gradtape.insight.page.data import Told
from gradtape.insight.page.packing import packed_data
from gradtape.insight.recording import Recording

LEARNING_RATE = 0.1
DECIMALS = 2
MANY = 40  # gates, from which layers are shown first


def page_of(
    recording: Recording, *, decimals: int | None = None, learning_rate: float = LEARNING_RATE,
    layers: bool | None = None,
) -> str:  # fmt: skip
    """An HTML document that shows a recording and computes it again for other numbers.

    decimals: to how many places the page rounds each intermediate when it is asked to round; None: two, or those of a
    recording that was rounded.  learning_rate: of the descent steps, at first.  layers: whether Keras layers are shown
    as boxes first; None: where there are many gates.
    Raises ValueError for more numbers than a page can hold.
    """
    data, source = _told(recording, decimals, learning_rate, layers)
    targets = [data["wires"][i] for i in recording.targets]
    names = [wire.get("label", wire["name"]) for wire in targets]
    return bundle.document(data, source, f"{', '.join(names)}: gradtape")


def widget_of(
    recording: Recording, *, decimals: int | None = None, learning_rate: float = LEARNING_RATE,
    layers: bool | None = None,
) -> Any:  # fmt: skip
    """The same as an anywidget, for Jupyter and marimo.  Raises ImportError where anywidget is absent."""
    try:
        import anywidget
        import traitlets
    except ImportError as error:
        raise ImportError(
            "Widgets need anywidget. Install it with: pip install 'gradtape[widget]'"
        ) from error
    data, source = _told(recording, decimals, learning_rate, layers)
    body = {
        "_esm": bundle.widget_module(source),
        "_css": bundle.styles(),
        "data": traitlets.Unicode("").tag(sync=True),
    }
    return type("ExplanationWidget", (anywidget.AnyWidget,), body)(data=json.dumps(data))


def _told(
    recording: Recording, decimals: int | None, learning_rate: float, layers: bool | None
) -> tuple[dict[str, Any], str]:
    """The data and the programs.  A recording whose numbers were rounded starts as such."""
    exact = getattr(recording, "exact", None)
    if exact is not None:
        if decimals is None:
            decimals = recording.decimals  # type: ignore[attr-defined]
        recording = exact
    told = Told(recording, DECIMALS if decimals is None else decimals)
    data = told.data()
    data["mode"] = "exact" if exact is None else "rounded"
    data["rate"] = learning_rate
    data["drawings"] = drawings_of(recording, layers)
    return packed_data(data), told.source()


def drawings_of(recording: Recording, layers: bool | None = None) -> list[dict[str, Any]]:
    """The circuit, laid out: by gates, and by layers where there are some; the first is shown first."""
    circuits = [("gates", circuit_of(recording, detail="op"))]
    if any(g.layers for g in recording.gates):
        first = len(recording.gates) >= MANY if layers is None else layers
        circuits.insert(0 if first else 1, ("layers", circuit_of(recording, detail="layer")))
    return [{"name": name, **json.loads(circuit.json())} for name, circuit in circuits]
