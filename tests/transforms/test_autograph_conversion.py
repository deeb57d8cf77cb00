"""How functions are converted: what is left to Python, what is traced once, methods, lambdas, sources."""

from __future__ import annotations

import functools
import subprocess
import sys

import pytest
from test_autograph import assertion, if_else, traced

import gradtape as tf
from gradtape.base.errors import OperatorNotAllowedInGraphError

X = tf.constant(2.0)

# --- what cannot be traced ---


def test_other_shapes_in_branches_run_eagerly_with_one_warning():
    @tf.function
    def f(x):
        return tf.zeros([2]) if x > 0 else tf.zeros([3])

    with pytest.warns(
        RuntimeWarning, match=r"different shapes.*\n.*test_autograph_conversion\.py:\d+: return tf"
    ):
        assert f(X).shape == (2,)
    assert f(-X).shape == (3,)


def test_loops_over_datasets():
    data = tf.data.Dataset.range(5).map(lambda v: (v, tf.cast(v, tf.float32) * 2.0))

    @tf.function
    def f(x):
        for i, (v, w) in enumerate(data):
            if v == 4:
                break
            x = x + tf.cast(v * i, tf.float32) + w
        return x

    for _ in range(2):
        assert float(f(X)) == 2.0 + (0 + 1 + 4 + 9) + (0 + 2 + 4 + 6)
    assert not f._eager


def test_an_iterator_is_read_each_time():
    iterator = iter(tf.data.Dataset.range(3))
    f = tf.function(lambda: next(iterator) * 10)
    assert [int(f()) for _ in range(3)] == [0, 10, 20]
    with pytest.raises(tf.errors.OutOfRangeError):
        f()


def test_a_loop_over_batches_of_open_size_runs_eagerly():
    @tf.function
    def f(x):
        for v in tf.data.Dataset.range(4).batch(3):
            x = x + tf.cast(tf.reduce_sum(v), tf.float32)
        return x

    with pytest.warns(RuntimeWarning, match="tf.data.Dataset"):
        assert float(f(X)) == 8.0


def test_loop_options():
    def most(x):
        n = 0
        for _ in tf.range(10):
            tf.autograph.experimental.set_loop_options(maximum_iterations=3)
            n += 1
        return n

    assert int(traced(most, X)) == 3

    @tf.function
    def grows(x):
        v = tf.constant((0,))
        for i in tf.range(3):
            tf.autograph.experimental.set_loop_options(
                shape_invariants=[(v, tf.TensorShape([None]))]
            )
            v = tf.concat((v, [i]), 0)
        return v

    with pytest.warns(RuntimeWarning, match="changes from turn to turn"):
        assert grows(X).numpy().tolist() == [0, 0, 1, 2]


# --- what is traced once ---


def test_python_runs_once_per_trace(capsys):
    @tf.function
    def f(x):
        print("start")
        for _ in tf.range(3):
            print("turn")
            x += 1.0
        if x > 0:
            print("yes")
        else:
            print("no")
        return x

    f(X)
    f(X + 1.0)
    assert capsys.readouterr().out.split() == ["start", "turn", "yes", "no"]


def test_effects_happen_in_the_branch_that_is_taken(capfd):
    v = tf.Variable(0.0)

    @tf.function
    def f(x):
        for i in tf.range(3):
            if x > 0:
                tf.print("up", i)
                v.assign_add(x)
            else:
                v.assign_sub(1.0)
            x -= 1.0
        return v * 1.0

    assert float(f(tf.constant(2.0))) == 2.0
    assert float(v) == 2.0
    assert capfd.readouterr().err.split("\n") == ["up 0", "up 1", ""]


# --- conversion ---


class Net(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(3.0)

    def inner(self, x):
        return x * self.w if x > 0 else x

    @tf.function
    def __call__(self, x):
        return self.inner(x)


class Deeper(Net):
    @tf.function
    def __call__(self, x):
        if x > 1:
            y = super().inner(x)
        else:
            y = super().inner(-x)
        return y


def test_methods_and_super():
    net, deeper = Net(), Deeper()
    assert [float(net(tf.constant(x))) for x in (2.0, -2.0)] == [6.0, -2.0]
    assert [float(deeper(tf.constant(x))) for x in (2.0, -2.0)] == [6.0, 6.0]


def test_decorators_of_the_users_stay():
    def twice(f):
        @functools.wraps(f)
        def wrapper(*args):
            return f(*args) * 2.0

        return wrapper

    @tf.function
    @twice
    def f(x):
        if x > 0:
            return x
        return -x

    assert float(f(tf.constant(-3.0))) == 6.0
    assert not f._eager


def test_recursion_generators_and_keyword_arguments():
    def count(n):
        return 0 if n == 0 else 1 + count(n - 1)

    def items(*values, scale=1.0):
        yield from (v * scale for v in values)

    def f(x, *, depth=3):
        for v in items(x, x, scale=2.0):
            x = x + v if x > 0 else x
        return x * count(depth)

    assert float(traced(f, X)) == 10.0 * 3


def test_nonlocal_and_default_arguments():
    total = tf.constant(0.0)

    def outer(x, factor=2.0):
        nonlocal total
        if x > 0:
            total = x * factor
        else:
            total = -x
        return total

    assert float(traced(outer, X)) == 4.0
    total = 0.0


def test_lambdas_are_told_apart():
    first, second = (lambda x: x if x > 0 else -x), (lambda x: 1.0 if x > 0 else x)
    assert float(traced(first, tf.constant(-4.0))) == 4.0
    assert float(traced(second, tf.constant(4.0))) == 1.0


def test_not_converted_where_told():
    @tf.autograph.experimental.do_not_convert
    def plain(x):
        return x if x > 0 else -x

    for f in (tf.function(lambda x: plain(x)), tf.function(if_else, autograph=False)):
        with pytest.raises(OperatorNotAllowedInGraphError):
            f(X)


def test_source_that_is_not_to_be_had(caplog):
    scope = {"tf": tf}
    exec("def f(x):\n    return x if x > 0 else -x", scope)
    with pytest.raises(OperatorNotAllowedInGraphError):
        tf.function(scope["f"])(X)
    scope["f"].__code__ = scope["f"].__code__.replace(co_filename="gone.py")
    with pytest.raises(OperatorNotAllowedInGraphError):
        tf.function(scope["f"])(X)
    assert "will run it as-is" in caplog.text


def test_code_and_graph():
    code = tf.autograph.to_code(if_else)
    assert code.startswith("def tf__if_else(x):")
    assert "ag__.if_stmt(" in code
    converted = tf.autograph.to_graph(if_else)
    assert float(converted(X)) == 4.0  # outside of a traced function it is Python
    assert float(tf.function(converted)(X)) == 4.0
    code = tf.autograph.to_code(
        assertion,
        experimental_optional_features=tf.autograph.experimental.Feature.ASSERT_STATEMENTS,
    )
    assert "ag__.assert_stmt(" in code


def test_what_has_no_control_flow_is_not_converted():
    text = """
import sys
import gradtape as tf
@tf.function
def step(x, w):
    with tf.GradientTape() as tape:
        tape.watch(w)
        loss = tf.reduce_sum(tf.stack([tf.sigmoid(x @ w) ** 2 for _ in 'ab']))
    return [g * 2.0 for g in tape.gradient(loss, [w])]
step(tf.ones([2, 3]), tf.ones([3, 1]))
assert not step._eager and 'malt' not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
