"""Keras inside tf.function: layers, models, optimizers, losses, metrics."""

from __future__ import annotations

from golden.cases.keras_models import MAKERS, data, small
from golden.registry import case

OPTIMIZERS = {
    "SGD": ("SGD", {"learning_rate": 0.1}),
    "momentum": ("SGD", {"learning_rate": 0.05, "momentum": 0.9}),
    "nesterov": ("SGD", {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
    "Adam": ("Adam", {"learning_rate": 0.05}),
    "AdamW": ("AdamW", {"learning_rate": 0.05}),
    "RMSprop": ("RMSprop", {"learning_rate": 0.02}),
    "Adagrad": ("Adagrad", {"learning_rate": 0.1}),
    "Adadelta": ("Adadelta", {"learning_rate": 1.0}),
    "Adamax": ("Adamax", {"learning_rate": 0.05}),
    "Nadam": ("Nadam", {"learning_rate": 0.05}),
    "clipnorm": ("SGD", {"learning_rate": 0.1, "clipnorm": 0.1}),
    "clipvalue": ("Adam", {"learning_rate": 0.1, "clipvalue": 0.05}),
    "global_clipnorm": ("SGD", {"learning_rate": 0.1, "global_clipnorm": 0.1}),
    "weight_decay": ("SGD", {"learning_rate": 0.1, "weight_decay": 0.01}),
}


@case("optimizer/{name}", name=tuple(OPTIMIZERS))
def optimizer(tf, rng, name):
    kind, keys = OPTIMIZERS[name]
    opt = getattr(tf.keras.optimizers, kind)(**keys)
    model = small(tf)
    x, y = (tf.constant(a) for a in data(rng, 8))
    traces = []

    @tf.function
    def step(x, y):
        traces.append(1)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        g = tape.gradient(loss, model.trainable_variables)
        opt.apply_gradients(zip(g, model.trainable_variables))
        return loss

    return [[step(x, y) for _ in range(5)], model.get_weights(), opt.iterations, len(traces)]


@case(
    "optimizer_forms/{form}",
    form=(
        "minimize",
        "schedule",
        "learning_rate_change",
        "legacy",
        "bare_variables",
        "iterations",
        "none_gradient",
    ),
)
def optimizer_forms(tf, rng, form):
    k = tf.keras.optimizers
    v = tf.Variable([1.0, -2.0])
    unused = tf.Variable(1.0)
    opt = {
        "schedule": lambda: k.SGD(k.schedules.ExponentialDecay(0.1, decay_steps=1, decay_rate=0.5)),
        "legacy": lambda: k.legacy.Adam(0.1),
    }.get(form, lambda: k.Adam(0.1))()

    @tf.function
    def step(x):
        if form == "minimize":
            opt.minimize(lambda: tf.reduce_sum(v * v * x), [v])
            return v * 1.0
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(v * v * x)
        if form == "none_gradient":
            g = tape.gradient(loss, [v, unused])
            opt.apply_gradients([(one, w) for one, w in zip(g, [v, unused]) if one is not None])
        else:
            opt.apply_gradients([(tape.gradient(loss, v), v)])
        return (loss, opt.iterations * 1) if form == "iterations" else loss

    found = [step(tf.constant(1.0)), step(tf.constant(1.0))]
    if form == "learning_rate_change":
        opt.learning_rate = 1.0
        found += [step(tf.constant(1.0))]
        opt.learning_rate.assign(0.01)
        found += [step(tf.constant(1.0))]
    return [found, v, unused]


LAYERS = {
    "dense": lambda k: k.Dense(3, activation="relu", kernel_initializer="ones"),
    "flatten": lambda k: k.Flatten(),
    "layer_norm": lambda k: k.LayerNormalization(),
    "embedding": lambda k: k.Embedding(5, 2, embeddings_initializer="ones"),
    "lstm": lambda k: k.LSTM(2, kernel_initializer="ones", recurrent_initializer="ones"),
    "gru": lambda k: k.GRU(
        2, kernel_initializer="ones", recurrent_initializer="ones", return_sequences=True
    ),
    "simple_rnn": lambda k: k.SimpleRNN(2, kernel_initializer="ones", recurrent_initializer="ones"),
    "conv2d": lambda k: k.Conv2D(2, 2, kernel_initializer="ones", padding="same"),
    "max_pool": lambda k: k.MaxPooling2D(2),
    "average_pool": lambda k: k.GlobalAveragePooling2D(),
    "leaky_relu": lambda k: k.LeakyReLU(0.2),
    "softmax": lambda k: k.Softmax(),
    "reshape": lambda k: k.Reshape((-1,)),
    "lambda": lambda k: k.Lambda(lambda x: x * 2.0),
    "activation": lambda k: k.Activation("gelu"),
    "prelu": lambda k: k.PReLU(),
    "rescaling": lambda k: k.Rescaling(0.5, 1.0),
    "attention": lambda k: k.Attention(),
    "zero_padding": lambda k: k.ZeroPadding2D(1),
    "repeat": lambda k: k.RepeatVector(3),
}


@case("layer/{name}", name=tuple(LAYERS))
def layer(tf, rng, name):
    """A layer that is built while it is traced."""
    one = LAYERS[name](tf.keras.layers)
    if name in ("lstm", "gru", "simple_rnn"):
        x = rng.tensor(2, 3, 4, low=-0.3, high=0.3)
    elif name in ("conv2d", "max_pool", "average_pool", "zero_padding", "reshape", "flatten"):
        x = rng.tensor(2, 4, 4, 1)
    elif name == "embedding":
        x = tf.constant([[0, 1], [4, 0]])
    else:
        x = rng.tensor(2, 3)
    if name == "attention":
        x = rng.tensor(2, 3, 4)

    @tf.function
    def f(x):
        with tf.GradientTape() as tape:
            if x.dtype.is_floating:
                tape.watch(x)
            y = one([x, x]) if name == "attention" else one(x)
            loss = tf.reduce_sum(y * y * y)
        sources = [*one.trainable_variables, *([x] if x.dtype.is_floating else [])]
        return y, [tf.convert_to_tensor(g) for g in tape.gradient(loss, sources)]

    return [f(x), f(x), [w.shape for w in one.weights]]


@case("model/{kind}/{form}", kind=tuple(MAKERS), form=("call", "train", "train_jit"))
def model_(tf, rng, kind, form):
    model = MAKERS[kind](tf)
    x, y = (tf.constant(a) for a in data(rng, 8))
    opt = tf.keras.optimizers.SGD(0.1)
    loss_of = tf.keras.losses.MeanSquaredError()
    if form == "call":
        f = tf.function(model)
        return [f(x), f(x[:2]), tf.function(model.call)(x)]

    @tf.function(jit_compile=form == "train_jit")
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        g = tape.gradient(loss, model.trainable_weights)
        opt.apply_gradients(zip(g, model.trainable_weights))
        return loss

    if form == "train_jit":
        model(x)
        opt.build(model.trainable_variables)
    return [[step(x, y) for _ in range(3)], model.get_weights(), model(x)]


LOSSES = [
    "MeanSquaredError",
    "MeanAbsoluteError",
    "Huber",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "KLDivergence",
    "SparseCategoricalCrossentropy",
    "Hinge",
    "CosineSimilarity",
    "LogCosh",
    "Poisson",
]


@case("loss/{name}", name=tuple(LOSSES))
def loss(tf, rng, name):
    make = getattr(tf.keras.losses, name)
    one = make(from_logits=True) if "Crossentropy" in name else make()
    p = rng.tensor(4, 3, low=0.1, high=2.0)
    y = rng.tensor(4, 3, low=0.1, high=1.0)
    if name == "SparseCategoricalCrossentropy":
        y = rng.integers(4, below=3)

    @tf.function
    def f(y, p):
        with tf.GradientTape() as tape:
            tape.watch(p)
            value = one(y, p)
        return value, tape.gradient(value, p)

    @tf.function
    def weighted(y, p):
        return one(y, p, sample_weight=tf.constant([1.0, 0.0, 2.0, 1.0]))

    return [f(y, p), weighted(y, p)]


@case(
    "metric/{name}",
    name=(
        "Mean",
        "Sum",
        "MeanSquaredError",
        "SparseCategoricalAccuracy",
        "BinaryAccuracy",
        "AUC",
        "Precision",
        "Recall",
    ),
)
def metric(tf, rng, name):
    one = getattr(tf.keras.metrics, name)()

    @tf.function
    def update(a, b):
        if name in ("Mean", "Sum"):
            one.update_state(a)
        elif name == "SparseCategoricalAccuracy":
            one.update_state(tf.constant([0, 1, 1, 0]), tf.stack([a, b], axis=1))
        elif name in ("BinaryAccuracy", "AUC", "Precision", "Recall"):
            one.update_state(tf.cast(a > 0.4, tf.float32), b)
        else:
            one.update_state(a, b)
        return one.result()

    a, b = rng.tensor(4, low=0.0, high=1.0), rng.tensor(4, low=0.0, high=1.0)
    found = [update(a, b), update(b, a), one.result()]
    one.reset_state()
    return [*found, update(b, b)]
