"""tf.cond, tf.while_loop, tf.map_fn and their kin in traced functions, and gradients through all of them."""

from __future__ import annotations

import numpy as np
import pytest

import gradtape as tf

RNG = np.random.default_rng(7)


def f64(*shape):
    return tf.constant(RNG.normal(size=shape))


def two_orders(function, xs):
    """Value, gradients, and gradients of a sum made of the gradients."""
    with tf.GradientTape() as outer:
        outer.watch(xs)
        with tf.GradientTape() as inner:
            inner.watch(xs)
            y = function(*xs)
        first = inner.gradient(y, xs, unconnected_gradients="zero")
        total = tf.add_n([tf.reduce_sum(tf.sin(g)) for g in first])
    return [y, *first, *outer.gradient(total, xs, unconnected_gradients="zero")]


def branch(x, y):
    return x * y * y if tf.reduce_sum(x) > 0 else tf.sin(x) * y


def nested_branches(x, y):
    if x > 0:
        if y > 1:
            z = x**3 * y
        else:
            z = y * y
    else:
        z = x
    return z * x


def power_loop(x, y):
    while x < 20.0:
        x = x * y
    return x


def branches_in_a_loop(x, y):
    s = 0.0 * x
    for i in tf.range(4):
        if s > 3.0:
            s = s + x * tf.cast(i, s.dtype)
        else:
            s = s * y + x
    return s


def loops_in_a_loop(x, y):
    for i in tf.range(3):
        for _ in tf.range(i + 1):
            x = tf.tanh(x @ y)
    return tf.reduce_sum(x * x)


def way_out(x, y):
    a, b = x, y
    for _ in tf.range(5):
        a, b = b, a * b
        if a > 10.0:
            break
    return a + b


def scanned(x, y):
    return tf.reduce_sum(tf.scan(lambda a, t: a * t + tf.sin(t) * y, x) ** 2)


def scanned_from(x, y):
    history = tf.scan(lambda a, t: (a[0] * t, a[1] + a[0]), x, (y, y), reverse=True)
    return tf.reduce_sum(history[0] * history[1])


def mapped(x, y):
    return tf.reduce_sum(tf.map_fn(lambda t: t * tf.exp(t * y), x) * x)


def mapped_nest(x, y):
    a, b = tf.map_fn(
        lambda t: (t[0] * t[1], t[0] + y), (x, x * x), fn_output_signature=(x.dtype, x.dtype)
    )
    return tf.reduce_sum(a * b)


def vectorized(x, y):
    return tf.reduce_sum(tf.vectorized_map(lambda t: t * t * y, x))


def folded(x, y):
    return tf.foldl(lambda a, t: a * t + t, x, y) + tf.foldr(lambda a, t: a * y - t, x)


def written(x, y):
    array = tf.TensorArray(x.dtype, size=0, dynamic_size=True)
    h = y
    for i in tf.range(tf.shape(x)[0]):
        h = tf.tanh(h * x[i] + y)
        array = array.write(i, h)
    return tf.reduce_sum(array.stack() ** 2)


def explicit(x, y):
    def body(i, a, b):
        return i + 1, a * y + x, b + a

    return tf.add_n(tf.while_loop(lambda i, a, b: i < 4, body, (0, x, y))[1:])


def chosen(x, y):
    index = tf.cast(tf.round(tf.abs(y)), tf.int32)
    a = tf.switch_case(index, [lambda: x, lambda: x * x, lambda: x * y])
    return a + tf.case([(x > 10.0, lambda: x), (y > 0.0, lambda: y * x)], default=lambda: x - y)


SCALARS = tf.constant(2.0, tf.float64), tf.constant(1.5, tf.float64)
CASES = [
    (branch, (f64(3) + 2.0, f64(3))), (branch, (f64(3) - 2.0, f64(3))), (nested_branches, SCALARS),
    (nested_branches, (SCALARS[0], -SCALARS[1])), (nested_branches, (-SCALARS[0], SCALARS[1])), (power_loop, SCALARS),
    (power_loop, (SCALARS[0] * 15.0, SCALARS[1])), (branches_in_a_loop, SCALARS),
    (loops_in_a_loop, (f64(2, 3), f64(3, 3))), (way_out, SCALARS), (scanned, (f64(5), f64())),
    (scanned_from, (f64(4), f64())), (mapped, (f64(5), f64())), (mapped_nest, (f64(4), f64())),
    (vectorized, (f64(4), f64())), (folded, (f64(5), f64())), (written, (f64(5), f64())), (explicit, SCALARS),
    (chosen, SCALARS), (chosen, (SCALARS[0], -SCALARS[1])),
]  # fmt: skip


