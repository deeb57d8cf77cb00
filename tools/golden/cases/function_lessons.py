"""Whole small programs under tf.function, as lessons and notebooks have them."""

from __future__ import annotations

import numpy as np

from golden.registry import case


@case("linear_regression/{form}", form=("step", "loop_inside", "module", "input_signature"))
def linear_regression(tf, rng, form):
    x = rng.tensor(20, 1)
    y = 3.0 * x + 2.0 + rng.tensor(20, 1, low=-0.1, high=0.1)
    w, b = tf.Variable(5.0, name="w"), tf.Variable(0.0, name="b")
    if form == "module":

        class Linear(tf.Module):
            def __init__(self):
                super().__init__()
                self.w, self.b = tf.Variable(5.0), tf.Variable(0.0)

            @tf.function
            def __call__(self, x):
                return self.w * x + self.b

        model = Linear()

        @tf.function
        def train(model, x, y, learning_rate):
            with tf.GradientTape() as t:
                current_loss = tf.reduce_mean(tf.square(y - model(x)))
            dw, db = t.gradient(current_loss, [model.w, model.b])
            model.w.assign_sub(learning_rate * dw)
            model.b.assign_sub(learning_rate * db)
            return current_loss

        return [
            [train(model, x, y, 0.1) for _ in range(5)],
            model.w,
            model.b,
            [v.name for v in model.variables],
        ]
    if form == "loop_inside":

        @tf.function
        def train(x, y, epochs):
            losses = tf.TensorArray(tf.float32, size=epochs)
            for i in tf.range(epochs):
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean((w * x + b - y) ** 2)
                dw, db = tape.gradient(loss, [w, b])
                w.assign_sub(0.1 * dw)
                b.assign_sub(0.1 * db)
                losses = losses.write(i, loss)
            return losses.stack()

        return [train(x, y, tf.constant(6)), w, b]
    spec = tf.TensorSpec([None, 1], tf.float32)

    @tf.function(input_signature=[spec, spec] if form == "input_signature" else None)
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(w * x + b - y))
        grads = tape.gradient(loss, [w, b])
        for g, v in zip(grads, [w, b]):
            v.assign_sub(0.1 * g)
        return loss

    return [
        [step(x, y) for _ in range(4)],
        step(x[:7], y[:7]),
        w,
        b,
        step.experimental_get_tracing_count(),
    ]


@case("two_layer_net/{form}", form=("one_hot", "sparse", "jit", "minibatch"))
def two_layer_net(tf, rng, form):
    """A two-layer network with softmax, plain SGD by hand."""
    x, labels = rng.tensor(12, 4), rng.integers(12, below=3)
    w1, b1 = tf.Variable(rng.tensor(4, 5, low=-0.5, high=0.5)), tf.Variable(tf.zeros([5]))
    w2, b2 = tf.Variable(rng.tensor(5, 3, low=-0.5, high=0.5)), tf.Variable(tf.zeros([3]))
    params = [w1, b1, w2, b2]

    @tf.function(jit_compile=form == "jit")
    def step(x, labels, rate):
        with tf.GradientTape() as tape:
            h = tf.nn.relu(tf.matmul(x, w1) + b1)
            logits = tf.matmul(h, w2) + b2
            if form == "sparse":
                loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
            else:
                loss = tf.nn.softmax_cross_entropy_with_logits(
                    labels=tf.one_hot(labels, 3), logits=logits
                )
            loss = tf.reduce_mean(loss)
        for p, g in zip(params, tape.gradient(loss, params)):
            p.assign_sub(rate * g)
        hits = tf.equal(tf.argmax(logits, 1, output_type=tf.int32), labels)
        return loss, tf.reduce_mean(tf.cast(hits, tf.float32))

    if form == "minibatch":
        found = [step(x[i : i + 4], labels[i : i + 4], 0.5) for i in range(0, 12, 4)]
    else:
        found = [step(x, labels, 0.5) for _ in range(4)]
    return [found, params, step.experimental_get_tracing_count()]


