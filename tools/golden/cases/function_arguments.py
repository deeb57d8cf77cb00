"""tf.function: kinds of arguments, input_signature, reduce_retracing."""

from __future__ import annotations

import functools
from collections import OrderedDict, namedtuple

import numpy as np

from golden.outcome import raised
from golden.registry import case

Point = namedtuple("Point", ["x", "y"])


@case("input_signature/{form}", form=("fixed", "none", "unknown_rank", "scalar", "two", "names"))
def input_signature(tf, rng, form):
    spec = tf.TensorSpec
    traces = []

    def body(*xs):
        traces.append([x.shape for x in xs])
        return tf.add_n([tf.reduce_sum(x) for x in xs])

    signature = {
        "fixed": [spec([2], tf.float32)],
        "none": [spec([None, 2], tf.float32)],
        "unknown_rank": [spec(None, tf.float32)],
        "scalar": [spec([], tf.float32)],
        "two": [spec([None], tf.float32), spec([], tf.float32)],
        "names": [
            spec([None], tf.float32, name="features"),
            spec([None], tf.float32, name="weights"),
        ],
    }[form]

    def one(x):
        return body(x)

    def two(x, y):
        return body(x, y)

    one = two = tf.function(one if len(signature) == 1 else two, input_signature=signature)
    a, b = tf.constant([1.0, 2.0]), tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    calls = {
        "fixed": lambda: [one(a), one(a * 2)],
        "none": lambda: [one(b), one(b[:1]), one(tf.zeros([0, 2]))],
        "unknown_rank": lambda: [one(b), one(a), one(tf.constant(7.0))],
        "scalar": lambda: [one(tf.constant(2.0)), one(3.0), one(np.float32(4.0)), one(5)],
        "two": lambda: [two(a, 1.0), two([1.0, 2.0, 3.0], tf.constant(2.0)), two(x=a, y=1.0)],
        "names": lambda: [two(a, a), two(y=a, x=a)],
    }
    return [calls[form](), traces]


