"""tf.function and gradients: tapes inside, outside and across calls, through control flow and sparse lookups."""

from __future__ import annotations

from golden.registry import case


def parts(tf, rng):
    return (
        rng.tensor(4, 3, low=-0.5, high=0.5),
        rng.variable(3, 2, low=-1, high=1),
        rng.variable(2, low=-0.5, high=0.5),
    )


@case(
    "inside/{form}",
    form=(
        "variables",
        "watched",
        "structure",
        "persistent",
        "unconnected",
        "zero",
        "stop",
        "output",
    ),
)
def inside(tf, rng, form):
    x, w, b = parts(tf, rng)

    @tf.function
    def f(x):
        with tf.GradientTape(persistent=form == "persistent") as tape:
            tape.watch(x)
            y = tf.tanh(x @ w + b)
            if form == "stop":
                y = tf.stop_gradient(y) * y
            loss = tf.reduce_mean(y * y)
        if form == "variables":
            return loss, tape.gradient(loss, [w, b])
        if form == "watched":
            return tape.gradient(loss, x)
        if form == "structure":
            return tape.gradient(loss, {"w": w, "rest": (b, [x])})
        if form == "persistent":
            return tape.gradient(loss, w), tape.gradient(y, b), tape.gradient([y, loss], x)
        if form == "unconnected":
            return tape.gradient(loss, [w, tf.constant(1.0)])
        if form == "zero":
            other = tf.constant([1.0, 2.0])
            return tape.gradient(
                loss, [b, other], unconnected_gradients=tf.UnconnectedGradients.ZERO
            )
        if form == "output":
            return tape.gradient(y, [w, b], output_gradients=tf.ones_like(y) * 2.0)
        return tape.gradient(loss, [w, b])

    return [f(x), f(x * 0.5)]


@case(
    "outside/{form}",
    form=(
        "variable",
        "argument",
        "both",
        "twice",
        "composed",
        "persistent",
        "several_outputs",
        "loop",
    ),
)
def outside(tf, rng, form):
    """A tape around the call of a traced function."""
    x, w, b = parts(tf, rng)

    @tf.function
    def layer(x):
        return tf.tanh(x @ w + b)

    @tf.function
    def two(x):
        return tf.reduce_sum(x @ w), {"square": x * x}

    if form == "variable":
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x) ** 2)
        return [loss, tape.gradient(loss, [w, b])]
    if form == "argument":
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        return tape.gradient(y, x)
    if form == "both":
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        return [tape.gradient(y, [x, w, b]), [v.shape for v in tape.watched_variables()]]
    if form == "twice":
        with tf.GradientTape() as tape:
            y = layer(x) + layer(x * 2.0)
        return tape.gradient(y, [w, b])
    if form == "composed":
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(layer(x) @ tf.transpose(w))
        return tape.gradient(y, [x, w])
    if form == "persistent":
        with tf.GradientTape(persistent=True) as tape:
            y = layer(x)
            z = tf.reduce_sum(y)
        return [tape.gradient(y, w), tape.gradient(z, b), tape.gradient(z, y)]
    if form == "several_outputs":
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            s, d = two(x)
        return [tape.gradient(s, [x, w]), tape.gradient(d, x), tape.gradient(d["square"], w)]
    found = []
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(layer(x) ** 2)
        g = tape.gradient(loss, w)
        w.assign_sub(0.5 * g)
        found.append(loss)
    return [found, w]


