"""Traced functions: what is traced when, variables, gradients, shapes that are open, and what cannot be traced."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest

import gradtape as tf
from gradtape.base.config import settings


def test_traced_once_for_a_signature():
    seen = []

    @tf.function
    def f(x):
        seen.append(x.shape)
        return x * 2.0

    for value in ([1.0, 2.0], [3.0, 4.0]):
        np.testing.assert_array_equal(f(tf.constant(value)), np.multiply(value, 2))
    f(tf.constant([1.0, 2.0, 3.0]))
    assert [s.as_list() for s in seen] == [[2], [3]]
    assert f.experimental_get_tracing_count() == 2
    assert "shape (2,) -> float32 tensor of shape (3,)" in f.traces()[1].reason


def test_python_values_are_constants_and_the_reason_names_them():
    @tf.function
    def f(x, lr):
        return x * lr

    f(tf.constant(1.0), 0.1)
    f(tf.constant(1.0), lr=0.05)
    assert (
        "`lr`: Python float 0.1 -> Python float 0.05; pass it as a tensor" in f.traces()[1].reason
    )


def test_variables_are_read_and_written_in_order():
    v = tf.Variable(1.0)

    @tf.function
    def f(x):
        v.assign_add(x)
        first = v * 10.0
        v.assign(v * 2.0)
        return first, v.value()

    first, second = f(tf.constant(2.0))
    assert (float(first), float(second), float(v)) == (30.0, 6.0, 6.0)
    kept = v.numpy(), v.read_value()
    f(tf.constant(1.0))
    assert float(kept[0]) == 6.0 and float(kept[1]) == 6.0 and float(v) == 14.0


def test_step_inside_equals_step_outside():
    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=(8, 3)), tf.float32)
    y = tf.constant(rng.integers(0, 4, 8))
    start = rng.normal(size=(3, 4)).astype(np.float32)
    ends = []
    for wrap in (lambda f: f, tf.function):
        w, b = tf.Variable(start), tf.Variable(tf.zeros(4))

        @wrap
        def step(w=w, b=b):
            with tf.GradientTape() as tape:
                z = tf.tanh(x @ w + b)
                loss = tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=z)
                )
            for v, g in zip((w, b), tape.gradient(loss, (w, b))):
                v.assign_sub(0.1 * g)
            return loss

        ends.append(([float(step()) for _ in range(5)], w.numpy(), b.numpy()))
    np.testing.assert_allclose(ends[0][0], ends[1][0], rtol=1e-6)
    np.testing.assert_allclose(ends[0][1], ends[1][1], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(ends[0][2], ends[1][2], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("inner", [False, True])
def test_gradients_through_a_call_to_second_order(inner):
    def cube(x):
        return tf.reduce_sum(x**3)

    f = tf.function(cube)
    g = tf.function(lambda x: f(x) * 1.0) if inner else f
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as outer:
        with tf.GradientTape() as tape:
            y = g(x)
        first = tape.gradient(y, x)
    np.testing.assert_allclose(first, [3.0, 12.0])
    np.testing.assert_allclose(outer.gradient(first, x), [6.0, 12.0])


def test_unconnected_outputs_and_integer_outputs_through_a_call():
    @tf.function
    def f(x, y):
        return x * 2.0, tf.argmax(y), tf.constant(1.0)

    x, y = tf.Variable([1.0, 2.0]), tf.Variable([3.0, 1.0])
    with tf.GradientTape(persistent=True) as tape:
        a, b, c = f(x, y)
    assert int(b) == 0
    assert tape.gradient(a, y) is None
    np.testing.assert_array_equal(
        tape.gradient(c, x), [0.0, 0.0]
    )  # one operation, as in TensorFlow
    np.testing.assert_array_equal(tape.gradient(a, x), [2.0, 2.0])


def test_forward_mode_and_jacobian_of_a_call():
    f = tf.function(lambda x: tf.sin(x) * x)
    x = tf.Variable([1.0, 2.0])
    with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 0.0])) as accumulator:
        y = f(x)
    slope = np.sin(1.0) + np.cos(1.0)
    np.testing.assert_allclose(accumulator.jvp(y), [slope, 0.0], rtol=1e-6)
    with tf.GradientTape() as tape:
        y = f(x)
    np.testing.assert_allclose(tape.jacobian(y, x)[0], [slope, 0.0], rtol=1e-6)


def test_jacobian_inside():
    @tf.function
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.jacobian(y, x)

    np.testing.assert_allclose(f(tf.constant([1.0, 2.0])), [[2.0, 0.0], [0.0, 4.0]])


def test_open_sizes_show_as_none_and_serve_all():
    shapes = []

    @tf.function(input_signature=[tf.TensorSpec([None, 3])])
    def f(x):
        shapes.append((x.shape.as_list(), tf.reduce_sum(x, 1).shape.as_list(), str(x)))
        return tf.reshape(x, [tf.shape(x)[0] * 3])

    assert f(tf.ones([2, 3])).shape == [6]
    assert f(tf.ones([5, 3])).shape == [15]
    assert f.experimental_get_tracing_count() == 1
    assert shapes[0] == ([None, 3], [None], 'Tensor("x:0", shape=(None, 3), dtype=float32)')
    with pytest.raises((ValueError, TypeError)):
        f(tf.ones([3, 2]))


def test_sizes_that_change_become_open_when_asked():
    f = tf.function(lambda x: x + 1.0, reduce_retracing=True)
    for n in (2, 3, 4, 5):
        assert f(tf.ones([n])).shape == [n]
    assert f.experimental_get_tracing_count() == 2


def test_places_known_only_at_the_call():
    @tf.function
    def f(x, i, j):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x[i] * x[0, :, j][1] + x[..., i]
        return y, tape.gradient(y, x)

    x = tf.reshape(tf.range(27.0), [3, 3, 3])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x[1] * x[0, :, -1][1] + x[..., 1]
    got, slope = f(x, tf.constant(1), tf.constant(-1))
    np.testing.assert_array_equal(got, y)
    np.testing.assert_array_equal(slope, tape.gradient(y, x))


def test_slices_of_variables_are_assigned():
    v = tf.Variable(tf.zeros([3, 2]))

    @tf.function
    def f(i):
        v[i].assign([1.0, 2.0])
        v[:, 1].assign_add(tf.ones([3]))
        return v.read_value()

    np.testing.assert_array_equal(f(tf.constant(1)), [[0, 1], [1, 3], [0, 1]])
    np.testing.assert_array_equal(v, [[0, 1], [1, 3], [0, 1]])


def test_variables_are_made_on_the_first_call_only():
    class Layer(tf.Module):
        w = None

        @tf.function
        def __call__(self, x):
            if self.w is None:
                self.w = tf.Variable(tf.ones([2, 2]))
            return x @ self.w

    layer = Layer()
    np.testing.assert_array_equal(layer(tf.ones([1, 2])), [[2.0, 2.0]])
    layer.w.assign(3 * tf.ones([2, 2]))
    np.testing.assert_array_equal(layer(tf.ones([1, 2])), [[6.0, 6.0]])

    @tf.function
    def bad(x):
        return tf.Variable(1.0) * x

    with pytest.raises(ValueError, match="singleton"):
        bad(tf.constant(1.0))


def test_methods_do_not_keep_their_object():
    class Thing:
        @tf.function
        def twice(self, x):
            return x * 2.0

    thing = Thing()
    assert float(thing.twice(tf.constant(2.0))) == 4.0
    assert thing.twice is thing.twice
    gone = weakref.ref(thing)
    del thing
    gc.collect()
    assert gone() is None


def test_what_a_call_returns_belongs_to_the_caller():
    @tf.function
    def f(x):
        return x, x, tf.constant([1.0])

    x = tf.constant([1.0, 2.0])
    a, b, c = f(x)
    assert not np.shares_memory(a._value, b._value) and not np.shares_memory(a._value, x._value)
    assert not np.shares_memory(c._value, f(x)[2]._value)


@pytest.mark.skipif(settings.backend == "numpy", reason="NumPy makes its own results")
def test_memory_of_a_large_result_is_used_again_when_nobody_has_it():
    f = tf.function(lambda x, c: x * c)
    x = tf.ones([2**21])
    result, places = f(x, tf.constant(1.0)), []
    for n in range(2, 8):
        result = f(x, tf.constant(float(n)))  # while the last one is still held
        places.append(result._value.ctypes.data)
        assert float(result[0]) == float(result[-1]) == n
    assert len(set(places)) == 2
    kept = [np.asarray(f(x, tf.constant(float(n)))) for n in range(6)]
    assert [float(k[-1]) for k in kept] == [float(n) for n in range(6)]
    assert len({k.ctypes.data for k in kept}) == 6


def test_numbers_of_a_traced_tensor_are_refused():
    @tf.function(autograph=False)
    def truth(x):
        return 1 if x > 0 else 2

    with pytest.raises(TypeError, match="Python `bool`"):
        truth(tf.constant(1.0))

    leaked = []

    @tf.function
    def leak(x):
        leaked.append(x + 1.0)
        return x

    leak(tf.constant(1.0))
    with pytest.raises(TypeError, match="out of scope"):
        leaked[0] + 1.0
    with pytest.raises(AttributeError, match="numpy"):
        tf.function(lambda x: x.numpy())(tf.constant(1.0))


def test_what_cannot_be_traced_runs_eagerly_with_one_warning():
    @tf.function
    def f(x):
        return tf.boolean_mask(x, x > 1.0)

    x = tf.constant([1.0, 2.0, 3.0])
    with pytest.warns(RuntimeWarning, match="test_tracing.py"):
        first = f(x)
    np.testing.assert_array_equal(first, [2.0, 3.0])
    np.testing.assert_array_equal(f(x), [2.0, 3.0])


def test_several_threads_trace_and_call_at_once():
    v = tf.Variable(tf.ones([4]))
    f = tf.function(lambda x: tf.reduce_sum(x * v))
    results: list[float] = []

    def work(n):
        for _ in range(50):
            results.append(float(f(tf.ones([4]) * float(n))) - 4.0 * n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == [0.0] * 400
    assert f.experimental_get_tracing_count() == 1
