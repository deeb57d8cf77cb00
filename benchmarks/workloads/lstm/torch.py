"""The LSTM's training step in PyTorch: nn.LSTM, its second bias held at zero."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from benchmarks.workloads.network import torch as network


class Net(nn.Module):
    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, units, batch_first=True)
        nn.init.zeros_(self.lstm.bias_hh_l0).requires_grad_(False)
        self.dense = nn.Linear(units, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.dense(self.lstm(x)[0][:, -1])


class Workload(network.Workload):
    def network(self, problem: Any) -> nn.Module:
        return Net(problem.x.shape[2], problem.units)
