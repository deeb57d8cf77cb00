"""The Jacobian in HIPS autograd."""

from __future__ import annotations

import autograd.numpy as anp
import numpy as np
from autograd import jacobian

from benchmarks.workloads.jacobian import Problem


class Workload:
    def __init__(self, mode: str, problem: Problem) -> None:
        self.x, (A, a, B, b) = problem
        self.run = jacobian(lambda x: anp.dot(anp.tanh(anp.dot(x, A) + a), B) + b)

    def step(self) -> float:
        self.jacobian = self.run(self.x)
        return float(np.vdot(self.jacobian, self.jacobian))

    def state(self) -> list[np.ndarray]:
        return [self.jacobian]
