"""The LSTM's training step in JAX: lax.scan over the time steps."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.workloads.network import jax as network


class Workload(network.Workload):
    def network(self, weights: list[jax.Array], x: jax.Array) -> jax.Array:
        kernel, recurrent, bias, dense, dense_bias = weights

        def cell(state: Any, z: jax.Array) -> Any:
            h, c = state
            i, f, g, o = jnp.split(z + h @ recurrent, 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

        zero = jnp.zeros((len(x), self.problem.units))
        z = jnp.swapaxes(x @ kernel + bias, 0, 1)
        (h, _), _ = jax.lax.scan(cell, (zero, zero), z)
        return h @ dense + dense_bias
