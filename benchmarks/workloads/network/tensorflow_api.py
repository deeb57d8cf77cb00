"""A training step in TensorFlow's API, for gradtape and for TensorFlow: of a fully connected network,
and of whatever else says what its `network` is."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads.modes import compiled
from benchmarks.workloads.network import LEARNING_RATE


class Workload:
    def __init__(self, tf: Any, mode: str, problem: Any) -> None:
        self.tf = tf
        self.model = self.network(tf, problem)
        self.set_weights(problem.weights)
        optimizers = {"sgd": tf.keras.optimizers.SGD, "adam": tf.keras.optimizers.Adam}
        self.optimizer = optimizers[problem.optimizer](LEARNING_RATE[problem.optimizer])
        self.optimizer.build(self.model.trainable_weights)
        self.x, self.labels = tf.constant(problem.x), tf.constant(problem.labels)
        self.train = compiled(tf, mode, self.train_step)

    def network(self, tf: Any, problem: Any) -> Any:
        Dense = tf.keras.layers.Dense
        hidden = [Dense(n, activation=problem.activation) for n in problem.sizes[1:-1]]
        return tf.keras.Sequential(
            [tf.keras.Input((problem.sizes[0],)), *hidden, Dense(problem.sizes[-1])]
        )

    def set_weights(self, weights: list[np.ndarray]) -> None:
        self.model.set_weights(weights)

    def train_step(self, x: Any, labels: Any) -> Any:
        tf = self.tf
        with tf.GradientTape() as tape:
            y = self.model(x)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=y)
            loss = tf.reduce_mean(losses)
        weights = self.model.trainable_weights
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        return loss

    def step(self) -> float:
        return float(self.train(self.x, self.labels))

    def state(self) -> list[np.ndarray]:
        return self.model.get_weights()
