"""The Hessian-vector product in HIPS autograd: reverse over reverse."""

from __future__ import annotations

import autograd.numpy as anp
import numpy as np
from autograd import grad, value_and_grad

from benchmarks.workloads.hvp import Problem


class Workload:
    def __init__(self, mode: str, problem: Problem) -> None:
        self.problem = problem
        self.rows = np.arange(len(problem.labels))
        self.grad = grad(self.loss_of)
        self.run = value_and_grad(self.slope_of)

    def loss_of(self, weights: list[np.ndarray]) -> np.ndarray:
        A, a, B, b = weights
        y = anp.dot(anp.tanh(anp.dot(self.problem.x, A) + a), B) + b
        y = y - anp.max(y, axis=1, keepdims=True)
        logp = y - anp.log(anp.sum(anp.exp(y), axis=1, keepdims=True))
        return -anp.mean(logp[self.rows, self.problem.labels])

    def slope_of(self, weights: list[np.ndarray]) -> np.ndarray:
        grads = self.grad(weights)
        return sum(anp.sum(g * v) for g, v in zip(grads, self.problem.vector))

    def step(self) -> float:
        slope, self.grads = self.run(self.problem.weights)
        return float(slope)

    def state(self) -> list[np.ndarray]:
        return self.grads
