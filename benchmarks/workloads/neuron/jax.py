"""The neuron in JAX: op by op, or as one jitted function."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.workloads.neuron import Problem


def neuron(weights: list[jax.Array], x: jax.Array) -> jax.Array:
    return jax.nn.sigmoid(x @ weights[0] + weights[1]).reshape(())


class Workload:
    def __init__(self, mode: str, problem: Problem) -> None:
        self.weights = [jnp.array(w) for w in problem.weights]
        self.x = jnp.asarray(problem.x)
        run = jax.value_and_grad(neuron)
        self.run = jax.jit(run) if mode == "jit" else run
        self.grads: list[jax.Array] = []

    def step(self) -> float:
        y, self.grads = self.run(self.weights, self.x)
        return float(y)

    def state(self) -> list[np.ndarray]:
        return [np.asarray(g) for g in self.grads]
