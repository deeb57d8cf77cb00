"""The page as an anywidget: its module renders in a host that speaks anywidget's protocol."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from tests.browser.page_programs import run

from gradtape.insight.page import widget_of

# What Jupyter and marimo do: import the module, make a model with get, set, on and save_changes, and call render.
HOST = """<!doctype html><html lang="en"><title>host</title><style>CSS</style><main><h1>A notebook</h1>
<div id="cell"></div><div id="other"></div></main><script type="module">
const state = JSON.parse(document.getElementById("state").textContent);
const model = {
  get: (name) => state[name], set: (name, value) => { state[name] = value; }, on() {}, off() {}, save_changes() {},
};
const widget = (await import("MODULE")).default;
window.end = await widget.render({ model, el: document.getElementById("cell") });
await widget.render({ model, el: document.getElementById("other") });
window.ready = true;
</script>"""


def host(widget: Any, folder: Path) -> str:
    """The address of a page that holds the widget twice."""
    module = base64.b64encode(widget._esm.encode()).decode("ascii")
    text = HOST.replace("CSS", widget._css).replace(
        "MODULE", f"data:text/javascript;base64,{module}"
    )
    state = json.dumps({"data": widget.data}).replace("<", "\\u003c")
    held = f'<script type="application/json" id="state">{state}</script>'
    text = text.replace("<script ", f"{held}<script ", 1)
    file = folder / "host.html"
    file.write_text(text, encoding="utf-8")
    return file.as_uri()


def test_the_widget_renders_and_follows(page: Any, axe: Any, tmp_path: Path) -> None:
    recording = run("neuron")
    widget = widget_of(recording)
    assert "export default" in widget._esm
    assert "function mount" in widget._esm
    page.goto(host(widget, tmp_path))
    page.wait_for_selector("#other .title")
    first, second = page.locator("#cell"), page.locator("#other")
    assert first.locator(".title").inner_text() == "y = 0.7311"
    field = first.get_by_role("textbox", name="b", exact=True)
    field.fill("0")
    field.press("Enter")
    y = 1 / (1 + np.exp(-4.0))
    assert first.locator(".title").inner_text() == f"y = {y:.4g}"
    assert second.locator(".title").inner_text() == "y = 0.7311"
    assert first.locator(".labels .t-value").count() > 10
    axe(page)
    page.evaluate("window.end()")
    assert first.locator(".title").count() == 0


def test_the_widget_s_state_is_anywidget_s() -> None:
    widget = widget_of(run("mlp"), learning_rate=0.25)
    state = widget.get_state()
    assert set(state) >= {"_esm", "_css", "data"}
    assert json.loads(state["data"])["rate"] == 0.25
