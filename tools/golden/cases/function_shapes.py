"""tf.function while it traces: shapes with None, tf.shape, names and texts of symbolic tensors."""

from __future__ import annotations

from golden.outcome import raised
from golden.registry import case


def seen_by(tf, shape, look, dtype=None, call=None):
    """What `look` sees of a symbolic tensor of that shape."""
    seen = []

    @tf.function(autograph=False)
    def f(x):
        seen.append(look(x))
        return x

    f.get_concrete_function(tf.TensorSpec(shape, dtype or tf.float32))
    return seen[0]


SHAPES = {"scalar": [], "vector": [3], "batch": [None, 3], "all": [None, None], "rank": None}


@case("static/{kind}", kind=tuple(SHAPES))
def static(tf, rng, kind):
    def look(x):
        return [x.shape, x.dtype, x.shape.rank, str(x.shape), x.name, repr(x), str(x)]

    return seen_by(tf, SHAPES[kind], look)


@case("static/as_list/{kind}", kind=tuple(SHAPES))
def as_list(tf, rng, kind):
    def look(x):
        return [
            raised(lambda: x.shape.as_list()),
            raised(lambda: x.shape.num_elements()),
            x.shape.is_fully_defined(),
            raised(lambda: len(x.shape)),
            raised(lambda: x.shape[0]),
            raised(lambda: tuple(x.shape)),
            raised(lambda: x.get_shape()),
        ]

    return seen_by(tf, SHAPES[kind], look)


@case(
    "static/text/{dtype}",
    dtype=("float32", "float64", "int32", "int64", "bool", "float16", "complex64", "uint8"),
)
def text(tf, rng, dtype):
    return seen_by(tf, [None, 2], lambda x: [repr(x), str(x), f"{x}", str([x])], getattr(tf, dtype))


@case(
    "ops/{op}",
    op=(
        "add", "broadcast", "matmul", "transpose", "reduce_sum", "reduce_mean_axis", "reshape", "reshape_minus",
        "concat", "stack", "expand_dims", "squeeze", "slice", "row", "cast", "where", "softmax", "one_hot",
        "gather", "tile", "argmax", "range", "zeros_like", "boolean_mask", "conv", "pool", "pad", "unstack_count",
    ),
)  # fmt: skip
def ops(tf, rng, op):
    """The static shape that an operation gives, and its value at two batch sizes."""
    seen = []
    w = rng.tensor(4, 2)
    k = rng.tensor(2, 2, 1, 3)
    calls = {
        "add": lambda x: x + 1.0,
        "broadcast": lambda x: x + tf.ones([1, 4]),
        "matmul": lambda x: x @ w,
        "transpose": lambda x: tf.transpose(x),
        "reduce_sum": lambda x: tf.reduce_sum(x),
        "reduce_mean_axis": lambda x: tf.reduce_mean(x, axis=1, keepdims=True),
        "reshape": lambda x: tf.reshape(x, [tf.shape(x)[0], 2, 2]),
        "reshape_minus": lambda x: tf.reshape(x, [-1, 2]),
        "concat": lambda x: tf.concat([x, x], axis=0),
        "stack": lambda x: tf.stack([x, x], axis=1),
        "expand_dims": lambda x: tf.expand_dims(x, 0),
        "squeeze": lambda x: tf.squeeze(x[:, :1], axis=1),
        "slice": lambda x: x[1:, ::2],
        "row": lambda x: x[0],
        "cast": lambda x: tf.cast(x, tf.int32),
        "where": lambda x: tf.where(x > 0, x, tf.zeros_like(x)),
        "softmax": lambda x: tf.nn.softmax(x),
        "one_hot": lambda x: tf.one_hot(tf.argmax(x, axis=1), 4),
        "gather": lambda x: tf.gather(x, [0, 2], axis=1),
        "tile": lambda x: tf.tile(x, [2, 1]),
        "argmax": lambda x: tf.argmax(x, axis=-1),
        "range": lambda x: tf.range(tf.shape(x)[0]),
        "zeros_like": lambda x: tf.zeros_like(x),
        "boolean_mask": lambda x: tf.boolean_mask(x, x[:, 0] > 0),
        "conv": lambda x: tf.nn.conv2d(tf.reshape(x, [-1, 2, 2, 1]), k, 1, "SAME"),
        "pool": lambda x: tf.nn.max_pool2d(tf.reshape(x, [-1, 2, 2, 1]), 2, 1, "SAME"),
        "pad": lambda x: tf.pad(x, [[1, 0], [0, 2]]),
        "unstack_count": lambda x: tf.add_n(tf.unstack(x, axis=1)),
    }

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)])
    def f(x):
        y = calls[op](x)
        seen.append((y.shape, y.dtype))
        return y

    return [f(rng.tensor(2, 4)), f(rng.tensor(3, 4)), seen[0]]


@case("tf_shape")
def tf_shape(tf, rng):
    seen = []

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def f(x):
        n = tf.shape(x)[0]
        seen.append([tf.is_tensor(n), n.dtype, x.shape[0], x.shape[1], tf.shape(x).shape])
        return tf.shape(x), n, tf.size(x), tf.rank(x), tf.shape(x, out_type=tf.int64)

    return [f(tf.zeros([2, 3])), f(tf.zeros([5, 3])), seen[0]]


@case("batch_mean")
def batch_mean(tf, rng):
    """The mean by hand, over a batch whose size is known only when it runs."""

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
    def f(x):
        return tf.reduce_sum(x, axis=0) / tf.cast(tf.shape(x)[0], tf.float32)

    return [f(rng.tensor(4, 2)), f(rng.tensor(1, 2))]


