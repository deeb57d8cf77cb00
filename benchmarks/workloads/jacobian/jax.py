"""The Jacobian in JAX: jax.jacrev."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.workloads.jacobian import Problem


def net(x: jax.Array, weights: Any) -> jax.Array:
    A, a, B, b = weights
    return jnp.tanh(x @ A + a) @ B + b


def jacobian_of(x: jax.Array, weights: Any) -> Any:
    jacobian = jax.jacrev(net)(x, weights)
    return jnp.sum(jacobian * jacobian), jacobian


class Workload:
    def __init__(self, mode: str, problem: Problem) -> None:
        self.x = jnp.asarray(problem.x)
        self.weights = [jnp.asarray(w) for w in problem.weights]
        self.run = jax.jit(jacobian_of) if mode == "jit" else jacobian_of

    def step(self) -> float:
        norm, self.jacobian = self.run(self.x, self.weights)
        return float(norm)

    def state(self) -> list[np.ndarray]:
        return [np.asarray(self.jacobian)]
