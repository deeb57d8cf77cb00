"""tf.cond, case, switch_case, while_loop, map_fn, scan, folds and TensorArray inside tf.function."""

from __future__ import annotations

from golden.outcome import raised
from golden.registry import case


@case(
    "cond/{form}",
    form=(
        "plain",
        "structure",
        "closure",
        "nested",
        "effects",
        "static",
        "python_predicate",
        "gradient",
        "python_result",
        "bad",
        "none",
    ),
)
def cond(tf, rng, form):
    v = tf.Variable(1.0)
    traces = []

    @tf.function
    def f(x):
        if form == "plain":
            return tf.cond(x > 0, lambda: x * 2.0, lambda: x - 1.0)
        if form == "structure":
            return tf.cond(
                x > 0, lambda: {"a": x, "b": (x, 1)}, lambda: {"a": -x, "b": (x * 2.0, 2)}
            )
        if form == "closure":
            y = x * v

            def yes():
                traces.append("yes")
                return y + 1.0

            def no():
                traces.append("no")
                return y - v

            return tf.cond(x > 0, yes, no)
        if form == "nested":
            return tf.cond(
                x > 0, lambda: tf.cond(x > 2.0, lambda: x * 100.0, lambda: x * 10.0), lambda: x
            )
        if form == "effects":

            def yes():
                v.assign_add(x)
                return v.read_value()

            return tf.cond(x > 0, yes, lambda: v * 1.0), v.read_value()
        if form == "static":
            return tf.cond(tf.constant(True), lambda: x, lambda: -x)
        if form == "python_predicate":
            return tf.cond(True, lambda: x, lambda: -x)
        if form == "gradient":
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.cond(x > 0, lambda: x * x * v, lambda: tf.exp(x))
            return y, tape.gradient(y, [x, v])
        if form == "python_result":
            return tf.cond(x > 0, lambda: 1, lambda: 2)
        if form == "bad":

            def pair():
                return x, x

            def one():
                return x

            return tf.cond(x > 0, pair, one)
        return tf.cond(x > 0, lambda: None, lambda: None)

    calls = lambda: [f(tf.constant(1.5)), f(tf.constant(-0.5)), f(tf.constant(3.0))]
    return [raised(calls), traces, v]


@case(
    "case/{form}",
    form=(
        "case",
        "default_only",
        "exclusive",
        "switch",
        "switch_default",
        "switch_gradient",
        "switch_beyond",
    ),
)
def case_(tf, rng, form):
    @tf.function
    def f(i, x):
        if form == "case":
            return tf.case([(i > 1, lambda: x * 2.0), (i > 0, lambda: x * 3.0)], default=lambda: x)
        if form == "default_only":
            return tf.case([(i > 100, lambda: x + 1.0)], default=lambda: x - 1.0)
        if form == "exclusive":
            return tf.case(
                [(i > 1, lambda: x), (i < 1, lambda: -x)], default=lambda: x * 0.0, exclusive=True
            )
        if form == "switch":
            return tf.switch_case(i, [lambda: x, lambda: x * 10.0, lambda: x * 100.0])
        if form == "switch_default":
            return tf.switch_case(i, {0: lambda: x, 1: lambda: x * 5.0}, default=lambda: -x)
        if form == "switch_gradient":
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.switch_case(i, [lambda: x * x, lambda: tf.sin(x), lambda: x**3])
            return y, tape.gradient(y, x)
        return tf.switch_case(i + 5, [lambda: x, lambda: x * 10.0])

    return [f(tf.constant(i), tf.constant(2.0)) for i in range(3)]


