"""Layers, optimizers, metrics and losses inside of traced functions give what they give eagerly."""

import warnings

import layer_cases
import numpy as np
import pytest

import gradtape as tf
from gradtape.base.config import settings
from gradtape.random.seeds import STATE, FunctionSeeds

LAYERS = {case[0]: case for case in layer_cases.cases(tf.keras.layers)}
OPT = tf.keras.optimizers
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def interpreted(monkeypatch):
    """Machine code is held by its own tests; here it would only cost its compilation."""
    monkeypatch.setattr(settings, "backend", "numpy")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing runs eagerly in secret
        yield


def close(found, wanted):
    found, wanted = tf.nest.flatten(found), tf.nest.flatten(wanted)
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-6, atol=1e-6)


# --- layers -----------------------------------------------------------------------------------------------------------


def layer_twice(make, x, kwargs, traced):
    """Outputs and gradients of two calls, and the weights after them."""
    layer_cases.clear(tf)
    tf.keras.utils.set_random_seed(5)
    layer = make()
    several = isinstance(x, list)
    flat = [tf.constant(t) for t in x] if several else [tf.constant(x)]

    def step(*flat):
        with tf.GradientTape() as tape:
            sources = [t for t in flat if t.dtype.is_floating]
            tape.watch(sources)
            outputs = tf.nest.flatten(layer(list(flat) if several else flat[0], **kwargs))
            total = tf.add_n([tf.reduce_sum(tf.sin(y * 1.3)) for y in outputs])
        sources += layer.trainable_weights
        found = tape.gradient(total, sources, unconnected_gradients="zero")
        return outputs, [tf.convert_to_tensor(g) for g in found]

    if traced:
        function = tf.function(step)
    else:  # with the random state that a traced function has
        seeds = FunctionSeeds(5)

        def function(*flat):
            with STATE.inside(seeds):
                return step(*flat)

    return [function(*flat) for _ in range(2)], layer.get_weights()


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name):
    _, make, x, kwargs = LAYERS[name]
    close(layer_twice(make, x, kwargs, True), layer_twice(make, x, kwargs, False))


L = tf.keras.layers
STEPS = RNG.normal(size=(2, 7, 3)).astype(np.float32)
RECURRENT = {
    "lstm_sequences": lambda: L.LSTM(4, return_sequences=True, return_state=True),
    "lstm_backwards": lambda: L.LSTM(4, go_backwards=True, return_sequences=True),
    "lstm_dropout": lambda: L.LSTM(4, dropout=0.3, recurrent_dropout=0.4),
    "lstm_relu": lambda: L.LSTM(4, activation="relu", use_bias=False, time_major=True),
    "gru": lambda: L.GRU(4, return_state=True),
    "gru_dropout": lambda: L.GRU(4, dropout=0.3, recurrent_dropout=0.4, return_sequences=True),
    "gru_before": lambda: L.GRU(4, reset_after=False, return_sequences=True),
    "simple": lambda: L.SimpleRNN(4, recurrent_dropout=0.5, return_sequences=True),
    "simple_unrolled": lambda: L.SimpleRNN(4, unroll=True),
    "stacked": lambda: L.RNN([L.LSTMCell(3, dropout=0.2), L.GRUCell(4, recurrent_dropout=0.2)]),
    "both_ways": lambda: L.Bidirectional(L.GRU(3, return_sequences=True)),
}


@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent_layer(name):
    found, wanted = (
        layer_twice(RECURRENT[name], STEPS, {"training": True}, traced) for traced in (True, False)
    )
    close(found, wanted)


