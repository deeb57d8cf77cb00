"""tf.function: what retraces, and Python values as constants."""

from __future__ import annotations

import numpy as np

from golden.registry import case


def tracer(tf, **options):
    """A function that doubles, and the list which grows at each trace by what was received."""
    traces = []

    @tf.function(**options)
    def double(x):
        traces.append(tf.is_tensor(x))
        return x * 2

    return double, traces


@case("retrace/tensors/{change}", change=("value", "dtype", "shape", "rank", "again"))
def tensors(tf, rng, change):
    double, traces = tracer(tf)
    first = tf.constant([1.0, 2.0])
    others = {
        "value": tf.constant([3.0, 4.0]),
        "dtype": tf.constant([1, 2]),
        "shape": tf.constant([1.0, 2.0, 3.0]),
        "rank": tf.constant([[1.0, 2.0]]),
        "again": first,
    }
    return [
        double(first),
        double(others[change]),
        double(first),
        traces,
        double.experimental_get_tracing_count(),
    ]


@case("retrace/python/{kind}", kind=("int", "float", "bool", "str", "none", "tuple", "mixed"))
def python_values(tf, rng, kind):
    """Each new Python value is a new trace; an equal one is not."""
    traces = []

    @tf.function
    def f(x, option):
        traces.append(option)
        return x + 1.0

    values = {
        "int": (1, 2, 1),
        "float": (0.5, 0.25, 0.5),
        "bool": (True, False, True),
        "str": ("relu", "tanh", "relu"),
        "none": (None, 1, None),
        "tuple": ((1, 2), (1, 3), (1, 2)),
        "mixed": (1, 1.0, True),
    }[kind]
    x = tf.constant(1.0)
    return [[f(x, v) for v in values], traces, f.experimental_get_tracing_count()]


@case("retrace/numpy")
def numpy_arguments(tf, rng):
    """Arrays become tensors: a new value is no new trace, a new shape or dtype is one."""
    double, traces = tracer(tf)
    return [
        double(np.ones(2, np.float32)),
        double(np.zeros(2, np.float32)),
        double(np.ones(2)),
        double(np.ones((2, 1), np.float32)),
        double(np.float32(3.0)),
        double(np.float32(4.0)),
        double(tf.ones(2)),
        traces,
    ]


@case("retrace/list_of_tensors")
def list_of_tensors(tf, rng):
    traces = []

    @tf.function
    def total(xs):
        traces.append(len(xs))
        return tf.add_n(xs)

    a, b = tf.constant(1.0), tf.constant(2.0)
    return [total([a]), total([a, b]), total([b, a]), total((a, b)), traces]


@case("retrace/list_of_numbers")
def list_of_numbers(tf, rng):
    traces = []

    @tf.function
    def total(xs):
        traces.append(list(xs))
        return tf.reduce_sum(xs)

    return [total([1.0, 2.0]), total([1.0, 3.0]), total([1.0, 2.0]), len(traces)]


@case("retrace/dict")
def dictionary(tf, rng):
    traces = []

    @tf.function
    def dense(params, x):
        traces.append(sorted(params))
        y = tf.matmul(x, params["w"])
        return y + params["b"] if "b" in params else y

    x, w, b = rng.tensor(2, 3), rng.tensor(3, 2), rng.tensor(2)
    return [
        dense({"w": w}, x),
        dense({"w": w, "b": b}, x),
        dense({"b": b, "w": w}, x),
        dense({"w": w * 2.0, "b": b}, x),
        traces,
    ]


@case("retrace/objects")
def objects(tf, rng):
    """An object is known by what it is, not by its fields."""
    traces = []

    class Scale:
        def __init__(self, by):
            self.by = by

    @tf.function
    def f(scale, x):
        traces.append(scale.by)
        return x * scale.by

    one, two, x = Scale(2.0), Scale(2.0), tf.constant(3.0)
    found = [f(one, x), f(two, x), f(one, x)]
    one.by = 10.0
    return [found, f(one, x), traces]


@case("retrace/functions_as_arguments")
def functions_as_arguments(tf, rng):
    traces = []

    @tf.function
    def apply(f, x):
        traces.append(f.__name__)
        return f(x)

    x = rng.tensor(3)
    return [apply(tf.nn.relu, x), apply(tf.tanh, x), apply(tf.nn.relu, x * 2), traces]


@case("retrace/variables_as_arguments")
def variables_as_arguments(tf, rng):
    traces = []

    @tf.function
    def bump(v, by):
        traces.append(v.shape)
        v.assign_add(by)
        return v * 2.0

    a, b, c = tf.Variable(1.0), tf.Variable(2.0), tf.Variable([1.0, 2.0])
    one = tf.constant(1.0)
    return [bump(a, one), bump(b, one), bump(a, one), bump(c, tf.ones(2)), a, b, c, len(traces)]


@case("retrace/swapped_variables")
def swapped_variables(tf, rng):
    traces = []

    @tf.function
    def difference(v, w):
        traces.append(1)
        return v - w

    a, b = tf.Variable(3.0), tf.Variable(1.0)
    return [difference(a, b), difference(b, a), difference(a, a), len(traces)]


@case("retrace/many")
def many(tf, rng):
    double, traces = tracer(tf)
    found = [double(tf.ones([n])) for n in range(1, 5)]
    return [found, len(traces), double.experimental_get_tracing_count()]


@case("constants/loop_unrolled")
def loop_unrolled(tf, rng):
    @tf.function
    def power(x, n):
        y = tf.ones_like(x)
        for _ in range(n):
            y = y * x
        return y

    x = rng.tensor(3)
    return [power(x, 0), power(x, 3), power(x, 5), power.experimental_get_tracing_count()]


@case("constants/branch_chosen")
def branch_chosen(tf, rng):
    @tf.function
    def f(x, training):
        if training:
            return x * 2.0
        return x - 1.0

    x = rng.tensor(3)
    return [f(x, True), f(x, False), f(x, tf.constant(True)), f(x, tf.constant(False))]


@case("constants/closure_frozen")
def closure_frozen(tf, rng):
    """A Python number of the outside is read while tracing, once for each trace."""
    state = {"scale": 2.0}

    @tf.function
    def f(x):
        return x * state["scale"]

    a = f(tf.constant(1.0))
    state["scale"] = 5.0
    return [a, f(tf.constant(1.0)), f(tf.constant([1.0]))]


@case("constants/tensor_closure")
def tensor_closure(tf, rng):
    x = rng.tensor(2, 2)
    table = [x, x + 1.0]

    @tf.function
    def f(i):
        return tf.gather(table[0], i) + table[1]

    return [f(tf.constant(0)), f(tf.constant(1)), f.experimental_get_tracing_count()]


@case("constants/numpy_closure")
def numpy_closure(tf, rng):
    w = rng.array(3, 2)

    @tf.function
    def f(x):
        return tf.matmul(x, w) + np.float32(1.0)

    a = f(tf.ones([1, 3]))
    w[:] = 0.0
    return [a, f(tf.ones([1, 3])), f(tf.ones([2, 3]))]


@case("constants/dtype_and_axis")
def dtype_and_axis(tf, rng):
    @tf.function
    def f(x, axis=None, dtype=tf.float64):
        return tf.cast(tf.reduce_sum(x, axis=axis), dtype)

    x = rng.tensor(2, 3)
    return [f(x), f(x, 0), f(x, axis=-1, dtype=tf.float32), f(x, (0, 1), tf.int32)]