@case(
    "while_loop/{form}",
    form=(
        "count", "vector", "structure", "maximum", "closure", "effects", "gradient", "nested", "tensor_array",
        "invariants", "bad_structure", "bad_shape", "bad_dtype", "single", "unknown_trips",
    ),
)  # fmt: skip
def while_loop(tf, rng, form):
    v = tf.Variable(2.0)
    traces = []

    @tf.function
    def f(n, x):
        loop = tf.while_loop
        if form == "count":
            return loop(lambda i: i < n, lambda i: i + 3, [0])
        if form == "vector":
            return loop(lambda i, y: i < n, lambda i, y: (i + 1, y * 0.5 + x), (0, x))
        if form == "structure":
            c = lambda i, d: i < n
            b = lambda i, d: (i + 1, {"sum": d["sum"] + x, "pair": (d["pair"][1], d["pair"][0])})
            return loop(c, b, (0, {"sum": tf.zeros_like(x), "pair": (x, x * 2.0)}))
        if form == "maximum":
            return loop(lambda i: True, lambda i: (i + 1,), (0,), maximum_iterations=4)
        if form == "closure":

            def body(i, y):
                traces.append("body")
                return i + 1, y * v + x

            return loop(lambda i, y: i < n, body, (0, x))
        if form == "effects":

            def body(i):
                v.assign_add(1.0)
                return i + 1

            return loop(lambda i: i < n, body, [0]), v.read_value()
        if form == "gradient":
            with tf.GradientTape() as tape:
                tape.watch(x)
                _, y = loop(lambda i, y: i < n, lambda i, y: (i + 1, tf.sin(y) * v + x), (0, x))
            return y, tape.gradient(y, [x, v])
        if form == "nested":
            inner = lambda k: loop(lambda j, s: j < k, lambda j, s: (j + 1, s + j), (0, 0))[1]
            return loop(lambda i, s: i < n, lambda i, s: (i + 1, s + inner(i)), (0, 0))
        if form == "tensor_array":
            a = tf.TensorArray(tf.float32, size=n)
            _, a = loop(
                lambda i, a: i < n,
                lambda i, a: (i + 1, a.write(i, x * tf.cast(i, tf.float32))),
                (0, a),
            )
            return a.stack()
        if form == "invariants":
            shapes = (tf.TensorShape([]), tf.TensorShape([None]))
            return loop(
                lambda i, y: i < n, lambda i, y: (i + 1, tf.concat([y, y[:1]], 0)), (0, x), shapes
            )
        if form == "bad_structure":
            return loop(lambda i, y: i < n, lambda i, y: (i + 1,), (0, x))
        if form == "bad_shape":
            return loop(lambda i, y: i < n, lambda i, y: (i + 1, tf.concat([y, y], 0)), (0, x))
        if form == "bad_dtype":
            return loop(lambda i, y: i < n, lambda i, y: (tf.cast(i, tf.float32) + 1.0, y), (0, x))
        if form == "single":
            return loop(lambda y: tf.reduce_sum(y) < 50.0, lambda y: (y * 2.0,), [x])
        return loop(lambda y, k: tf.reduce_max(y) > 0.1, lambda y, k: (y * 0.5, k + 1), [x, 0])

    x = tf.constant([1.0, 2.0])
    return [raised(lambda: f(tf.constant(5), x)), raised(lambda: f(tf.constant(0), x)), traces, v]


@case(
    "map_fn/{form}",
    form=(
        "plain",
        "several",
        "signature",
        "gradient",
        "unknown",
        "nested",
        "variable",
        "vectorized",
    ),
)
def map_fn(tf, rng, form):
    w = rng.variable(2)

    @tf.function(
        input_signature=[tf.TensorSpec([None, 2], tf.float32)] if form == "unknown" else None
    )
    def f(x):
        if form in ("plain", "unknown"):
            return tf.map_fn(lambda r: tf.reduce_sum(r * r), x)
        if form == "several":
            return tf.map_fn(lambda p: p[0] * p[1], (x, x + 1.0), fn_output_signature=tf.float32)
        if form == "signature":
            return tf.map_fn(
                lambda r: (r[0], tf.argmax(r)), x, fn_output_signature=(tf.float32, tf.int64)
            )
        if form == "gradient":
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.map_fn(lambda r: tf.exp(r) * w, x)
            return y, tape.gradient(y, [x, w])
        if form == "nested":
            return tf.map_fn(lambda r: tf.map_fn(lambda s: s * 2.0, r), x)
        if form == "variable":
            return tf.map_fn(lambda r: tf.tensordot(r, w, 1), x)
        return tf.vectorized_map(lambda r: tf.reduce_sum(r * w), x)

    return [f(rng.tensor(3, 2)), f(rng.tensor(2, 2))]


