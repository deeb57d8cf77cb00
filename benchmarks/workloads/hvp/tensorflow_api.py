"""The Hessian-vector product in TensorFlow's API, for gradtape and for TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads.hvp import Problem
from benchmarks.workloads.modes import compiled


class Workload:
    def __init__(self, tf: Any, mode: str, problem: Problem) -> None:
        self.tf = tf
        self.x, self.labels = tf.constant(problem.x), tf.constant(problem.labels)
        self.weights = [tf.Variable(w) for w in problem.weights]
        self.vector = [tf.constant(v) for v in problem.vector]
        self.run = compiled(tf, mode, self.product)

    def product(self, x: Any, labels: Any) -> Any:
        tf = self.tf
        A, a, B, b = self.weights
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                y = tf.tanh(x @ A + a) @ B + b
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=y)
                loss = tf.reduce_mean(losses)
            grads = inner.gradient(loss, self.weights)
            slope = tf.add_n([tf.reduce_sum(g * v) for g, v in zip(grads, self.vector)])
        return slope, outer.gradient(slope, self.weights)

    def step(self) -> float:
        slope, self.grads = self.run(self.x, self.labels)
        return float(slope)

    def state(self) -> list[np.ndarray]:
        return [g.numpy() for g in self.grads]
