"""The neuron in HIPS autograd."""

from __future__ import annotations

import autograd.numpy as anp
import numpy as np
from autograd import value_and_grad

from benchmarks.workloads.neuron import Problem


class Workload:
    def __init__(self, mode: str, problem: Problem) -> None:
        self.weights = problem.weights
        self.run = value_and_grad(
            lambda w: anp.sum(1.0 / (1.0 + anp.exp(-(anp.dot(problem.x, w[0]) + w[1]))))
        )
        self.grads: list[np.ndarray] = []

    def step(self) -> float:
        y, self.grads = self.run(self.weights)
        return float(y)

    def state(self) -> list[np.ndarray]:
        return self.grads
