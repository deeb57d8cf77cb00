"""The convolutional network's training step in HIPS autograd: a convolution is 25 products."""

from __future__ import annotations

import autograd.numpy as anp
import numpy as np

from benchmarks.workloads.network import autograd as network


def convolve(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    n, height, width, _ = x.shape
    height, width = height - 4, width - 4
    y = bias
    for i in range(5):
        for j in range(5):
            y = y + anp.dot(x[:, i : i + height, j : j + width, :], kernel[i, j])
    y = anp.maximum(y, 0.0)
    return anp.max(y.reshape(n, height // 2, 2, width // 2, 2, -1), axis=(2, 4))


class Workload(network.Workload):
    def network(self, weights: list[np.ndarray], x: np.ndarray) -> np.ndarray:
        k1, b1, k2, b2, w3, b3, w4, b4, w5, b5 = weights
        x = convolve(anp.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)), "constant"), k1, b1)
        x = convolve(x, k2, b2).reshape(len(x), -1)
        x = anp.maximum(anp.dot(x, w3) + b3, 0.0)
        return anp.dot(anp.maximum(anp.dot(x, w4) + b4, 0.0), w5) + b5
