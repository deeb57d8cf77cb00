"""The tape on the smallest programs."""

import numpy as np
import pytest

import gradtape as tf


def test_gradient_of_a_square() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    assert float(tape.gradient(y, x)) == 6.0


def test_second_order() -> None:
    x = tf.Variable([3.0, 1.0])
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = x * x * x
        first = inner.gradient(y, x)
    assert outer.gradient(first, x).numpy().tolist() == [18.0, 6.0]


def test_used_tape() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="non-persistent"):
        tape.gradient(y, x)


def test_broadcast_is_undone() -> None:
    x, b = tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.Variable([1.0, 1.0])
    with tf.GradientTape() as tape:
        y = x * b + b
    assert tape.gradient(y, b).numpy().tolist() == [6.0, 8.0]


def test_names_that_are_not_built() -> None:
    with pytest.raises(AttributeError, match="Text is outside"):
        tf.strings


def test_an_unwatched_source_has_no_gradient() -> None:
    v, c = tf.Variable(3.0), tf.constant(2.0)
    with tf.GradientTape(persistent=True) as tape:
        a = v * c
        d = a * a * c
    assert tape.gradient(d, c) is None
    assert tape.gradient(d, [v, c])[1] is None
    assert tape.jacobian(d, c) is None
    assert float(tape.gradient(c, c)) == 1.0


def test_each_reading_is_a_source_of_its_own() -> None:
    v = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        e, f = v.read_value(), v.value()
        y = e * f * v
    assert [float(g) for g in tape.gradient(y, [e, f, v])] == [9.0, 9.0, 27.0]
    assert float(tape.gradient(y, e)) == 9.0
    outside = v.read_value()
    with tf.GradientTape() as tape:
        y = outside * v
    assert float(tape.gradient(y, v)) == 3.0


def test_assignments_that_overflow_are_results_and_not_news():
    v = tf.Variable(np.float32(3e38))
    v.assign_add(3e38)
    assert np.isinf(v.numpy())
    v.assign_sub(np.inf)
    assert np.isnan(v.numpy())
