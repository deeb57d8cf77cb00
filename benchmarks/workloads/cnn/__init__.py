"""A training step of a network like LeNet-5, with relu and largest-of-four pooling: images of
28 x 28 x 1, convolutions of 5 x 5 with 6 and 16 channels, dense layers of 120, 84 and 10, SGD."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Problem(NamedTuple):
    """x: float32[n, 28, 28, 1]; labels: int64[n]; weights: kernel, bias, kernel, bias, ..."""

    optimizer: str
    x: np.ndarray
    labels: np.ndarray
    weights: list[np.ndarray]


SHAPES = [(5, 5, 1, 6), (5, 5, 6, 16), (400, 120), (120, 84), (84, 10)]


def data(batch: int) -> Problem:
    rng = np.random.default_rng(7)
    weights = []
    for shape in SHAPES:
        scale = np.prod(shape[:-1]) ** -0.5
        weights.append((scale * rng.standard_normal(shape)).astype(np.float32))
        weights.append((0.05 * rng.standard_normal(shape[-1])).astype(np.float32))
    x = rng.random((batch, 28, 28, 1), np.float32)
    return Problem("sgd", x, rng.integers(0, 10, batch), weights)