@pytest.mark.parametrize(("function", "xs"), CASES, ids=lambda v: getattr(v, "__name__", ""))
def test_values_and_gradients_of_two_orders(function, xs):
    xs = list(xs)
    wanted = two_orders(function, xs)  # eager
    compiled = tf.function(function)
    outside = two_orders(compiled, xs)
    whole = tf.function(lambda *given: two_orders(function, list(given)))
    inside = whole(*xs)
    assert not compiled._eager
    assert not whole._eager
    for got in (outside, inside):
        for a, b in zip(got, wanted):
            assert a.shape == b.shape
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_third_order_through_a_loop():
    def f(x):
        y = x
        for _ in tf.range(3):
            y = y * x
        return y

    @tf.function
    def third(x):
        with tf.GradientTape() as a:
            a.watch(x)
            with tf.GradientTape() as b:
                b.watch(x)
                with tf.GradientTape() as c:
                    c.watch(x)
                    y = f(x)
                first = c.gradient(y, x)
            second = b.gradient(first, x)
        return y, first, second, a.gradient(second, x)

    got = [float(v) for v in third(tf.constant(3.0, tf.float64))]
    assert got == pytest.approx([81.0, 108.0, 108.0, 72.0])


def test_jacobian_through_branches_and_loops():
    def f(x):
        for _ in tf.range(2):
            x = tf.sin(x) * tf.reduce_sum(x) if x[0] > 0 else x * x
        return x

    x = tf.constant([0.5, -0.2, 0.3], tf.float64)
    found = []
    for function in (f, tf.function(f)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        found.append(tape.jacobian(y, x))
    np.testing.assert_allclose(found[1], found[0], rtol=1e-10)


def test_a_branch_or_loop_without_a_path_gives_none():
    @tf.function
    def f(x, y):
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            z = x if x > 0 else -x
            for _ in tf.range(2):
                z = z * tf.stop_gradient(y)
        return tape.gradient(z, [x, y])

    dx, dy = f(tf.constant(2.0), tf.constant(3.0))
    assert float(dx) == 9.0
    assert dy is None


# --- variables ---


@pytest.mark.parametrize("place", ["outside", "inside"])
def test_the_gradient_by_a_variable_counts_readings_not_assignments(place):
    w = tf.Variable(2.0)

    def f(x):
        s = 0.0
        for i in tf.range(3):
            w.assign(w * 2.0)
            if x > 0:
                s += w * x * tf.cast(i, tf.float32)
        return s

    def run(function):
        w.assign(2.0)
        with tf.GradientTape() as tape:
            y = function(tf.constant(3.0))
        return y, tape.gradient(y, w)

    whole = tf.function(lambda: run(f)) if place == "inside" else (lambda: run(tf.function(f)))
    assert [float(v) for v in whole()] == [120.0, 9.0]  # as TensorFlow
    assert float(w) == 16.0


def test_a_training_loop_in_one_call():
    x = tf.constant(RNG.normal(size=(32, 4)).astype(np.float32))
    y = tf.reduce_sum(x, 1, keepdims=True)

    def train(w, optimizer, steps):
        loss = 0.0
        for _ in tf.range(steps):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((x @ w - y) ** 2)
            optimizer.apply_gradients([(tape.gradient(loss, w), w)])
        return loss

    found = []
    for decorate in (lambda f: f, tf.function):
        w, optimizer = tf.Variable(tf.zeros([4, 1])), tf.keras.optimizers.Adam(0.1)
        optimizer.build([w])
        function = decorate(train)
        found.append((float(function(w, optimizer, tf.constant(20))), w.numpy()))
        assert optimizer.iterations.numpy() == 20
    np.testing.assert_allclose(found[1][0], found[0][0], rtol=1e-5)
    np.testing.assert_allclose(found[1][1], found[0][1], rtol=1e-5)


def test_a_variable_and_a_tensor_that_held_its_value():
    v = tf.Variable(1.0)

    @tf.function
    def f():
        before = tf.convert_to_tensor(v)
        s = 0.0
        for _ in tf.range(3):
            v.assign_add(1.0)
            s += before + 10.0 * v
        return s

    assert float(f()) == 3.0 + 10.0 * (2 + 3 + 4)


def test_random_numbers_in_a_branch():
    @tf.function
    def f(x):
        for _ in tf.range(2):
            if x > 0:
                x = x + tf.random.uniform([], 0.5, 1.0)
        return x

    values = {float(f(tf.constant(1.0))) for _ in range(4)}
    assert len(values) == 4
    assert all(2.0 <= v <= 3.0 for v in values)


def test_a_gradient_through_random_numbers_in_a_loop_runs_eagerly():
    @tf.function
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x
            for _ in tf.range(2):
                y = y * tf.random.uniform([], 2.0, 3.0)
        return y, tape.gradient(y, x)

    with pytest.warns(RuntimeWarning, match="random numbers"):
        y, g = f(tf.constant(2.0))
    assert float(g) == pytest.approx(float(y) / 2.0)


def test_what_is_printed_on_the_way_forward_is_not_printed_on_the_way_back(capfd):
    @tf.function
    def f(x):
        if x > 0:
            tf.print("up")
            x = x * x
        return x

    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    assert float(tape.gradient(y, x)) == 6.0
    assert capfd.readouterr().err == "up\n"


# --- the functions themselves ---


def run(function, *args):
    f = tf.function(function)
    result = f(*args)
    assert not f._eager
    return tf.nest.map_structure(lambda t: t.numpy().tolist(), result)


X = tf.constant(2.0)


def test_results_keep_their_form():
    assert run(lambda x: tf.cond(x > 0, lambda: [x], lambda: [x + 1]), X) == [2.0]
    assert run(
        lambda x: tf.cond(x > 0, lambda: {"a": x, "b": (x, 1)}, lambda: {"a": -x, "b": (x, 2)}), X
    ) == {
        "a": 2.0,
        "b": (2.0, 1),
    }
    assert tf.function(lambda x: tf.cond(x > 0, lambda: None, lambda: None))(X) is None
    assert run(lambda x: tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0]), X) == [3]
    assert run(lambda x: tf.while_loop(lambda i: i < 3, lambda i: i + 1, (tf.constant(0),)), X) == (
        3,
    )
    assert run(
        lambda x: tf.while_loop(lambda i: True, lambda i: i + 1, [0], maximum_iterations=4), X
    ) == [4]
    limited = lambda n: tf.while_loop(lambda i: True, lambda i: i + 1, [0], maximum_iterations=n)
    assert run(limited, tf.constant(6)) == [6]
    assert run(lambda x: tf.map_fn(lambda t: t * x, tf.constant([1.0, 2.0])), X) == [2.0, 4.0]
    assert run(lambda x: tf.cond(tf.constant([True]), lambda: x, lambda: -x), X) == 2.0


