"""The lab's networks, trained by the loop of the lesson: what the lab's numbers are set beside."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape import keras
from gradtape.lab.exhibits import program

OPTIMIZERS = {
    "sgd": lambda rate: keras.optimizers.SGD(rate),
    "momentum": lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
    "adam": lambda rate: keras.optimizers.Adam(rate),
}


class ByHand:
    """The same network, trained by the loop of the lesson."""

    def __init__(self, exhibit, data=None):
        self.names = program(exhibit, data)
        self.weights = self.names["weights"]

    def train(self, optimizer, steps: int) -> None:
        for _ in range(steps):
            _, _, grads = self.names["gradients"]()
            optimizer.apply_gradients(zip(grads, self.weights))

    def agrees(self, frame: dict[str, Any]) -> None:
        """Every number of the frame is the very number here."""
        _, loss, grads = self.names["gradients"]()
        assert frame["loss"] == float(np.ravel(loss.numpy())[0])
        assert len(frame["weights"]) == len(self.weights)
        for shown, variable, grad in zip(frame["weights"], self.weights, grads):
            assert shown["shape"] == list(variable.shape)
            assert shown["value"] == variable.numpy().ravel().astype(float).tolist()
            assert shown["gradient"] == grad.numpy().ravel().astype(float).tolist()
