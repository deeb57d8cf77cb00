"""tf.function: concrete functions, structured outputs, texts, jit_compile, nesting, methods."""

from __future__ import annotations

import functools
from collections import OrderedDict, namedtuple

from golden.outcome import raised
from golden.registry import case

Pair = namedtuple("Pair", ["first", "second"])


def make(tf):
    @tf.function
    def scale(x, factor=2.0):
        return x * factor

    return scale


@case(
    "get_concrete/{form}",
    form=("spec", "tensor", "none", "constant", "signature", "keyword", "same", "structured"),
)
def get_concrete(tf, rng, form):
    f = make(tf)
    spec = tf.TensorSpec
    x = rng.tensor(3)
    if form == "spec":
        c = f.get_concrete_function(spec([3], tf.float32))
        return [c(x), c(x=x), f(x), f.experimental_get_tracing_count()]
    if form == "tensor":
        c = f.get_concrete_function(x)
        return [c(x), c(x * 2.0), f.experimental_get_tracing_count()]
    if form == "none":
        c = f.get_concrete_function(spec([None], tf.float32))
        return [c(x), c(tf.ones([5])), c(tf.zeros([0]))]
    if form == "constant":
        c = f.get_concrete_function(spec([3], tf.float32), 5.0)
        return [c(x), f(x, 5.0), f.experimental_get_tracing_count()]
    if form == "signature":
        g = tf.function(lambda x: x + 1.0, input_signature=[spec([None], tf.float32)])
        c = g.get_concrete_function()
        return [c(x), g(x), g.experimental_get_tracing_count(), c is g.get_concrete_function()]
    if form == "keyword":
        c = f.get_concrete_function(x=spec([], tf.float32), factor=spec([], tf.float32))
        return [
            c(x=tf.constant(2.0), factor=tf.constant(4.0)),
            c(tf.constant(2.0), tf.constant(4.0)),
        ]
    if form == "same":
        a, b = f.get_concrete_function(x), f.get_concrete_function(tf.zeros([3]))
        return [
            a is b,
            a is f.get_concrete_function(tf.zeros([4])),
            f.experimental_get_tracing_count(),
        ]

    @tf.function
    def g(d, pair):
        return {"y": d["x"] + pair[0], "z": (pair[1],)}

    s = spec([None], tf.float32)
    c = g.get_concrete_function({"x": s}, (s, s))
    return [c({"x": x}, (x, x * 2.0)), c.structured_outputs, c.structured_input_signature]


@case("get_concrete/wrong/{form}", form=("dtype", "count", "many", "constant", "python"))
def wrong_concrete(tf, rng, form):
    c = make(tf).get_concrete_function(tf.TensorSpec([2], tf.float32), 3.0)
    x = tf.constant([1.0, 2.0])
    calls = {
        "dtype": lambda: c(tf.constant([1, 2])),
        "count": lambda: c(),
        "many": lambda: c(x, x, x),
        "constant": lambda: c(x, 3.0),
        "python": lambda: c([1.0, 2.0]),
    }
    return [c(x), raised(calls[form])]


@case(
    "attributes/{form}",
    form=("inputs", "outputs", "names", "variables", "captured", "graph", "structured", "text"),
)
def attributes(tf, rng, form):
    v, w = tf.Variable([1.0, 2.0], name="v"), tf.Variable(3.0, trainable=False, name="w")
    k = tf.constant([5.0, 6.0])

    @tf.function
    def f(x, y=1.0):
        return {"a": x * v + k, "b": tf.reduce_sum(x) * w}

    c = f.get_concrete_function(tf.TensorSpec([2], tf.float32, name="features"))
    if form == "inputs":
        return [[(i.name, i.shape, i.dtype) for i in c.inputs[:1]], len(c.inputs)]
    if form == "outputs":
        return [[(o.name, o.shape, o.dtype) for o in c.outputs], c.output_shapes, c.output_dtypes]
    if form == "names":
        return [
            f.__name__,
            b"__inference_f_" in c.name,
            callable(f.python_function),
            f.python_function.__name__,
        ]
    if form == "variables":
        return [
            [one.name for one in c.variables],
            [one.name for one in c.trainable_variables],
        ]
    if form == "captured":
        return [len(c.captured_inputs), len(c.inputs)]
    if form == "graph":
        return c.graph is not None
    if form == "structured":
        return [c.structured_input_signature, c.structured_outputs]
    return [c.pretty_printed_signature(), str(c).splitlines()[0]]


