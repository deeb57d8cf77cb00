"""tf.function: the order of effects, what happens once per trace, printing, assertions, Python inside."""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import redirect_stdout

import numpy as np

from golden.outcome import raised
from golden.registry import case


@case("python_effects/{form}", form=("append", "counter", "dict", "attribute", "retrace"))
def python_effects(tf, rng, form):
    """Python's effects happen while tracing only."""
    log, state = [], {"n": 0}

    class Holder:
        n = 0

    @tf.function
    def f(x):
        if form == "append":
            log.append("traced")
        elif form == "counter":
            state["n"] += 1
        elif form == "dict":
            state[str(x.dtype)] = True
        elif form == "attribute":
            Holder.n = Holder.n + 1
        else:
            log.append(x.shape)
        return x + 1

    found = [f(tf.constant(1)), f(tf.constant(2)), f(tf.constant(1.0)), f(tf.constant([1, 2]))]
    return [found, log, state, Holder.n]


@case("prints/{form}", form=("once", "per_trace", "text", "both", "loop", "python_loop"))
def prints(tf, rng, form):
    """Python's print shows while tracing, once; what it shows are symbols."""
    out = io.StringIO()

    @tf.function
    def f(x):
        if form == "text":
            print("x is", x, "and its shape", x.shape)
        elif form == "loop":
            for i in tf.range(3):
                print("body", i.dtype)
                x = x + tf.cast(i, x.dtype)
        elif form == "python_loop":
            for i in range(3):
                print("step", i)
                x = x + i
        else:
            print("tracing")
        return x * 2

    with redirect_stdout(out):
        found = [f(tf.constant(1)), f(tf.constant(2))]
        if form in ("per_trace", "both"):
            found += [f(tf.constant(1.0)), f(tf.constant(2.0)), f(tf.constant([1]))]
    return [found, out.getvalue()]


def printed(tf, call):
    """What tf.print writes into the file that `call` is given."""
    handle, path = tempfile.mkstemp()
    os.close(handle)
    found = call(f"file://{path}")
    with open(path) as file:
        text = file.read()
    os.remove(path)
    return [found, text]


@case(
    "tf_print/{form}",
    form=("each_call", "order", "values", "condition", "loop", "variable", "formatted", "nest"),
)
def tf_print(tf, rng, form):
    """tf.print runs each time, with values, in order."""

    def call(target):
        v = tf.Variable(1)

        @tf.function
        def f(x):
            if form == "each_call":
                tf.print("x:", x, output_stream=target)
            elif form == "order":
                tf.print("first", output_stream=target)
                y = x * 2
                tf.print("second", y, output_stream=target)
                tf.print("third", output_stream=target)
            elif form == "values":
                tf.print(tf.stack([x, x + 1]), x.shape, 3, output_stream=target)
            elif form == "condition":
                if x > 1:
                    tf.print("large", x, output_stream=target)
                else:
                    tf.print("small", x, output_stream=target)
            elif form == "loop":
                for i in tf.range(x):
                    tf.print("i =", i, output_stream=target)
            elif form == "variable":
                tf.print(v, output_stream=target)
                v.assign_add(x)
                tf.print("now", v, output_stream=target)
            elif form == "formatted":
                tf.print("a", x, "b", sep="|", end="<\n", output_stream=target)
            else:
                tf.print({"x": x, "pair": (x, x * 2)}, [x], output_stream=target)
            return x + 1

        return [f(tf.constant(1)), f(tf.constant(2))]

    return printed(tf, call)


@case(
    "asserts/{form}",
    form=(
        "equal",
        "positive",
        "less",
        "shapes",
        "assert",
        "in_branch",
        "message",
        "near",
        "all_finite",
    ),
)
def asserts(tf, rng, form):
    """An assertion about values is checked at each call."""

    @tf.function
    def f(x):
        if form == "equal":
            tf.debugging.assert_equal(tf.reduce_sum(x), 3.0, message="sum")
        elif form == "positive":
            tf.debugging.assert_positive(x)
        elif form == "less":
            tf.debugging.assert_less(x, 3.0)
        elif form == "shapes":
            tf.debugging.assert_shapes([(x, ("N",))])
        elif form == "assert":
            tf.Assert(tf.reduce_all(x > 0), [x])
        elif form == "in_branch":
            if tf.reduce_sum(x) < 0.0:
                tf.debugging.assert_equal(1.0, x[0])
        elif form == "message":
            tf.debugging.assert_greater(x, 0.0, message="x must be positive")
        elif form == "near":
            tf.debugging.assert_near(x, [1.0, 2.0])
        else:
            x = tf.debugging.check_numerics(x / x, "division")
        return x * 2.0

    good, bad = tf.constant([1.0, 2.0]), tf.constant([-4.0, 0.0])
    return [
        f(good),
        raised(lambda: f(bad), "x must be positive" if form == "message" else ""),
        f(good),
    ]


