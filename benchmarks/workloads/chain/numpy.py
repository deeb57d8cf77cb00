"""The chain written out by hand in NumPy, in blocks that stay in the cache."""

from __future__ import annotations

import numpy as np

from benchmarks.workloads.chain import A, B, C, D, E, G

BLOCK = 16384


class Workload:
    def __init__(self, mode: str, problem: np.ndarray) -> None:
        self.x = problem
        self.t, self.s, self.r, self.g = (np.empty(BLOCK, np.float32) for _ in range(4))

    def step(self) -> float:
        self.grad = np.empty_like(self.x)
        return sum(
            self.block(self.x[k : k + BLOCK], self.grad[k : k + BLOCK])
            for k in range(0, len(self.x), BLOCK)
        )

    def block(self, x: np.ndarray, grad: np.ndarray) -> float:
        n = len(x)
        t, s, r, g = self.t[:n], self.s[:n], self.r[:n], self.g[:n]
        np.multiply(x, A, out=t)
        t += B
        np.tanh(t, out=t)
        np.multiply(t, -C, out=s)
        np.exp(s, out=s)
        s += 1.0
        np.reciprocal(s, out=s)
        np.add(s, D, out=r)
        np.maximum(r, 0.0, out=r)
        np.square(r, out=g)
        g *= E
        np.exp(g, out=g)
        total = float(g.sum()) + n * G
        g *= r
        np.subtract(1.0, s, out=r)
        s *= r
        g *= s
        np.square(t, out=t)
        np.subtract(1.0, t, out=t)
        g *= t
        np.multiply(g, 2.0 * E * C * A, out=grad)
        return total

    def state(self) -> list[np.ndarray]:
        return [self.grad]
