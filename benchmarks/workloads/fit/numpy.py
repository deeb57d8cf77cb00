"""Logistic regression written out by hand in NumPy."""

from __future__ import annotations

import numpy as np

from benchmarks.workloads.fit import BATCH, RATE, Problem


class Workload:
    def __init__(self, mode: str, problem: Problem) -> None:
        self.x, self.y = problem.x, problem.y
        self.kernel, self.bias = problem.kernel.copy(), problem.bias.copy()

    def step(self) -> float:
        total, rate = 0.0, RATE / BATCH
        for k in range(0, len(self.x), BATCH):
            x, y = self.x[k : k + BATCH], self.y[k : k + BATCH]
            z = x @ self.kernel + self.bias
            e = np.exp(-np.abs(z))
            total += float((np.maximum(z, 0.0) - z * y + np.log1p(e)).sum())
            g = np.where(z >= 0, 1.0, e) / (1.0 + e) - y
            self.kernel -= rate * (x.T @ g)
            self.bias -= rate * g.sum(axis=0)
        return total / len(self.x)

    def state(self) -> list[np.ndarray]:
        return [self.kernel, self.bias]
