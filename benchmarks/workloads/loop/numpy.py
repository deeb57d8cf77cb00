"""The training loop in NumPy: a loop of Python's."""

from __future__ import annotations

from benchmarks.workloads.loop import Problem
from benchmarks.workloads.network import numpy as network


class Workload(network.Workload):
    def __init__(self, mode: str, problem: Problem) -> None:
        super().__init__(mode, problem.network)
        self.steps = problem.steps

    def step(self) -> float:
        loss = 0.0
        for _ in range(self.steps):
            loss = super().step()
        return loss
