"""A training step in JAX, op by op or as one jitted function: of a fully connected network, and of
whatever else says what its `network` is."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.workloads.network import BETA_1, BETA_2, EPSILON, LEARNING_RATE

ACTIVATIONS = {"relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid, "tanh": jnp.tanh}
Arrays = list[jax.Array]


def sgd(weights: Arrays, grads: Arrays, slots: tuple[()]) -> tuple[Arrays, tuple[()]]:
    return [w - LEARNING_RATE["sgd"] * g for w, g in zip(weights, grads)], slots


def adam(weights: Arrays, grads: Arrays, slots: Any) -> tuple[Arrays, Any]:
    t, means, squares = slots
    t = t + 1.0
    rate = LEARNING_RATE["adam"] * jnp.sqrt(1.0 - BETA_2**t) / (1.0 - BETA_1**t)
    means = [m + (1.0 - BETA_1) * (g - m) for m, g in zip(means, grads)]
    squares = [v + (1.0 - BETA_2) * (g * g - v) for v, g in zip(squares, grads)]
    update = [rate * m / (jnp.sqrt(v) + EPSILON) for m, v in zip(means, squares)]
    return [w - u for w, u in zip(weights, update)], (t, means, squares)


class Workload:
    def __init__(self, mode: str, problem: Any) -> None:
        self.weights = [jnp.array(w) for w in problem.weights]
        self.slots: Any = ()
        if problem.optimizer == "adam":
            zeros = [jnp.zeros_like(w) for w in self.weights]
            self.slots = (jnp.asarray(0.0), zeros, [z.copy() for z in zeros])
        self.problem = problem
        self.update = {"sgd": sgd, "adam": adam}[problem.optimizer]
        self.x, self.labels = jnp.asarray(problem.x), jnp.asarray(problem.labels)
        self.run = jax.value_and_grad(self.loss_of)
        self.train = self.train_step
        if mode == "jit":
            self.train = jax.jit(self.train_step, donate_argnums=(0, 1))

    def network(self, weights: Arrays, x: jax.Array) -> jax.Array:
        activation = ACTIVATIONS[self.problem.activation]
        for kernel, bias in zip(weights[:-2:2], weights[1:-2:2]):
            x = activation(x @ kernel + bias)
        return x @ weights[-2] + weights[-1]

    def loss_of(self, weights: Arrays, x: jax.Array, labels: jax.Array) -> jax.Array:
        logp = jax.nn.log_softmax(self.network(weights, x))
        return -jnp.mean(jnp.take_along_axis(logp, labels[..., None], axis=-1))

    def train_step(self, weights: Arrays, slots: Any, x: jax.Array, labels: jax.Array) -> Any:
        loss, grads = self.run(weights, x, labels)
        return loss, *self.update(weights, grads, slots)

    def step(self) -> float:
        loss, self.weights, self.slots = self.train(self.weights, self.slots, self.x, self.labels)
        return float(loss)

    def state(self) -> list[np.ndarray]:
        return [np.asarray(w) for w in self.weights]
