"""The LSTM's training step in HIPS autograd: a loop of Python's over the time steps."""

from __future__ import annotations

import autograd.numpy as anp
import numpy as np

from benchmarks.workloads.network import autograd as network


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + anp.exp(-x))


class Workload(network.Workload):
    def network(self, weights: list[np.ndarray], x: np.ndarray) -> np.ndarray:
        kernel, recurrent, bias, dense, dense_bias = weights
        u = self.problem.units
        h = c = np.zeros((len(x), u), np.float32)
        for t in range(x.shape[1]):
            z = anp.dot(x[:, t], kernel) + anp.dot(h, recurrent) + bias
            i, f, o = sigmoid(z[:, :u]), sigmoid(z[:, u : 2 * u]), sigmoid(z[:, 3 * u :])
            c = f * c + i * anp.tanh(z[:, 2 * u : 3 * u])
            h = o * anp.tanh(c)
        return anp.dot(h, dense) + dense_bias