def test_switch_case_takes_the_last_branch_outside_of_the_range():
    branches = [lambda: 1.0, lambda: 2.0]
    f = tf.function(
        lambda i: (tf.switch_case(i, branches), tf.switch_case(i, branches, default=lambda: 9.0))
    )
    got = [tuple(float(v) for v in f(tf.constant(i))) for i in (0, 1, 2, -1)]
    assert got == [(1.0, 1.0), (2.0, 2.0), (2.0, 9.0), (2.0, 9.0)]


def test_case_without_a_default_raises_when_nothing_holds():
    f = tf.function(lambda x: tf.case([(x > 3, lambda: 1.0), (x > 1, lambda: 2.0)]))
    assert float(f(X)) == 2.0
    with pytest.raises(tf.errors.InvalidArgumentError, match="None of the conditions"):
        f(-X)


ERRORS = {
    "dtype": (lambda x: tf.cond(x > 0, lambda: x, lambda: tf.constant(1)), TypeError, "same number, type"),
    "number": (lambda x: tf.cond(x > 0, lambda: (x, x), lambda: x), AssertionError, "same number, type"),
    "none": (lambda x: tf.cond(x > 0, lambda: None, lambda: x), ValueError, "same number, type"),
    "keys": (lambda x: tf.cond(x > 0, lambda: {"a": x}, lambda: {"b": x}), TypeError, "same number, type"),
    "pred": (lambda x: tf.cond(x, lambda: x, lambda: x), tf.errors.InvalidArgumentError, "expected bool"),
    "bool": (lambda x: tf.cond(True, lambda: x, lambda: x), TypeError, "pred must not be a Python bool"),
    "shape": (
        lambda x: tf.while_loop(lambda a: True, lambda a: [tf.stack([a, a])], [x]), ValueError,
        "enters the loop with shape \\(\\), but has shape \\(2,\\)",
    ),
    "loop dtype": (
        lambda x: tf.while_loop(lambda a: a < 3, lambda a: [tf.cast(a, tf.float64)], [x]), TypeError,
        "enters the loop with type float32 but has type float64",
    ),
    "structure": (lambda x: tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1,), (0, x)), ValueError, "structure"),
    "one": (lambda x: tf.while_loop(lambda i: i < 3, lambda i: i + 1, 0), TypeError, "loop_vars"),
    "map": (lambda x: tf.map_fn(lambda t: (t, t), tf.constant([1.0])), ValueError, "fn_output_signature"),
    "map dtype": (
        lambda x: tf.map_fn(lambda t: tf.cast(t, tf.int32), tf.constant([1.0])), tf.errors.InvalidArgumentError,
        "fn_output_signature",
    ),
    "scalar": (lambda x: tf.map_fn(lambda t: t, x), ValueError, "1\\+ dimensional"),
    "indices": (lambda x: tf.switch_case(tf.cast(x, tf.int32), {0: lambda: x, 7: lambda: x}), ValueError, "contiguous"),
    "leak": (lambda x: _leak(x), ValueError, "out of scope"),
}  # fmt: skip


