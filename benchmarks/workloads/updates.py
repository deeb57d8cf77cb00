"""The updates of SGD and Adam written out in NumPy, in place; NumPy and autograd use them."""

from __future__ import annotations

import numpy as np

from benchmarks.workloads.network import BETA_1, BETA_2, EPSILON, LEARNING_RATE


class SGD:
    def __init__(self, weights: list[np.ndarray]) -> None:
        self.weights = weights

    def apply(self, grads: list[np.ndarray]) -> None:
        """The gradients' memory is used up."""
        for w, g in zip(self.weights, grads):
            g *= LEARNING_RATE["sgd"]
            w -= g


class Adam:
    def __init__(self, weights: list[np.ndarray]) -> None:
        self.weights = weights
        self.means = [np.zeros_like(w) for w in weights]
        self.squares = [np.zeros_like(w) for w in weights]
        self.t = 0

    def apply(self, grads: list[np.ndarray]) -> None:
        """The gradients' memory is used up."""
        self.t += 1
        rate = LEARNING_RATE["adam"] * (1.0 - BETA_2**self.t) ** 0.5 / (1.0 - BETA_1**self.t)
        for w, g, m, v in zip(self.weights, grads, self.means, self.squares):
            m += (1.0 - BETA_1) * (g - m)
            np.square(g, out=g)
            g -= v
            g *= 1.0 - BETA_2
            v += g
            np.sqrt(v, out=g)
            g += EPSILON
            np.divide(m, g, out=g)
            g *= rate
            w -= g


OPTIMIZERS = {"sgd": SGD, "adam": Adam}
