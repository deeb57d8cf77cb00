"""The chain in JAX."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.workloads.chain import A, B, C, D, E, G


def chain(x: jax.Array) -> jax.Array:
    y = jax.nn.sigmoid(jnp.tanh(x * A + B) * C) + D
    return jnp.sum(jnp.exp(jnp.square(jax.nn.relu(y)) * E) + G)


class Workload:
    def __init__(self, mode: str, problem: np.ndarray) -> None:
        self.x = jnp.asarray(problem)
        run = jax.value_and_grad(chain)
        self.run = jax.jit(run) if mode == "jit" else run

    def step(self) -> float:
        y, self.grad = self.run(self.x)
        self.grad.block_until_ready()
        return float(y)

    def state(self) -> list[np.ndarray]:
        return [np.asarray(self.grad)]
