"""tanh, sigmoid and exp of each float in JAX, in one jitted pass."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np


class Workload:
    def __init__(self, mode: str, problem: np.ndarray) -> None:
        self.x = jnp.asarray(problem)
        self.y = jnp.zeros_like(self.x)
        self.run = jax.jit(
            lambda y, x: jnp.exp(jax.nn.sigmoid(jnp.tanh(x))), donate_argnums=0, keep_unused=True
        )

    def step(self) -> float:
        self.y = self.run(self.y, self.x).block_until_ready()
        return 0.0