@case("logistic_regression")
def logistic_regression(tf, rng):
    x = rng.tensor(16, 3)
    y = tf.cast(tf.reduce_sum(x, axis=1) > 0, tf.float32)
    w = tf.Variable(tf.zeros([3]))

    @tf.function
    def train(steps):
        loss = tf.constant(0.0)
        for _ in tf.range(steps):
            with tf.GradientTape() as tape:
                logits = tf.linalg.matvec(x, w)
                loss = tf.reduce_mean(
                    tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits)
                )
            w.assign_sub(tape.gradient(loss, w))
        return loss

    return [train(tf.constant(5)), w, train(tf.constant(5)), tf.sigmoid(tf.linalg.matvec(x, w))]


@case("newton_method")
def newton_method(tf, rng):
    """Second derivatives: Newton's method for a minimum."""
    x = tf.Variable(3.0)

    @tf.function
    def step():
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                y = x**4 - 3.0 * x**2 + x
            d = inner.gradient(y, x)
        dd = outer.gradient(d, x)
        x.assign_sub(d / dd)
        return y, d, dd

    return [step(), step(), step(), x]


@case("gradient_descent_while")
def gradient_descent_while(tf, rng):
    """Descend until the gradient is small."""

    @tf.function
    def minimize(start, rate):
        x, steps = start, 0
        going = tf.constant(True)
        while going:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.reduce_sum((x - [1.0, -2.0]) ** 2)
            g = tape.gradient(y, x)
            x = x - rate * g
            steps += 1
            going = tf.norm(g) > 1e-2
        return x, steps

    return [minimize(tf.constant([0.0, 0.0]), 0.25), minimize(tf.constant([1.0, -2.0]), 0.25)]


@case("recurrent_cell")
def recurrent_cell(tf, rng):
    """A recurrent network by hand over time steps, with its gradient."""
    wx, wh, b = rng.variable(2, 3), rng.variable(3, 3, low=-0.5, high=0.5), rng.variable(3)

    @tf.function(input_signature=[tf.TensorSpec([None, 4, 2], tf.float32)])
    def f(x):
        with tf.GradientTape() as tape:
            h = tf.zeros([tf.shape(x)[0], 3])
            for t in tf.range(4):
                h = tf.tanh(x[:, t] @ wx + h @ wh + b)
            loss = tf.reduce_mean(h**2)
        return loss, tape.gradient(loss, [wx, wh, b])

    return [f(rng.tensor(2, 4, 2)), f(rng.tensor(1, 4, 2))]


@case("attention")
def attention(tf, rng):
    wq, wk, wv = (rng.variable(4, 4, low=-0.5, high=0.5) for _ in "qkv")

    @tf.function
    def f(x, mask):
        with tf.GradientTape() as tape:
            q, k, v = x @ wq, x @ wk, x @ wv
            scores = tf.matmul(q, k, transpose_b=True) / tf.sqrt(4.0)
            scores += (1.0 - mask) * -1e9
            y = tf.nn.softmax(scores, axis=-1) @ v
            loss = tf.reduce_mean(y * y)
        return y, tape.gradient(loss, [wq, wk, wv])

    return f(rng.tensor(2, 3, 4), tf.linalg.band_part(tf.ones([3, 3]), -1, 0))


@case("convolutional_net")
def convolutional_net(tf, rng):
    k, w = rng.variable(3, 3, 1, 2, low=-0.5, high=0.5), rng.variable(8, 3, low=-0.5, high=0.5)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            h = tf.nn.relu(tf.nn.conv2d(x, k, strides=1, padding="SAME"))
            h = tf.nn.max_pool2d(h, 2, 2, "VALID")
            logits = tf.reshape(h, [x.shape[0], -1]) @ w
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
        gk, gw = tape.gradient(loss, [k, w])
        k.assign_sub(0.1 * gk)
        w.assign_sub(0.1 * gw)
        return loss

    x, y = rng.tensor(3, 4, 4, 1), tf.constant([0, 2, 1])
    return [step(x, y), step(x, y), step(x, y), k, w]


