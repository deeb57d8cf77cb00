"""Logistic regression in JAX: `lax.scan` over the batches, or a loop over a jitted step."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.workloads.fit import BATCH, RATE, Problem


def loss_of(weights: Any, x: jax.Array, y: jax.Array) -> jax.Array:
    z = x @ weights[0] + weights[1]
    return jnp.mean(jnp.maximum(z, 0.0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))


def train_step(weights: Any, batch: Any) -> Any:
    loss, grads = jax.value_and_grad(loss_of)(weights, *batch)
    return tuple(w - RATE * g for w, g in zip(weights, grads)), loss


def epoch(weights: Any, x: jax.Array, y: jax.Array) -> Any:
    weights, losses = jax.lax.scan(train_step, weights, (x, y))
    return weights, jnp.mean(losses)


class Workload:
    def __init__(self, mode: str, problem: Problem) -> None:
        self.weights = (jnp.array(problem.kernel), jnp.array(problem.bias))
        n = len(problem.x) // BATCH
        self.x = jnp.asarray(problem.x.reshape(n, BATCH, -1))
        self.y = jnp.asarray(problem.y.reshape(n, BATCH, 1))
        self.batches = list(zip(self.x, self.y))
        self.scanned = mode == "scan"
        self.run = jax.jit(epoch if self.scanned else train_step, donate_argnums=0)

    def step(self) -> float:
        if self.scanned:
            self.weights, loss = self.run(self.weights, self.x, self.y)
            return float(loss)
        losses = []
        for batch in self.batches:
            self.weights, loss = self.run(self.weights, batch)
            losses.append(loss)
        return float(jnp.mean(jnp.stack(losses)))

    def state(self) -> list[np.ndarray]:
        return [np.asarray(w) for w in self.weights]
