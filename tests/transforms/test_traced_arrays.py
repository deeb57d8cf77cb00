"""tf.TensorArray in traced functions."""

from __future__ import annotations

import pytest

import gradtape as tf

X = tf.constant(2.0)


def run(function, *args):
    f = tf.function(function)
    result = f(*args)
    assert not f._eager
    return tf.nest.map_structure(lambda t: t.numpy().tolist(), result)


def test_arrays_in_traced_functions():
    def f(x):
        a = tf.TensorArray(tf.float32, size=3).unstack(tf.stack([x, x * 2, x * 3]))
        b = tf.TensorArray(tf.float32, size=2)
        b = b.write(0, x).write(1, x + 1)
        c = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
        i = 0
        while i < 4:
            c = c.write(i, x * i)
            i += 1
        d = tf.TensorArray(tf.float32, 2, element_shape=[1]).split(tf.stack([x, -x]), [1, 1])
        e = tf.TensorArray(tf.float32, 3).scatter([2, 0, 1], tf.stack([x, x * 2, x * 3]))
        return (
            a.read(1),
            a.gather([2, 0]),
            b.stack(),
            c.stack(),
            c.size(),
            d.concat(),
            e.stack(),
            b.read(0) + b.read(0),
        )

    assert run(f, X) == (
        4.0, [6.0, 2.0], [2.0, 3.0], [0.0, 2.0, 4.0, 6.0], 4, [2.0, -2.0], [4.0, 6.0, 2.0], 4.0,
    )  # fmt: skip


def test_a_write_gives_a_new_array():
    def f(x):
        a = tf.TensorArray(tf.float32, 2)
        a.write(0, x)
        return a.stack()

    assert run(f, X) == [0.0, 0.0]


def test_arrays_in_loops_and_branches():
    def f(x):
        a = tf.TensorArray(tf.float32, size=4)
        for i in tf.range(4):
            if i % 2 == 0:
                a = a.write(i, x * tf.cast(i, tf.float32))
            else:
                a = a.write(i, -x)
        for i in tf.range(3):
            a = a.write(i, a.read(i + 1))
        b = tf.while_loop(
            lambda i, b: i < 3,
            lambda i, b: (i + 1, b.write(i, tf.cast(i, tf.float32))),
            (0, tf.TensorArray(tf.float32, 3)),
        )[1]
        return a.stack(), b.stack()

    assert run(f, X) == ([-2.0, 4.0, -2.0, -2.0], [0.0, 1.0, 2.0])


def test_an_array_whose_length_is_not_known_runs_eagerly():
    @tf.function
    def f(x):
        a = tf.TensorArray(tf.float32, 0, dynamic_size=True)
        i = 0
        while x < 30.0:
            x = x * 2
            a = a.write(i, x)
            i += 1
        return a.stack()

    with pytest.warns(RuntimeWarning, match="length of a TensorArray"):
        assert f(X).numpy().tolist() == [4.0, 8.0, 16.0, 32.0]


@pytest.mark.parametrize(
    ("function", "error"),
    [
        (lambda a, x: a.write(5, x), tf.errors.InvalidArgumentError),
        (lambda a, x: a.write(0, tf.constant(1)), tf.errors.InvalidArgumentError),
        (lambda a, x: a.write(0, x).write(1, tf.zeros([2])), ValueError),
        (lambda a, x: a.read(0), tf.errors.InvalidArgumentError),
        (lambda a, x: tf.TensorArray(tf.float32), ValueError),
    ],
)
def test_errors_of_arrays(function, error):
    with pytest.raises(error):
        tf.function(lambda x: function(tf.TensorArray(tf.float32, 2), x))(X)


def test_an_array_comes_back_to_python():
    array = tf.function(lambda x: tf.TensorArray(tf.float32, 2).write(0, x).write(1, -x))(X)
    assert array.stack().numpy().tolist() == [2.0, -2.0]
