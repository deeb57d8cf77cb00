"""The neuron in TensorFlow's API, for gradtape and for TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads.modes import compiled
from benchmarks.workloads.neuron import Problem


class Workload:
    def __init__(self, tf: Any, mode: str, problem: Problem) -> None:
        self.tf = tf
        dense = tf.keras.layers.Dense(1, activation="sigmoid")
        self.model = tf.keras.Sequential([tf.keras.Input((2,)), dense])
        self.model.set_weights(problem.weights)
        self.x = tf.constant(problem.x)
        self.grads: list[Any] = []
        self.run = compiled(tf, mode, self.forward_and_gradients)

    def forward_and_gradients(self, x: Any) -> Any:
        with self.tf.GradientTape() as tape:
            y = self.model(x)
        return y, tape.gradient(y, self.model.trainable_weights)

    def step(self) -> float:
        y, self.grads = self.run(self.x)
        return y.numpy().item()

    def state(self) -> list[np.ndarray]:
        return [g.numpy() for g in self.grads]
