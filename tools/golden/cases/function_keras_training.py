"""Keras inside tf.function: whole steps, own layers, fit, where and when Python runs."""

from __future__ import annotations

import numpy as np

from golden.cases.keras_models import I, data, small
from golden.outcome import raised
from golden.registry import case


@case(
    "batch_normalization/{form}",
    form=("training", "inference", "flag", "tensor_flag", "gradient", "frozen"),
)
def batch_normalization(tf, rng, form):
    bn = tf.keras.layers.BatchNormalization(momentum=0.9)
    x = rng.tensor(6, 2)
    bn.build([None, 2])
    if form == "frozen":
        bn.trainable = False

    @tf.function
    def f(x, training):
        if form == "gradient":
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = bn(x, training=training)
                loss = tf.reduce_sum(y**3)
            return y, tape.gradient(loss, [x, bn.gamma, bn.beta])
        return bn(x, training=training)

    if form == "inference":
        return [f(x, False), bn.moving_mean, bn.moving_variance]
    if form == "flag":
        return [f(x, True), f(x, False), f.experimental_get_tracing_count(), bn.moving_mean]
    if form == "tensor_flag":
        return raised(lambda: [f(x, tf.constant(True)), f(x, tf.constant(False)), bn.moving_mean])
    return [f(x, True), f(x, True), bn.moving_mean, bn.moving_variance]


@case("dropout/{form}", form=("off", "flag", "in_model"))
def dropout(tf, rng, form):
    tf.keras.utils.set_random_seed(3)
    drop = tf.keras.layers.Dropout(0.5)
    model = tf.keras.Sequential(
        [tf.keras.Input((4,)), drop, tf.keras.layers.Dense(2, kernel_initializer="ones")]
    )
    x = tf.ones([2, 4])

    @tf.function
    def f(x, training=False):
        return model(x, training=training) if form == "in_model" else drop(x, training=training)

    if form == "off":
        return [f(x), f(x)]
    return [f(x, training=True), f(x), f(x, training=True), f.experimental_get_tracing_count()]


@case("metrics_in_step")
def metrics_in_step(tf, rng):
    """The step of the custom-training guide."""
    k = tf.keras
    model = small(tf, 3, 3)
    loss_of = k.losses.SparseCategoricalCrossentropy(from_logits=True)
    opt = k.optimizers.Adam(0.05)
    mean, accuracy = (
        k.metrics.Mean(name="loss"),
        k.metrics.SparseCategoricalAccuracy(name="accuracy"),
    )
    test_mean = k.metrics.Mean(name="test_loss")
    x, y = rng.array(12, 3), rng.bits.randint(0, 3, 12)

    @tf.function
    def train_step(images, labels):
        with tf.GradientTape() as tape:
            predictions = model(images, training=True)
            loss = loss_of(labels, predictions)
        gradients = tape.gradient(loss, model.trainable_variables)
        opt.apply_gradients(zip(gradients, model.trainable_variables))
        mean(loss)
        accuracy(labels, predictions)

    @tf.function
    def test_step(images, labels):
        test_mean(loss_of(labels, model(images, training=False)))

    seen = []
    for _ in range(3):
        for metric in (mean, accuracy, test_mean):
            metric.reset_states()
        for a, b in tf.data.Dataset.from_tensor_slices((x, y)).batch(5):
            train_step(a, b)
        test_step(x, y)
        seen.append([mean.result(), accuracy.result(), test_mean.result()])
    return [
        seen,
        train_step.experimental_get_tracing_count(),
        test_step.experimental_get_tracing_count(),
    ]


@case(
    "custom_layer/{form}",
    form=("build", "add_loss", "state", "training", "nested", "decorated_call", "mask"),
)
def custom_layer(tf, rng, form):
    k = tf.keras

    class Linear(k.layers.Layer):
        def __init__(self, units):
            super().__init__()
            self.units = units

        def build(self, shape):
            self.w = self.add_weight(
                shape=(shape[-1], self.units), initializer="ones", trainable=True
            )
            self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True)
            self.total = self.add_weight(shape=(), initializer="zeros", trainable=False)

        def call(self, x, training=False):
            if form == "state":
                self.total.assign_add(tf.reduce_sum(x))
            if form == "add_loss":
                self.add_loss(0.01 * tf.reduce_sum(self.w**2))
            if form == "training" and training:
                return tf.matmul(x, self.w) * 10.0
            if form == "mask":
                x = x * tf.cast(tf.not_equal(x, 0.0), x.dtype)
            return tf.matmul(x, self.w) + self.b

    class Block(k.layers.Layer):
        def __init__(self):
            super().__init__()
            self.first, self.second = Linear(3), Linear(1)

        @tf.function
        def call(self, x):
            return self.second(tf.nn.relu(self.first(x)))

    one = Block() if form in ("nested", "decorated_call") else Linear(2)
    x = rng.tensor(2, 3)
    if form == "decorated_call":
        return [one(x), one(x), len(one.trainable_weights)]

    @tf.function
    def f(x):
        y = one(x, training=True) if form == "training" else one(x)
        return y, tf.add_n(one.losses) if form == "add_loss" else 0.0

    found = [f(x), f(x)]
    return [*found, one.total if form == "state" else None, [w.shape for w in one.weights]]