@case("texts/{form}", form=("signatures", "one", "nest", "spec", "repr"))
def texts(tf, rng, form):
    @tf.function
    def power(a, b):
        return a**b

    if form == "signatures":
        power(tf.constant(2), tf.constant(3))
        power(tf.constant([1.0]), 2.0)
        return power.pretty_printed_concrete_signatures()
    if form == "one":
        return power.get_concrete_function(
            a=tf.TensorSpec(None, tf.float32), b=2
        ).pretty_printed_signature()
    if form == "nest":

        @tf.function
        def f(d, *xs, flag=True):
            return {"y": d["x"], "z": list(xs)}

        x = tf.ones([2])
        return f.get_concrete_function({"x": x}, x, x, flag=False).pretty_printed_signature()
    if form == "spec":
        return [
            repr(tf.TensorSpec([None, 3], tf.float32, name="x")),
            str(tf.TensorSpec([], tf.int32)),
        ]
    return [repr(power).startswith("<"), "object at 0x" in repr(power)]


@case(
    "outputs/{form}",
    form=(
        "none",
        "python",
        "tuple",
        "list",
        "dict",
        "named",
        "ordered",
        "nested",
        "numpy",
        "argument",
        "empty",
        "text",
        "bool",
    ),
)
def outputs(tf, rng, form):
    """What comes out of a traced function."""

    @tf.function
    def f(x):
        return {
            "none": None,
            "python": (1, 2.5, True),
            "tuple": (x, x * 2.0),
            "list": [x, [x * 2.0]],
            "dict": {"b": x, "a": x * 2.0},
            "named": Pair(x, None),
            "ordered": OrderedDict(z=x, a=x + 1.0),
            "nested": ({"x": [x, (x * 2.0, None)]},),
            "numpy": x.shape[0],
            "argument": x,
            "empty": ((), [], {}),
            "text": "a text",
            "bool": tf.constant(True),
        }[form]

    found = f(tf.constant([1.0, 2.0]))
    return [
        found,
        type(found).__name__ if form in ("tuple", "named", "ordered", "dict", "list") else None,
    ]


@case("outputs/variable")
def variable_output(tf, rng):
    v = tf.Variable([1.0, 2.0])
    f = tf.function(lambda: v)
    a = f()
    v.assign([5.0, 6.0])
    return [a, f(), tf.is_tensor(a)]


@case("outputs/bad/{form}", form=("object", "set", "function", "module"))
def bad_output(tf, rng, form):
    class Thing:
        pass

    @tf.function
    def f(x):
        return {"object": Thing(), "set": {1, 2}, "function": len, "module": functools}[form]

    return raised(lambda: f(tf.constant(1.0)) and None)


@case("outputs/slices")
def slices_output(tf, rng):
    v = rng.variable(4, 2)

    @tf.function
    def f(i):
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.gather(v, i) ** 2)
        return tape.gradient(y, v)

    return f(tf.constant([1, 3, 1]))


@case("jit_compile/{form}", form=("true", "false", "none", "gradient", "training", "retrace"))
def jit_compile(tf, rng, form):
    x, w = rng.tensor(3, 2), rng.variable(2, 2)
    if form in ("true", "false", "none"):
        flag = {"true": True, "false": False, "none": None}[form]
        f = tf.function(lambda x: tf.tanh(x @ w) + 1.0, jit_compile=flag)
        return [f(x), f(x * 2.0)]
    if form == "gradient":

        @tf.function(jit_compile=True)
        def f(x):
            with tf.GradientTape() as tape:
                y = tf.reduce_mean(tf.sigmoid(x @ w))
            return y, tape.gradient(y, w)

        return f(x)
    if form == "training":

        @tf.function(jit_compile=True)
        def step(x, y):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(x @ w - y))
            w.assign_sub(0.1 * tape.gradient(loss, w))
            return loss

        y = rng.tensor(3, 2)
        return [[step(x, y) for _ in range(4)], w]
    traces = []

    @tf.function(jit_compile=True)
    def f(x):
        traces.append(x.shape)
        return tf.reduce_sum(x)

    return [f(x), f(tf.ones([1, 2])), f(x), traces]