@pytest.mark.parametrize("make", [L.LSTM, L.GRU, L.SimpleRNN])
def test_recurrent_layers_with_masks_and_first_states(make):
    x, states = tf.constant(STEPS), [tf.constant(RNG.normal(size=(2, 4)), tf.float32)] * 2
    states = states if make is L.LSTM else states[:1]
    mask = tf.constant(RNG.uniform(size=(2, 7)) > 0.4)
    layer = make(4, return_sequences=True)
    layer(x)

    def step(x, mask):
        with tf.GradientTape() as tape:
            tape.watch([x, *states])
            y = layer(x, initial_state=states, mask=mask)
            z = layer(x, initial_state=states)
            total = tf.reduce_sum(y**2) + tf.reduce_sum(z**3)
        return y, z, tape.gradient(total, [x, *states, *layer.trainable_weights])

    close(tf.function(step)(x, mask), step(x, mask))


def test_second_order_through_a_recurrent_layer():
    layer = L.LSTM(2)
    x = tf.constant(STEPS)
    layer(x)

    def step(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(layer(x) ** 2)
            g = tf.reduce_sum(inner.gradient(y, x) ** 2)
        return outer.gradient(g, [x, layer.trainable_weights[1]])

    for a, b in zip(tf.function(step)(x), step(x)):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_a_mode_that_is_a_tensor():
    layers = [
        L.BatchNormalization(),
        L.Dropout(0.5, seed=2),
        L.GaussianNoise(0.5),
        L.GaussianDropout(0.5),
    ]
    x = tf.constant(STEPS)
    for layer in layers:
        layer(x)
        function = tf.function(lambda x, training, layer=layer: layer(x, training=training))
        close(function(x, tf.constant(False)), layer(x, training=False))
        noisy = function(x, tf.constant(True)).numpy()
        assert np.any(noisy != layer(x, training=False).numpy())
        assert function.experimental_get_tracing_count() == 1


def test_a_stateful_layer_goes_on_where_it_stopped():
    x = RNG.normal(size=(2, 3, 4)).astype(np.float32)

    def outputs(traced):
        tf.keras.utils.set_random_seed(1)
        layer = tf.keras.layers.LSTM(3, stateful=True)
        function = tf.function(layer) if traced else layer
        found = [function(tf.constant(x)) for _ in range(3)]
        layer.reset_states()
        return [*found, function(tf.constant(x))]

    found = outputs(True)
    close(found, outputs(False))
    close(found[0], found[3])
    assert np.any(found[0].numpy() != found[1].numpy())


def test_random_flips_and_encodings():
    x = tf.constant(RNG.normal(size=(4, 3, 3, 2)), tf.float32)
    tf.random.set_seed(4)
    flip = tf.keras.layers.RandomFlip(seed=3)
    seeds = FunctionSeeds(4)
    with STATE.inside(seeds):
        wanted = flip(x, training=True)
    flip = tf.keras.layers.RandomFlip(seed=3)
    close(tf.function(lambda: flip(x, training=True))(), wanted)
    ids = tf.constant([[0, 2], [1, 1]])
    for mode in ("one_hot", "multi_hot", "count"):
        layer = tf.keras.layers.CategoryEncoding(3, output_mode=mode)
        given = ids[:, :1] if mode == "one_hot" else ids
        close(tf.function(layer)(given), layer(given))


# --- optimizers -------------------------------------------------------------------------------------------------------

NAMES = ["SGD", "Adam", "AdamW", "Adamax", "Adagrad", "Adadelta", "Ftrl", "Nadam", "RMSprop"]
OPTIMIZERS = {name: lambda name=name: getattr(OPT, name)(0.1) for name in NAMES}
OPTIMIZERS |= {
    f"legacy_{name}": lambda name=name: getattr(OPT.legacy, name)(0.1, decay=0.1)
    for name in NAMES
    if name != "AdamW"
}
OPTIMIZERS |= {
    f"adam_{option}": lambda option=option: OPT.Adam(0.1, **{option: 0.3})
    for option in ("clipnorm", "clipvalue", "global_clipnorm", "weight_decay")
}
SCHEDULES = {
    "ExponentialDecay": (0.1, 2, 0.5), "InverseTimeDecay": (0.1, 2, 0.5, True), "CosineDecay": (0.1, 3),
    "PolynomialDecay": (0.1, 3, 0.01, 2.0, True), "CosineDecayRestarts": (0.1, 2, 1.5, 0.8),
    "PiecewiseConstantDecay": ([1, 2], [0.1, 0.05, 0.01]),
}  # fmt: skip
OPTIMIZERS |= {
    name: lambda name=name, args=args: OPT.Adam(getattr(OPT.schedules, name)(*args))
    for name, args in SCHEDULES.items()
}
OPTIMIZERS |= {
    "momentum": lambda: OPT.SGD(0.1, momentum=0.9, nesterov=True),
    "amsgrad": lambda: OPT.Adam(0.1, amsgrad=True),
    "centered": lambda: OPT.RMSprop(0.1, momentum=0.5, centered=True),
    "l1": lambda: OPT.Ftrl(
        0.1, l1_regularization_strength=0.01, l2_regularization_strength=0.02, beta=0.1
    ),
    "ema": lambda: OPT.SGD(0.1, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2),
}


def trained(make, traced):
    """Losses of some steps, weights and state."""
    x = tf.constant(np.linspace(-1, 1, 12).reshape(4, 3), tf.float32)
    w = tf.Variable(np.linspace(-1, 1, 6).reshape(3, 2).astype(np.float32))
    b = tf.Variable([0.5, -0.5])
    rows = tf.Variable(np.ones((5, 2), np.float32), constraint=tf.keras.constraints.MaxNorm(1.0))
    optimizer = make()

    def step(x):
        with tf.GradientTape() as tape:
            y = tf.tanh(x @ w + b) + tf.gather(rows, [0, 3, 0, 1])
            loss = tf.reduce_mean(y * y)
        optimizer.minimize(loss, [w, b, rows], tape=tape)
        return loss

    function = tf.function(step) if traced else step
    losses = [function(x) for _ in range(4)]
    if traced:  # the first call makes the state
        assert function.experimental_get_tracing_count() == 2
    return losses, w, b, rows, list(optimizer.variables)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizer(name):
    close(trained(OPTIMIZERS[name], True), trained(OPTIMIZERS[name], False))


def test_a_rule_of_the_users_and_a_new_learning_rate():
    class Plain(OPT.Optimizer):
        def __init__(self, rate):
            super().__init__("Plain")
            self._learning_rate = self._build_learning_rate(rate)

        def build(self, var_list):
            super().build(var_list)
            if not getattr(self, "_built", False):
                self.sums = [self.add_variable_from_reference(v, "sum") for v in var_list]
                self._built = True

        def update_step(self, gradient, variable):
            total = self.sums[self._index_dict[self._var_key(variable)]]
            total.assign_add(tf.abs(gradient))
            variable.assign_sub(self.learning_rate * gradient / (1.0 + total))

    v = tf.Variable([1.0, -2.0])
    optimizer = Plain(0.5)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(v * v)
        optimizer.apply_gradients([(tape.gradient(loss, v), v)])

    step()
    np.testing.assert_allclose(v, [1 - 0.5 * 2 / 3, -2 + 0.5 * 4 / 5], rtol=1e-6)
    optimizer.learning_rate = 0.0
    before = v.numpy()
    step()
    np.testing.assert_array_equal(v, before)
    assert int(optimizer.iterations) == 2
    assert step.experimental_get_tracing_count() == 2  # the first call makes the state


def test_norms_that_are_not_finite_give_nan():
    v = tf.Variable([1.0, 2.0])
    optimizer = OPT.SGD(1.0, global_clipnorm=1.0)
    step = tf.function(lambda g: optimizer.apply_gradients([(g, v)]))
    step(tf.constant([3.0, 4.0]))
    np.testing.assert_allclose(v, [0.4, 1.2], rtol=1e-6)
    step(tf.constant([np.inf, 1.0]))
    assert np.isnan(v).all()


# --- metrics and losses -----------------------------------------------------------------------------------------------

M = tf.keras.metrics
P = RNG.uniform(size=(6, 4)).astype(np.float32)
T = (RNG.uniform(size=(6, 4)) > 0.5).astype(np.float32)
INDEX = RNG.integers(0, 4, 6)
HOT = np.eye(4, dtype=np.float32)[INDEX]
W = RNG.uniform(size=6).astype(np.float32)
PLAIN = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "MeanSquaredError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredLogarithmicError",
    "LogCoshError",
    "Poisson",
    "KLDivergence",
    "Hinge",
    "SquaredHinge",
    "CategoricalHinge",
    "CosineSimilarity",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "RootMeanSquaredError",
    "AUC",
    "Precision",
    "Recall",
    "TruePositives",
    "TrueNegatives",
    "FalsePositives",
    "FalseNegatives",
]
METRICS = {name: (getattr(M, name), (T, P)) for name in PLAIN}
METRICS |= {
    "sparse_accuracy": (M.SparseCategoricalAccuracy, (INDEX, P)),
    "sparse_top_2": (lambda: M.SparseTopKCategoricalAccuracy(2), (INDEX, P)),
    "sparse_crossentropy": (M.SparseCategoricalCrossentropy, (INDEX, P)),
    "top_2": (lambda: M.TopKCategoricalAccuracy(2), (HOT, P)),
    "relative": (lambda: M.MeanRelativeError(np.full(4, 2.0)), (T, P)),
    "auc_pr": (lambda: M.AUC(curve="PR"), (T, P)),
    "auc_labels": (lambda: M.AUC(multi_label=True), (T, P)),
    "precision_top": (lambda: M.Precision(top_k=2), (T, P)),
    "recall_class": (lambda: M.Recall(class_id=1, thresholds=[0.2, 0.6]), (T, P)),
    "sensitivity": (lambda: M.SensitivityAtSpecificity(0.5), (T, P)),
    "specificity": (lambda: M.SpecificityAtSensitivity(0.5), (T, P)),
    "precision_at": (lambda: M.PrecisionAtRecall(0.5), (T, P)),
    "recall_at": (lambda: M.RecallAtPrecision(0.5), (T, P)),
    "mean_iou": (lambda: M.MeanIoU(4, ignore_class=0), (INDEX, P.argmax(1))),
    "iou": (lambda: M.IoU(4, [1, 2]), (INDEX, P.argmax(1))),
    "binary_iou": (lambda: M.BinaryIoU([1], 0.3), (T[:, 0], P[:, 0])),
    "one_hot_iou": (lambda: M.OneHotMeanIoU(4), (HOT, P)),
    "mean": (M.Mean, (P,)),
    "sum": (M.Sum, (P,)),
    "mean_tensor": (M.MeanTensor, (P,)),
}


def measured(make, values, weights, traced):
    metric = make()

    def update(*values):
        values, weights_ = (values[:-1], values[-1]) if weights else (values, None)
        metric.update_state(*values, sample_weight=weights_)
        return metric.result()

    function = tf.function(update) if traced else update
    values = [tf.constant(v) for v in (*values, *([W] if weights else []))]
    return [function(*values) for _ in range(2)], metric.variables


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("name", METRICS)
def test_metric(name, weights):
    make, values = METRICS[name]
    close(measured(make, values, weights, True), measured(make, values, weights, False))


@pytest.mark.parametrize(
    "name", ["SGD", "Adam", "Nadam", "ema", "adam_global_clipnorm", "ExponentialDecay"]
)
def test_steps_of_an_optimizer_that_compiles_itself(name):
    def compiling():
        optimizer = OPTIMIZERS[name]()
        optimizer.jit_compile = True
        return optimizer

    close(trained(compiling, False), trained(OPTIMIZERS[name], False))