@case("regularized_step")
def regularized_step(tf, rng):
    k = tf.keras
    d = k.layers.Dense(
        2,
        kernel_initializer=I(tf),
        kernel_regularizer=k.regularizers.l2(0.1),
        kernel_constraint=k.constraints.MaxNorm(0.5),
    )
    model = k.Sequential([d])
    opt = k.optimizers.SGD(0.1)
    x, y = (tf.constant(a) for a in data(rng, 6))

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x, training=True) - y)) + sum(model.losses)
        opt.apply_gradients(
            zip(tape.gradient(loss, model.trainable_weights), model.trainable_weights)
        )
        return loss

    return [step(x, y), step(x, y), d.kernel]


def history(h):
    return {k: np.array(v, np.float32) for k, v in h.history.items()}


@case(
    "fit/{form}",
    form=(
        "default",
        "run_eagerly",
        "jit",
        "dataset",
        "validation",
        "metrics",
        "train_step",
        "evaluate",
        "predict",
        "dropout",
        "steps_per_execution",
    ),
)
def fit(tf, rng, form):
    """fit with what `compile` chooses: traced steps."""
    k = tf.keras
    calls = []
    x, y = data(rng, 8)
    if form == "train_step":

        class Own(k.Model):
            def train_step(self, batch):
                calls.append(tf.executing_eagerly())
                a, b = batch
                with tf.GradientTape() as tape:
                    loss = self.compiled_loss(b, self(a, training=True))
                self.optimizer.apply_gradients(
                    zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
                )
                return {"loss": loss}

        i = k.Input((3,))
        model = Own(i, k.layers.Dense(2, kernel_initializer=I(tf))(i))
    else:
        model = small(tf)
    if form == "dropout":
        k.utils.set_random_seed(5)
        model = k.Sequential(
            [
                k.layers.Dense(4, kernel_initializer=I(tf), input_shape=(3,)),
                k.layers.Dropout(0.5),
                k.layers.Dense(2, kernel_initializer=I(tf, 2)),
            ]
        )
    keys = {
        "run_eagerly": {"run_eagerly": True},
        "jit": {"jit_compile": True},
        "metrics": {"metrics": ["mae"]},
        "steps_per_execution": {"steps_per_execution": 2},
    }
    model.compile("sgd", "mse", **keys.get(form, {}))
    if form == "dataset":
        h = model.fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(3), epochs=2, verbose=0)
    elif form == "validation":
        h = model.fit(
            x, y, epochs=2, batch_size=4, shuffle=False, verbose=0, validation_data=(x[:3], y[:3])
        )
    else:
        h = model.fit(x, y, epochs=2, batch_size=4, shuffle=False, verbose=0)
    found = [history(h), model.get_weights(), calls]
    if form == "evaluate":
        found.append(np.float32(model.evaluate(x, y, batch_size=3, verbose=0)))
    if form == "predict":
        found += [
            model.predict(x, batch_size=3, verbose=0),
            model.predict_on_batch(x[:2]),
            model(x[:2]),
        ]
    return found


@case("eager_or_traced/{form}", form=("call_in_fit", "call_direct", "predict", "loss"))
def eager_or_traced(tf, rng, form):
    """Where Keras runs a Python body, and how often."""
    k = tf.keras
    seen = []

    class Spy(k.layers.Layer):
        def call(self, x):
            seen.append(tf.executing_eagerly())
            return x * 1.0

    def own_loss(y, p):
        seen.append(("loss", tf.executing_eagerly()))
        return tf.reduce_mean(tf.abs(y - p), axis=-1)

    model = k.Sequential([Spy(), k.layers.Dense(2, kernel_initializer=I(tf))])
    model.compile("sgd", own_loss if form == "loss" else "mse")
    x, y = data(rng, 8)
    if form == "call_direct":
        model(x)
        model(x)
    elif form == "predict":
        model.predict(x, batch_size=4, verbose=0)
        model.predict(x, batch_size=4, verbose=0)
    else:
        model.fit(x, y, batch_size=4, epochs=2, verbose=0, shuffle=False)
    return seen


@case("training_flag/{form}", form=("learning_phase", "default_false", "model_call", "inherited"))
def training_flag(tf, rng, form):
    k = tf.keras
    seen = []

    class Spy(k.layers.Layer):
        def call(self, x, training=None):
            seen.append(training)
            return x

    class Net(k.Model):
        def __init__(self):
            super().__init__()
            self.spy = Spy()

        def call(self, x, training=False):
            return self.spy(x) if form == "inherited" else self.spy(x, training=training)

    net = Net()
    f = tf.function(lambda x, training: net(x, training=training))
    x = tf.ones([1, 2])
    if form == "learning_phase":
        tf.function(lambda x: net(x))(x)
        return seen
    if form == "default_false":
        net(x)
        return seen
    f(x, True)
    f(x, False)
    f(x, True)
    return seen
