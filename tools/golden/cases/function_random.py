"""Random numbers inside tf.function: the seeds of graphs differ from the eager ones."""

from __future__ import annotations

from golden.outcome import raised
from golden.registry import case

DRAWS = ("uniform", "normal", "truncated_normal")


def thrice(f, *args):
    return [f(*args) for _ in range(3)]


@case("first/{call}", call=DRAWS)
def first(tf, rng, call):
    """The only operation of the function: three calls, then a second function of the same text."""
    tf.random.set_seed(42)
    draw = getattr(tf.random, call)

    @tf.function
    def f():
        return draw([2])

    @tf.function
    def g():
        return draw([2])

    return [thrice(f), thrice(g), f()]


@case("global_seed/{seed}", seed=(0, 1, 42, 1234, 2**31 - 1))
def global_seed(tf, rng, seed):
    tf.random.set_seed(seed)

    @tf.function
    def f():
        return tf.random.normal([2])

    return thrice(f)


@case("op_seed/{call}", call=DRAWS)
def op_seed(tf, rng, call):
    tf.random.set_seed(7)
    draw = getattr(tf.random, call)

    @tf.function
    def f():
        return draw([2], seed=3)

    @tf.function
    def g():
        return draw([2], seed=3), draw([2], seed=3), draw([2], seed=4)

    return [thrice(f), thrice(g), draw([2], seed=3)]


@case("no_global_seed")
def no_global_seed(tf, rng):
    """An op seed alone decides when there is no global seed; the eager and the traced draws agree."""
    tf.random.set_seed(5)

    @tf.function
    def f():
        return tf.random.uniform([3], seed=11)

    a = thrice(f)
    tf.random.set_seed(5)
    return [a, thrice(f), tf.random.uniform([3], seed=11)]


@case("two_draws/{form}", form=("same", "different", "list", "after_op", "argument", "matrix"))
def two_draws(tf, rng, form):
    """Where an operation stands in its function decides its seed."""
    tf.random.set_seed(3)

    @tf.function
    def f(x):
        if form == "same":
            return tf.random.normal([2]), tf.random.normal([2])
        if form == "different":
            return tf.random.uniform([2]), tf.random.normal([2]), tf.random.uniform([2])
        if form == "list":
            return [tf.random.normal([1]) for _ in range(3)]
        if form == "after_op":
            y = x * 2.0 + 1.0
            return y + tf.random.normal([2])
        if form == "argument":
            return x + tf.random.normal(tf.shape(x))
        return tf.matmul(tf.random.normal([2, 2]), tf.random.uniform([2, 2], -1.0, 1.0))

    return thrice(f, tf.constant([1.0, 2.0]))


@case("forms/{call}", call=DRAWS)
def forms(tf, rng, call):
    tf.random.set_seed(9)
    draw = getattr(tf.random, call)

    @tf.function
    def f():
        if call == "uniform":
            return (
                draw([2], 5.0, 6.0),
                draw([2], maxval=10, dtype=tf.int32),
                draw([2], -1, 1, dtype=tf.float64),
            )
        return draw([2], 1.0, 0.5), draw([2], mean=-1.0, stddev=2.0), draw([2], dtype=tf.float64)

    return thrice(f)


@case("set_seed/{form}", form=("before_call", "between", "inside", "same_again", "after_trace"))
def set_seed(tf, rng, form):
    @tf.function
    def f():
        if form == "inside":
            tf.random.set_seed(1)
        return tf.random.uniform([2])

    tf.random.set_seed(8)
    if form == "before_call":
        tf.random.set_seed(21)
        return thrice(f)
    if form == "between":
        a = f()
        tf.random.set_seed(8)
        return [a, f(), f()]
    if form == "inside":
        return thrice(f)
    if form == "same_again":
        found = []
        for _ in range(2):
            tf.random.set_seed(8)
            g = tf.function(lambda: tf.random.uniform([2]))
            found += [g(), g()]
        return found
    a = [f(), f()]
    tf.random.set_seed(99)
    return [a, thrice(f)]