@case("input_signature/converts")
def converts(tf, rng):
    """Python and NumPy values take the dtype of the signature."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def f(x):
        return x * 2

    return [
        f([1, 2]),
        f((1.5, 2.5, 3.5)),
        f(np.array([1.0, 2.0], np.float32)),
        raised(lambda: f(np.array([1, 2]))),
        raised(lambda: f(tf.constant([1, 2]))),
        f(tf.Variable([1.0])),
    ]


@case(
    "input_signature/wrong/{form}",
    form=("rank", "size", "dtype", "count", "keyword", "none", "text"),
)
def wrong_signature(tf, rng, form):
    @tf.function(
        input_signature=[tf.TensorSpec([None, 2], tf.float32), tf.TensorSpec([], tf.int32)]
    )
    def f(x, n):
        return x * tf.cast(n, tf.float32)

    x = tf.ones([3, 2])
    calls = {
        "rank": lambda: f(tf.ones([2]), 1),
        "size": lambda: f(tf.ones([3, 3]), 1),
        "dtype": lambda: f(tf.ones([3, 2], tf.float64), 1),
        "count": lambda: f(x),
        "keyword": lambda: f(x, 1, training=True),
        "none": lambda: f(x, None),
        "text": lambda: f("a", 1),
    }
    return [f(x, 2), raised(calls[form])]


@case("input_signature/is_no_spec")
def no_spec(tf, rng):
    return [
        raised(lambda: tf.function(lambda x: x, input_signature=[tf.float32])(1.0)),
        raised(
            lambda: tf.function(lambda x: x, input_signature=tf.TensorSpec([], tf.float32))(1.0)
        ),
        raised(
            lambda: tf.function(
                lambda x: x, input_signature=[tf.TensorSpec([]), tf.TensorSpec([])]
            )(1.0)
        ),
    ]


@case("input_signature/nest")
def nest_signature(tf, rng):
    vector = tf.TensorSpec([None], tf.float32)

    @tf.function(input_signature=[{"a": vector, "b": vector}, (vector, vector)])
    def f(d, t):
        return d["a"] + d["b"], t[0] * t[1]

    a = rng.tensor(3)
    return [
        f({"a": a, "b": a}, (a, a)),
        f({"b": a, "a": a * 2}, (a, a + 1.0)),
        f.experimental_get_tracing_count(),
    ]


@case("input_signature/default")
def default_in_signature(tf, rng):
    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
    def f(x, scale=3.0):
        return x * scale

    return [f(2.0), f(tf.constant(4.0)), f.experimental_get_tracing_count()]


@case("input_signature/method")
def method_signature(tf, rng):
    class Model(tf.Module):
        def __init__(self):
            self.w = tf.Variable([[1.0], [2.0]])
            self.traces = 0

        @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
        def predict(self, x):
            self.traces += 1
            return tf.matmul(x, self.w)

    m = Model()
    return [
        m.predict(tf.ones([1, 2])),
        m.predict(tf.ones([3, 2])),
        m.traces,
        raised(lambda: m.predict(tf.ones([2, 3]))),
    ]


@case("reduce_retracing/{form}", form=("batch", "rank", "dtype", "python"))
def reduce_retracing(tf, rng, form):
    """The second shape makes a trace with None where the shapes differ; the third needs no new one."""
    shapes = []

    @tf.function(reduce_retracing=True)
    def f(x):
        shapes.append(x.shape if tf.is_tensor(x) else x)
        return tf.reduce_sum(x)

    values = {
        "batch": [tf.ones([n, 3]) for n in (2, 4, 5, 7)],
        "rank": [tf.ones([2]), tf.ones([2, 2]), tf.ones([3, 2, 1]), tf.ones([])],
        "dtype": [tf.ones([2]), tf.ones([3]), tf.ones([4], tf.int32), tf.ones([5])],
        "python": [1.0, 2.0, 3.0],
    }[form]
    return [[f(v) for v in values], shapes, f.experimental_get_tracing_count()]


@case(
    "arguments/{form}",
    form=("defaults", "keyword", "order", "star", "star_star", "only", "positional"),
)
def arguments(tf, rng, form):
    """However an argument is given, the same values make the same trace."""
    traces = []
    x = tf.constant(2.0)
    if form == "defaults":

        @tf.function
        def f(a, b=3.0, c=None):
            traces.append((b, c))
            return a * b if c is None else a * b + c

        return [
            f(x),
            f(x, 3.0),
            f(x, b=3.0),
            f(x, 4.0),
            f(x, c=x),
            f(x, 3.0, x),
            traces[:3],
            len(traces),
        ]
    if form == "keyword":

        @tf.function
        def f(a, b):
            traces.append(1)
            return a - b

        return [f(x, x * 2), f(a=x, b=x * 2), f(b=x * 2, a=x), f(x, b=x), len(traces)]
    if form == "order":

        @tf.function
        def f(**parts):
            traces.append(sorted(parts))
            return parts["a"] - parts["b"]

        return [f(a=x, b=x * 3), f(b=x * 3, a=x), len(traces)]
    if form == "star":

        @tf.function
        def f(*xs):
            traces.append(len(xs))
            return tf.add_n(xs)

        return [f(x), f(x, x), f(x, x, x), f(x * 2, x), traces]
    if form == "star_star":

        @tf.function
        def f(a, *rest, scale=1.0, **extra):
            traces.append((len(rest), sorted(extra)))
            return a * scale + sum(rest) + sum(extra.values())

        return [
            f(x),
            f(x, x, x),
            f(x, scale=2.0),
            f(x, x, other=x),
            f(x, other=x, another=x),
            traces,
        ]
    if form == "only":

        @tf.function
        def f(a, *, training=False, mask=None):
            traces.append((training, mask is None))
            return a * 2.0 if training else a

        return [
            f(x),
            f(x, training=True),
            f(x, training=False),
            f(x, mask=x),
            traces,
            raised(lambda: f(x, True)),
        ]

    @tf.function
    def f(a, b, /, c):
        return a * b + c

    return [f(x, x, x), f(x, x, c=1.0), raised(lambda: f(a=x, b=x, c=x))]


@case("arguments/wrong")
def wrong_arguments(tf, rng):
    @tf.function
    def f(a, b=1.0):
        return a + b

    return [
        raised(f),
        raised(lambda: f(1.0, 2.0, 3.0)),
        raised(lambda: f(1.0, c=2.0)),
        raised(lambda: f(1.0, a=2.0)),
    ]


@case("arguments/nests")
def nests(tf, rng):
    @tf.function
    def f(point, table, none=None):
        return (
            Point(point.y, point.x),
            {"sum": point.x + table["a"][0], "none": none},
            [table["a"][1]],
        )

    a, b = tf.constant(1.0), tf.constant(2.0)
    return [f(Point(a, b), {"a": (a, b)}), f(Point(b, a), OrderedDict(a=(b, a)), none=None)]


@case("arguments/not_changed")
def not_changed(tf, rng):
    """A traced function must leave the list alone that it is given."""

    @tf.function
    def f(xs):
        xs.append(xs[0] * 2.0)
        return tf.stack(xs)

    xs = [tf.constant(1.0)]
    return [raised(lambda: f(xs), "should not modify its Python input arguments", "xs"), len(xs)]


@case("arguments/partial")
def partial(tf, rng):
    traces = []

    def scaled(x, scale, shift=0.0):
        traces.append((scale, shift))
        return x * scale + shift

    f = tf.function(functools.partial(scaled, scale=3.0))
    g = tf.function(functools.partial(scaled, shift=1.0))
    x = tf.constant(2.0)
    return [f(x), f(x, shift=2.0), g(x, 5.0), g(x, tf.constant(5.0)), len(traces)]


@case("arguments/callable_object")
def callable_object(tf, rng):
    class Affine:
        def __init__(self):
            self.w = tf.Variable(2.0)

        def __call__(self, x):
            return x * self.w + 1.0

    f = tf.function(Affine())
    return [f(tf.constant(3.0)), f(tf.constant([1.0, 2.0]))]


@case("arguments/slices")
def slices(tf, rng):
    @tf.function
    def f(s):
        return s.values * 2.0, s.indices

    s = tf.IndexedSlices(tf.constant([[1.0, 2.0]]), tf.constant([3]), tf.constant([5, 2]))
    return f(s)


@case("arguments/dataset_elements")
def dataset_elements(tf, rng):
    """The last, smaller batch is a trace of its own."""
    traces = []

    @tf.function
    def step(x, y):
        traces.append(x.shape)
        return tf.reduce_mean(tf.square(x - y))

    d = tf.data.Dataset.from_tensor_slices((rng.array(7, 2), rng.array(7, 2))).batch(3)
    return [[step(x, y) for x, y in d], traces, [step(x, y) for x, y in d.take(1)], len(traces)]
