"""The report of `gradtape explain` in Chromium: it fits, asks for nothing, and anyone can read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gradtape.insight.calls.report import report
from gradtape.runner.explaining import explain_file

LINES = (
    "import tensorflow as tf",
    "w, x, k = tf.Variable([[0.5, -0.5], [1.0, 2.0]]), tf.constant([[1.0, 2.0]]), tf.Variable(3)",
    "for step in range(12):",
    "    with tf.GradientTape() as tape:",
    "        loss = tf.reduce_sum(tf.tanh(x @ w) ** 2)",
    "    g = tape.gradient(loss, [w, x, k])",
    "    w.assign_sub(0.1 * g[0])",
    "@tf.function",
    "def traced():",
    "    with tf.GradientTape() as tape:",
    "        y = w * 2.0",
    "    return tape.gradient(y, w)",
    "traced()",
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: Any) -> Path:
    """The report of a script with a loop, with gradients that are None, and with a traced function."""
    folder = tmp_path_factory.mktemp("report")
    script = folder / "a_rather_long_name_of_a_script_that_trains_something.py"
    script.write_text("\n".join(LINES))
    explained = explain_file(script)
    path = folder / "report.html"
    path.write_text(report(script.name, explained.spots), encoding="utf-8")
    return path


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_it_fits_and_anyone_can_read_it(
    new_page: Any, axe: Any, file: Path, width: int, dark: bool
) -> None:
    page = new_page(width=width, dark=dark)
    page.goto(file.as_uri())
    assert page.locator("nav a").all_inner_texts() == [
        f"{file.parent.glob('*.py').__next__().name}, line {line}" for line in (6, 12)
    ]
    page.eval_on_selector_all("details", "all => all.forEach(d => { d.open = true; })")
    assert page.locator("summary").all_inner_texts() == [f"Call {n} of 12" for n in (1, 2, 10, 12)]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("math").count() > 20
    assert page.locator("section .picture svg").count() == 4
    axe(page)
    page.click("nav a >> nth=1")
    assert page.evaluate("location.hash") == "#call-2"
