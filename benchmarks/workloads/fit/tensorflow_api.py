"""Logistic regression by Keras' `fit`, for gradtape and for TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads.fit import BATCH, RATE, Problem


class Workload:
    def __init__(self, tf: Any, mode: str, problem: Problem) -> None:
        self.x, self.y = problem.x, problem.y
        self.model = tf.keras.Sequential(
            [tf.keras.Input((problem.x.shape[1],)), tf.keras.layers.Dense(1)]
        )
        self.model.set_weights([problem.kernel, problem.bias])
        self.model.compile(
            optimizer=tf.keras.optimizers.SGD(RATE),
            loss=tf.keras.losses.BinaryCrossentropy(from_logits=True),
            run_eagerly=mode == "eager",
            jit_compile=True if mode == "xla" else None,
        )

    def step(self) -> float:
        history = self.model.fit(self.x, self.y, BATCH, epochs=1, verbose=0, shuffle=False)
        return float(history.history["loss"][0])

    def state(self) -> list[np.ndarray]:
        return self.model.get_weights()