@case("asserts/while_tracing/{form}", form=("rank", "shape", "type", "static", "python"))
def asserts_while_tracing(tf, rng, form):
    """What is known while tracing is checked then."""

    @tf.function
    def f(x):
        if form == "rank":
            tf.debugging.assert_rank(x, 2)
        elif form == "shape":
            tf.debugging.assert_shapes([(x, (2, 2))])
        elif form == "type":
            tf.debugging.assert_type(x, tf.int32)
        elif form == "static":
            tf.debugging.assert_equal(tf.constant(1), tf.constant(2))
        else:
            assert x.shape.rank == 2, "a matrix"
        return x

    return raised(lambda: f(tf.constant([1.0, 2.0])))


@case("error_then_on")
def error_then_on(tf, rng):
    """A failing call leaves the function usable."""
    v = tf.Variable(0.0)

    @tf.function
    def f(x):
        v.assign_add(1.0)
        tf.debugging.assert_positive(x)
        v.assign_add(10.0)
        return v.read_value()

    failed = raised(lambda: f(tf.constant(-1.0)))
    before = v.numpy()
    return [
        failed,
        f(tf.constant(1.0)) - before,
        v.numpy() - before,
        f.experimental_get_tracing_count(),
    ]


@case(
    "py_function/{form}",
    form=("value", "numpy", "effect", "gradient", "several", "numpy_function", "shape", "eager"),
)
def py_function(tf, rng, form):
    """Python called at each run, with eager values."""
    seen = []

    def work(x):
        seen.append(float(np.sum(x.numpy())))
        return x * 2.0

    x = tf.constant([1.0, 2.0])
    if form == "gradient":

        @tf.function
        def g(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.py_function(lambda v: v**3, [x], tf.float32)
            return y, tape.gradient(y, x)

        return [g(x), g(x + 1.0)]

    @tf.function
    def f(x):
        if form in ("value", "effect"):
            return tf.py_function(work, [x], tf.float32)
        if form == "numpy":
            return tf.py_function(lambda v: np.cumsum(v.numpy()), [x], tf.float32)
        if form == "several":
            return tf.py_function(
                lambda a, b: (a + b, a - b), [x, x * 2.0], [tf.float32, tf.float32]
            )
        if form == "numpy_function":
            return tf.numpy_function(lambda v: np.sort(v)[::-1].copy(), [x], tf.float32)
        if form == "shape":
            y = tf.py_function(work, [x], tf.float32)
            seen.append(y.shape)
            y.set_shape(x.shape)
            seen.append(y.shape)
            return y
        return tf.py_function(lambda v: tf.constant(float(tf.executing_eagerly())), [x], tf.float32)

    return [f(x), f(x + 1.0), seen]


@case("order/mixed")
def mixed_order(tf, rng):
    """Updates, prints and reads keep the order in which they were written."""

    def call(target):
        v = tf.Variable(1.0)

        @tf.function
        def f():
            tf.print(v, output_stream=target)
            v.assign_add(1.0)
            tf.print(v, output_stream=target)
            a = v * 10.0
            v.assign(0.0)
            tf.print(v, a, output_stream=target)
            return a

        return [f(), f(), v]

    return printed(tf, call)


@case("random_python_state")
def random_python_state(tf, rng):
    """NumPy's random numbers are drawn while tracing: a constant of the graph."""
    bits = np.random.RandomState(3)

    @tf.function
    def f(x):
        return x + bits.randint(1000)

    a = [f(tf.constant(0)), f(tf.constant(0))]
    return [a, f(tf.constant([0])), int(bits.randint(1000))]
