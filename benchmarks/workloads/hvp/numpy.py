"""The Hessian-vector product written out by hand in NumPy: forward over reverse, line by line.

Every quantity has its derivative along the vector beside it, named with a trailing `_`.
"""

from __future__ import annotations

import numpy as np

from benchmarks.workloads.hvp import Problem


class Workload:
    def __init__(self, mode: str, problem: Problem) -> None:
        self.problem = problem
        self.rows = np.arange(len(problem.labels))

    def step(self) -> float:
        x, labels, (A, a, B, b), (A_, a_, B_, b_) = self.problem
        h = np.tanh(x @ A + a)
        slope = 1.0 - h * h
        h_ = slope * (x @ A_ + a_)
        y, y_ = h @ B + b, h_ @ B + h @ B_ + b_
        p = np.exp(y - y.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        n = np.float32(len(labels))
        g_ = p * (y_ - (p * y_).sum(axis=1, keepdims=True)) / n
        p[self.rows, labels] -= 1.0
        g = p / n
        back = g @ B.T
        back_ = (g_ @ B.T + g @ B_.T) * slope - back * (2.0 * h * h_)
        self.grads = [x.T @ back_, back_.sum(0), h_.T @ g + h.T @ g_, g_.sum(0)]
        return float(np.vdot(g, y_))

    def state(self) -> list[np.ndarray]:
        return self.grads
