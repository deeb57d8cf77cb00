"""A training step in PyTorch (torch.nn, torch.optim, torch.compile): of a fully connected network, and
of whatever else says what its `network` is."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.workloads.network import BETA_1, BETA_2, EPSILON, LEARNING_RATE

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


class Workload:
    def __init__(self, mode: str, problem: Any) -> None:
        self.model = self.network(problem)
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        with torch.no_grad():
            for parameter, start in zip(self.parameters, self.theirs(problem.weights)):
                parameter.copy_(torch.from_numpy(start.copy()))
        rate = LEARNING_RATE[problem.optimizer]
        large = sum(w.size for w in problem.weights) > 10_000  # where the fused update pays off
        self.adam, self.t = problem.optimizer == "adam", 0
        if self.adam:
            self.optimizer: torch.optim.Optimizer = torch.optim.Adam(
                self.parameters, rate, (BETA_1, BETA_2), EPSILON, fused=large
            )
        else:
            self.optimizer = torch.optim.SGD(self.parameters, rate, fused=large)
        self.x, self.labels = torch.from_numpy(problem.x), torch.from_numpy(problem.labels)
        self.loss = self.loss_of if mode == "eager" else torch.compile(self.loss_of)

    def network(self, problem: Any) -> nn.Module:
        layers: list[nn.Module] = []
        for n_in, n_out in zip(problem.sizes[:-1], problem.sizes[1:]):
            layers += [nn.Linear(n_in, n_out), ACTIVATIONS[problem.activation]()]
        return nn.Sequential(*layers[:-1])

    def theirs(self, weights: list[np.ndarray]) -> list[np.ndarray]:
        """Our weights as PyTorch lays them out."""
        return [w.T for w in weights]

    def ours(self, weights: list[np.ndarray]) -> list[np.ndarray]:
        """The way back."""
        return [w.T for w in weights]

    def loss_of(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(self.model(x), labels)

    def step(self) -> float:
        self.optimizer.zero_grad()
        if self.adam:  # Keras adds epsilon before the second average's bias is taken out
            self.t += 1
            self.optimizer.param_groups[0]["eps"] = EPSILON / (1.0 - BETA_2**self.t) ** 0.5
        loss = self.loss(self.x, self.labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def state(self) -> list[np.ndarray]:
        return self.ours([p.detach().numpy() for p in self.parameters])
