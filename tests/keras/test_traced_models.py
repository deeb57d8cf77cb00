"""Models of the user's, with control flow on tensors, train as graphs with the numbers of eager training."""

import warnings

import numpy as np
import pytest

import gradtape as tf

L = tf.keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 4)).astype(np.float32)
Y = RNG.normal(size=(40, 1)).astype(np.float32)


class Choosing(L.Layer):
    """Branches and loops that tensors decide."""

    def call(self, x, training=None):
        y = x * 2.0 if tf.reduce_sum(x) > 0 else x * 3.0
        for i in tf.range(3):
            y = y + 0.1 * tf.cast(i, tf.float32)
        if training:
            y = y + 1.0
        return y


class Model(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.last = L.Dense(1), Choosing()

    def call(self, x, training=None):
        h = self.first(x)
        while tf.reduce_max(tf.abs(h)) > 1.5:
            h = h * 0.5
        return self.last(h)


class WithStep(Model):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x, y, y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        if tf.linalg.global_norm(gradients) > 0.5:
            gradients = [g * 0.5 for g in gradients]
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return self.compute_metrics(x, y, y_pred, None)


def loss(y_true, y_pred):
    error = tf.reduce_mean(tf.square(y_true - y_pred))
    if error > 1.0:
        return error * 2.0
    return error


class Counter(tf.keras.metrics.Metric):
    def __init__(self):
        super().__init__(name="count")
        self.total = self.add_weight(name="total", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        if tf.reduce_mean(y_pred) > 0:
            self.total.assign_add(1.0)
        else:
            self.total.assign_add(100.0)

    def result(self):
        return self.total


@pytest.mark.parametrize("kind", [Model, WithStep])
@pytest.mark.parametrize("jit", [False, True])
def test_control_flow_on_tensors(kind, jit):
    def train(**options):
        tf.keras.utils.set_random_seed(3)
        model = kind()
        model.compile("sgd", loss, metrics=[Counter()], **options)
        history = model.fit(X, Y, 8, epochs=2, verbose=0).history
        return history, model.evaluate(X, Y, 8, verbose=0), model.predict(X, 8, verbose=0)

    wanted = tf.nest.flatten(train(run_eagerly=True))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = tf.nest.flatten(train(jit_compile=jit))
    for a, b in zip(found, wanted):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


def test_printing_and_checking_inside_of_a_model():
    class Telling(L.Layer):
        def call(self, x):
            tf.print("mean", tf.reduce_mean(x), output_stream="file:///dev/null")
            tf.debugging.assert_less(x, 1e6)
            return tf.py_function(lambda v: v + 1.0, [x], tf.float32)

    model = tf.keras.Sequential([L.Dense(1), Telling()])
    model.build((None, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.compile("sgd", "mse")
        losses = model.fit(X, Y, 20, epochs=4, verbose=0).history["loss"]
        assert losses[-1] < losses[0]
        with pytest.raises(tf.errors.InvalidArgumentError, match="did not hold"):
            model.predict(np.full((20, 4), 1e9, np.float32), verbose=0)
