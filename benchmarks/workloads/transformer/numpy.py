"""The transformer block's training step written out by hand in NumPy, tokens as rows."""

from __future__ import annotations

import numpy as np

from benchmarks.workloads.network import numpy as network
from benchmarks.workloads.transformer import EPSILON


def normalize(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows with mean 0 and variance 1, and the reciprocal of their standard deviations."""
    x = x - x.mean(axis=-1, keepdims=True)
    scale = 1.0 / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + np.float32(EPSILON))
    return x * scale, scale


def normalize_back(g: np.ndarray, y: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return scale * (g - g.mean(axis=-1, keepdims=True) - y * np.mean(g * y, axis=-1, keepdims=True))


class Workload(network.Workload):
    def loss_and_grads(self) -> tuple[float, list[np.ndarray]]:
        n, tokens, width = self.problem.x.shape
        heads, weights = self.problem.heads, self.weights
        wq, wk, wv, wo = (w.reshape(width, width) for w in weights[:8:2])
        bq, bk, bv, bo = (b.reshape(width) for b in weights[1:8:2])
        s1, o1, w1, b1, w2, b2, s2, o2, wc, bc = weights[8:]

        def split(y: np.ndarray) -> np.ndarray:
            return y.reshape(n, tokens, heads, -1).transpose(0, 2, 1, 3)

        def join(y: np.ndarray) -> np.ndarray:
            return y.transpose(0, 2, 1, 3).reshape(n * tokens, width)

        x = self.problem.x.reshape(n * tokens, width)
        rate = np.float32((width // heads) ** -0.5)
        q, k, v = split((x @ wq + bq) * rate), split(x @ wk + bk), split(x @ wv + bv)
        p = q @ k.swapaxes(2, 3)
        np.exp(p - p.max(axis=-1, keepdims=True), out=p)
        p /= p.sum(axis=-1, keepdims=True)
        a = join(p @ v)
        n1, r1 = normalize(x + a @ wo + bo)
        y1 = n1 * s1 + o1
        h = np.maximum(y1 @ w1 + b1, 0.0)
        n2, r2 = normalize(y1 + h @ w2 + b2)
        y2 = n2 * s2 + o2
        loss, g = network.cross_entropy(y2 @ wc + bc, self.problem.labels.ravel())

        classifier = [y2.T @ g, g.sum(axis=0)]
        g = g @ wc.T
        second = [(g * n2).sum(axis=0), g.sum(axis=0)]
        g = normalize_back(g * s2, n2, r2)
        gh = (g @ w2.T) * (h > 0)
        dense = [y1.T @ gh, gh.sum(axis=0), h.T @ g, g.sum(axis=0)]
        g = g + gh @ w1.T
        first = [(g * n1).sum(axis=0), g.sum(axis=0)]
        g = normalize_back(g * s1, n1, r1)
        output = [(a.T @ g).reshape(weights[6].shape), g.sum(axis=0)]
        ga = split(g @ wo.T)
        gv = join(p.swapaxes(2, 3) @ ga)
        gp = ga @ v.swapaxes(2, 3)
        gp = p * (gp - (gp * p).sum(axis=-1, keepdims=True))
        gq, gk = join(gp @ k) * rate, join(gp.swapaxes(2, 3) @ q)
        projections = []
        for g, w, b in zip((gq, gk, gv), weights[:6:2], weights[1:6:2]):
            projections += [(x.T @ g).reshape(w.shape), g.sum(axis=0).reshape(b.shape)]
        return loss, [*projections, *output, *first, *dense, *second, *classifier]
