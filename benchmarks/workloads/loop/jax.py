"""The training loop in JAX: `lax.fori_loop` or `lax.scan` inside one jitted function."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.workloads.loop import Problem
from benchmarks.workloads.network import jax as network


class Workload(network.Workload):
    def __init__(self, mode: str, problem: Problem) -> None:
        super().__init__("op by op", problem.network)
        self.steps = problem.steps
        self.train = jax.jit(self.scan if mode == "scan" else self.fori, donate_argnums=(0, 1))

    def fori(self, weights: Any, slots: Any, x: jax.Array, labels: jax.Array) -> Any:
        def body(_: jax.Array, carry: Any) -> Any:
            return self.train_step(carry[1], carry[2], x, labels)

        return jax.lax.fori_loop(0, self.steps, body, (jnp.asarray(0.0), weights, slots))

    def scan(self, weights: Any, slots: Any, x: jax.Array, labels: jax.Array) -> Any:
        def body(carry: Any, _: None) -> Any:
            return self.train_step(carry[1], carry[2], x, labels), None

        first = (jnp.asarray(0.0), weights, slots)
        return jax.lax.scan(body, first, None, length=self.steps)[0]
