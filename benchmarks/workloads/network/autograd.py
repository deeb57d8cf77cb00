"""A training step in HIPS autograd, the update in NumPy: of a fully connected network, and of whatever
else says what its `network` is."""

from __future__ import annotations

from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import value_and_grad

from benchmarks.workloads.updates import OPTIMIZERS

ACTIVATIONS = {
    "relu": lambda y: anp.maximum(y, 0.0),
    "sigmoid": lambda y: 1.0 / (1.0 + anp.exp(-y)),
    "tanh": anp.tanh,
}


class Workload:
    def __init__(self, mode: str, problem: Any) -> None:
        self.problem = problem
        self.weights = [w.copy() for w in problem.weights]
        self.optimizer = OPTIMIZERS[problem.optimizer](self.weights)
        self.labels = problem.labels.ravel()
        self.rows = np.arange(len(self.labels))
        self.run = value_and_grad(self.loss_of)

    def network(self, weights: list[np.ndarray], x: np.ndarray) -> np.ndarray:
        activation = ACTIVATIONS[self.problem.activation]
        for kernel, bias in zip(weights[:-2:2], weights[1:-2:2]):
            x = activation(anp.dot(x, kernel) + bias)
        return anp.dot(x, weights[-2]) + weights[-1]

    def loss_of(self, weights: list[np.ndarray]) -> np.ndarray:
        y = self.network(weights, self.problem.x)
        y = y - anp.max(y, axis=1, keepdims=True)
        logp = y - anp.log(anp.sum(anp.exp(y), axis=1, keepdims=True))
        return -anp.mean(logp[self.rows, self.labels])

    def step(self) -> float:
        loss, grads = self.run(self.weights)
        self.optimizer.apply(grads)
        return float(loss)

    def state(self) -> list[np.ndarray]:
        return self.weights
