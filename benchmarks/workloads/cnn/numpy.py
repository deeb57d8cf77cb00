"""The convolutional network's training step written out by hand in NumPy: windows and products."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmarks.workloads.network import numpy as network


class Block(NamedTuple):
    """What the way back needs of a convolution with relu and pooling."""

    windows: np.ndarray
    y: np.ndarray
    pooled: np.ndarray


def forward(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> Block:
    windows = np.lib.stride_tricks.sliding_window_view(x, (5, 5), axis=(1, 2))
    n, height, width, channels = windows.shape[:4]
    windows = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 25 * channels)
    y = windows @ kernel.reshape(25 * channels, -1) + bias
    np.maximum(y, 0.0, out=y)
    y = y.reshape(n, height // 2, 2, width // 2, 2, -1)
    return Block(windows, y, y.max(axis=(2, 4), keepdims=True))


def backward(block: Block, g: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From the pooled values' gradient: that of the products, the kernel and the bias."""
    hit = (block.y == block.pooled) & (block.y > 0)
    g = (hit * g.reshape(block.pooled.shape)).reshape(len(block.windows), -1)
    return g, block.windows.T @ g, g.sum(axis=0)


class Workload(network.Workload):
    def loss_and_grads(self) -> tuple[float, list[np.ndarray]]:
        k1, b1, k2, b2, w3, b3, w4, b4, w5, b5 = self.weights
        n = len(self.problem.x)
        one = forward(np.pad(self.problem.x, ((0, 0), (2, 2), (2, 2), (0, 0))), k1, b1)
        two = forward(one.pooled.reshape(n, 14, 14, 6), k2, b2)
        flat = two.pooled.reshape(n, 400)
        h3 = np.maximum(flat @ w3 + b3, 0.0)
        h4 = np.maximum(h3 @ w4 + b4, 0.0)
        loss, g5 = network.cross_entropy(h4 @ w5 + b5, self.problem.labels)
        g4 = (g5 @ w5.T) * (h4 > 0)
        g3 = (g4 @ w4.T) * (h3 > 0)
        g2, dk2, db2 = backward(two, g3 @ w3.T)
        spread = (g2 @ k2.reshape(150, 16).T).reshape(n, 10, 10, 5, 5, 6)
        back = np.zeros((n, 14, 14, 6), np.float32)
        for i in range(5):
            for j in range(5):
                back[:, i : i + 10, j : j + 10] += spread[:, :, :, i, j]
        _, dk1, db1 = backward(one, back)
        dense = [flat.T @ g3, g3.sum(0), h3.T @ g4, g4.sum(0), h4.T @ g5, g5.sum(0)]
        return loss, [dk1.reshape(k1.shape), db1, dk2.reshape(k2.shape), db2, *dense]
