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


LEARNING_RATE = {"sgd": 0.01, "adam": 1e-5}  # small: few units die while the clock runs
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # of Adam, as Keras has them


def data(
    sizes: list[int],
    batch: int,
    activation: str = "relu",
    optimizer: str = "sgd",
    scale: float = 0.05,
) -> Problem:
    """Small random weights, normal inputs and random labels.

    Each input comes twice, with labels of their own: nothing learns them all by heart, so that gradients
    and Adam's averages stay ordinary numbers however long the clock runs (subnormal ones are slow).
    """
    rng = np.random.default_rng(7)
    weights = []
    for n_in, n_out in itertools.pairwise(sizes):
        weights.append((scale * rng.standard_normal((n_in, n_out))).astype(np.float32))
        weights.append((0.05 * rng.standard_normal(n_out)).astype(np.float32))
    x = rng.standard_normal((batch, sizes[0]), np.float32)
    x[batch // 2 : 2 * (batch // 2)] = x[: batch // 2]
    labels = rng.integers(0, sizes[-1], batch)
    return Problem(tuple(sizes), activation, optimizer, x, labels, weights)
