"""A Hessian-vector product: the mean cross entropy of a network of one tanh layer, in all its weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmarks.workloads import network


class Problem(NamedTuple):
    """x: float32[batch, n]; labels: int64[batch]; weights and vector: kernel, bias, kernel, bias."""

    x: np.ndarray
    labels: np.ndarray
    weights: list[np.ndarray]
    vector: list[np.ndarray]


def data(sizes: list[int], batch: int) -> Problem:
    start = network.data(sizes, batch, activation="tanh", scale=0.1)
    rng = np.random.default_rng(8)
    vector = [rng.standard_normal(w.shape, np.float32) for w in start.weights]
    return Problem(start.x, start.labels, start.weights, vector)
