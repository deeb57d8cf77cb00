"""Small programs whose pages are tested: each runs on given numbers and gives what the tape saw."""

from collections.abc import Callable
from typing import Any

import numpy as np

import gradtape as tf
from gradtape import keras
from gradtape.insight.gates import scalars
from gradtape.insight.reading import recorded
from gradtape.insight.recording import Recording

Numbers = dict[str, np.ndarray]
RNG = np.random.default_rng(4)


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def variables(numbers: Numbers, *names: str) -> list[Any]:
    return [tf.Variable(numbers[name], name=name) for name in names]


def neuron(numbers: Numbers) -> Recording:
    """The lecture's neuron, every wire one number."""
    w, b = variables(numbers, "w", "b")
    x = tf.constant(numbers["x"])
    with tf.GradientTape() as tape:
        z = tf.reduce_sum(w * x) + b
        y = tf.sigmoid(z)
    return scalars(recorded(tape, y, [w, b]))


def softmax(numbers: Numbers) -> Recording:
    """The lesson's network: two layers, five classes, the loss from the scores."""
    w1, b1, w2, b2 = variables(numbers, "w1", "b1", "w2", "b2")
    x = tf.constant(numbers["x"])
    target = tf.constant([2])
    with tf.GradientTape() as tape:
        h = tf.sigmoid(x @ w1 + b1)
        scores = h @ w2 + b2
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=scores)
    return recorded(tape, loss, [w1, b1, w2, b2])


def batch(numbers: Numbers) -> Recording:
    """Two examples, three classes."""
    (w,) = variables(numbers, "w")
    x = tf.constant(numbers["x"])
    with tf.GradientTape() as tape:
        scores = x @ w
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[0, 2], logits=scores)
        loss = tf.reduce_mean(losses)
    return recorded(tape, loss, [w])


def mlp(numbers: Numbers) -> Recording:
    w1, b1, w2 = variables(numbers, "w1", "b1", "w2")
    x, t = tf.constant(numbers["x"]), tf.constant(numbers["t"])
    with tf.GradientTape() as tape:
        h = tf.nn.relu(x @ w1 + b1)
        p = h @ w2
        loss = tf.reduce_mean((p - t) ** 2)
    return recorded(tape, loss, [w1, b1, w2])


def conv(numbers: Numbers) -> Recording:
    (k,) = variables(numbers, "k")
    x = tf.constant(numbers["x"])
    with tf.GradientTape() as tape:
        h = tf.nn.relu(tf.nn.conv2d(x, k, 1, "SAME"))
        m = tf.nn.max_pool2d(h, 2, 2, "VALID")
        loss = tf.reduce_mean(m * m)
    return recorded(tape, loss, [k])


def rnn(numbers: Numbers) -> Recording:
    w, u = variables(numbers, "w", "u")
    x = tf.constant(numbers["x"])
    with tf.GradientTape() as tape:
        h = tf.tanh(x[0:1] @ w)
        for t in range(1, 4):
            h = tf.tanh(x[t : t + 1] @ w + h @ u)
        loss = tf.reduce_sum(h * h)
    return recorded(tape, loss, [w, u])


def layers(numbers: Numbers) -> Recording:
    """Two Keras layers."""
    hidden = keras.layers.Dense(12, activation="tanh", name="hidden")
    out = keras.layers.Dense(2, name="out")
    model = keras.Sequential([keras.layers.Input((11,)), hidden, out])
    for layer in (hidden, out):
        layer.set_weights([numbers[f"{layer.name}/kernel"], numbers[f"{layer.name}/bias"]])
    x = tf.constant(numbers["x"])
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(x) ** 2)
    return recorded(tape, loss, model.trainable_weights)


class Swish(keras.layers.Layer):
    """A layer that uses its input twice."""

    def call(self, x: Any) -> Any:
        return x * tf.sigmoid(x)


def ways(numbers: Numbers) -> Recording:
    """A number on several ways: twice into a layer, once past it, and it is a target itself."""
    (w,) = variables(numbers, "w")
    x = tf.constant(numbers["x"])
    with tf.GradientTape() as tape:
        a = w * x
        h = Swish(name="swish")(a)
        loss = h * 3.0 + a
    return recorded(tape, [loss, a], [w])


def svd(numbers: Numbers) -> Recording:
    """The singular values stay as they are."""
    a, c = variables(numbers, "a", "c")
    with tf.GradientTape() as tape:
        s = tf.linalg.svd(a, compute_uv=False)
        loss = tf.reduce_sum(s) * c + c * c
    return recorded(tape, loss, [a, c])


PROGRAMS: dict[str, tuple[Callable[[Numbers], Recording], Numbers]] = {
    "neuron": (
        neuron,
        {
            "w": np.float32([2.0, -3.0]),
            "b": np.float32(-3.0),
            "x": np.float32([-1.0, -2.0]),
        },
    ),
    "softmax": (
        softmax,
        {
            "w1": normal(2, 5),
            "b1": normal(5),
            "w2": normal(5, 5),
            "b2": normal(5),
            "x": normal(1, 2),
        },
    ),
    "mlp": (
        mlp,
        {
            "w1": normal(3, 4),
            "b1": normal(4),
            "w2": normal(4, 1),
            "x": normal(8, 3),
            "t": normal(8, 1),
        },
    ),
    "conv": (conv, {"k": normal(3, 3, 1, 2), "x": normal(1, 6, 6, 1)}),
    "rnn": (rnn, {"w": normal(2, 3) / 2, "u": normal(3, 3) / 2, "x": normal(4, 2)}),
    "layers": (
        layers,
        {
            "hidden/kernel": normal(11, 12) / 3,
            "hidden/bias": normal(12),
            "out/kernel": normal(12, 2) / 3,
            "out/bias": normal(2),
            "x": normal(3, 11),
        },
    ),
    "batch": (batch, {"w": normal(2, 3), "x": normal(2, 2)}),
    "ways": (ways, {"w": np.float32(0.5), "x": np.float32(3.0)}),
    "svd": (svd, {"a": np.float32([[2.0, 0.5], [0.3, 1.0]]), "c": np.float32(3.0)}),
}


def run(name: str, numbers: Numbers | None = None) -> Recording:
    program, start = PROGRAMS[name]
    return program(start if numbers is None else numbers)
