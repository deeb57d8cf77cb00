"""The transformer block's training step in JAX."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from benchmarks.workloads.network import jax as network
from benchmarks.workloads.transformer import EPSILON


def normalize(x: jax.Array, scale: jax.Array, offset: jax.Array) -> jax.Array:
    mean = jnp.mean(x, axis=-1, keepdims=True)
    variance = jnp.mean(jnp.square(x - mean), axis=-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + EPSILON) * scale + offset


class Workload(network.Workload):
    def network(self, weights: list[jax.Array], x: jax.Array) -> jax.Array:
        wq, bq, wk, bk, wv, bv, wo, bo, s1, o1, w1, b1, w2, b2, s2, o2, wc, bc = weights
        q = jnp.einsum("btd,dhk->bthk", x, wq) + bq
        k = jnp.einsum("btd,dhk->bthk", x, wk) + bk
        v = jnp.einsum("btd,dhk->bthk", x, wv) + bv
        scores = jnp.einsum("bthk,bshk->bhts", q * q.shape[-1] ** -0.5, k)
        a = jnp.einsum("bhts,bshk->bthk", jax.nn.softmax(scores), v)
        y = normalize(x + jnp.einsum("bthk,hkd->btd", a, wo) + bo, s1, o1)
        y = normalize(y + jax.nn.relu(y @ w1 + b1) @ w2 + b2, s2, o2)
        return y @ wc + bc
