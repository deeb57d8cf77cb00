"""Wrong gradients in layers, losses and activations of Keras models, and in gradients made by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from planted import Case, family

import gradtape as tf


@family
def dense_layer(rng: np.random.Generator) -> Case:
    mistake = int(rng.integers(3))

    class Layer(tf.keras.layers.Layer):
        def build(self, shape: Any) -> None:
            self.kernel = self.add_weight("kernel", (3, 3))
            self.bias = self.add_weight("bias", (3,), initializer="ones")

        def call(self, x: Any) -> Any:
            @tf.custom_gradient
            def product(x: Any, kernel: Any, bias: Any) -> Any:
                def grad(g: Any) -> Any:
                    of_kernel = tf.matmul(x, g, transpose_a=True)
                    if mistake == 0:
                        of_kernel = tf.transpose(of_kernel)
                    of_bias = tf.reduce_mean(g, 0) if mistake == 1 else tf.reduce_sum(g, 0)
                    of_x = tf.matmul(g, kernel, transpose_b=mistake != 2)
                    return of_x, of_kernel, of_bias

                return tf.matmul(x, kernel) + bias, grad

            return tf.tanh(product(x, self.kernel, self.bias))

    return Case(
        Layer(),
        [rng.normal(size=(5, 3)).astype("float32")],
        source=(("kernel",), ("bias",), ("x",))[mistake],
    )


class _Model(Case):
    def certify(self) -> Any:
        model, loss, x, y = self.inputs
        return tf.certify(model, x, y, loss=loss)


@family
def loss_of_a_model(rng: np.random.Generator) -> Case:
    factor = float(rng.choice([0.5, -1.0, 1.01]))

    @tf.custom_gradient
    def squares(y: Any, p: Any) -> Any:
        return tf.reduce_mean(tf.square(p - y)), lambda g: (
            None,
            g * factor * 2.0 * (p - y) / tf.cast(tf.size(y), p.dtype),
        )

    model = tf.keras.Sequential(
        [tf.keras.layers.Dense(3, activation="tanh"), tf.keras.layers.Dense(1)]
    )
    x, y = rng.normal(size=(4, 2)).astype("float32"), rng.normal(size=(4, 1)).astype("float32")
    return _Model(model, [model, squares, x, y])


@family
def activation_in_a_model(rng: np.random.Generator) -> Case:
    @tf.custom_gradient
    def swish(x: Any) -> Any:
        s = tf.sigmoid(x)
        return x * s, lambda g: g * s

    model = tf.keras.Sequential(
        [tf.keras.layers.Dense(3, activation=swish), tf.keras.layers.Dense(2, activation="softmax")]
    )
    x, y = rng.normal(size=(4, 2)).astype("float32"), rng.integers(0, 2, 4)
    return _Model(model, [model, "sparse_categorical_crossentropy", x, y])


def _network(
    rng: np.random.Generator,
) -> tuple[Callable[..., Any], list[np.ndarray], dict[str, np.ndarray]]:
    """A two-layer softmax network, and its gradients made by hand."""
    m, n, k = 5, 3, 3
    x, y = rng.normal(size=(m, 3)), np.eye(k)[rng.integers(0, k, m)]
    w1, b1, w2, b2 = (rng.normal(size=s) for s in [(3, n), (n,), (n, k), (k,)])

    def f(w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
        h = tf.nn.relu(tf.matmul(tf.constant(x), w1) + b1)
        p = tf.nn.softmax(tf.matmul(h, w2) + b2)
        return -tf.reduce_mean(tf.reduce_sum(y * tf.math.log(p), axis=1))

    z1 = x @ w1 + b1
    h = np.maximum(z1, 0.0)
    e = np.exp(h @ w2 + b2)
    p = e / e.sum(1, keepdims=True)
    d2 = (p - y) / m
    dh = d2 @ w2.T
    d1 = dh * (z1 > 0)
    return (
        f,
        [w1, b1, w2, b2],
        {
            "d2": d2,
            "dh": dh,
            "d1": d1,
            "h": h,
            "x": x,
            "m": np.asarray(m),
            "p": p,
            "y": y,
            "w2": w2,
        },
    )


@family
def by_hand(rng: np.random.Generator) -> Case:
    f, inputs, t = _network(rng)
    right = [t["x"].T @ t["d1"], t["d1"].sum(0), t["h"].T @ t["d2"], t["d2"].sum(0)]
    mistakes: list[Callable[[], list[np.ndarray]]] = [
        lambda: [g * t["m"] for g in right],
        lambda: [right[0].T, *right[1:]],
        lambda: [right[0], right[1], right[2].T, right[3]],
        lambda: [t["x"].T @ t["dh"], t["dh"].sum(0), *right[2:]],
        lambda: [right[0], t["d1"].mean(0), *right[2:]],
        lambda: [-g for g in right],
        lambda: [*right[:2], t["h"].T @ (t["y"] - t["p"]), right[3]],
        lambda: [t["x"].T @ (t["d2"] @ t["w2"] * (t["dh"] != 0)), *right[1:]],
    ]
    return Case(f, inputs, {"gradients": mistakes[int(rng.integers(len(mistakes)))]()})
