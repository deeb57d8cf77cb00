"""A training step of an LSTM over 50 time steps and a dense layer on its last state, SGD."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Problem(NamedTuple):
    """x: float32[batch, time, features]; labels: int64[batch]; weights: kernel, recurrent kernel and
    bias (the gates i, f, c, o side by side), then kernel and bias of the dense layer."""

    optimizer: str
    units: int
    x: np.ndarray
    labels: np.ndarray
    weights: list[np.ndarray]


def data(batch: int, time: int, features: int, units: int) -> Problem:
    rng = np.random.default_rng(7)
    shapes = [(features, 4 * units), (units, 4 * units), (4 * units,), (units, 10), (10,)]
    weights = [(0.1 * rng.standard_normal(shape)).astype(np.float32) for shape in shapes]
    x = rng.standard_normal((batch, time, features), np.float32)
    return Problem("sgd", units, x, rng.integers(0, 10, batch), weights)
