"""The convolutional network's training step in TensorFlow's API, for gradtape and for TensorFlow."""

from __future__ import annotations

from typing import Any

from benchmarks.workloads.network import tensorflow_api


class Workload(tensorflow_api.Workload):
    def network(self, tf: Any, problem: Any) -> Any:
        layers = tf.keras.layers
        return tf.keras.Sequential(
            [
                tf.keras.Input((28, 28, 1)),
                layers.Conv2D(6, 5, padding="same", activation="relu"),
                layers.MaxPooling2D(),
                layers.Conv2D(16, 5, activation="relu"),
                layers.MaxPooling2D(),
                layers.Flatten(),
                layers.Dense(120, activation="relu"),
                layers.Dense(84, activation="relu"),
                layers.Dense(10),
            ]
        )
