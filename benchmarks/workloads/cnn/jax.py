"""The convolutional network's training step in JAX."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from benchmarks.workloads.network import jax as network


def convolve(x: jax.Array, kernel: jax.Array, bias: jax.Array, padding: str) -> jax.Array:
    names = ("NHWC", "HWIO", "NHWC")
    y = jax.lax.conv_general_dilated(x, kernel, (1, 1), padding, dimension_numbers=names)
    y = jax.nn.relu(y + bias)
    window = (1, 2, 2, 1)
    return jax.lax.reduce_window(y, -jnp.inf, jax.lax.max, window, window, "VALID")


class Workload(network.Workload):
    def network(self, weights: list[jax.Array], x: jax.Array) -> jax.Array:
        k1, b1, k2, b2, w3, b3, w4, b4, w5, b5 = weights
        x = convolve(x, k1, b1, "SAME")
        x = convolve(x, k2, b2, "VALID").reshape(len(x), -1)
        return jax.nn.relu(jax.nn.relu(x @ w3 + b3) @ w4 + b4) @ w5 + b5
