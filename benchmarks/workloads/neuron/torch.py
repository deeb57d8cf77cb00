"""The neuron in PyTorch: torch.nn and autograd."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.workloads.neuron import Problem


class Workload:
    def __init__(self, mode: str, problem: Problem) -> None:
        self.model = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Sigmoid())
        with torch.no_grad():
            self.model[0].weight.copy_(torch.from_numpy(problem.weights[0].T.copy()))
            self.model[0].bias.copy_(torch.from_numpy(problem.weights[1]))
        self.parameters = list(self.model.parameters())
        self.x = torch.from_numpy(problem.x)
        self.forward = self.model if mode == "eager" else torch.compile(self.model)
        self.grads: tuple[torch.Tensor, ...] = ()

    def step(self) -> float:
        y = self.forward(self.x)
        self.grads = torch.autograd.grad(y, self.parameters)
        return y.item()

    def state(self) -> list[np.ndarray]:
        return [self.grads[0].numpy().T, self.grads[1].numpy()]
