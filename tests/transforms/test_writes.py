"""Variables written between two readings: what TensorFlow's tape makes of them, traced or not.

The numbers are TensorFlow 2.12's: every reading counts for the variable, and no gradient goes through a write.
"""

from __future__ import annotations

from typing import Any

import pytest

import gradtape as tf


def numbers(*tensors: Any) -> list[Any]:
    return [None if t is None else float(t) for t in tensors]


@pytest.mark.parametrize("traced", [False, True])
def test_the_tape_inside(traced: bool) -> None:
    v = tf.Variable(2.0)

    def f(x: Any) -> Any:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            a = v * 3.0
            v.assign(x * x)
            y = a + v * 5.0 * x
        return y, tape.gradient(y, x), tape.gradient(y, v)

    call = tf.function(f) if traced else f
    assert numbers(*call(tf.constant(3.0))) == [141.0, 45.0, 18.0]


@pytest.mark.parametrize("traced", [False, True])
def test_the_tape_outside(traced: bool) -> None:
    v = tf.Variable(2.0)

    def f(x: Any) -> Any:
        a = v * 3.0
        v.assign(x * x)
        return a + v * 5.0 * x

    call = tf.function(f) if traced else f
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = call(x)
    assert numbers(y, tape.gradient(y, x), tape.gradient(y, v)) == [141.0, 45.0, 18.0]


@pytest.mark.parametrize("traced", [False, True])
def test_a_variable_that_is_only_written_and_then_read(traced: bool) -> None:
    v = tf.Variable(2.0)

    def f(x: Any) -> Any:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            v.assign(x * x)
            y = v * x
        return tape.gradient(y, x), tape.gradient(y, v)

    call = tf.function(f) if traced else f
    assert numbers(*call(tf.constant(3.0))) == [9.0, 3.0]
