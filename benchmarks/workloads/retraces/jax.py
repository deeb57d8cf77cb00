"""Retraces of `jax.jit` with a static argument."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.workloads.retraces import Problem


def neuron(weights: Any, x: jax.Array, k: float) -> jax.Array:
    return jnp.sum(jax.nn.sigmoid((x @ weights[0] + weights[1]) * k))


class Workload:
    def __init__(self, mode: str, problem: Problem) -> None:
        self.x, self.calls, self.retraces = jnp.asarray(problem.x), 0, problem.retraces
        self.weights = (jnp.asarray(problem.kernel), jnp.asarray(problem.bias))
        self.run = jax.jit(jax.value_and_grad(neuron), static_argnums=2)

    def step(self) -> float:
        y = 0.0
        for _ in range(self.retraces):
            self.calls += 1
            y, self.grads = self.run(self.weights, self.x, 1.0 / self.calls)
        return float(y)

    def state(self) -> list[np.ndarray]:
        return [np.asarray(g) for g in self.grads]
