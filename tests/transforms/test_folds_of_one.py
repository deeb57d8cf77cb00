"""Folds over a single row: the loop over the rest makes no turn, and its body is traced all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradtape as tf

FOLDS: dict[str, Callable[[Any], Any]] = {
    "scan": lambda x: tf.scan(lambda s, t: 0.5 * s + tf.sin(t), x),
    "foldl": lambda x: tf.foldl(lambda s, t: 0.5 * s + t, x),
    "foldr": lambda x: tf.foldr(lambda s, t: 0.5 * s * t, x),
    "map_fn": lambda x: tf.map_fn(lambda t: tf.sin(t) + t, x),
}


@pytest.mark.parametrize("name", FOLDS)
@pytest.mark.parametrize("rows", [1, 2])
def test_traced_as_eagerly(name: str, rows: int) -> None:
    fold, x = FOLDS[name], tf.reshape(tf.range(3.0 * rows), [rows, 3])

    def run(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = fold(x)
        return y, tape.gradient(y, x)

    for want, got in zip(run(x), tf.function(run)(x)):
        assert np.allclose(want, got, rtol=1e-6, atol=1e-7)
