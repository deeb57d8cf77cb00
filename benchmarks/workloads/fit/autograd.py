"""Logistic regression in HIPS autograd: a loop over the batches."""

from __future__ import annotations

import autograd.numpy as anp
import numpy as np
from autograd import value_and_grad

from benchmarks.workloads.fit import BATCH, RATE, Problem


def loss_of(weights: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    z = anp.dot(x, weights[0]) + weights[1]
    return anp.mean(anp.maximum(z, 0.0) - z * y + anp.log1p(anp.exp(-anp.abs(z))))


class Workload:
    def __init__(self, mode: str, problem: Problem) -> None:
        self.x, self.y = problem.x, problem.y
        self.weights = [problem.kernel.copy(), problem.bias.copy()]
        self.run = value_and_grad(loss_of)

    def step(self) -> float:
        losses = []
        for k in range(0, len(self.x), BATCH):
            loss, grads = self.run(self.weights, self.x[k : k + BATCH], self.y[k : k + BATCH])
            for w, g in zip(self.weights, grads):
                w -= RATE * g
            losses.append(loss)
        return float(np.mean(losses))

    def state(self) -> list[np.ndarray]:
        return self.weights