@case("adam_by_hand")
def adam_by_hand(tf, rng):
    """Adam written with tf.Module and slots made on the first call."""

    class Adam(tf.Module):
        def __init__(self, rate=0.1):
            self.rate, self.t, self.built = rate, tf.Variable(1.0), False
            self.m, self.v = [], []

        def apply(self, grads, params):
            if not self.built:
                self.m = [tf.Variable(tf.zeros(p.shape)) for p in params]
                self.v = [tf.Variable(tf.zeros(p.shape)) for p in params]
                self.built = True
            for i, (g, p) in enumerate(zip(grads, params)):
                self.m[i].assign(0.9 * self.m[i] + 0.1 * g)
                self.v[i].assign(0.999 * self.v[i] + 0.001 * tf.square(g))
                m = self.m[i] / (1.0 - tf.pow(0.9, self.t))
                v = self.v[i] / (1.0 - tf.pow(0.999, self.t))
                p.assign_sub(self.rate * m / (tf.sqrt(v) + 1e-7))
            self.t.assign_add(1.0)

    opt = Adam()
    w = tf.Variable([1.0, -2.0])

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((w * x - 1.0) ** 2)
        opt.apply(tape.gradient(loss, [w]), [w])
        return loss

    x = tf.constant([2.0, 1.0])
    return [[step(x) for _ in range(4)], w, opt.t]


@case("physics_informed")
def physics_informed(tf, rng):
    """A network's derivative by its input in the loss."""
    w1, b1, w2 = (
        rng.variable(1, 4, low=-0.5, high=0.5),
        tf.Variable(tf.zeros([4])),
        rng.variable(4, 1, low=-0.5, high=0.5),
    )
    params = [w1, b1, w2]

    @tf.function
    def step(t):
        with tf.GradientTape() as tape:
            with tf.GradientTape() as inner:
                inner.watch(t)
                u = tf.tanh(t @ w1 + b1) @ w2
            du = inner.gradient(u, t)
            loss = tf.reduce_mean((du + u) ** 2) + tf.reduce_mean((u[0] - 1.0) ** 2)
        grads = tape.gradient(loss, params)
        for p, g in zip(params, grads):
            p.assign_sub(0.1 * g)
        return loss

    t = tf.reshape(tf.linspace(0.0, 1.0, 5), [5, 1])
    return [[step(t) for _ in range(3)], params]


@case("game_of_life")
def game_of_life(tf, rng):
    @tf.function
    def step(board):
        kernel = tf.reshape(tf.constant([1.0, 1, 1, 1, 0, 1, 1, 1, 1]), [3, 3, 1, 1])
        n = tf.nn.conv2d(board[None, :, :, None], kernel, 1, "SAME")[0, :, :, 0]
        return tf.cast(tf.logical_or(n == 3, tf.logical_and(n == 2, board == 1.0)), tf.float32)

    @tf.function
    def run(board, n):
        for _ in tf.range(n):
            board = step(board)
        return board

    glider = np.zeros((6, 6), np.float32)
    glider[[0, 1, 2, 2, 2], [1, 2, 0, 1, 2]] = 1.0
    return [run(tf.constant(glider), 4), run(tf.constant(glider), tf.constant(1))]


@case("dataset_inside")
def dataset_inside(tf, rng):
    """A data set iterated inside the function."""
    w = tf.Variable([0.0, 0.0])
    d = tf.data.Dataset.from_tensor_slices((rng.array(6, 2), rng.array(6))).batch(2)

    @tf.function
    def epoch(d):
        total = 0.0
        for x, y in d:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((tf.linalg.matvec(x, w) - y) ** 2)
            w.assign_sub(0.1 * tape.gradient(loss, w))
            total += loss
        return total

    return [epoch(d), epoch(d), w]


@case("counter_module")
def counter_module(tf, rng):
    class Counter(tf.Module):
        def __init__(self):
            self.value = tf.Variable(0)

        @tf.function
        def next(self, by=1):
            return self.value.assign_add(by)

    a, b = Counter(), Counter()
    return [
        a.next(),
        a.next(),
        a.next(by=5),
        b.next(),
        a.value,
        b.value,
        a.next.experimental_get_tracing_count(),
    ]


@case("mandelbrot")
def mandelbrot(tf, rng):
    @tf.function
    def counts(c, limit):
        z, n = tf.zeros_like(c), tf.zeros(tf.shape(c), tf.int32)
        for _ in tf.range(limit):
            z = tf.where(tf.abs(z) < 2.0, z * z + c, z)
            n += tf.cast(tf.abs(z) < 2.0, tf.int32)
        return n

    return counts(
        tf.constant([0.0 + 0.0j, 0.3 + 0.5j, 1.0 + 1.0j, -1.0 + 0.25j], tf.complex64),
        tf.constant(20),
    )
