"""Questions asked in notebooks, where each cell is a source of its own."""

from __future__ import annotations

import linecache
from collections.abc import Iterator

import pytest

import gradtape as tf
from gradtape.insight.why import Reason


@pytest.fixture
def cells() -> Iterator[list[str]]:
    """The names of cells, as the runner, IPython's terminal and Jupyter give them."""
    names = [f"Cell In[{k}]" for k in range(1, 4)]
    names += ["<ipython-input-4-abc>", "/tmp/ipykernel_17/4711.py"]
    yield names
    for name in names:
        linecache.cache.pop(name, None)


def asked(names: list[str], *texts: str) -> Reason:
    """What the last of the cells calls `reason`."""
    held: dict[str, object] = {"tf": tf}
    for file, text in zip(names, texts):
        linecache.cache[file] = (len(text), None, text.splitlines(True), file)
        exec(compile(text, file, "exec"), held)
    reason = held["reason"]
    assert isinstance(reason, Reason)
    return reason


ASK = "reason = tape.why(y, x)\n"


def test_a_value_of_an_earlier_cell_with_as_many_lines(cells: list[str]) -> None:
    first, tape = (
        "x = tf.Variable(3.0)\nh = x * 2.0\n",
        "with tf.GradientTape() as tape:\n    y = h * h\n",
    )
    reason = asked(cells, first, tape, ASK)
    assert reason.code == "before_tape"
    assert "line 2 of cell 1, before the tape of line 1 of cell 2 opened" in reason.message
    assert str(reason).endswith("\n  cell 1:2: h = x * 2.0\nTo do: " + reason.fix)
    assert reason.fix == "move line 2 of cell 1 into the tape's block."


def test_a_constant_of_an_earlier_cell_further_down(cells: list[str]) -> None:
    first = "\n\n\n\nx = tf.constant(3.0)\n"
    reason = asked(cells[2:], first, "with tf.GradientTape() as tape:\n    y = x * x\n", ASK)
    assert reason.code == "constant"
    assert "at cell 3:5" in reason.message
    assert "before line 2 of cell 4" in reason.fix
    assert "ipykernel" not in str(reason) and "ipython" not in str(reason)


def test_a_target_of_a_later_cell(cells: list[str]) -> None:
    tape = "with tf.GradientTape() as tape:\n    h = x * 2.0\n"
    reason = asked(cells, "x = tf.Variable(3.0)\n", tape, "\ny = x * x\n", ASK)
    assert reason.code == "after_tape"
    assert "line 2 of cell 3, after the block of the tape of line 1 of cell 2" in reason.message
    assert reason.fix == "move line 2 of cell 3 into the tape's block."


def test_cells_without_a_number_are_cells(cells: list[str]) -> None:
    tape = "x = tf.constant(1.0)\nwith tf.GradientTape() as tape:\n    y = x * x\n" + ASK
    reason = asked(cells[4:], tape)
    assert "  cell, line 1: x = tf.constant(1.0)" in str(reason)
