"""Flags: none for healthy networks, the right one for each sickness that is planted."""

import logging

import numpy as np
import pytest

import gradtape as tf
from gradtape import keras
from gradtape.insight.training import Thresholds, TrainingRecorder
from gradtape.insight.training.flags import ADVICE

Dense = keras.layers.Dense
RNG = np.random.default_rng(0)
X = RNG.normal(size=(256, 4)).astype("float32")
Y = (X[:, :1] * X[:, 1:2] > 0).astype("float32")


def flags_of(layers, optimizer="adam", loss="binary_crossentropy", epochs=5, x=X, y=Y, **options):
    keras.utils.set_random_seed(options.pop("seed", 1))
    model = keras.Sequential(layers() if callable(layers) else layers)
    model.compile(optimizer, loss)
    recorder = TrainingRecorder(**options)
    model.fit(x, y, epochs=epochs, batch_size=32, verbose=0, callbacks=[recorder])
    return recorder.flags


def kinds(flags):
    return {(f.layer, f.kind) for f in flags}


HEALTHY = {
    "relu": lambda: [Dense(16, "relu"), Dense(16, "relu"), Dense(1, "sigmoid")],
    "tanh": lambda: [Dense(16, "tanh"), Dense(16, "tanh"), Dense(1, "sigmoid")],
    "sigmoid": lambda: [Dense(16, "sigmoid"), Dense(1, "sigmoid")],
    "deep relu": lambda: [*[Dense(32, "relu", kernel_initializer="he_normal") for _ in range(8)], Dense(1, "sigmoid")],
    "normalised": lambda: [
        Dense(16), keras.layers.BatchNormalization(), keras.layers.ReLU(), Dense(8, "relu"), Dense(1, "sigmoid"),
    ],
    "one neuron": lambda: [Dense(1, "sigmoid")],
    "zero output kernel": lambda: [Dense(16, "relu"), Dense(1, "sigmoid", kernel_initializer="zeros")],
}  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_networks_raise_none(name, seed):
    for optimizer in (keras.optimizers.Adam(0.01), keras.optimizers.SGD(0.02, momentum=0.9)):
        assert flags_of(HEALTHY[name], optimizer, epochs=15, seed=seed) == ()


def test_healthy_regression_to_the_end_raises_none():
    """Also where the gradient is a millionth of the first one at last."""
    y = X @ np.array([[1.0], [-2.0], [0.5], [0.0]], np.float32) + 3
    assert flags_of([Dense(1)], keras.optimizers.SGD(0.2), "mse", 60, y=y) == ()
    assert flags_of([Dense(8, "relu"), Dense(1)], keras.optimizers.Adam(0.02), "mse", 40, y=y) == ()


def test_vanishing_in_a_deep_sigmoid_stack():
    flags = flags_of(
        lambda: [*[Dense(16, "sigmoid", name=f"d{k}") for k in range(12)], Dense(1)], "sgd", "mse"
    )
    assert {f.kind for f in flags} == {"vanishing"}
    assert flags[0].layer == "d0"
    assert flags[0].step == Thresholds().steps - 1
    assert flags[0].numbers["gradient"] < 1e-3 * flags[0].numbers["last_layer"]
    assert "relu" in flags[0].advice
    assert "d11" not in {f.layer for f in flags}


def test_vanishing_to_zero():
    """Where no float32 is small enough."""
    deep = [*[Dense(8, "sigmoid", name=f"d{k}") for k in range(80)], Dense(1, name="out")]
    flags = flags_of(deep, "sgd", "mse", epochs=1)
    assert ("d0", "vanishing") in kinds(flags)
    assert flags[0].numbers["gradient"] == 0.0


@pytest.mark.parametrize("rate", [1.5, 10.0, 1e4])
def test_exploding_by_the_learning_rate(rate):
    y = X @ np.ones((4, 1), np.float32)
    flags = flags_of([Dense(1, name="out")], keras.optimizers.SGD(rate), "mse", epochs=3, y=y)
    assert ("out", "exploding") in kinds(flags)
    assert flags[0].kind == "exploding"
    assert "learning rate" in flags[0].advice
    assert {f.kind for f in flags} <= {"exploding", "non-finite"}


def test_exploding_from_layer_to_layer():
    huge = keras.initializers.RandomNormal(stddev=5.0, seed=1)
    deep = [
        *[Dense(32, "relu", kernel_initializer=huge, name=f"d{k}") for k in range(6)],
        Dense(1, name="out"),
    ]
    flags = flags_of(deep, keras.optimizers.SGD(0.0), "mse", epochs=1)
    assert {f.kind for f in flags} == {"exploding"}
    assert flags[0].numbers["results"] > 1e4 * flags[0].numbers["first_layer"]


def test_dead_by_bias_of_minus_ten():
    def layers():
        low = keras.initializers.Constant(-10)
        dead = Dense(16, "relu", bias_initializer=low, name="b")
        return [Dense(16, "relu", name="a"), dead, Dense(1, "sigmoid", name="out")]

    (flag,) = flags_of(layers)
    assert (flag.layer, flag.kind, dict(flag.numbers)) == ("b", "dead", {"units": 16, "of": 16})
    assert flag.step == 4
    assert "LeakyReLU" in flag.advice