@case(
    "eager_beside/{form}", form=("eager_first", "eager_between", "python_function", "run_eagerly")
)
def eager_beside(tf, rng, form):
    """Eager draws and traced draws do not disturb each other."""
    tf.random.set_seed(4)

    @tf.function
    def f():
        return tf.random.normal([2])

    if form == "eager_first":
        return [tf.random.normal([2]), f(), tf.random.normal([2]), f()]
    if form == "eager_between":
        a = [f(), tf.random.normal([2]), f(), tf.random.normal([2])]
        return [a, f()]
    if form == "python_function":
        return [f(), f.python_function(), f(), f.python_function()]
    tf.config.run_functions_eagerly(True)
    try:
        a = [f(), f()]
    finally:
        tf.config.run_functions_eagerly(False)
    return [a, f(), tf.random.normal([2])]


@case("retrace")
def retrace(tf, rng):
    """Every concrete function has draws of its own."""
    tf.random.set_seed(6)

    @tf.function
    def f(x):
        return x + tf.random.uniform([2])

    a, b = tf.constant(0.0), tf.constant([0.0, 0.0])
    return [f(a), f(b), f(a), f(b)]


@case(
    "loops/{form}",
    form=("for_range", "while_loop", "python_range", "cond", "autograph_if"),
)
def loops(tf, rng, form):
    tf.random.set_seed(13)

    @tf.function
    def f(n):
        total = tf.zeros([2])
        if form == "for_range":
            for _ in tf.range(n):
                total += tf.random.uniform([2])
        elif form == "while_loop":
            body = lambda i, t: (i + 1, t + tf.random.normal([2]))
            total = tf.while_loop(lambda i, t: i < n, body, [0, total])[1]
        elif form == "python_range":
            for _ in range(3):
                total += tf.random.uniform([2])
        elif form == "cond":
            total = tf.cond(n > 2, lambda: tf.random.normal([2]), lambda: tf.random.uniform([2]))
        elif n > 1:
            total += tf.random.normal([2])
        return total

    return thrice(f, tf.constant(3))


@case("nested/{form}", form=("once", "twice", "both"))
def nested(tf, rng, form):
    tf.random.set_seed(17)

    @tf.function
    def inner():
        return tf.random.normal([2])

    @tf.function
    def outer():
        if form == "once":
            return inner()
        if form == "twice":
            return inner(), inner()
        return tf.random.normal([2]), inner(), tf.random.normal([2])

    return [thrice(outer), inner()]


@case(
    "stateless/{call}", call=("stateless_uniform", "stateless_normal", "stateless_truncated_normal")
)
def stateless(tf, rng, call):
    """The same numbers each time, traced or not."""
    draw = getattr(tf.random, call)

    @tf.function
    def f(seed):
        return draw([2], seed=seed), draw([2], seed=[1, 2])

    return [
        f(tf.constant([3, 4])),
        f(tf.constant([3, 4])),
        f(tf.constant([5, 6])),
        draw([2], seed=[3, 4]),
    ]


@case("stateless/split_and_fold")
def split_and_fold(tf, rng):
    @tf.function
    def f(seed):
        a, b = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
        c = tf.random.experimental.stateless_fold_in(seed, 7)
        return (
            tf.random.stateless_normal([2], a),
            tf.random.stateless_normal([2], b),
            tf.random.stateless_uniform([2], c),
        )

    return [f(tf.constant([1, 2])), f(tf.constant([1, 2]))]


@case("stateless/loop")
def stateless_loop(tf, rng):
    @tf.function
    def f(n):
        total = tf.zeros([2])
        for i in tf.range(n):
            total += tf.random.stateless_uniform([2], seed=tf.stack([i, 5]))
        return total

    return [f(tf.constant(3)), f(tf.constant(1))]


@case("generator/{form}", form=("outside", "created_inside", "global", "split", "ints", "mixed"))
def generator(tf, rng, form):
    """tf.random.Generator: its state is a variable."""
    g = tf.random.Generator.from_seed(1234)
    held = []

    @tf.function
    def f():
        if form == "outside":
            return g.normal([2]), g.uniform([2])
        if form == "created_inside":
            if not held:
                held.append(tf.random.Generator.from_seed(5))
            return held[0].normal([2])
        if form == "global":
            return tf.random.get_global_generator().uniform([2])
        if form == "split":
            return [h.normal([1]) for h in g.split(2)]
        if form == "ints":
            return g.uniform([3], 0, 100, tf.int32)
        return g.normal([2])

    if form == "global":
        tf.random.set_global_generator(tf.random.Generator.from_seed(77))
    if form == "split":
        return raised(f, "singleton")
    found = thrice(f)
    if form == "mixed":
        found += [g.normal([2]), f(), g.state]
    return found


