"""A training step of a fully connected network: mean cross entropy from logits, SGD or Adam."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np


class Problem(NamedTuple):
    """x: float32[batch, n]; labels: int64[batch]; weights: kernel, bias, kernel, bias, ..."""

    sizes: tuple[int, ...]
    activation: str
    optimizer: str
    x: np.ndarray
    labels: np.ndarray
    weights: list[np.ndarray]


LEARNING_RATE = {"sgd": 0.01, "adam": 0.001}
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # of Adam, as Keras has them


def data(
    sizes: list[int],
    batch: int,
    activation: str = "relu",
    optimizer: str = "sgd",
    scale: float = 0.05,
) -> Problem:
    """Small random weights, inputs in [0, 1) and random labels."""
    rng = np.random.default_rng(7)
    weights = []
    for n_in, n_out in itertools.pairwise(sizes):
        weights.append((scale * rng.standard_normal((n_in, n_out))).astype(np.float32))
        weights.append((0.05 * rng.standard_normal(n_out)).astype(np.float32))
    x = rng.random((batch, sizes[0]), np.float32)
    labels = rng.integers(0, sizes[-1], batch)
    return Problem(tuple(sizes), activation, optimizer, x, labels, weights)
