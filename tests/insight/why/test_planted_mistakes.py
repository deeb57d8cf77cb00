"""Random programs with one mistake planted at a random line: the reason and the line are found among distractors."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.insight.why.program import state

import gradtape as tf

STEPS = (
    "tf.sin({0})", "tf.tanh({0}) * 1.5", "{0} * 0.7", "{0} + 0.3", "tf.exp(0.2 * {0})", "tf.square({0}) + 1.0",
    "tf.reverse({0}, [0])", "{0} / 2.0", "tf.nn.softplus({0})", "{0} * c", "{0} - c", "tf.sqrt(tf.square({0}) + 1.0)",
    "tf.concat([{0}[:2], {0}[2:]], axis=0)", "helper({0})", "tf.maximum({0}, -50.0)",
)  # fmt: skip
ASIDE = (
    "print(float({0}[0]))", "seen.append(np.asarray({0}))", "other = tf.square({0}) * 2.0", "tf.round({0})",
    "best = tf.argmax({0})", "n = tf.shape({0})[0]", "state.assign(tf.reduce_sum({0}))", "low = np.min({0})",
)  # fmt: skip
PLANTED = {
    "stop_gradient": "tf.stop_gradient({0})",
    "integer_cast": "tf.cast(tf.cast({0} * 10.0, tf.int32), tf.float32)",
    "no_derivative": "tf.floor({0} * 10.0)",
    "numpy": "np.cos({0})",
    "assigned": "tf.Variable({0})",
    "stop_recording": "{0} * 2.0",
    "before_tape": "",
    "fine": "",
}


@dataclass
class Written:
    """A program's text, the line to blame, and what is planted there."""

    code: str
    lines: list[str] = field(default_factory=list)
    here: int = 0

    def put(self, indent: int, text: str) -> None:
        self.lines.append("    " * indent + text)


def written(rng: np.random.Generator, code: str) -> Written:
    program = Written(code)
    put = program.put
    put(0, "x = tf.Variable([0.4, -0.8, 1.2, 0.1])")
    put(0, "c, state, seen = tf.constant([1.0, 2.0, 0.5, -1.0]), tf.Variable(0.0), []")
    put(0, "def helper(a):")
    put(1, "twice = a * 2.0")
    put(1, "return twice - 0.1")
    in_function = bool(rng.integers(2)) and code != "before_tape"
    steps = int(rng.integers(3, 9))
    planted = int(rng.integers(steps))
    before = planted if code == "before_tape" else -1
    indent, last = 0, "x"
    if in_function:
        put(0, "def model(x):")
        indent = 1
    elif before < 0:
        put(0, "with tf.GradientTape() as tape:")
        indent = 1
    for i in range(steps):
        while rng.random() < 0.4:
            put(indent, str(rng.choice(ASIDE)).format(last))
        name = f"h{i}" if rng.random() < 0.7 else last if last != "x" else "h"
        right = i != planted or code in ("before_tape", "fine")
        step = str(rng.choice(STEPS)) if right else PLANTED[code]
        inner = indent
        if not right and code == "stop_recording":
            put(indent, "with tape.stop_recording():")
            inner += 1
        put(inner, f"{name} = {step.format(last)}")
        if i == planted:
            program.here = len(program.lines)
        if i == before:
            put(0, "with tf.GradientTape() as tape:")
            indent = 1
        last = name
    if in_function:
        put(1, f"return {last}")
        put(0, "with tf.GradientTape() as tape:")
        put(1, "out = model(x)")
        last = "out"
    put(1, f"y = tf.reduce_sum({last} * c)")
    return program


@pytest.mark.parametrize("code", PLANTED)
def test_planted_mistakes_are_found(code: str, tmp_path: Path) -> None:
    for seed in range(30):
        program = written(np.random.default_rng([seed, len(code)]), code)
        path = tmp_path / f"{code}{seed}.py"
        text = "\n".join([*program.lines, "reason, g = tape.why(y, x), tape.gradient(y, x)", ""])
        path.write_text(text, "utf-8")
        space: dict[str, Any] = {"tf": tf, "np": np, "print": lambda *_: None}
        exec(compile(text, str(path), "exec"), space)
        reason = space["reason"]
        assert (reason.code, reason.gradient) == (code, state(space["g"])), f"{text}\n{reason}"
        if code != "fine":
            assert reason.place.line == program.here, f"{text}\n{reason}"
