"""The transformer block's training step in HIPS autograd."""

from __future__ import annotations

import autograd.numpy as anp
import numpy as np

from benchmarks.workloads.network import autograd as network
from benchmarks.workloads.transformer import EPSILON


def normalize(x: np.ndarray, scale: np.ndarray, offset: np.ndarray) -> np.ndarray:
    x = x - anp.mean(x, axis=-1, keepdims=True)
    return x / anp.sqrt(anp.mean(x * x, axis=-1, keepdims=True) + EPSILON) * scale + offset


class Workload(network.Workload):
    def network(self, weights: list[np.ndarray], x: np.ndarray) -> np.ndarray:
        wq, bq, wk, bk, wv, bv, wo, bo, s1, o1, w1, b1, w2, b2, s2, o2, wc, bc = weights
        n, tokens, width = x.shape
        heads = self.problem.heads

        def project(w: np.ndarray, b: np.ndarray) -> np.ndarray:
            y = anp.dot(x, anp.reshape(w, (width, width))) + anp.reshape(b, width)
            return anp.transpose(anp.reshape(y, (n, tokens, heads, -1)), (0, 2, 1, 3))

        q, k, v = project(wq, bq), project(wk, bk), project(wv, bv)
        scores = anp.matmul(q, anp.transpose(k, (0, 1, 3, 2))) * np.float32(q.shape[-1] ** -0.5)
        p = anp.exp(scores - anp.max(scores, axis=-1, keepdims=True))
        p = p / anp.sum(p, axis=-1, keepdims=True)
        a = anp.reshape(anp.transpose(anp.matmul(p, v), (0, 2, 1, 3)), (n, tokens, width))
        y = normalize(x + anp.dot(a, anp.reshape(wo, (width, width))) + bo, s1, o1)
        y = normalize(y + anp.dot(anp.maximum(anp.dot(y, w1) + b1, 0.0), w2) + b2, s2, o2)
        return anp.reshape(anp.dot(y, wc) + bc, (n * tokens, 10))
