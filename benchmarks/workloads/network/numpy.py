"""A training step written out by hand in NumPy: of a fully connected network, and of whatever else
says its `loss_and_grads`."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads.updates import OPTIMIZERS

FORWARD = {
    "relu": lambda y: np.maximum(y, 0.0, out=y),
    "sigmoid": lambda y: 1.0 / (1.0 + np.exp(-y)),
    "tanh": lambda y: np.tanh(y, out=y),
}
SLOPE = {"relu": lambda h: h > 0, "sigmoid": lambda h: h * (1.0 - h), "tanh": lambda h: 1.0 - h * h}


def cross_entropy(y: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """The mean cross entropy of the logits y: float32[n, k], and its gradient."""
    rows, n = np.arange(len(labels)), np.float32(len(labels))
    e = np.exp(y - y.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.log(p[rows, labels]).mean()
    p[rows, labels] -= 1.0
    p /= n
    return float(loss), p


class Workload:
    def __init__(self, mode: str, problem: Any) -> None:
        self.problem = problem
        self.weights = [w.copy() for w in problem.weights]
        self.optimizer = OPTIMIZERS[problem.optimizer](self.weights)

    def loss_and_grads(self) -> tuple[float, list[np.ndarray]]:
        weights = self.weights
        forward, slope = FORWARD[self.problem.activation], SLOPE[self.problem.activation]
        hidden = [self.problem.x]
        for k in range(0, len(weights) - 2, 2):
            hidden.append(forward(hidden[-1] @ weights[k] + weights[k + 1]))
        loss, g = cross_entropy(hidden[-1] @ weights[-2] + weights[-1], self.problem.labels)
        grads: list[np.ndarray] = []
        for k in range(len(weights) - 2, -1, -2):
            h = hidden[k // 2]
            grads += [g.sum(axis=0), h.T @ g]
            if k:
                g = (g @ weights[k].T) * slope(h)
        return loss, grads[::-1]

    def step(self) -> float:
        loss, grads = self.loss_and_grads()
        self.optimizer.apply(grads)
        return loss

    def state(self) -> list[np.ndarray]:
        return self.weights