@case("shuffle/{form}", form=("tensor", "seed", "rows"))
def shuffle(tf, rng, form):
    tf.random.set_seed(2)

    @tf.function
    def f(x):
        if form == "seed":
            return tf.random.shuffle(x, seed=4)
        return tf.random.shuffle(x)

    return thrice(f, tf.range(8) if form != "rows" else rng.tensor(4, 2))


@case("categorical")
def categorical(tf, rng):
    tf.random.set_seed(2)

    @tf.function
    def f(logits):
        return tf.random.categorical(logits, 6), tf.random.categorical(logits, 4, seed=1)

    return thrice(f, tf.math.log([[0.5, 0.3, 0.2]]))


@case(
    "dropout/{form}",
    form=("nn", "seed", "gradient", "layer", "layer_seed", "model", "experimental"),
)
def dropout(tf, rng, form):
    tf.keras.utils.set_random_seed(31)
    x = tf.ones([2, 4])
    layer = tf.keras.layers.Dropout(0.5, seed=3 if form == "layer_seed" else None)
    model = tf.keras.Sequential(
        [tf.keras.layers.Dense(3, kernel_initializer="ones"), tf.keras.layers.Dropout(0.5)]
    )
    model.build([None, 4])

    @tf.function
    def f(x):
        if form == "nn":
            return tf.nn.dropout(x, 0.5)
        if form == "seed":
            return tf.nn.dropout(x, rate=0.25, seed=6)
        if form == "gradient":
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.nn.dropout(x * 3.0, 0.5)
            return y, tape.gradient(y, x)
        if form in ("layer", "layer_seed"):
            return layer(x, training=True)
        if form == "model":
            return model(x, training=True)
        return tf.nn.experimental.stateless_dropout(x, 0.5, seed=[1, 2])

    return thrice(f, x)


@case("initializers/{form}", form=("variable", "keras_seed", "dense", "module"))
def initializers(tf, rng, form):
    """Start values drawn while a function creates its variables."""
    tf.keras.utils.set_random_seed(19)
    held = {}

    @tf.function
    def f(x):
        if "v" not in held:
            if form == "variable":
                held["v"] = tf.Variable(tf.random.normal([2, 2]))
            elif form == "keras_seed":
                held["v"] = tf.Variable(tf.keras.initializers.GlorotUniform(seed=4)([2, 2]))
            elif form == "module":
                held["v"] = tf.Variable(lambda: tf.random.uniform([2, 2]))
            else:
                held["v"] = tf.keras.layers.Dense(
                    2, kernel_initializer=tf.keras.initializers.HeNormal(seed=4)
                )
        return held["v"](x) if form == "dense" else x @ held["v"]

    x = tf.ones([1, 2])
    return [f(x), f(x)]


@case("noise_in_training")
def noise_in_training(tf, rng):
    """Gaussian noise on the inputs of a training step."""
    tf.random.set_seed(23)
    w = tf.Variable([[0.5], [-0.5]])

    @tf.function
    def step(x, y):
        noisy = x + tf.random.normal(tf.shape(x), stddev=0.1)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(noisy @ w - y))
        w.assign_sub(0.1 * tape.gradient(loss, w))
        return loss

    x, y = rng.tensor(4, 2), rng.tensor(4, 1)
    return [thrice(step, x, y), w]


@case("monte_carlo")
def monte_carlo(tf, rng):
    tf.random.set_seed(1)

    @tf.function
    def pi(n):
        inside = 0
        for _ in tf.range(n):
            p = tf.random.uniform([2])
            if tf.reduce_sum(p * p) < 1.0:
                inside += 1
        return 4.0 * tf.cast(inside, tf.float32) / tf.cast(n, tf.float32)

    return [pi(tf.constant(50)), pi(tf.constant(50))]


@case("wrong/{form}", form=("dtype", "seed_shape", "no_maxval"))
def wrong(tf, rng, form):
    @tf.function
    def f():
        if form == "dtype":
            return tf.random.normal([2], dtype=tf.int32)
        if form == "seed_shape":
            return tf.random.stateless_uniform([2], seed=1)
        return tf.random.uniform([2], dtype=tf.int32)

    return raised(f)
