"""The Hessian-vector product in JAX: forward over reverse."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.workloads.hvp import Problem


def loss_of(weights: Any, x: jax.Array, labels: jax.Array) -> jax.Array:
    A, a, B, b = weights
    logp = jax.nn.log_softmax(jnp.tanh(x @ A + a) @ B + b)
    return -jnp.mean(jnp.take_along_axis(logp, labels[:, None], axis=-1))


def product(weights: Any, vector: Any, x: jax.Array, labels: jax.Array) -> Any:
    def run(w: Any) -> Any:
        return jax.grad(loss_of)(w, x, labels)

    grads, product = jax.jvp(run, (weights,), (vector,))
    return sum(jnp.vdot(g, v) for g, v in zip(grads, vector)), product


class Workload:
    def __init__(self, mode: str, problem: Problem) -> None:
        self.x, self.labels = jnp.asarray(problem.x), jnp.asarray(problem.labels)
        self.weights = [jnp.asarray(w) for w in problem.weights]
        self.vector = [jnp.asarray(v) for v in problem.vector]
        self.run = jax.jit(product) if mode == "jit" else product

    def step(self) -> float:
        slope, self.grads = self.run(self.weights, self.vector, self.x, self.labels)
        return float(slope)

    def state(self) -> list[np.ndarray]:
        return [np.asarray(g) for g in self.grads]
