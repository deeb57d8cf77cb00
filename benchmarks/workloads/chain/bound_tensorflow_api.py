"""tanh, sigmoid and exp of each float in one traced pass, for gradtape and for TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads.modes import compiled


class Workload:
    def __init__(self, tf: Any, mode: str, problem: np.ndarray) -> None:
        self.x = tf.constant(problem)
        self.run = compiled(tf, mode, lambda x: tf.exp(tf.sigmoid(tf.tanh(x))))

    def step(self) -> float:
        self.y = self.run(self.x)
        return 0.0
