"""Logistic regression in PyTorch: a loop over the batches."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from benchmarks.workloads.fit import BATCH, RATE, Problem


class Workload:
    def __init__(self, mode: str, problem: Problem) -> None:
        self.model = nn.Linear(problem.x.shape[1], 1)
        with torch.no_grad():
            self.model.weight.copy_(torch.from_numpy(problem.kernel.T.copy()))
            self.model.bias.copy_(torch.from_numpy(problem.bias))
        self.optimizer = torch.optim.SGD(self.model.parameters(), RATE)
        self.x, self.y = torch.from_numpy(problem.x), torch.from_numpy(problem.y)
        self.loss = self.loss_of if mode == "eager" else torch.compile(self.loss_of)

    def loss_of(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return nn.functional.binary_cross_entropy_with_logits(self.model(x), y)

    def step(self) -> float:
        total = torch.zeros(())
        for x, y in zip(self.x.split(BATCH), self.y.split(BATCH)):
            self.optimizer.zero_grad()
            loss = self.loss(x, y)
            loss.backward()
            self.optimizer.step()
            total += loss.detach()
        return total.item() * BATCH / len(self.x)

    def state(self) -> list[np.ndarray]:
        return [self.model.weight.detach().numpy().T, self.model.bias.detach().numpy()]
