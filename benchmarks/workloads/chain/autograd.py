"""The chain in HIPS autograd."""

from __future__ import annotations

import autograd.numpy as anp
import numpy as np
from autograd import value_and_grad

from benchmarks.workloads.chain import A, B, C, D, E, G


def chain(x: np.ndarray) -> np.ndarray:
    y = 1.0 / (1.0 + anp.exp(-C * anp.tanh(x * A + B))) + D
    return anp.sum(anp.exp(anp.square(anp.maximum(y, 0.0)) * E) + G)


class Workload:
    def __init__(self, mode: str, problem: np.ndarray) -> None:
        self.x, self.run = problem, value_and_grad(chain)

    def step(self) -> float:
        y, self.grad = self.run(self.x)
        return float(y)

    def state(self) -> list[np.ndarray]:
        return [self.grad]
