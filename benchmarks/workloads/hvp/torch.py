"""The Hessian-vector product in PyTorch with torch.func: reverse over reverse."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from benchmarks.workloads.hvp import Problem


class Workload:
    def __init__(self, mode: str, problem: Problem) -> None:
        self.x, self.labels = torch.from_numpy(problem.x), torch.from_numpy(problem.labels)
        self.weights = tuple(torch.from_numpy(w) for w in problem.weights)
        self.vector = tuple(torch.from_numpy(v) for v in problem.vector)
        self.run = self.product if mode == "eager" else torch.compile(self.product)

    def loss_of(self, weights: Any) -> torch.Tensor:
        A, a, B, b = weights
        y = torch.tanh(self.x @ A + a) @ B + b
        return torch.nn.functional.cross_entropy(y, self.labels)

    def product(self, weights: Any, vector: Any) -> Any:
        def slope_of(w: Any) -> torch.Tensor:
            grads = torch.func.grad(self.loss_of)(w)
            return sum(torch.sum(g * v) for g, v in zip(grads, vector))

        grads, slope = torch.func.grad_and_value(slope_of)(weights)
        return slope, grads

    def step(self) -> float:
        slope, self.grads = self.run(self.weights, self.vector)
        return slope.item()

    def state(self) -> list[np.ndarray]:
        return [g.detach().numpy() for g in self.grads]