def test_half_dead_is_flagged_and_less_is_not():
    def layers(dead):
        bias = np.where(np.arange(16) < dead, -50.0, 0.1).astype("float32")
        return [
            Dense(16, "relu", bias_initializer=lambda shape, dtype=None: bias, name="a"),
            Dense(1, "sigmoid"),
        ]

    (flag,) = flags_of(lambda: layers(9))
    assert dict(flag.numbers) == {"units": 9, "of": 16}
    assert flags_of(lambda: layers(3)) == ()


def test_few_examples_do_not_make_a_unit_dead():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([Dense(2, "relu", name="a"), Dense(1, name="out")])
    model.compile("sgd", "mse")
    model.build((None, 4))
    model.layers[0].set_weights([np.zeros((4, 2), np.float32), np.full(2, -1, np.float32)])
    recorder = TrainingRecorder()
    model.fit(X[:4], Y[:4], batch_size=1, epochs=24, verbose=0, callbacks=[recorder])
    assert recorder.flags == ()  # 96 examples
    model.fit(X[:4], Y[:4], batch_size=1, epochs=1, verbose=0, callbacks=[recorder])
    assert kinds(recorder.flags) == {("a", "dead")}


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_saturated(activation):
    big = keras.initializers.RandomNormal(stddev=60.0, seed=1)
    layers = [
        Dense(16, activation, kernel_initializer=big, name="a"),
        Dense(1, "sigmoid", name="out"),
    ]
    flags = flags_of(layers, "sgd")
    assert ("a", "saturated") in kinds(flags)
    assert flags[0].numbers["fraction"] > 0.9
    assert {f.kind for f in flags} <= {"saturated", "vanishing"}


def test_a_sure_output_is_not_saturated():
    """Predictions near 0 and 1 that are right are what training is for."""
    y = (X[:, :1] > 0).astype("float32")
    assert flags_of([Dense(1, "sigmoid")], keras.optimizers.Adam(0.3), epochs=40, y=y) == ()


def test_non_finite_once_where_it_begins():
    x = X.copy()
    x[70, 2] = np.nan
    flags = flags_of([Dense(4, "tanh", name="a"), Dense(1, name="out")], "sgd", "mse", x=x)
    (flag,) = flags
    assert (flag.layer, flag.kind) == ("a", "non-finite")
    assert flag.numbers["results"] == 4


def test_non_finite_in_the_loss_and_in_the_gradient():
    w = tf.Variable(0.0, name="w")
    with TrainingRecorder([w]) as recorder:
        with tf.GradientTape() as tape:
            loss = tf.math.log(w)
        tape.gradient(loss, w)
    assert [(f.layer, f.kind) for f in recorder.flags] == [("loss", "non-finite")]
    with TrainingRecorder([w]) as recorder:
        with tf.GradientTape() as tape:
            loss = tf.sqrt(w)
        tape.gradient(loss, w)
    assert [(f.layer, f.kind) for f in recorder.flags] == [("w", "non-finite")]


def test_a_flag_is_told_once_as_it_happens(caplog):
    caplog.set_level(logging.WARNING, "gradtape")
    (flag,) = flags_of(
        [Dense(8, "relu", bias_initializer=keras.initializers.Constant(-10), name="a"), Dense(1)]
    )
    (line,) = caplog.messages
    assert line == f"Training: {flag}"
    assert str(flag).startswith("step 4, a: dead (units 8, of 8). Try a smaller learning rate")
    assert flag in flags_of_step(flag)


def flags_of_step(flag):
    keras.utils.set_random_seed(1)
    recorder = TrainingRecorder()
    layers = [
        Dense(8, "relu", bias_initializer=keras.initializers.Constant(-10), name="a"),
        Dense(1),
    ]
    model = keras.Sequential(layers)
    model.compile("adam", "binary_crossentropy")
    model.fit(X, Y, batch_size=32, verbose=0, callbacks=[recorder])
    return recorder.step(flag.step).flags


def test_thresholds_are_the_users():
    layers = lambda: [*[Dense(16, "sigmoid") for _ in range(3)], Dense(1)]
    assert flags_of(layers, "sgd", "mse") == ()
    strict = Thresholds(vanishing=0.1, steps=1)
    assert {f.kind for f in flags_of(layers, "sgd", "mse", thresholds=strict)} == {"vanishing"}
    assert set(ADVICE) == {"vanishing", "exploding", "dead", "saturated", "non-finite"}


def test_the_same_trouble_in_many_layers_is_one_line(caplog):
    caplog.set_level(logging.WARNING, "gradtape")
    names = [f"d{k}" for k in range(16)]
    deep = [*[Dense(8, "sigmoid", name=name) for name in names], Dense(1, name="out")]
    flags = flags_of(deep, "sgd", "mse")
    assert len({flag.layer for flag in flags if flag.step == flags[0].step}) > 9
    lines = [m for m in caplog.messages if f"step {flags[0].step}," in m]
    assert len(lines) == 1
    assert lines[0].startswith(f"Training: {flags[0]} The same: {flags[1].layer}, ")
    assert lines[0].endswith(" more.")
