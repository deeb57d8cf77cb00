"""tf.function: second derivatives, custom gradients, Jacobians, forward mode, tf.gradients."""

from __future__ import annotations

from golden.outcome import raised
from golden.registry import case


@case(
    "second/{form}",
    form=("inside", "across", "outside", "variable", "third", "hvp", "gradient_penalty", "mixed"),
)
def second(tf, rng, form):
    x = rng.tensor(3, low=0.3, high=0.8)
    v = rng.variable(3, low=0.3, high=0.8)
    cube = lambda x: tf.reduce_sum(x**3 * tf.sin(x))

    @tf.function
    def slope(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = cube(x)
        return tape.gradient(y, x)

    if form == "inside":

        @tf.function
        def f(x):
            with tf.GradientTape() as outer:
                outer.watch(x)
                with tf.GradientTape() as inner:
                    inner.watch(x)
                    y = cube(x)
                g = inner.gradient(y, x)
            return y, g, outer.gradient(g, x)

        return f(x)
    if form == "across":
        with tf.GradientTape() as tape:
            tape.watch(x)
            g = slope(x)
        return [g, tape.gradient(g, x)]
    if form == "outside":
        f = tf.function(cube)
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = f(x)
            g = inner.gradient(y, x)
        return [g, outer.gradient(g, x)]
    if form == "variable":
        f = tf.function(lambda: tf.reduce_sum(v**4))
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                y = f()
            g = inner.gradient(y, v)
        return [g, outer.gradient(g, v)]
    if form == "third":

        @tf.function
        def curvature(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                g = slope(x)
            return tape.gradient(g, x)

        with tf.GradientTape() as tape:
            tape.watch(x)
            c = curvature(x)
        return [c, tape.gradient(c, x)]
    if form == "hvp":
        direction = rng.tensor(3)

        @tf.function
        def hvp(x, direction):
            with tf.GradientTape() as outer:
                outer.watch(x)
                g = tf.reduce_sum(slope(x) * direction)
            return outer.gradient(g, x)

        return hvp(x, direction)
    if form == "gradient_penalty":

        @tf.function
        def penalty(x):
            with tf.GradientTape() as tape:
                with tf.GradientTape() as inner:
                    inner.watch(x)
                    y = tf.reduce_sum(tf.tanh(x * v))
                g = inner.gradient(y, x)
                p = (tf.norm(g) - 1.0) ** 2
            return p, tape.gradient(p, v)

        return penalty(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(slope(x) * v)
    return tape.gradient(y, [x, v])


@case(
    "custom/{form}",
    form=("inside", "outside", "clip", "variables", "defined_inside", "nested_function", "second"),
)
def custom(tf, rng, form):
    x, w = rng.tensor(3), rng.variable(3)

    @tf.custom_gradient
    def log1pexp(x):
        e = tf.exp(x)
        return tf.math.log(1 + e), lambda g: g * (1 - 1 / (1 + e))

    @tf.custom_gradient
    def clip(x):
        return tf.identity(x), lambda g: tf.clip_by_norm(g, 0.5)

    if form == "inside":

        @tf.function
        def f(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = log1pexp(x)
            return y, tape.gradient(y, x)

        return [f(x), f(tf.constant([100.0, 0.0, -100.0]))]
    if form == "outside":
        f = tf.function(lambda x: log1pexp(x) * 2.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        return [y, tape.gradient(y, x)]
    if form == "clip":

        @tf.function
        def f(x):
            with tf.GradientTape() as tape:
                y = clip(x * w * 5.0) * 3.0
            return tape.gradient(y, w)

        return f(x)
    if form == "variables":

        @tf.custom_gradient
        def scaled(x):
            def grad(g, variables=None):
                return g * 3.0, [g * 5.0 for _ in variables]

            return x * w, grad

        @tf.function
        def f(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = scaled(x)
            return tape.gradient(y, [x, w])

        return f(x)
    if form == "defined_inside":

        @tf.function
        def f(x):
            @tf.custom_gradient
            def reverse(x):
                return x, lambda g: -g

            with tf.GradientTape() as tape:
                tape.watch(x)
                y = reverse(x * x)
            return tape.gradient(y, x)

        return f(x)
    if form == "nested_function":
        inner = tf.function(lambda x: log1pexp(x))
        f = tf.function(lambda x: inner(x) + inner(x * w))
        with tf.GradientTape() as tape:
            y = f(x)
        return tape.gradient(y, w)

    @tf.custom_gradient
    def cube(x):
        return x**3, lambda g: g * 3 * x**2

    @tf.function
    def f(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = cube(x)
            d = inner.gradient(y, x)
        return d, outer.gradient(d, x)

    return f(x)


@case("jacobian/{form}", form=("inside", "outside", "batch", "hessian", "variable", "no_pfor"))
def jacobian(tf, rng, form):
    x, w = rng.tensor(3, low=-1, high=1), rng.variable(3, 3, low=-0.5, high=0.5)
    g = tf.function(lambda x: tf.tanh(tf.linalg.matvec(w, x)))

    if form == "outside":
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = g(x)
        return tape.jacobian(y, x)

    @tf.function
    def f(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            if form == "hessian":
                with tf.GradientTape() as inner:
                    inner.watch(x)
                    y = tf.reduce_sum(tf.exp(x) * x)
                y = inner.gradient(y, x)
            elif form == "batch":
                y = tf.sin(x @ w)
            else:
                y = tf.tanh(tf.linalg.matvec(w, x))
        if form == "batch":
            return tape.batch_jacobian(y, x)
        if form == "variable":
            return tape.jacobian(y, w)
        return tape.jacobian(y, x, experimental_use_pfor=form != "no_pfor")

    return f(rng.tensor(2, 3) if form == "batch" else x)


@case("forward/{form}", form=("inside", "outside"))
def forward(tf, rng, form):
    x, t = rng.tensor(3), rng.tensor(3)
    if form == "outside":
        f = tf.function(lambda x: tf.reduce_sum(tf.sin(x) * x))
        with tf.autodiff.ForwardAccumulator(x, t) as a:
            y = f(x)
        return [y, a.jvp(y)]

    @tf.function
    def f(x, t):
        with tf.autodiff.ForwardAccumulator(x, t) as a:
            y = tf.reduce_sum(tf.sin(x) * x)
        return y, a.jvp(y)

    return f(x, t)


@case("tf_gradients/{form}", form=("one", "several", "grad_ys", "none", "hessians"))
def tf_gradients(tf, rng, form):
    """tf.gradients belongs to graphs: inside a traced function it works."""
    x = rng.tensor(3)

    @tf.function
    def f(x):
        y = tf.reduce_sum(x**3)
        if form == "one":
            return tf.gradients(y, x)
        if form == "several":
            return tf.gradients([y, x * x], [x])
        if form == "grad_ys":
            return tf.gradients(x * x, x, grad_ys=tf.ones([3]) * 2.0)
        if form == "none":
            return tf.gradients(y, [x, tf.constant(1.0)])
        return tf.hessians(y, x)

    return f(x)


@case("py_function")
def py_function(tf, rng):
    v = rng.variable(3)

    @tf.function
    def f(x):
        with tf.GradientTape() as tape:
            y = tf.py_function(lambda a, b: a * b * b, [x, v], tf.float32)
        return y, tape.gradient(y, v)

    return f(rng.tensor(3))


@case("numpy_function_is_none")
def numpy_function_is_none(tf, rng):
    @tf.function
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.numpy_function(lambda v: v * 2, [x], tf.float32)
        return tape.gradient(y, x)

    return f(rng.tensor(3))


@case("recompute")
def recompute(tf, rng):
    x, w = rng.tensor(3), rng.variable(3)
    block = tf.recompute_grad(lambda x: tf.tanh(x * w) ** 2)

    @tf.function
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = block(x)
        return y, tape.gradient(y, [x, w])

    return f(x)


@case(
    "tape_misuse/{form}",
    form=("used_twice", "inside_context", "integer", "not_watched", "assigned"),
)
def tape_misuse(tf, rng, form):
    v = tf.Variable(2.0)

    @tf.function
    def f(x):
        with tf.GradientTape() as tape:
            if form == "not_watched":
                y = x * x
            elif form == "integer":
                y = tf.cast(x, tf.int32) * 2
            elif form == "assigned":
                v.assign(x)
                y = v * v
            else:
                y = v * x
            if form == "inside_context":
                return tape.gradient(y, v)
        if form == "used_twice":
            tape.gradient(y, v)
        return tape.gradient(y, [x, v])

    return raised(lambda: f(tf.constant(3.0)), "non-persistent" if form == "used_twice" else "")
