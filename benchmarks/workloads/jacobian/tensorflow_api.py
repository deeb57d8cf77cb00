"""The Jacobian in TensorFlow's API, for gradtape and for TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads.jacobian import Problem
from benchmarks.workloads.modes import compiled


class Workload:
    def __init__(self, tf: Any, mode: str, problem: Problem) -> None:
        self.tf, self.x = tf, tf.constant(problem.x)
        self.weights = [tf.Variable(w) for w in problem.weights]
        self.run = compiled(tf, mode, self.jacobian_of)

    def jacobian_of(self, x: Any) -> Any:
        tf = self.tf
        A, a, B, b = self.weights
        with tf.GradientTape() as tape:
            tape.watch(x)
            h = tf.tanh(tf.linalg.matvec(A, x, transpose_a=True) + a)
            y = tf.linalg.matvec(B, h, transpose_a=True) + b
        jacobian = tape.jacobian(y, x)
        return tf.reduce_sum(jacobian * jacobian), jacobian

    def step(self) -> float:
        norm, self.jacobian = self.run(self.x)
        return float(norm)

    def state(self) -> list[np.ndarray]:
        return [self.jacobian.numpy()]
