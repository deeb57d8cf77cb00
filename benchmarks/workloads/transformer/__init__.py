"""A training step of a transformer block (attention, then two dense layers with relu; each added to its
input and normalized, as in Vaswani et al. 2017) and a dense layer that classifies every token, SGD."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

EPSILON = 1e-5


class Problem(NamedTuple):
    """x: float32[batch, tokens, width]; labels: int64[batch, tokens]; weights: kernel and bias of query,
    key, value (each [width, heads, size]) and output ([heads, size, width]); scale and offset of the
    first normalization; two dense layers; the second normalization; the classifier."""

    optimizer: str
    heads: int
    inner: int
    x: np.ndarray
    labels: np.ndarray
    weights: list[np.ndarray]


def data(batch: int, tokens: int, width: int, heads: int, inner: int) -> Problem:
    rng = np.random.default_rng(7)
    size = width // heads
    project, norm = [(width, heads, size), (heads, size)], [(width,), (width,)]
    shapes = [*project * 3, (heads, size, width), (width,), *norm]
    shapes += [(width, inner), (inner,), (inner, width), (width,), *norm, (width, 10), (10,)]
    weights = [(0.1 * rng.standard_normal(shape)).astype(np.float32) for shape in shapes]
    weights[8] += 1.0
    weights[14] += 1.0
    x = rng.standard_normal((batch, tokens, width), np.float32)
    return Problem("sgd", heads, inner, x, rng.integers(0, 10, (batch, tokens)), weights)
