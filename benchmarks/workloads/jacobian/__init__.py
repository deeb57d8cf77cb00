"""The Jacobian of a net of 100 inputs and 100 outputs: y = tanh(x @ A + a) @ B + b."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Problem(NamedTuple):
    """x: float32[n]; weights: float32[n, n], float32[n], float32[n, n], float32[n]."""

    x: np.ndarray
    weights: list[np.ndarray]


def data(n: int) -> Problem:
    rng = np.random.default_rng(7)
    kernel = (0.1 * rng.standard_normal((2, n, n))).astype(np.float32)
    bias = (0.1 * rng.standard_normal((2, n))).astype(np.float32)
    x = rng.standard_normal(n, np.float32)
    return Problem(x, [kernel[0], bias[0], kernel[1], bias[1]])
