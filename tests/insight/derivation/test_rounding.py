"""Computations by hand: each intermediate number rounded, forward and backward."""

from __future__ import annotations

import numpy as np
import pytest

import gradtape as tf
from gradtape.insight.gates import scalars
from gradtape.insight.reading import recorded
from gradtape.insight.rounding import nearest, rounded


def recording():
    w = tf.Variable([[0.5, -1.25], [2.0, 0.75]], name="w")
    x = tf.constant([[1.5, -0.4]])
    with tf.GradientTape() as tape:
        h = tf.tanh(x @ w)
        loss = tf.reduce_sum(tf.exp(h))
    return recorded(tape, loss)


def test_every_number_has_so_many_decimals() -> None:
    for whole in (recording(), scalars(recording())):
        hand = rounded(whole, 2)
        assert hand.exact is whole
        assert hand.decimals == 2
        for wire in hand.wires:
            if wire.kind == "computed":
                np.testing.assert_allclose(wire.value, np.round(wire.value, 2), atol=1e-6)
            if wire.gradient is not None:
                np.testing.assert_allclose(wire.gradient, np.round(wire.gradient, 2), atol=1e-6)
        given = [w for w in hand.wires if w.kind == "variable"]
        assert all(np.array_equal(w.value, whole.wires[w.index].value) for w in given)


def test_by_hand() -> None:
    """x² = 1.522756 -> 1.52; exp(1.52) = 4.5722 -> 4.57; back: 1·4.57 = 4.57; 2·1.234·4.57 = 11.27876 -> 11.28."""
    x = tf.Variable(1.234, dtype=tf.float64, name="x")
    with tf.GradientTape() as tape:
        y = tf.exp(tf.square(x))
    hand = rounded(recorded(tape, y), 2)
    assert [round(float(w.value), 10) for w in hand.wires] == [1.234, 1.52, 4.57]
    assert [round(float(w.gradient), 10) for w in hand.wires] == [11.28, 4.57, 1.0]
    [difference] = hand.differences()
    assert difference.exact == pytest.approx(2 * 1.234 * np.exp(1.234**2))
    assert difference.carried == pytest.approx(11.28)
    assert sum(c.effect for c in difference.causes) == pytest.approx(difference.added)
    assert abs(difference.causes[0].effect) == max(abs(c.effect) for c in difference.causes)


def test_enough_decimals_change_nothing() -> None:
    whole = recording()
    hand = rounded(whole, 15)
    for a, b in zip(whole.wires, hand.wires):
        np.testing.assert_allclose(a.value, b.value, rtol=1e-6)
        if a.gradient is not None:
            np.testing.assert_allclose(a.gradient, b.gradient, rtol=1e-6)


def test_nearest() -> None:
    x = nearest(np.array([-0.001, 0.125, 2.5], np.float32), 1)
    assert x.dtype == np.float32
    np.testing.assert_allclose(x, [0.0, 0.1, 2.5], rtol=1e-6)
    assert not np.signbit(x[0])
    assert nearest(np.array([3]), 0).dtype.kind == "i"


def test_large_computations_have_no_causes() -> None:
    x = tf.Variable(0.5, name="x")
    with tf.GradientTape() as tape:
        y = x
        for _ in range(100):
            y = tf.sin(y)
    [difference] = rounded(recorded(tape, y), 3).differences()
    assert difference.causes == ()
    assert difference.carried != difference.exact


def test_what_a_user_wrote_is_not_called_again() -> None:
    calls = []

    @tf.custom_gradient
    def cube(x):
        calls.append(None)
        return x * x * x, lambda up: up * 3.0 * x * x

    x = tf.Variable(1.234, name="x")
    with tf.GradientTape() as tape:
        y = cube(x) + x
    explanation = tf.explain(tape, y, decimals=1)
    assert len(calls) == 1
    hand = explanation.rounded
    assert hand is not None
    assert float(hand.named("y").value) == pytest.approx(3.1)  # 1.879 -> 1.9, 1.9 + 1.234 = 3.134
    assert float(hand.named("x").gradient) == pytest.approx(5.6)
