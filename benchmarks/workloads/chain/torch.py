"""The chain in PyTorch."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.workloads.chain import A, B, C, D, E, G


def chain(x: torch.Tensor) -> torch.Tensor:
    y = torch.sigmoid(torch.tanh(x * A + B) * C) + D
    return torch.sum(torch.exp(torch.square(torch.relu(y)) * E) + G)


class Workload:
    def __init__(self, mode: str, problem: np.ndarray) -> None:
        self.x = torch.from_numpy(problem).clone().requires_grad_()
        self.chain = chain if mode == "eager" else torch.compile(chain)

    def step(self) -> float:
        y = self.chain(self.x)
        (self.grad,) = torch.autograd.grad(y, [self.x])
        return y.item()

    def state(self) -> list[np.ndarray]:
        return [self.grad.numpy()]
