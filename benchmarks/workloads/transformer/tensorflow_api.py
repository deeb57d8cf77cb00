"""The transformer block's training step in TensorFlow's API, for gradtape and for TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads.network import tensorflow_api
from benchmarks.workloads.transformer import EPSILON


class Workload(tensorflow_api.Workload):
    def network(self, tf: Any, problem: Any) -> Any:
        layers, width = tf.keras.layers, problem.x.shape[2]
        attention = layers.MultiHeadAttention(problem.heads, width // problem.heads)
        first, second = (layers.LayerNormalization(epsilon=EPSILON) for _ in range(2))
        wide, narrow = layers.Dense(problem.inner, activation="relu"), layers.Dense(width)
        classifier = layers.Dense(10)
        self.parts = [attention, first, wide, narrow, second, classifier]
        x = tf.keras.Input(problem.x.shape[1:])
        y = first(x + attention(x, x))
        y = second(y + narrow(wide(y)))
        return tf.keras.Model(x, classifier(y))

    def set_weights(self, weights: list[np.ndarray]) -> None:
        weights = list(weights)
        for part in self.parts:
            n = len(part.weights)
            part.set_weights(weights[:n])
            del weights[:n]

    def state(self) -> list[np.ndarray]:
        return [w for part in self.parts for w in part.get_weights()]
