"""The LSTM's training step in TensorFlow's API, for gradtape and for TensorFlow."""

from __future__ import annotations

from typing import Any

from benchmarks.workloads.network import tensorflow_api


class Workload(tensorflow_api.Workload):
    def network(self, tf: Any, problem: Any) -> Any:
        layers = tf.keras.layers
        return tf.keras.Sequential(
            [tf.keras.Input(problem.x.shape[1:]), layers.LSTM(problem.units), layers.Dense(10)]
        )
