"""Programs whose gradients are right, and hard to certify: steep, flat, at kinks and near them, large, ill-conditioned.

A family is a function of a random generator that gives (f, inputs), or (model, x, y).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import gradtape as tf

FAMILIES: list[Callable[[np.random.Generator], tuple[Any, ...]]] = []
KINKED: list[Callable[[np.random.Generator], tuple[Any, Any, str]]] = []


def family(function: Any) -> Any:
    FAMILIES.append(function)
    return function


def kinked(function: Any) -> Any:
    """A family that is at a kink: it gives the name of the operation too."""
    KINKED.append(function)
    FAMILIES.append(lambda rng: function(rng)[:2])
    FAMILIES[-1].__name__ = function.__name__
    return function


def cases(count: int, seed: int = 0) -> list[tuple[str, tuple[Any, ...]]]:
    found = []
    for k in range(count):
        make = FAMILIES[k % len(FAMILIES)]
        found.append(
            (f"{make.__name__} {k // len(FAMILIES)}", make(np.random.default_rng([seed, k])))
        )
    return found


def array(
    rng: np.random.Generator, *shape: int, low: float = -1.5, high: float = 1.5
) -> np.ndarray:
    return rng.uniform(low, high, shape).astype(rng.choice(["float32", "float64"]))


@family
def steep(rng):
    k = float(rng.uniform(10, 60))
    return lambda x: tf.reduce_sum(tf.exp(k * tf.sin(5.0 * x))), [array(rng, 2, low=-0.5, high=0.5)]


@family
def flat(rng):
    return lambda x: tf.reduce_sum(tf.exp(-tf.square(x))), [array(rng, 2, low=3.0, high=8.0)]


@family
def fast_waves(rng):
    k = float(10 ** rng.uniform(1, 4))
    return lambda x: tf.reduce_sum(tf.sin(k * x) / k), [rng.uniform(-1, 1, 2)]


@family
def saturated(rng):
    return lambda x: tf.reduce_sum(tf.sigmoid(x) + tf.tanh(x)), [array(rng, 3, low=-30, high=30)]


@family
def large_values(rng):
    scale = float(10 ** rng.uniform(2, 8))
    return lambda x: tf.reduce_sum(tf.square(x) * 3.0 + x), [array(rng, 3) * np.float32(scale)]


@family
def tiny_values(rng):
    scale = float(10 ** rng.uniform(-8, -2))
    return lambda x: tf.reduce_sum(tf.math.log(x) * x), [array(rng, 3, low=0.5) * np.float32(scale)]


@family
def of_very_different_sizes(rng):
    sizes = 10.0 ** rng.uniform(-5, 5, 4)
    return lambda x: tf.reduce_sum(tf.square(x * tf.constant(sizes, x.dtype))), [array(rng, 4)]


@family
def near_a_kink(rng):
    near = float(10 ** rng.uniform(-9, -2)) * rng.choice([-1, 1])
    x = array(rng, 3)
    x[1] = near
    return lambda x: tf.reduce_sum(tf.nn.relu(x) * 2.0 + tf.abs(x)), [x]


@family
def near_a_tie(rng):
    x = array(rng, 4)
    x[2] = x[0] * (1 + float(10 ** rng.uniform(-7, -2)))
    return lambda x: tf.reduce_max(x) * tf.reduce_sum(tf.square(x)), [x]


@family
def cancelling(rng):
    offset = float(10 ** rng.uniform(0, 3))
    return lambda x: tf.reduce_sum(tf.square((x + offset) - offset)), [array(rng, 3)]


@family
def ill_conditioned(rng):
    n = 3
    a = np.eye(n) + 10.0 ** rng.uniform(0, 3) * np.outer(rng.normal(size=n), rng.normal(size=n))
    return lambda b: tf.reduce_sum(tf.square(tf.linalg.solve(tf.constant(a), b))), [
        rng.normal(size=(n, 1))
    ]


@family
def small_difference(rng):
    return lambda x: tf.reduce_sum((1.0 - tf.cos(x)) / x), [rng.uniform(1e-3, 1e-1, 2)]


@family
def many_layers(rng):
    w = rng.normal(size=(4, 4)) / 2

    def f(x):
        for _ in range(12):
            x = tf.tanh(tf.matmul(x, tf.constant(w, x.dtype)))
        return tf.reduce_mean(x)

    return f, [array(rng, 2, 4)]


@family
def long_product(rng):
    return lambda x: tf.reduce_prod(x) + tf.math.cumprod(x)[-2], [array(rng, 7, low=0.3, high=2.0)]


@family
def cross_entropy_of_large_logits(rng):
    y = rng.integers(0, 4, 3)
    f = lambda z: tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, z))
    return f, [array(rng, 3, 4, low=-40, high=40)]


@family
def log_sum_exp(rng):
    return lambda z: tf.reduce_logsumexp(z), [array(rng, 5, low=-80, high=80)]


@family
def at_a_minimum(rng):
    x = array(rng, 3)
    return lambda v: tf.reduce_sum(tf.square(v - tf.constant(x))), [x]


@family
def gradient_of_a_gradient(rng):
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(tf.sin(x) * x)
        return tf.reduce_sum(tf.square(tape.gradient(y, x)))

    return f, [array(rng, 3)]


@family
def own_gradient(rng):
    @tf.custom_gradient
    def rule(x):
        y = tf.nn.softplus(x)
        return y, lambda g: g * tf.sigmoid(x)

    return lambda x: tf.reduce_sum(rule(x) * rule(0.5 * x)), [array(rng, 3)]


@family
def own_gradient_in_numpy(rng):
    @tf.custom_gradient
    def rule(x):
        value = x.numpy()
        return tf.constant(
            np.sin(value) * value
        ), lambda g: g * (np.sin(value) + value * np.cos(value))

    return lambda x: tf.reduce_sum(tf.tanh(rule(x))), [array(rng, 3)]


@family
def behind_stop_gradient(rng):
    return lambda x: tf.reduce_sum(x * tf.stop_gradient(tf.exp(x)) + tf.square(x)), [array(rng, 3)]


@family
def traced_loop(rng):
    @tf.function
    def f(x, n):
        h = x
        for _ in tf.range(n):
            h = tf.sin(h) + 0.25 * x
        return tf.reduce_sum(tf.where(h > 0.1, h, 0.5 * h))

    return f, [array(rng, 3), tf.constant(int(rng.integers(1, 5)))]


@family
def random_inside(rng):
    return lambda x: tf.reduce_sum(tf.nn.dropout(tf.square(x), 0.4) * tf.random.uniform([4])), [
        rng.uniform(-1, 1, 4).astype("float32")
    ]


@family
def half_precision(rng):
    kind = str(rng.choice(["float16", "bfloat16"]))
    x = rng.uniform(-1, 1, (2, 3))
    return lambda x: tf.reduce_sum(tf.nn.softmax(x) * tf.exp(x)), [tf.constant(x, kind)]


@family
def complex_numbers(rng):
    z = (rng.normal(size=2) + 1j * rng.normal(size=2)).astype(
        rng.choice(["complex64", "complex128"])
    )
    return lambda z: tf.reduce_sum(
        tf.math.real(tf.exp(z) * tf.math.conj(z)) + tf.square(tf.abs(z))
    ), [z]


@family
def sorted_and_picked(rng):
    return (
        lambda x: (
            tf.reduce_sum(tf.sort(x) * tf.constant([1.0, 2.0, 3.0, 4.0], x.dtype))
            + tf.reduce_sum(tf.math.top_k(x, 2).values)
        ),
        [array(rng, 4)],
    )


@family
def convolution(rng):
    x = tf.constant(rng.normal(size=(1, 5, 5, 1)).astype("float32"))
    return lambda k: tf.reduce_sum(tf.nn.relu(tf.nn.conv2d(x, k, 1, "SAME"))), [
        rng.normal(size=(2, 2, 1, 2)).astype("float32")
    ]


@family
def a_model(rng):
    kinds = ["relu", "tanh", "gelu", "softplus", "elu", "selu"]
    layers = [tf.keras.layers.Dense(4, activation=str(rng.choice(kinds)))]
    layers += (
        [tf.keras.layers.BatchNormalization()]
        if rng.integers(2)
        else [tf.keras.layers.Dropout(0.3)]
    )
    model = tf.keras.Sequential([*layers, tf.keras.layers.Dense(2, activation="softmax")])
    model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd")
    return model, rng.normal(size=(6, 3)).astype("float32"), rng.integers(0, 2, 6)


@family
def a_convolutional_model(rng):
    """Its batch statistics are sums of a thousand numbers, added up one after the other in float32."""
    model = tf.keras.Sequential(
        [
            tf.keras.layers.Conv2D(2, 3, activation="relu", padding="same"),
            tf.keras.layers.BatchNormalization(),
            tf.keras.layers.MaxPooling2D(),
            tf.keras.layers.Flatten(),
            tf.keras.layers.Dense(2),
        ]
    )
    model.compile(loss="mse", optimizer="sgd")
    return (
        model,
        rng.normal(size=(8, 12, 12, 1)).astype("float32"),
        rng.normal(size=(8, 2)).astype("float32"),
    )


@family
def a_recurrent_model(rng):
    layer = [tf.keras.layers.LSTM, tf.keras.layers.GRU, tf.keras.layers.SimpleRNN][
        int(rng.integers(3))
    ]
    model = tf.keras.Sequential([layer(2), tf.keras.layers.Dense(1)])
    model.compile(loss="mse", optimizer="sgd")
    return (
        model,
        rng.normal(size=(2, 3, 2)).astype("float32"),
        rng.normal(size=(2, 1)).astype("float32"),
    )


def _at(rng: np.random.Generator, *values: float) -> np.ndarray:
    return np.asarray(values, rng.choice(["float32", "float64"]))


@kinked
def relu_at_zero(rng):
    return lambda x: tf.reduce_sum(tf.nn.relu(x) * 3.0), [_at(rng, 0.0, 1.0, -1.0)], "relu"


@kinked
def abs_at_zero(rng):
    return lambda x: tf.reduce_sum(tf.abs(x) + tf.sin(x)), [_at(rng, 0.5, 0.0)], "abs"


@kinked
def largest_of_equals(rng):
    return lambda x: tf.reduce_max(x) * 2.0, [_at(rng, 1.0, 1.0, 0.5)], "reduce_max"


@kinked
def maximum_of_equals(rng):
    return (
        lambda x, y: tf.reduce_sum(tf.maximum(x, y)),
        [np.float32([1.0, 2.0]), np.float32([1.0, 0.0])],
        "maximum",
    )


@kinked
def clipped_at_its_bound(rng):
    return (
        lambda x: tf.reduce_sum(tf.clip_by_value(x, -1.0, 1.0)),
        [_at(rng, 1.0, 0.5, -1.0)],
        "clip_by_value",
    )


@kinked
def condition_that_turns(rng):
    return (
        lambda x: tf.reduce_sum(tf.where(x > 1.0, tf.square(x), 3.0 * x - 2.0)),
        [_at(rng, 1.0, 2.0)],
        "greater",
    )


@kinked
def branch_of_python(rng):
    return (
        lambda x: x * x if float(x) > 1.0 else 4.0 * x - 3.0,
        [_at(rng, 1.0)[0]],
        "a branch of Python",
    )


@kinked
def floor_at_an_integer(rng):
    return lambda x: tf.reduce_sum(tf.floor(x) * 0.5 + x), [_at(rng, 2.0, 2.5)], "floor"


@kinked
def root_at_zero(rng):
    return lambda x: tf.reduce_sum(tf.sqrt(x)), [_at(rng, 0.0, 4.0)], "sqrt"


@kinked
def norm_at_zero(rng):
    return lambda x: tf.norm(x), [_at(rng, 0.0, 0.0)], "sqrt"


@kinked
def pool_of_equals(rng):
    x = np.float32([[1, 1], [0, 1]]).reshape(1, 2, 2, 1)
    return lambda x: tf.reduce_sum(tf.nn.max_pool2d(x, 2, 2, "VALID")), [x], "max_pool"
