"""`fit` and its kin run traced steps: interpreted, compiled, or an epoch at once, with the numbers of eager steps."""

import numpy as np
import pytest

import gradtape as tf
from gradtape.keras.engine import steps
from gradtape.transforms.concrete import Traced

L = tf.keras.layers
RNG = np.random.default_rng(3)
N = 70  # not a multiple of the batch size
X = RNG.normal(size=(N, 6)).astype(np.float32)
LABELS = (X[:, :2].sum(1) > 0).astype(np.int64)
TARGET = X[:, :1] * 2 - 1
IDS = RNG.integers(0, 5, (N, 4)).astype(np.int32)
WEIGHTS = RNG.uniform(0.5, 1.5, N).astype(np.float32)


def dense():
    model = tf.keras.Sequential([L.Dense(5, "tanh"), L.Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, (X, LABELS), {}


def noisy():
    model = tf.keras.Sequential([
        L.Dense(5, "relu"), L.BatchNormalization(), L.Dropout(0.4), L.GaussianNoise(0.1), L.Dense(2),
    ])  # fmt: skip
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(tf.keras.optimizers.SGD(0.1, momentum=0.9), loss)
    return model, (X, LABELS), {}


def weighted():
    model = tf.keras.Sequential([L.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    return model, (X, LABELS, WEIGHTS), {}


def of_classes():
    model = tf.keras.Sequential([L.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, (X, LABELS), {"class_weight": {0: 1.0, 1: 3.0}}


def regularized():
    model = tf.keras.Sequential([
        L.Dense(4, "tanh", kernel_regularizer="l2", activity_regularizer="l1"), L.Dense(1),
    ])  # fmt: skip
    model.compile("rmsprop", "mse", metrics=["mae", tf.keras.metrics.RootMeanSquaredError()])
    return model, (X, TARGET), {}


def masked():
    model = tf.keras.Sequential([L.Embedding(5, 3, mask_zero=True), L.LSTM(4), L.Dense(1)])
    model.compile("adam", "mse")
    return model, (IDS, TARGET), {}


def two_headed():
    first, second = tf.keras.Input((6,), name="a"), tf.keras.Input((4,), name="b")
    hidden = L.Concatenate()([L.Dense(3, "relu")(first), L.Dense(2)(second)])
    outputs = {"p": L.Dense(2, "softmax", name="p")(hidden), "q": L.Dense(1, name="q")(hidden)}
    model = tf.keras.Model({"a": first, "b": second}, outputs)
    model.compile(
        "sgd", {"p": "sparse_categorical_crossentropy", "q": "mse"}, metrics={"p": "accuracy"},
        loss_weights={"p": 1.0, "q": 0.3},
    )  # fmt: skip
    return model, ({"a": X, "b": IDS.astype(np.float32)}, {"p": LABELS, "q": TARGET}), {}


class Custom(tf.keras.Model):
    """A model with a step, a loss and a metric of its own."""

    def __init__(self):
        super().__init__()
        self.inner = L.Dense(1)
        self.seen = tf.keras.metrics.Mean(name="seen")

    def call(self, inputs, training=None):
        return self.inner(inputs)

    @property
    def metrics(self):
        return [self.seen]

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            error = self(x, training=True) - y
            loss = tf.reduce_mean(tf.square(error)) + 0.01 * tf.add_n(
                [tf.nn.l2_loss(v) for v in self.trainable_variables]
            )
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        self.seen.update_state(loss)
        return {"seen": self.seen.result(), "last": tf.reduce_max(tf.abs(error))}


def custom():
    model = Custom()
    model.compile(tf.keras.optimizers.Nadam(0.05))
    return model, (X, TARGET), {}


def averaged():
    model = tf.keras.Sequential([L.Dense(1)])
    rate = tf.keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.9)
    optimizer = tf.keras.optimizers.Adam(
        rate, clipnorm=0.5, weight_decay=0.01, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3
    )  # fmt: skip
    model.compile(optimizer, "huber")
    return model, (X, TARGET), {}


def by_calls():
    model, data, options = dense()
    model.compile("adagrad", "sparse_categorical_crossentropy", steps_per_execution=4)
    return model, data, options


MODELS = [dense, noisy, weighted, of_classes, regularized, masked, two_headed, custom, averaged, by_calls]  # fmt: skip


def train(make, mode, monkeypatch, **options):
    """History, weights, evaluation and prediction in one of three modes."""
    tf.keras.backend.clear_session()
    tf.keras.utils.set_random_seed(11)
    with monkeypatch.context() as patch:
        if mode == "eager":
            patch.setattr(steps.Step, "traces", False)
        model, (x, y, *weights), more = make()
        model.__dict__["_jit_compile"] = {"eager": None, "interpreted": False, "compiled": True}[
            mode
        ]
        history = model.fit(
            x, y, batch_size=16, epochs=3, verbose=0, sample_weight=weights[0] if weights else None, **more, **options
        ).history  # fmt: skip
        found = [history, model.get_weights()]
        if make is not custom:
            found.append(model.evaluate(x, y, batch_size=16, verbose=0))
        found.append(model.predict(x, batch_size=16, verbose=0))
        found.append([np.asarray(v) for v in model.optimizer.variables])
    return found


@pytest.mark.parametrize("mode", ["interpreted", "compiled"])
@pytest.mark.parametrize("make", MODELS, ids=lambda f: f.__name__)
def test_traced_training_gives_the_numbers_of_eager_training(make, mode, monkeypatch):
    wanted = tf.nest.flatten(train(make, "eager", monkeypatch))
    found = tf.nest.flatten(train(make, mode, monkeypatch))
    assert len(wanted) == len(found)
    for a, b in zip(wanted, found):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


# --- how often what runs ----------------------------------------------------------------------------------------------


@pytest.fixture
def calls(monkeypatch):
    """The names of the graphs that were called."""
    found = []
    plain = Traced.call

    def call(self, tensors, leaves):
        found.append(self.graph.name)
        return plain(self, tensors, leaves)

    monkeypatch.setattr(Traced, "call", call)
    return found


def line(**options):
    tf.keras.utils.set_random_seed(1)
    model = tf.keras.Sequential([L.Dense(1)])
    model.compile("sgd", "mse", **options)
    return model


def test_an_epoch_is_one_call_and_one_for_the_smaller_last_batch(calls):
    line(jit_compile=True).fit(X, TARGET, batch_size=16, epochs=3, verbose=0)
    assert calls == ["train_step_loop", "train_step"] * 3
    del calls[:]
    line(jit_compile=True).fit(X[:64], TARGET[:64], batch_size=16, epochs=2, verbose=0)
    assert calls == ["train_step_loop"] * 2


def test_a_step_is_one_call_while_there_are_few(calls):
    line().fit(X, TARGET, batch_size=16, epochs=2, verbose=0)
    assert calls == ["train_step"] * 10


def test_many_steps_are_compiled_and_looped(calls):
    model = line()
    model.fit(X[:64], TARGET[:64], batch_size=1, epochs=steps.COMPILE_FROM // 64, verbose=0)
    assert calls == ["train_step_loop"] * (steps.COMPILE_FROM // 64)
    del calls[:]
    model.fit(X[:64], TARGET[:64], batch_size=1, verbose=0)  # few more, but it is compiled already
    assert calls == ["train_step_loop"]


def test_the_validation_loops_too(calls):
    model = line(jit_compile=True)
    model.fit(X[:32], TARGET[:32], 16, verbose=0, validation_data=(X[:64], TARGET[:64]))
    assert calls == ["train_step_loop", "test_step_loop"]


def test_who_listens_to_batches_hears_each(calls):
    heard = []
    listener = tf.keras.callbacks.LambdaCallback(
        on_batch_end=lambda batch, logs: heard.append(batch)
    )
    line(jit_compile=True).fit(X, TARGET, 16, epochs=1, verbose=0, callbacks=[listener])
    assert heard == [0, 1, 2, 3, 4]
    assert calls == ["train_step"] * 5


def test_training_stops_at_the_batch_where_a_callback_says_so(calls):
    class Stop(tf.keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 2

    line(jit_compile=True).fit(X, TARGET, 16, epochs=5, verbose=0, callbacks=[Stop()])
    assert calls == ["train_step"] * 3


def test_the_progress_bar_moves_and_ends(capsys):
    model = line(jit_compile=True)
    model.fit(X, TARGET, 16, epochs=1, verbose=1)
    text = capsys.readouterr().out
    assert "1/5 [=====>" in text
    assert "5/5 [==============================]" in text
    assert text.rstrip().endswith(f"loss: {model.history.history['loss'][0]:.4f}")


def test_a_custom_value_that_the_bar_averages_is_heard_at_each_step(calls, capsys):
    model = Custom()
    model.compile("sgd", jit_compile=True)
    model.fit(X, TARGET, 16, epochs=1, verbose=1)
    assert calls == ["train_step_loop"] * 4 + ["train_step"]


def test_orders_of_whole_batches(calls):
    model = line(jit_compile=True)
    model.fit(X, TARGET, 16, shuffle="batch", verbose=0)
    assert calls == ["train_step"] * 5
    del calls[:]
    model.fit(X, TARGET, 16, steps_per_epoch=3, epochs=2, verbose=0)
    assert calls == ["train_step"] * 6


def test_generators_and_datasets_are_traced(calls):
    model = line()
    model.fit(((X[:8], TARGET[:8]) for _ in range(3)), verbose=0)
    assert calls == ["train_step"] * 3
    data = tf.data.Dataset.from_tensor_slices((X, TARGET)).batch(32)
    model.fit(data, epochs=2, verbose=0)
    assert calls == ["train_step"] * 9


def test_single_batches_are_traced(calls):
    model = line()
    first = [model.train_on_batch(X, TARGET) for _ in range(2)]
    assert first[1] < first[0]
    assert model.test_on_batch(X, TARGET) < first[1]
    assert model.predict_on_batch(X).shape == (N, 1)
    assert calls == ["train_step", "train_step", "test_step", "predict_step"]


# --- what is seen of it -----------------------------------------------------------------------------------------------


def test_python_runs_when_the_step_is_traced(capsys):
    class Talking(L.Layer):
        def call(self, inputs):
            print("called")
            return inputs

    model = tf.keras.Sequential([L.Dense(1), Talking()])
    model.build((None, 6))
    capsys.readouterr()
    model.compile("sgd", "mse")
    model.fit(X, TARGET, 16, epochs=2, verbose=0)
    # Twice, for the optimizer makes variables in the first call; the smaller last batch is the same to TensorFlow.
    assert capsys.readouterr().out == "called\n" * 2


def test_run_eagerly_runs_python_at_each_step(calls, capsys):
    model = line(run_eagerly=True)
    model.fit(X, TARGET, 16, verbose=0)
    assert calls == []


def test_what_cannot_be_traced_runs_eagerly_and_says_so_once():
    class Peeking(L.Layer):
        def call(self, inputs):
            return inputs * float(tf.reduce_mean(inputs).numpy() > -100.0)

    model = tf.keras.Sequential([L.Dense(1), Peeking()])
    model.build((None, 6))
    model.compile("sgd", "mse")
    with pytest.warns(RuntimeWarning, match="train_step of 'sequential.*runs eagerly") as caught:
        model.fit(X, TARGET, 16, epochs=2, verbose=0)
    assert len([w for w in caught if w.category is RuntimeWarning]) == 1
    assert model.history.history["loss"][1] < model.history.history["loss"][0]


def test_errors_are_those_of_eager_steps():
    model = tf.keras.Sequential([L.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match="Data cardinality is ambiguous"):
        model.fit(X, LABELS[:-1], verbose=0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="outside the valid range"):
        model.fit(X, LABELS + 5, verbose=0)
    model.compile("sgd", "mse")
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        model.fit(X, RNG.normal(size=(N, 3)), verbose=0)
    model.fit(X, RNG.normal(size=(N, 2)), verbose=0)  # and the model can go on


def test_a_new_learning_rate_counts_without_a_new_trace():
    model = line()
    model.fit(X[:64], TARGET[:64], 16, verbose=0)
    before = model.get_weights()
    model.optimizer.learning_rate = 0.0
    model.fit(X[:64], TARGET[:64], 16, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert len(model.train_function.step._programs) == 1


def test_new_layers_are_trained():
    model = line()
    model.fit(X, TARGET, verbose=0)
    model.add(L.Dense(1))
    before = [w.numpy() for w in model.layers[1].weights]
    model.compile("sgd", "mse")
    model.fit(X, TARGET, verbose=0)
    assert np.any(model.layers[1].weights[0].numpy() != before[0])


def test_frozen_layers_stay():
    model = tf.keras.Sequential([L.Dense(3), L.Dense(1)])
    model.build((None, 6))
    model.layers[0].trainable = False
    model.compile("sgd", "mse", jit_compile=True)
    before = model.get_weights()
    model.fit(X, TARGET, 16, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert np.any(model.get_weights()[2] != before[2])


def test_losses_added_by_layers_do_not_leak_traced_tensors():
    class Adding(L.Layer):
        def call(self, inputs):
            self.add_loss(tf.reduce_mean(tf.square(inputs)))
            self.add_metric(tf.reduce_max(inputs), name="top")
            return inputs

    tf.keras.utils.set_random_seed(2)
    model = tf.keras.Sequential([L.Dense(1), Adding()])
    model.compile("sgd", "mse", metrics=["mae"])
    history = model.fit(X, TARGET, 16, epochs=3, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert set(history) == {"loss", "mae", "top"}
    assert model.losses == []
    model(X)
    assert len(model.losses) == 1


def test_a_stopped_loop_leaves_whole_steps(monkeypatch):
    """An interrupt in the middle of training leaves the model usable."""
    model = line(jit_compile=True)
    model.fit(X, TARGET, 16, verbose=0)

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(Traced, "call", interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, TARGET, 16, verbose=0)
    monkeypatch.undo()
    assert np.isfinite(model.fit(X, TARGET, 16, verbose=0).history["loss"][0])


@pytest.mark.parametrize("jit", [False, True])
def test_shapes_learnt_while_tracing(jit):
    """A batch that may be followed by one of another size leaves the size open."""
    model = line(jit_compile=jit)
    model.fit(X, TARGET, 16, verbose=0)
    assert model.input_shape == (None, 6)
    model = line(jit_compile=jit)
    model.fit(X[:64], TARGET[:64], 16, verbose=0)
    assert model.output_shape == (16, 1)


def test_only_what_runs_often_is_compiled():
    def batches():
        for i in range(600):
            n = 5 if i % 100 == 0 else 8
            yield X[:n], TARGET[:n]

    model = line()
    model.fit(batches(), steps_per_epoch=600, verbose=0)
    step = model.train_function.step
    sizes = {p.graph.inputs[0].shape[0]: p in step._ready for p in step._programs.values()}
    assert sizes == {5: False, 8: True}


def test_two_runs_are_bitwise_equal():
    def weights():
        model = line(jit_compile=True)
        model.fit(X, TARGET, 16, epochs=3, verbose=0)
        return model.get_weights()

    for a, b in zip(weights(), weights()):
        np.testing.assert_array_equal(a, b)
