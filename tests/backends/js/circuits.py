"""Circuits of scalars: gates on wires of shape (), each wire's value and gradient an output."""

from __future__ import annotations

from typing import Any

import numpy as np

import gradtape as tf
from gradtape.core.context import recorders
from gradtape.graph.ir import Graph
from gradtape.graph.tracer import Trace

GATES = (
    lambda x, y: x + y,
    lambda x, y: x * y * 0.5,
    lambda x, y: x - 0.25 * y,
    lambda x, y: tf.tanh(x),
    lambda x, y: tf.sigmoid(x),
    lambda x, y: tf.exp(-(x * x)),
    lambda x, y: tf.maximum(x, y),
    lambda x, y: x / (y * y + 1.0),
)


def circuit(
    gates: int, dtype: Any, seed: int = 0, wires_in: int = 40
) -> tuple[Graph, list[np.ndarray]]:
    """A graph of the inputs: all wires' values, then the gradient of the last wire by each wire; and its arrays."""
    rng = np.random.default_rng(seed)
    arrays = [np.asarray(a, dtype) for a in rng.uniform(-1, 1, wires_in)]
    trace = Trace(None, "circuit")
    with trace.active(), recorders(()), tf.GradientTape() as tape:
        wires = [trace.placeholder((), np.dtype(dtype)) for _ in arrays]
        tape.watch(wires)
        for _ in range(gates):
            last = wires[-1]
            other = wires[int(rng.integers(max(0, len(wires) - 60), len(wires)))]
            wires.append(GATES[int(rng.integers(len(GATES)))](last, other))
    with trace.active(), recorders(()):
        gradients = tape.gradient(wires[-1], wires, unconnected_gradients="zero")
    return trace.graph([*wires, *gradients]), arrays
