"""The training loop in TensorFlow's API, for gradtape and for TensorFlow."""

from __future__ import annotations

from typing import Any

from benchmarks.workloads.loop import Problem
from benchmarks.workloads.modes import compiled
from benchmarks.workloads.network import tensorflow_api


class Workload(tensorflow_api.Workload):
    def __init__(self, tf: Any, mode: str, problem: Problem) -> None:
        super().__init__(tf, "eager", problem.network)
        self.steps = problem.steps
        self.loop = compiled(tf, mode, self.train_loop)

    def train_loop(self, x: Any, labels: Any) -> Any:
        tf = self.tf
        loss = tf.constant(0.0)
        for _ in tf.range(self.steps):
            loss = self.train_step(x, labels)
        return loss

    def step(self) -> float:
        return float(self.loop(self.x, self.labels))
