"""The examples in the docstrings of public names run and give what they say, floats to 2e-6."""

from __future__ import annotations

import doctest
import inspect
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradtape as tf
from gradtape.base.exports import EXPORTS
from gradtape.insight.circuit import Circuit
from gradtape.insight.explanation import Explanation
from gradtape.insight.training import loss_surface
from gradtape.insight.why import Reason

NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")


# What is imported on first use, and what that gives.
LATE = {
    "explain": tf.explain, "certify": tf.certify, "TrainingRecorder": tf.TrainingRecorder,
    "testing.assert_gradients": tf.testing.assert_gradients, "Circuit": Circuit, "Explanation": Explanation,
    "Reason": Reason, "insight.training.loss_surface": loss_surface,
}  # fmt: skip


def parts(name: str, thing: Any) -> Iterator[tuple[str, Any]]:
    """A thing, and a class's public methods."""
    yield name, thing
    if inspect.isclass(thing):
        for key, member in vars(thing).items():
            if not key.startswith("_"):
                yield f"{name}.{key}", member


def examples() -> dict[str, str]:
    """Name -> docstring of each public thing that has an example, once."""
    found: dict[str, str] = {}
    for name, thing in (EXPORTS | LATE).items():
        for label, part in parts(name, thing):
            text = getattr(part, "__doc__", None)
            if text and ">>>" in text and not isinstance(part, str | int | float | tuple):
                found.setdefault(text, label)
    return {label: text for text, label in found.items()}


class Near(doctest.OutputChecker):
    """Equal but for white space and the last digits of floats."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        if super().check_output(want, got, optionflags):
            return True
        texts = [re.sub(r"[\s+]+|(?<=\[) +", "", NUMBER.sub("#", t)) for t in (want, got)]
        numbers = [[float(n) for n in NUMBER.findall(t)] for t in (want, got)]
        return texts[0] == texts[1] and np.allclose(*numbers, rtol=2e-6, atol=1e-12)


EXAMPLES = examples()


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name: str) -> None:
    space = {"tf": tf, "np": np, "as_dtype": tf.as_dtype, "TensorShape": tf.TensorShape}
    test = doctest.DocTestParser().get_doctest(EXAMPLES[name], space, name, None, 0)
    report: list[str] = []
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    doctest.DocTestRunner(Near(), verbose=False, optionflags=flags).run(test, out=report.append)
    assert not report, "".join(report)


def test_what_is_seen_has_examples() -> None:
    assert set(LATE) | {"GradientTape.why", "GradientTape.memory", "GradientTape.profile"} <= set(
        EXAMPLES
    )


def test_a_false_promise_is_noticed() -> None:
    assert not Near().check_output("array([1., 2.])", "array([1., 2.1])", 0)
    assert Near().check_output("array([1.0000001, 2.])", "array([1.       , 2.])", 0)
