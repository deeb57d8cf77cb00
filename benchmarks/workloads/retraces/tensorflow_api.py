"""Retraces of `tf.function`, for gradtape and for TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads.modes import compiled
from benchmarks.workloads.retraces import Problem


class Workload:
    def __init__(self, tf: Any, mode: str, problem: Problem) -> None:
        self.tf, self.x, self.calls = tf, tf.constant(problem.x), 0
        self.kernel, self.bias = tf.Variable(problem.kernel), tf.Variable(problem.bias)
        self.retraces = problem.retraces
        self.run = compiled(tf, mode, self.neuron)

    def neuron(self, x: Any, k: float) -> Any:
        tf = self.tf
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.sigmoid((x @ self.kernel + self.bias) * k))
        return y, tape.gradient(y, [self.kernel, self.bias])

    def step(self) -> float:
        y = 0.0
        for _ in range(self.retraces):
            self.calls += 1
            y, self.grads = self.run(self.x, 1.0 / self.calls)
        return float(y)

    def state(self) -> list[np.ndarray]:
        return [g.numpy() for g in self.grads]
