"""The programs whose pictures are kept: small and large, each as a user writes it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import gradtape as tf
from gradtape import keras
from gradtape.insight.circuit import Circuit, circuit_of
from gradtape.insight.reading import recorded

dense = partial(keras.layers.Dense, dtype="float64")
Conv2D = partial(keras.layers.Conv2D, dtype="float64")
PROGRAMS: dict[str, Callable[[], Circuit]] = {}


def program(function: Callable[[], Circuit]) -> Callable[[], Circuit]:
    PROGRAMS[function.__name__] = function
    return function


def numbers(*shape: int, scale: float = 1.0, start: int = 1) -> np.ndarray:
    """Fixed numbers without a pattern that the eye sees. In float64, so that three digits are the same everywhere."""
    count = int(np.prod(shape))
    steps = np.arange(start, start + count, dtype=np.float64)
    return ((steps * 0.6180339887 % 1.0 - 0.5) * 2 * scale).reshape(shape)


def filled(model: Any) -> Any:
    """Weights of the model as fixed numbers."""
    model.set_weights(
        [numbers(*w.shape, scale=0.5, start=i + 1) for i, w in enumerate(model.get_weights())]
    )
    return model


def drawn(tape: tf.GradientTape, target: Any, **options: Any) -> Circuit:
    return circuit_of(recorded(tape, target), **options)


@program
def neuron_gates() -> Circuit:
    w = tf.Variable([[2.0], [-3.0]], name="w")
    x = tf.constant([[-1.0, -2.0]])
    b = tf.Variable(-3.0, name="b")
    with tf.GradientTape() as tape:
        tape.watch(x)
        p = tf.sigmoid(x @ w + b)
    return drawn(tape, p, detail="gate", decimals=2)


@program
def neuron_whole() -> Circuit:
    w = tf.Variable([[2.0], [-3.0]], name="w")
    x = tf.constant([[-1.0, -2.0]])
    b = tf.Variable(-3.0, name="b")
    with tf.GradientTape() as tape:
        tape.watch(x)
        p = tf.sigmoid(x @ w + b)
    return drawn(tape, p)


@program
def softmax_network() -> Circuit:
    x = tf.constant(numbers(5, 3))
    y = tf.constant(np.eye(2)[[0, 1, 0, 1, 0]])
    W1, b1 = tf.Variable(numbers(3, 4), name="W1"), tf.Variable(np.zeros(4), name="b1")
    W2, b2 = tf.Variable(numbers(4, 2, start=7), name="W2"), tf.Variable(np.zeros(2), name="b2")
    with tf.GradientTape() as tape:
        h = tf.nn.relu(x @ W1 + b1)
        logits = h @ W2 + b2
        p = tf.nn.softmax(logits)
        loss = -tf.reduce_mean(tf.reduce_sum(y * tf.math.log(p), axis=1))
    return drawn(tape, loss)


@program
def softmax_network_gates() -> Circuit:
    x = tf.constant([[0.5, -1.0]], tf.float64)
    W1 = tf.Variable([[1.0, 0.6], [-0.5, -1.5]], name="W1", dtype=tf.float64)
    W2 = tf.Variable([[0.3, -0.7], [0.9, 0.2]], name="W2", dtype=tf.float64)
    with tf.GradientTape() as tape:
        h = tf.nn.relu(x @ W1)
        p = tf.nn.softmax(h @ W2)
        loss = -tf.math.log(p[0, 1])
    return drawn(tape, loss, detail="gate", decimals=2)


@program
def small_mlp() -> Circuit:
    model = keras.Sequential(
        [
            dense(8, activation="tanh", input_shape=(2,), name="hidden"),
            dense(8, activation="relu", name="wide"),
            dense(1, name="out"),
        ]
    )
    filled(model)
    x, y = tf.constant(numbers(6, 2)), tf.constant(numbers(6, 1, start=40))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    return drawn(tape, loss, fold=False)


@program
def residual() -> Circuit:
    x = tf.constant(numbers(2, 4))
    W1, W2 = tf.Variable(numbers(4, 4), name="W1"), tf.Variable(numbers(4, 4, start=9), name="W2")
    with tf.GradientTape() as tape:
        tape.watch(x)
        h = x + tf.nn.relu(x @ W1)
        y = h + tf.nn.relu(h @ W2)
        loss = tf.reduce_sum(y * y)
    return drawn(tape, loss)


@program
def shared_weights() -> Circuit:
    xs = [tf.constant(numbers(1, 2, start=3 * i + 1)) for i in range(4)]
    W, U = tf.Variable(numbers(2, 3), name="W"), tf.Variable(numbers(3, 3, start=5), name="U")
    h = tf.zeros((1, 3), tf.float64)
    with tf.GradientTape() as tape:
        for x in xs:
            h = tf.tanh(x @ W + h @ U)
        loss = tf.reduce_sum(h)
    return drawn(tape, loss)


@program
def attention() -> Circuit:
    x = tf.constant(numbers(3, 4))
    Wq, Wk, Wv = [
        tf.Variable(numbers(4, 4, start=9 * i + 1), name=n)
        for i, n in enumerate(("Wq", "Wk", "Wv"))
    ]
    with tf.GradientTape() as tape:
        tape.watch(x)
        q, k, v = x @ Wq, x @ Wk, x @ Wv
        scores = tf.matmul(q, k, transpose_b=True) / 2.0
        a = tf.nn.softmax(scores)
        out = x + a @ v
        loss = tf.reduce_mean(out)
    return drawn(tape, loss)


@program
def lenet() -> Circuit:
    layers = keras.layers
    model = keras.Sequential(
        [
            Conv2D(6, 5, activation="relu", padding="same", input_shape=(12, 12, 1), name="conv1"),
            layers.MaxPooling2D(dtype="float64", name="pool1"),
            Conv2D(8, 3, activation="relu", name="conv2"),
            layers.MaxPooling2D(dtype="float64", name="pool2"),
            layers.Flatten(dtype="float64", name="flatten"),
            dense(12, activation="relu", name="dense1"),
            dense(10, name="logits"),
        ]
    )
    filled(model)
    x, y = tf.constant(numbers(2, 12, 12, 1)), tf.constant([3, 7])
    with tf.GradientTape() as tape:
        logits = model(x)
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
        )
    return drawn(tape, loss, detail="layer")


@program
def fifty_layers() -> Circuit:
    layers = [dense(4, activation="tanh", name=f"dense_{i}") for i in range(1, 50)]
    model = keras.Sequential([keras.Input((3,), dtype="float64"), *layers, dense(1, name="out")])
    filled(model)
    x, y = tf.constant(numbers(5, 3)), tf.constant(numbers(5, 1, start=9))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    return drawn(tape, loss)


@program
def several_targets() -> Circuit:
    w = tf.Variable(0.5, name="w")
    x, y = tf.constant(2.0), tf.constant(1.5)
    with tf.GradientTape() as tape:
        p = tf.tanh(w * x)
        error = tf.square(p - y)
        penalty = 0.1 * tf.square(w)
    return drawn(tape, [p, error, penalty], decimals=3)


@program
def lattice() -> Circuit:
    x, y, z = [tf.Variable(v, name=n) for v, n in ((0.5, "x"), (-1.5, "y"), (2.0, "z"))]
    with tf.GradientTape() as tape:
        a = x * y
        b = y + z
        c = x - z
        d = a * b
        e = tf.sin(b) / c
        f = d + e * a
        g = tf.maximum(f, c) * d
    return drawn(tape, g)


@program
def pieces() -> Circuit:
    table = tf.Variable(numbers(5, 4), name="table")
    words = tf.constant([1, 3, 3])
    with tf.GradientTape() as tape:
        rows = tf.gather(table, words)
        left, right = tf.split(rows, 2, axis=1)
        gated = tf.sigmoid(left) * right
        both = tf.concat([gated, rows], axis=1)
        loss = tf.reduce_sum(both[:, 1:4] ** 2)
    return drawn(tape, loss)


@tf.custom_gradient
def clipped(x):
    return tf.identity(x), lambda g: tf.clip_by_value(g, -1.0, 1.0)


@program
def own_gradient() -> Circuit:
    w = tf.Variable([3.0, -0.25], name="w")
    target = tf.constant([0.5, 0.5])
    with tf.GradientTape() as tape:
        y = clipped(w)
        kept = tf.stop_gradient(w)
        loss = tf.reduce_sum(tf.square(y - target) * kept)
    return drawn(tape, loss)
