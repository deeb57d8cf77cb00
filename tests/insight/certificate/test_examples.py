"""The examples in the docstrings run and give what they say."""

from __future__ import annotations

import doctest
from typing import Any

import pytest

import gradtape as tf


@pytest.mark.parametrize(
    "thing", [tf.certify, tf.testing.assert_gradients], ids=lambda thing: thing.__name__
)
def test_example(thing: Any) -> None:
    test = doctest.DocTestParser().get_doctest(thing.__doc__, {"tf": tf}, thing.__name__, None, 0)
    assert test.examples
    report: list[str] = []
    doctest.DocTestRunner(verbose=False).run(test, out=report.append)
    assert not report, "".join(report)
