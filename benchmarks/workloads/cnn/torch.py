"""The convolutional network's training step in PyTorch, channels first as it likes them best."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import nn

from benchmarks.workloads.cnn import Problem
from benchmarks.workloads.network import torch as network


class Workload(network.Workload):
    def __init__(self, mode: str, problem: Problem) -> None:
        super().__init__(mode, problem._replace(x=problem.x.reshape(-1, 1, 28, 28)))

    def network(self, problem: Any) -> nn.Module:
        return nn.Sequential(
            *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
            nn.Flatten(),
            *(nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
        )

    def theirs(self, weights: list[np.ndarray]) -> list[np.ndarray]:
        k1, b1, k2, b2, w3, *rest = weights
        w3 = w3.reshape(5, 5, 16, 120).transpose(3, 2, 0, 1).reshape(120, 400)
        kernels = [k1.transpose(3, 2, 0, 1), b1, k2.transpose(3, 2, 0, 1), b2]
        return [*kernels, w3, *super().theirs(rest)]

    def ours(self, weights: list[np.ndarray]) -> list[np.ndarray]:
        k1, b1, k2, b2, w3, *rest = weights
        w3 = w3.reshape(120, 16, 5, 5).transpose(2, 3, 1, 0).reshape(400, 120)
        kernels = [k1.transpose(2, 3, 1, 0), b1, k2.transpose(2, 3, 1, 0), b2]
        return [*kernels, w3, *super().ours(rest)]
