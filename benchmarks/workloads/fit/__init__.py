"""Logistic regression, one epoch in order in batches of 100: `model.fit`, and equal loops elsewhere."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

BATCH, RATE = 100, 0.1


class Problem(NamedTuple):
    """x: float32[n, k]; y: float32[n, 1], 0 or 1; kernel: float32[k, 1]; bias: float32[1]."""

    x: np.ndarray
    y: np.ndarray
    kernel: np.ndarray
    bias: np.ndarray


def data(n: int, k: int) -> Problem:
    rng = np.random.default_rng(7)
    x = rng.standard_normal((n, k), np.float32)
    truth = rng.standard_normal((k, 1), np.float32)
    y = (rng.random((n, 1)) < 1.0 / (1.0 + np.exp(-x @ truth))).astype(np.float32)
    kernel = (0.05 * rng.standard_normal((k, 1))).astype(np.float32)
    return Problem(x, y, kernel, np.zeros(1, np.float32))
