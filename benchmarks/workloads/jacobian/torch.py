"""The Jacobian in PyTorch: torch.func.jacrev."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.workloads.jacobian import Problem


class Workload:
    def __init__(self, mode: str, problem: Problem) -> None:
        self.x = torch.from_numpy(problem.x)
        self.weights = [torch.from_numpy(w) for w in problem.weights]
        self.run = self.jacobian_of if mode == "eager" else torch.compile(self.jacobian_of)

    def net(self, x: torch.Tensor) -> torch.Tensor:
        A, a, B, b = self.weights
        return torch.tanh(x @ A + a) @ B + b

    def jacobian_of(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        jacobian = torch.func.jacrev(self.net)(x)
        return torch.sum(jacobian * jacobian), jacobian

    def step(self) -> float:
        norm, self.jacobian = self.run(self.x)
        return norm.item()

    def state(self) -> list[np.ndarray]:
        return [self.jacobian.numpy()]
