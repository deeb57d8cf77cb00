"""The neuron written out by hand in NumPy: what is left when no framework is in between."""

from __future__ import annotations

import numpy as np

from benchmarks.workloads.neuron import Problem


class Workload:
    def __init__(self, mode: str, problem: Problem) -> None:
        self.x, self.weights = problem
        self.grads: list[np.ndarray] = []

    def step(self) -> float:
        kernel, bias = self.weights
        y = 1.0 / (1.0 + np.exp(-(self.x @ kernel + bias)))
        slope = y * (1.0 - y)
        self.grads = [self.x.T @ slope, slope.sum(axis=0)]
        return float(y[0, 0])

    def state(self) -> list[np.ndarray]:
        return self.grads