@case(
    "nested/{form}",
    form=(
        "call",
        "traced_once",
        "constant",
        "variable",
        "deep",
        "outer_shape",
        "default",
        "recursion",
    ),
)
def nested(tf, rng, form):
    """A traced function called from a traced function."""
    traces = []
    v = tf.Variable(1.0)

    @tf.function
    def inner(x, n=2):
        traces.append(("inner", x.shape, n))
        v.assign_add(1.0)
        return x * float(n) + v

    @tf.function
    def outer(x):
        traces.append(("outer", x.shape))
        if form == "call":
            return inner(x) + inner(x)
        if form == "traced_once":
            return inner(x) + inner(x + 1.0) + inner(x, 2)
        if form == "constant":
            return inner(x, 3) - inner(x, 4)
        if form == "variable":
            v.assign(v * 2.0)
            y = inner(x)
            return y, v * 1.0
        if form == "outer_shape":
            return inner(tf.stack([x, x])), inner(x[0])
        return inner(x)

    @tf.function
    def top(x):
        return outer(x) + outer(x * 2.0)

    x = tf.constant([1.0, 2.0])
    if form == "recursion":

        @tf.function
        def power(x, n):
            return x if n == 0 else x * power(x, n - 1)

        return [power(x, 3), power.experimental_get_tracing_count()]
    f = top if form == "deep" else outer
    return [f(x), f(x), inner(x), v, traces, inner.experimental_get_tracing_count()]


@case("nested/eager_function_inside")
def eager_function_inside(tf, rng):
    """A plain function called inside is part of the trace."""
    calls = []

    def square(x):
        calls.append(1)
        return x * x

    f = tf.function(lambda x: square(x) + square(x + 1.0))
    x = tf.constant(2.0)
    return [f(x), f(x), len(calls), square(x), len(calls)]


@case(
    "methods/{form}",
    form=("two_instances", "static", "class", "inherited", "decorated_later", "property", "call"),
)
def methods(tf, rng, form):
    class Model(tf.Module):
        def __init__(self, w):
            super().__init__()
            self.w = tf.Variable(w)
            self.traces = 0

        @tf.function
        def __call__(self, x):
            self.traces += 1
            return self.w * self.shift(x)

        def shift(self, x):
            return x + 1.0

        @staticmethod
        @tf.function
        def double(x):
            return x * 2.0

        @tf.function
        def step(self, x):
            self.w.assign_add(x)
            return self(x)

    class Child(Model):
        def shift(self, x):
            return x - 1.0

    a, b, x = Model(2.0), Model(5.0), tf.constant(3.0)
    if form == "two_instances":
        return [a(x), b(x), a(x), a.traces, b.traces, a.w, b.w]
    if form == "static":
        return [Model.double(x), a.double(x)]
    if form == "class":
        return [Model.__call__(a, x), a.step(x), a.w]
    if form == "inherited":
        return [Child(2.0)(x), a(x)]
    if form == "decorated_later":
        a.fast = tf.function(a.shift)
        return [a.fast(x), a.fast(x)]
    if form == "property":
        return [a.step(x), a.step(x), a.traces, len(a.variables)]
    return [a.step.get_concrete_function(x)(x), a.w, a.__call__(x)]


@case("python_function")
def python_function(tf, rng):
    """The function under the decorator is Python's own."""
    calls = []

    @tf.function
    def f(x):
        """Doubles."""
        calls.append(tf.executing_eagerly())
        return x * 2.0

    x = tf.constant(1.5)
    return [f(x), f.python_function(x), f.python_function(x), calls, f.__doc__, f.__name__]


@case("decorators")
def decorators(tf, rng):
    def plus_one(f):
        @functools.wraps(f)
        def wrapped(*args):
            return f(*args) + 1.0

        return wrapped

    @tf.function
    @plus_one
    def inside(x):
        return x * 2.0

    @plus_one
    @tf.function
    def outside(x):
        return x * 3.0

    return [
        inside(tf.constant(1.0)),
        outside(tf.constant(1.0)),
        tf.function(tf.function(lambda x: x * 4.0))(1.0),
    ]


@case("run_eagerly")
def run_eagerly(tf, rng):
    """tf.config.run_functions_eagerly: the body runs each time, on values."""
    seen = []

    @tf.function
    def f(x):
        seen.append(tf.executing_eagerly())
        return x * 2.0

    x = tf.constant([1.0])
    tf.config.run_functions_eagerly(True)
    try:
        found = [f(x), f(x), seen[:]]
    finally:
        tf.config.run_functions_eagerly(False)
    return [found, f(x), f(x), seen]


@case(
    "library_functions/{name}",
    name=("reduce_sum", "nn.softmax", "linalg.matmul", "square", "stack"),
)
def library_functions(tf, rng, name):
    """tf.function around a function of the library itself."""
    x = rng.tensor(2, 2)
    f = {
        "reduce_sum": lambda: tf.function(tf.reduce_sum)(x, axis=0),
        "nn.softmax": lambda: tf.function(tf.nn.softmax)(x),
        "linalg.matmul": lambda: tf.function(tf.linalg.matmul)(x, x, transpose_b=True),
        "square": lambda: tf.function(tf.square)(x),
        "stack": lambda: tf.function(tf.stack)([x, x], axis=1),
    }[name]
    return f()
