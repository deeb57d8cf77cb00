"""The chain in TensorFlow's API, for gradtape and for TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads.chain import A, B, C, D, E, G
from benchmarks.workloads.modes import compiled


class Workload:
    def __init__(self, tf: Any, mode: str, problem: np.ndarray) -> None:
        self.tf, self.x, self.grad = tf, tf.constant(problem), None
        self.run = compiled(tf, mode, self.value_and_gradient)

    def value_and_gradient(self, x: Any) -> Any:
        tf = self.tf
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.sigmoid(tf.tanh(x * A + B) * C) + D
            y = tf.reduce_sum(tf.exp(tf.square(tf.nn.relu(y)) * E) + G)
        return y, tape.gradient(y, x)

    def step(self) -> float:
        y, self.grad = self.run(self.x)
        return float(y)

    def state(self) -> list[np.ndarray]:
        return [self.grad.numpy()]