@case(
    "folds/{form}",
    form=(
        "scan",
        "scan_initializer",
        "scan_reverse",
        "scan_structure",
        "foldl",
        "foldr",
        "scan_gradient",
        "rnn",
    ),
)
def folds(tf, rng, form):
    w = rng.variable(2, 2, low=-0.5, high=0.5)

    @tf.function
    def f(x):
        if form == "scan":
            return tf.scan(lambda a, e: a * 0.5 + e, x)
        if form == "scan_initializer":
            return tf.scan(lambda a, e: a + tf.reduce_sum(e), x, initializer=tf.constant(10.0))
        if form == "scan_reverse":
            return tf.scan(lambda a, e: a - e, x, reverse=True)
        if form == "scan_structure":
            return tf.scan(
                lambda a, e: (a[0] + e, a[1] * 2.0),
                x,
                initializer=(tf.zeros([2]), tf.constant(1.0)),
            )
        if form == "foldl":
            return tf.foldl(lambda a, e: a * 2.0 - e, x)
        if form == "foldr":
            return tf.foldr(lambda a, e: a * 2.0 - e, x, initializer=tf.zeros([2]))
        if form == "scan_gradient":
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.scan(lambda a, e: tf.tanh(a * e), x)
            return y, tape.gradient(y, x)
        with tf.GradientTape() as tape:
            step = lambda h, e: tf.tanh(tf.linalg.matvec(w, h) + e)
            h = tf.scan(step, x, initializer=tf.zeros([2]))[-1]
            loss = tf.reduce_sum(h * h)
        return loss, tape.gradient(loss, w)

    return [f(rng.tensor(4, 2, low=-1, high=1)), f(rng.tensor(2, 2, low=-1, high=1))]


@case(
    "tensor_array/{form}",
    form=(
        "write_stack",
        "loop",
        "unstack",
        "dynamic",
        "gradient",
        "concat",
        "scatter",
        "read_twice",
        "beyond",
    ),
)
def tensor_array(tf, rng, form):
    @tf.function
    def f(x):
        if form == "write_stack":
            a = tf.TensorArray(tf.float32, 3)
            for i in range(3):
                a = a.write(i, x * float(i))
            return a.stack(), a.size()
        if form == "loop":
            a = tf.TensorArray(tf.float32, size=4, element_shape=[2])
            for i in tf.range(4):
                a = a.write(i, x[i % 2])
            return a.stack()
        if form == "unstack":
            a = tf.TensorArray(tf.float32, size=2).unstack(x)
            return a.read(1) - a.read(0)
        if form == "dynamic":
            a = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
            y = x
            while tf.reduce_max(y) > 0.5:
                a = a.write(a.size(), y)
                y = y / 2.0
            return a.stack()
        if form == "gradient":
            with tf.GradientTape() as tape:
                tape.watch(x)
                a = tf.TensorArray(tf.float32, size=2)
                for i in tf.range(2):
                    a = a.write(i, x[i] ** 2 * tf.cast(i + 1, tf.float32))
                y = tf.reduce_sum(a.stack())
            return y, tape.gradient(y, x)
        if form == "concat":
            a = tf.TensorArray(tf.float32, size=2, infer_shape=False)
            return a.write(0, x).write(1, x[:1]).concat()
        if form == "scatter":
            return tf.TensorArray(tf.float32, size=3).scatter([2, 0], x).gather([0, 2])
        if form == "read_twice":
            a = tf.TensorArray(tf.float32, size=2, clear_after_read=False).unstack(x)
            return a.read(0) + a.read(0)
        return tf.TensorArray(tf.float32, size=1).write(3, x).stack()

    return raised(
        lambda: [
            f(tf.constant([[1.0, 2.0], [3.0, 4.0]])),
            f(tf.constant([[0.5, 1.0], [2.0, 0.25]])),
        ]
    )
