"""What is claimed: losses of models as in `fit`, gradients given in dicts, functions that fail when called again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradtape as tf

L = tf.keras.layers
X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def two_headed() -> Any:
    x = tf.keras.Input((3,))
    return tf.keras.Model(x, [L.Dense(1, name="left")(x), L.Dense(1, name="right")(x)])


@pytest.mark.parametrize(
    ("loss", "y", "weights"),
    [
        ("mse", [Y, Y], None),
        (["mse", "mae"], [Y, 2 * Y], None),
        ({"left": "mse", "right": "mae"}, {"left": Y, "right": 2 * Y}, None),
        ("mse", [Y, Y], [np.arange(8.0, dtype="float32")] * 2),
    ],
)
def test_a_loss_that_is_given_is_the_one_of_compile(loss: Any, y: Any, weights: Any) -> None:
    model = two_headed()
    given = tf.certify(model, X, y, weights, loss=loss)
    model.compile("sgd", loss)
    compiled = tf.certify(model, X, y, weights)
    assert (given.verdict, compiled.verdict) == ("right", "right")
    for name, gradient in compiled.claimed.items():
        np.testing.assert_array_equal(given.claimed[name], gradient)


def test_sample_weights_weigh_a_loss_that_is_given() -> None:
    model = tf.keras.Sequential([L.Dense(1, name="only")])
    some = np.array([1, 0, 0, 0, 0, 0, 0, 0], "float32")
    weighed, plain = (tf.certify(model, X, Y, w, loss="mse") for w in (some, None))
    assert weighed.verdict == "right"
    alone = tf.certify(model, X[:1], Y[:1], loss="mse").claimed["only/kernel"]
    np.testing.assert_allclose(weighed.claimed["only/kernel"], alone / 8, rtol=1e-6)
    assert not np.allclose(weighed.claimed["only/kernel"], plain.claimed["only/kernel"])


class OwnLoss(tf.keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = L.Dense(1)

    def call(self, x: Any) -> Any:
        return self.dense(x)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None
    ) -> Any:
        return tf.reduce_mean(tf.square(y - y_pred)) + tf.reduce_sum(tf.square(self.dense.kernel))


class AddedLoss(tf.keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = L.Dense(1)

    def call(self, x: Any) -> Any:
        y = self.dense(x)
        self.add_loss(tf.reduce_mean(tf.square(y)))
        return y


def test_a_loss_of_the_models_own_needs_no_compiled_one() -> None:
    model = OwnLoss()
    assert tf.certify(model, X, Y).verdict == "right"
    model = AddedLoss()
    model.compile("sgd")
    assert tf.certify(model, X, None).verdict == "right"
    plain = tf.keras.Sequential([L.Dense(1)])
    plain.compile("sgd")
    with pytest.raises(ValueError, match="not compiled with a loss"):
        tf.certify(plain, X, Y)


def test_gradients_in_a_dict_go_by_their_names() -> None:
    weights = {"w": tf.Variable([1.0, 2.0]), "b": tf.Variable(0.5)}
    with tf.GradientTape(persistent=True) as tape:
        y = tf.reduce_sum(weights["w"]) * weights["b"]
    for given in ({"w": [0.5, 0.5], "b": 3.0}, {"b": 3.0, "w": tf.constant([0.5, 0.5])}):
        assert tf.certify(tape, y, weights, gradients=given).verdict == "right"
    wrong = {"w": [0.5, 0.5], "b": 2.0}
    assert tf.certify(tape, y, weights, gradients=wrong).verdict == "wrong"


def test_gradients_in_the_nests_of_the_inputs() -> None:
    product = lambda parts, b: tf.reduce_sum(parts["x"] * parts["y"]) * b
    inputs = [{"x": tf.constant([1.0, 2.0]), "y": tf.constant([3.0, 4.0])}, tf.constant(2.0)]
    right = [{"y": [2.0, 4.0], "x": [6.0, 8.0]}, 11.0]
    assert tf.certify(product, inputs, gradients=right).verdict == "right"
    assert (
        tf.certify(product, inputs, gradients=[{"x": [2.0, 4.0], "y": [6.0, 8.0]}, 11.0]).ok
        is False
    )


def test_a_function_that_fails_when_it_is_called_again_is_not_decided() -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(x)
        if len(calls) > 3:
            raise ValueError("no more")
        return x * x

    certificate = tf.certify(f, tf.constant(1.0))
    assert certificate.verdict == "not decided"
    assert "ValueError: no more" in certificate.text()


@pytest.mark.parametrize("entries", [0, -3, 1.5, True])
def test_how_many_entries_are_checked_is_a_number(entries: Any) -> None:
    with pytest.raises(ValueError, match="entries"):
        tf.certify(tf.sin, tf.constant([1.0, 2.0]), entries=entries)


def test_nan_by_convention_is_said_to_be_dangerous() -> None:
    certificate = tf.certify(lambda x: tf.norm(x), tf.constant([0.0, 0.0]))
    assert certificate.verdict == "right except at kinks"
    assert any(note.startswith("the gradient is nan at x[0], x[1]:") for note in certificate.notes)
    certificate = tf.certify(lambda x: tf.reduce_sum(tf.abs(x)), tf.constant([0.0, 1.0]))
    assert (certificate.verdict, certificate.notes) == ("right except at kinks", ())


def test_cholesky_of_a_free_matrix_is_explained() -> None:
    f = lambda a: tf.reduce_sum(tf.linalg.cholesky(a))
    a = tf.constant([[2.0, 0.5], [0.5, 1.0]])
    certificate = tf.certify(f, a)
    assert certificate.verdict == "wrong"
    assert "0.5 * (a + tf.transpose(a))" in certificate.text()
    assert tf.certify(lambda a: f(0.5 * (a + tf.transpose(a))), a).verdict == "right"