@case("through_nested/{form}", form=("inner", "tape_in_outer", "tape_in_inner", "deep", "argument"))
def through_nested(tf, rng, form):
    """Traced functions in traced functions, and a tape at each place."""
    x, w, b = parts(tf, rng)

    @tf.function
    def layer(x):
        return tf.sigmoid(x @ w + b)

    @tf.function
    def loss_of(x):
        return tf.reduce_mean(tf.square(layer(x)))

    @tf.function
    def with_tape(x):
        with tf.GradientTape() as tape:
            loss = loss_of(x)
        return tape.gradient(loss, [w, b])

    if form == "inner":
        with tf.GradientTape() as tape:
            loss = loss_of(x)
        return [loss, tape.gradient(loss, [w, b])]
    if form == "tape_in_outer":
        return [with_tape(x), with_tape(x * 2.0)]
    if form == "tape_in_inner":

        @tf.function
        def step(x):
            for v, g in zip([w, b], with_tape(x)):
                v.assign_sub(0.1 * g)
            return loss_of(x)

        return [step(x), step(x), w, b]
    if form == "deep":

        @tf.function
        def double(x):
            return loss_of(x) * 2.0

        @tf.function
        def f(x):
            return double(x) + 1.0

        with tf.GradientTape() as tape:
            y = f(x)
        return tape.gradient(y, b)

    @tf.function
    def slope(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        return tape.gradient(y, x)

    return slope(x)


@case(
    "control_flow/{form}",
    form=("if", "while", "for", "break", "cond", "while_loop", "outside_loop", "rnn"),
)
def control_flow(tf, rng, form):
    """Gradients through branches and loops on tensors."""
    w = rng.variable(3, low=0.5, high=1.0)

    @tf.function
    def f(x):
        if form == "if":
            if tf.reduce_sum(x) > 0:
                y = x * w * w
            else:
                y = x * w
        elif form == "while":
            y = x
            while tf.reduce_sum(tf.abs(y)) < 20.0:
                y = y * (w + 1.0)
        elif form == "for":
            y = x
            for i in tf.range(3):
                y = y * w + tf.cast(i, tf.float32)
        elif form == "break":
            y = x
            for _ in tf.range(10):
                y = y * (1.0 + w)
                if tf.reduce_max(tf.abs(y)) > 5.0:
                    break
        elif form == "cond":
            y = tf.cond(x[0] > 0, lambda: tf.sin(x * w), lambda: tf.exp(w) * x)
        elif form == "while_loop":
            y = tf.while_loop(lambda i, y: i < 4, lambda i, y: (i + 1, tf.tanh(y * w)), [0, x])[1]
        elif form == "rnn":
            y = tf.zeros([3])
            for t in tf.range(tf.shape(x)[0]):
                y = tf.tanh(0.5 * (y * w + x[t]))
        else:
            y = x
            for _ in tf.range(2):
                y = y * w
        return tf.reduce_sum(y)

    @tf.function
    def inside(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        return y, tape.gradient(y, [x, w])

    found = []
    for x in (tf.constant([1.0, -0.5, 0.25]), tf.constant([-1.0, 0.5, -2.0])):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        found.append([y, tape.gradient(y, [x, w]), inside(x)])
    return found


@case("early_return")
def early_return(tf, rng):
    w = rng.variable(3, low=0.5, high=1.0)

    @tf.function
    def f(x):
        if x[0] > 0:
            return tf.reduce_sum(x * w)
        return tf.reduce_prod(x * w)

    found = []
    for x in (tf.constant([1.0, -0.5, 0.25]), tf.constant([-1.0, 0.5, -2.0])):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        found.append([y, tape.gradient(y, [x, w])])
    return found


@case("tape_around_loop_inside")
def tape_around_loop_inside(tf, rng):
    """Gradient descent as one traced loop."""
    w = tf.Variable([2.0, -3.0])

    @tf.function
    def train(steps):
        loss = tf.constant(0.0)
        for _ in tf.range(steps):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(tf.square(w - [1.0, 1.0]))
            w.assign_sub(0.1 * tape.gradient(loss, w))
        return loss

    return [train(tf.constant(10)), w.numpy(), train(tf.constant(3)), w]


@case("clip/{form}", form=("norm", "global_norm", "value"))
def clip(tf, rng, form):
    w, b = rng.variable(3, 2), rng.variable(2)

    @tf.function
    def f(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((x @ w + b) ** 2)
        g = tape.gradient(loss, [w, b])
        if form == "norm":
            return [tf.clip_by_norm(one, 1.0) for one in g]
        if form == "value":
            return [tf.clip_by_value(one, -0.5, 0.5) for one in g]
        clipped, norm = tf.clip_by_global_norm(g, 2.0)
        return clipped, norm

    return f(rng.tensor(4, 3))


@case("stop_recording_and_reset")
def stop_recording_and_reset(tf, rng):
    v = tf.Variable(2.0)

    @tf.function
    def f(x):
        with tf.GradientTape() as tape:
            y = v * x
            with tape.stop_recording():
                z = v * v
            y = y + z
        a = tape.gradient(y, v)
        with tf.GradientTape() as tape:
            _ = v * x
            tape.reset()
            y = v * v
        return a, tape.gradient(y, v)

    return f(tf.constant(3.0))


@case("sparse/{form}", form=("gather", "gather_twice", "embedding", "outside"))
def sparse(tf, rng, form):
    table = rng.variable(5, 2)

    @tf.function
    def look(i):
        if form == "embedding":
            return tf.nn.embedding_lookup(table, i)
        return tf.gather(table, i)

    @tf.function
    def f(i):
        with tf.GradientTape() as tape:
            y = tf.gather(table, i) * 2.0
            if form == "gather_twice":
                y = y + tf.gather(table, i)
            elif form == "embedding":
                y = tf.nn.embedding_lookup(table, i)
        return tf.convert_to_tensor(tape.gradient(y, table))

    i = tf.constant([1, 3, 1])
    if form != "outside":
        return f(i)
    with tf.GradientTape() as tape:
        y = look(i) ** 2
    return tf.convert_to_tensor(tape.gradient(y, table))


@case("dtypes/{dtype}", dtype=("float16", "float64", "complex64", "bfloat16"))
def dtypes(tf, rng, dtype):
    v = rng.variable(3, dtype=dtype)

    @tf.function
    def f(x):
        with tf.GradientTape() as tape:
            y = x * v * v
        return y, tape.gradient(y, v)

    return f(rng.tensor(3, dtype=dtype))