@case("flatten_batch")
def flatten_batch(tf, rng):
    @tf.function(input_signature=[tf.TensorSpec([None, 2, 3], tf.float32)])
    def f(x):
        return tf.reshape(x, [-1, x.shape[1] * x.shape[2]])

    return [f(rng.tensor(4, 2, 3)), f(rng.tensor(1, 2, 3))]


@case("gradient_of_unknown_batch")
def gradient_of_unknown_batch(tf, rng):
    w = rng.variable(3, 2)
    seen = []

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_mean(tf.square(x @ w))
        dx, dw = tape.gradient(loss, [x, w])
        seen.append([dx.shape, dw.shape])
        return loss, dx, dw

    return [f(rng.tensor(2, 3)), f(rng.tensor(4, 3)), seen[0]]


@case("set_shape")
def set_shape(tf, rng):
    seen = []

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.float32)])
    def f(x):
        x.set_shape([None, 3])
        y = tf.ensure_shape(x, [2, None])
        seen.append([x.shape, y.shape])
        return y * 2.0

    return [f(tf.ones([2, 3])), seen, raised(lambda: f(tf.ones([4, 3])))]


@case(
    "symbolic/{form}",
    form=("is_tensor", "executing_eagerly", "isinstance", "op_type", "graph", "device", "hash"),
)
def symbolic(tf, rng, form):
    def look(x):
        if form == "is_tensor":
            return [tf.is_tensor(x), tf.is_tensor(x + 1), tf.is_tensor(1)]
        if form == "executing_eagerly":
            return [tf.executing_eagerly()]
        if form == "isinstance":
            return [isinstance(x, tf.Tensor), isinstance(x, tf.Variable)]
        if form == "op_type":
            return [hasattr(x, "op"), hasattr(x, "graph")]
        if form == "graph":
            return [hasattr(x, "graph"), hasattr(x, "numpy")]
        if form == "device":
            return x.device
        return [raised(lambda: hash(x) and 1), x is x, raised(lambda: {x.ref(): 1}[x.ref()])]

    return [seen_by(tf, [None, 3], look), tf.executing_eagerly()]


@case("static_value")
def static_value(tf, rng):
    """What is known while tracing."""
    seen = []

    @tf.function
    def f(x):
        known = tf.get_static_value(tf.constant([1, 2]))
        seen.append([known, tf.get_static_value(x), tf.get_static_value(tf.shape(x))])
        return x

    return [f(tf.ones([2, 3])), seen]


@case(
    "names/{form}",
    form=("argument", "ops", "counted", "given", "scope", "constant", "nested_argument"),
)
def names(tf, rng, form):
    """Names of symbolic tensors, as a print while tracing shows them."""
    seen = []

    @tf.function
    def f(x, y):
        if form == "argument":
            seen.append([x.name, y.name, repr(x)])
        elif form == "ops":
            seen.append(
                [
                    (x + y).name,
                    tf.matmul(x, y).name,
                    tf.reduce_sum(x).name,
                    (x * 2.0).name,
                    tf.tanh(x).name,
                ]
            )
        elif form == "counted":
            seen.append([(x + y).name, (x + y).name, (x - y).name, (x + y).name])
        elif form == "given":
            seen.append([tf.add(x, y, name="total").name, tf.identity(x, name="same").name])
        elif form == "scope":
            with tf.name_scope("layer"):
                seen.append([(x + y).name, tf.identity(x, name="same").name])
        elif form == "constant":
            seen.append([tf.constant(1.0).name, tf.constant(2.0).name, tf.zeros([2]).name])
        else:
            seen.append([x.name])
        return x

    x = tf.ones([2, 2])
    f(x, x)
    if form == "nested_argument":

        @tf.function
        def g(pair, *rest, **named):
            seen.append([pair[0].name, pair[1]["a"].name, rest[0].name, named["k"].name])
            return pair[0]

        g((x, {"a": x}), x, k=x)
    return seen


@case("print_shows_symbolic")
def print_shows_symbolic(tf, rng):
    """What Python's print shows while tracing."""
    lines = []

    @tf.function
    def f(a, b):
        lines.append(f"Tracing with {a}")
        lines.append(f"and {b!r}")
        return a + b

    f(tf.constant(1), tf.constant(2))
    f(tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0]))
    f(tf.constant("a"), tf.constant("b"))
    return lines


@case(
    "dynamic_sizes/{what}/{op}",
    what=("values", "shape"),
    op=("range", "zeros", "fill", "reshape", "tile", "one_hot", "eye", "linspace"),
)
def dynamic_sizes(tf, rng, what, op):
    """A size that is a tensor."""
    seen = []
    calls = {
        "range": lambda n: tf.range(n),
        "zeros": lambda n: tf.zeros([n, 2]),
        "fill": lambda n: tf.fill([n], 7.0),
        "reshape": lambda n: tf.reshape(tf.range(12), [n, -1]),
        "tile": lambda n: tf.tile([1, 2], [n]),
        "one_hot": lambda n: tf.one_hot([0, 1], n),
        "eye": lambda n: tf.eye(n),
        "linspace": lambda n: tf.linspace(0.0, 1.0, n),
    }

    @tf.function
    def f(n):
        y = calls[op](n)
        seen.append(y.shape)
        return y

    values = [f(tf.constant(2)), f(tf.constant(4))]
    return values if what == "values" else seen