def _leak(x):
    kept = []

    def yes():
        kept.append(x * 2)
        return x

    tf.cond(x > 0, yes, lambda: x)
    return kept[0] + 1


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    function, error, text = ERRORS[name]
    with pytest.raises(error, match=text):
        tf.function(function)(X)


# --- layers and losses of the user's ---


def test_layers_losses_and_steps_are_converted():
    class Gate(tf.keras.layers.Layer):
        def call(self, inputs, training=False):
            if tf.reduce_sum(inputs) > 0:
                inputs = inputs * 2.0
            return inputs if training else -inputs

    def loss(y, p):
        return (
            tf.reduce_mean((y - p) ** 2) if tf.reduce_sum(p) > 0 else tf.reduce_mean(tf.abs(y - p))
        )

    layer = Gate()
    f = tf.function(lambda x, training: layer(x, training=training))
    assert [f(tf.constant([[v]]), True).numpy().item() for v in (1.0, -1.0)] == [2.0, -1.0]
    assert f(tf.constant([[1.0]]), False).numpy().item() == -2.0
    model = tf.keras.Sequential([Gate(), tf.keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", loss)
    history = model.fit(np.ones((4, 1), np.float32), np.full((4, 1), 3.0, np.float32), verbose=0)
    assert history.history["loss"] == [1.0]


# --- gradients that the user has written ---


@tf.custom_gradient
def clipped(x, y):
    product = x * y

    def grad(upstream):
        return tf.clip_by_value(upstream, -0.5, 0.5) * y, upstream * product

    return product, grad


def straight(x, y):
    return clipped(x * 2.0, y) ** 2


def in_control_flow(x, y):
    for _ in tf.range(3):
        if x > 0:
            x = clipped(x, y)
        else:
            x = clipped(x * x, y) - 1.0
    return x


def computed_again(x, y):
    block = tf.recompute_grad(lambda a, b: tf.sin(a) * b)
    for _ in tf.range(2):
        x = block(x, y)
    return x


@pytest.mark.parametrize("function", [straight, in_control_flow, computed_again])
def test_gradients_of_the_users_count_wherever_the_tape_is(function):
    xs = [tf.constant(1.5, tf.float64), tf.constant(-0.7, tf.float64)]
    wanted = two_orders(function, xs)
    compiled = tf.function(function)
    whole = tf.function(lambda *given: two_orders(function, list(given)))
    for got in (two_orders(compiled, xs), whole(*xs)):
        for a, b in zip(got, wanted):
            np.testing.assert_allclose(a, b, rtol=1e-9)
    assert not compiled._eager
    assert not whole._eager
