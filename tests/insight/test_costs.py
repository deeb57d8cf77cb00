"""What a recording costs, by line."""

import numpy as np
import pytest

import gradtape as tf
from gradtape import keras


def test_memory_by_line() -> None:
    x = tf.Variable(np.ones((8, 4), np.float32))
    with tf.GradientTape() as tape:
        h = tf.exp(x)
        flat = tf.reshape(h, [-1])
        y = tf.reduce_sum(flat * 2.0)
    found = tape.memory()
    by_text = {line.place.text: (line.bytes, line.count) for line in found.lines}
    assert by_text == {
        "h = tf.exp(x)": (128, 1),
        "flat = tf.reshape(h, [-1])": (0, 1),  # it looks at what is kept already
        "y = tf.reduce_sum(flat * 2.0)": (132, 2),
    }
    assert found.total == 260
    assert [line.bytes for line in found.lines] == [132, 128, 0]
    text = repr(found)
    assert text.splitlines()[0].split() == ["kept", "results", "line"]
    assert "h = tf.exp(x)" in text
    assert "260 B        4  in all" in text
    tape.gradient(y, x)
    assert tape.memory().total == 260


def test_what_variables_hold_is_not_the_tapes() -> None:
    w = tf.Variable(tf.ones([100, 100]))
    data = tf.ones([100, 100])
    with tf.GradientTape() as tape:
        tf.reduce_sum(w[0] * data[0])
    assert tape.memory().total == 100 * 4 + 4


def test_memory_of_a_traced_call_counts_what_it_keeps_for_the_way_back() -> None:
    @tf.function
    def f(x):
        return tf.reduce_sum(tf.exp(x) * tf.sin(x))

    x = tf.Variable(tf.ones(1000))
    with tf.GradientTape() as tape:
        f(x)
    assert tape.memory().total > 4000


def test_memory_that_was_let_go() -> None:
    x = tf.Variable(tf.zeros(40_000_000))
    with tf.GradientTape() as tape:
        y = tf.reduce_sum((x + 1.0) * 2.0)
    tape.gradient(y, x)
    found = tape.memory()
    assert found.lines == ()
    assert found.let_go > 300_000_000
    assert "were let go" in repr(found)


def test_profile_by_line() -> None:
    w = tf.Variable(np.ones((64, 64), np.float32))
    with tf.GradientTape() as tape:
        h = tf.matmul(w, w)
        a = tf.argmax(h, axis=0)
        y = tf.reduce_sum(h)
    found = tape.profile()
    counts = {line.place.text: line.count for line in found.lines}
    assert counts == {
        "h = tf.matmul(w, w)": 1,
        "a = tf.argmax(h, axis=0)": 1,
        "y = tf.reduce_sum(h)": 1,
    }
    assert all(line.forward > 0 for line in found.lines)
    assert {line.place.text for line in found.lines if line.backward == 0} == {
        "a = tf.argmax(h, axis=0)"
    }
    assert found.forward == pytest.approx(sum(line.forward for line in found.lines))
    assert a.shape == (64,)
    head, *rows = repr(found).splitlines()
    assert head.split() == ["forward", "backward", "operations", "line"]
    assert len(rows) == 4
    assert rows[-1].endswith("in all")
    assert float(tape.gradient(y, w)[0, 0]) == 128.0


def test_profile_draws_nothing_again() -> None:
    layer = keras.layers.Dropout(0.5, seed=1)

    @tf.function
    def noisy(x):
        return layer(x, training=True) * 2.0

    @tf.custom_gradient
    def once(x):
        calls.append(1)
        return x * 2.0, lambda g: calls.append(2) or g * 2.0

    calls: list[int] = []
    x = tf.Variable(tf.ones(10))
    tf.random.set_seed(1)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(once(noisy(x)))
    found = tape.profile(repeats=2)
    assert found.left_out == 2
    assert calls == [1]
    assert "Not run again: 2" in repr(found)
    assert tape.gradient(y, x) is not None


def test_repeats_are_checked() -> None:
    with tf.GradientTape() as tape:
        pass
    with pytest.raises(ValueError, match="at least 1"):
        tape.profile(repeats=0)
