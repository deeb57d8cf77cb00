"""The recorder: what it keeps of loops and of `fit`, and that the training goes as it goes without it."""

import threading

import numpy as np
import pytest
from tests.insight.training.programs import X, Y, fitted, model

import gradtape as tf
from gradtape import keras
from gradtape.base.config import settings
from gradtape.core.context import GRADIENT_OBSERVERS, STATE
from gradtape.insight.training import TrainingRecorder

# --- loops of one's own ---


def descend(w: tf.Variable, b: tf.Variable, steps: int) -> list[tuple[float, float]]:
    gradients = []
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = tf.square(w * 2.0 + b)
        dw, db = tape.gradient(loss, [w, b])
        w.assign_sub(0.01 * dw)
        b.assign_sub(0.01 * db)
        gradients.append((float(dw), float(db)))
    return gradients


def test_a_loop_is_kept_step_by_step():
    w, b = tf.Variable(3.0), tf.Variable(-1.0)
    with TrainingRecorder([w, b]) as recorder:
        gradients = descend(w, b, 5)
    assert recorder.kept == (0, 1, 2, 3, 4)
    assert len(recorder) == 5
    for k, step in enumerate(recorder.steps):
        assert (float(step.gradients["w"]), float(step.gradients["b"])) == gradients[k]
        assert step.loss == pytest.approx(
            (2 * step.weights["w"] + step.weights["b"]) ** 2, rel=1e-6
        )
        then = recorder.step(k + 1).weights if k < 4 else {"w": w.numpy(), "b": b.numpy()}
        assert step.after["w"] == then["w"]
        assert step.after["b"] == then["b"]
    assert recorder.step(0).weights["w"] == 3.0
    assert recorder.step(-1).index == 4
    assert recorder.losses == ([0, 1, 2, 3, 4], [s.loss for s in recorder.steps])


def test_what_is_kept_is_not_changed_afterwards():
    w = tf.Variable([1.0, 2.0])
    with TrainingRecorder(w) as recorder:
        descend(w[0], w[1], 0)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(w * w)
        w.assign_sub(tape.gradient(loss, w))
    w.assign([7.0, 7.0])
    step = recorder.step(0)
    np.testing.assert_array_equal(step.weights["w"], [1, 2])
    np.testing.assert_array_equal(step.after["w"], [-1, -2])
    with pytest.raises(ValueError, match="read-only"):
        step.weights["w"][0] = 5
    with pytest.raises(TypeError):
        step.weights["w"] = 5
    with pytest.raises(AttributeError):
        step.loss = 0


def test_changes_are_the_step_in_numbers():
    w = tf.Variable([[1.0, -2.0]])
    with TrainingRecorder({"w": w}) as recorder:
        for _ in range(2):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(w * w)
            w.assign_sub(0.25 * tape.gradient(loss, w))
    changes = recorder.changes(0)
    row = changes["w[0,1]"]
    assert (row.old, row.gradient, row.update, row.new, row.ratio) == (-2.0, -4.0, 1.0, -1.0, 0.5)
    assert (changes.loss, changes.next_loss) == (5.0, 1.25)
    assert [r.name for r in changes] == ["w[0,0]", "w[0,1]"]
    assert "w[0,1]   -2        -4       1   -1             0.5" in changes.text()
    assert "<th scope='row' style='text-align:left'>w[0,1]</th><td>-2</td>" in changes._repr_html_()
    norms = recorder.changes(0, entries=1)["‖w‖"]
    assert norms.old == pytest.approx(5**0.5)
    assert norms.update == pytest.approx(5**0.5 / 2)
    with pytest.raises(KeyError, match=r"w\[0,0\], w\[0,1\]"):
        changes["v"]


def test_a_step_is_all_gradients_before_the_weights_change():
    w, b = tf.Variable(1.0), tf.Variable(1.0)
    with TrainingRecorder() as recorder:
        for _ in range(3):
            with tf.GradientTape(persistent=True) as tape:
                loss = w * w + b
            dw = tape.gradient(loss, w)
            db = tape.gradient(loss, b)
            w.assign_sub(0.1 * dw)
            b.assign_sub(0.1 * db)
    assert len(recorder) == 3
    assert set(recorder.step(1).gradients) == {"w", "b"}


def test_gradients_of_other_things_are_no_steps():
    w, other = tf.Variable(1.0), tf.Variable(1.0)
    x = tf.constant(2.0)
    with TrainingRecorder([w]) as recorder:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = w * x * other
        tape.gradient(y, [x, other])
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                y = w**3.0
            inside = inner.gradient(y, w)
        second = outer.gradient(inside, w)
    assert float(second) == 6.0
    assert len(recorder) == 1
    assert float(recorder.step(0).gradients["w"]) == 6.0


def test_optimizers_and_functions_are_seen():
    """A step under tf.function runs operation by operation while it is recorded, and gives the same numbers."""

    def train(recorder):
        keras.utils.set_random_seed(1)
        w = tf.Variable(np.ones((4, 1), np.float32), name="w")
        optimizer = keras.optimizers.Adam(0.05)

        @tf.function
        def step(x, y):
            noise = tf.random.normal(x.shape, stddev=0.01)
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.matmul(x + noise, w) - y))
            optimizer.apply_gradients([(tape.gradient(loss, w), w)])
            return loss

        losses = [float(step(tf.constant(X), tf.constant(Y))) for _ in range(2)]
        if recorder is None:
            losses += [float(step(tf.constant(X), tf.constant(Y))) for _ in range(4)]
        else:
            with recorder:
                losses += [float(step(tf.constant(X), tf.constant(Y))) for _ in range(4)]
        losses += [float(step(tf.constant(X), tf.constant(Y))) for _ in range(2)]
        return losses, w.numpy()

    recorder = TrainingRecorder()
    losses, w = train(recorder)
    plain_losses, plain_w = train(None)
    np.testing.assert_allclose(losses, plain_losses, rtol=1e-6)
    np.testing.assert_allclose(w, plain_w, rtol=1e-6)
    assert len(recorder) == 4
    assert [s.loss for s in recorder.steps] == losses[2:6]
    assert np.any(recorder.step(3).gradients["w"])


def test_sparse_gradients():
    table = tf.Variable(np.ones((5, 2), np.float32), name="table")
    large = tf.Variable(np.ones((500, 2), np.float32), name="large")
    with TrainingRecorder([table, large], whole=100) as recorder:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.gather(table, [1, 1, 3])) + tf.reduce_sum(tf.gather(large, [7]))
        tape.gradient(loss, [table, large])
    step = recorder.step(0)
    np.testing.assert_array_equal(step.gradients["table"][:, 0], [0, 2, 0, 1, 0])
    assert (step.gradients["large"].size, step.gradients["large"].max) == (2, 1.0)
    assert step.weights["large"].size == 1000


def test_names_are_those_of_the_code():
    kernel = tf.Variable([1.0])
    named = tf.Variable([1.0], name="mine")
    with TrainingRecorder() as recorder:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(kernel * named)
        tape.gradient(loss, [kernel, named])
    assert set(recorder.step(0).weights) == {"kernel", "mine"}


def test_activations_outside_of_layers():
    w = tf.Variable([[1.0, -1.0]])
    with TrainingRecorder([w]) as recorder:
        with tf.GradientTape() as tape:
            hidden = tf.nn.relu(tf.constant([[1.0], [2.0]]) @ w)
            loss = tf.reduce_sum(tf.sigmoid(hidden))
        tape.gradient(loss, w)
    step = recorder.step(0)
    assert list(step.activations) == ["relu", "sigmoid"]
    relu = step.activations["relu"]
    assert (relu.zeros, relu.max, relu.mean, relu.size) == (0.5, 2.0, 0.75, 4)
    assert step.dead == {"relu": 0.5}
    assert step.activations["sigmoid"].saturated == 0.0


def test_arguments_that_do_not_fit():
    with pytest.raises(ValueError, match="64 MiB"):
        TrainingRecorder(limit="much")
    with pytest.raises(ValueError, match="64 KiB at least"):
        TrainingRecorder(limit=100)
    with pytest.raises(ValueError, match="every"):
        TrainingRecorder(every=0)
    for weights in ([tf.constant(1.0)], 3, "w", {"w": 1.0}):
        with pytest.raises(ValueError, match="variables"):
            TrainingRecorder(weights)
    for option in ({"whole": "a"}, {"whole": -1}, {"thresholds": 3}):
        with pytest.raises(ValueError, match=next(iter(option))):
            TrainingRecorder(**option)
    recorder = TrainingRecorder()
    with pytest.raises(IndexError, match="No step was recorded"):
        recorder.step(0)
    with recorder, pytest.raises(RuntimeError, match="recording already"), recorder:
        raise AssertionError


def test_nothing_stays_behind():
    before = list(GRADIENT_OBSERVERS)
    recorder = TrainingRecorder()
    with pytest.raises(ZeroDivisionError), recorder:
        raise ZeroDivisionError
    assert before == GRADIENT_OBSERVERS
    assert not STATE.seen

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fitted([Stop(), recorder])
    assert before == GRADIENT_OBSERVERS
    assert not STATE.seen


# --- fit ---


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_fit_goes_as_it_goes_without(optimizer):
    """Bit for bit what the interpreted steps of `fit` give, with dropout and moving statistics."""
    recorder = TrainingRecorder()
    seen, seen_history = fitted([recorder], optimizer=optimizer)
    plain, history = fitted(optimizer=optimizer)
    for a, b in zip(seen, plain):
        np.testing.assert_array_equal(a, b)
    assert seen_history == history
    assert len(recorder) == 9


def test_fit_in_machine_code_goes_the_same_to_1e_6():
    recorder = TrainingRecorder()
    seen, _ = fitted([recorder], jit_compile=True)
    compiled, _ = fitted(jit_compile=True)
    for a, b in zip(seen, compiled):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)


def test_fit_is_kept():
    recorder = TrainingRecorder()
    made = model()
    first = None

    class First(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            nonlocal first
            if first is None and self.model.built:
                first = self.model.get_weights()

    history = made.fit(X, Y, epochs=2, verbose=0, callbacks=[recorder, First()]).history
    assert len(recorder) == 6
    step = recorder.step(4)
    assert (step.epoch, step.batch) == (1, 1)
    assert step.learning_rate == pytest.approx(0.001)
    assert list(step.layers) == ["first", "norm", "second", "out"]
    assert step.layers["second"] == ("second/kernel", "second/bias")
    assert list(step.activations) == ["first", "drop", "norm", "second", "out"]
    assert step.activations["first"].min == 0.0
    assert step.activations["first"].size == 32 * 8
    assert sum(step.activations["norm"].counts) == 32 * 8
    np.testing.assert_array_equal(recorder.step(-1).after["out/kernel"], made.layers[-1].kernel)
    mean = np.mean([s.loss for s in recorder.steps[3:]])
    assert history["loss"][1] == pytest.approx(mean, rel=1e-6)


def test_every_nth_step_of_fit():
    recorder = TrainingRecorder(every=4)
    seen, _ = fitted([recorder])
    plain, _ = fitted()
    for a, b in zip(seen, plain):
        np.testing.assert_array_equal(a, b)
    assert recorder.kept == (0, 4, 8)
    assert len(recorder) == 9
    assert recorder.losses[0] == [0, 4, 8]
    with pytest.raises(IndexError, match="Step 5 is not kept; the nearest one is 4"):
        recorder.step(5)


def test_a_step_of_the_users_own():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1, name="dense")

        def call(self, x):
            return self.dense(x)

        @tf.function
        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(self(x) - y))
            weights = self.trainable_variables
            self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
            return {"loss": loss}

    made = Own()
    made.compile("sgd")
    recorder = TrainingRecorder()
    made.fit(X, Y, verbose=0, callbacks=[recorder])
    assert len(recorder) == 3
    assert list(recorder.step(0).layers) == ["dense"]
    assert np.any(recorder.step(2).gradients["own/dense/kernel"])


def test_fit_inside_of_a_recorder():
    recorder = TrainingRecorder()
    with recorder:
        seen, _ = fitted()
        assert len(recorder) == 9
        with_callback, _ = fitted([recorder])
        assert len(recorder) == 18
        assert STATE.seen
    for a, b in zip(seen, with_callback):
        np.testing.assert_array_equal(a, b)
    assert recorder.step(3).epoch is None
    assert recorder.step(12).epoch == 1


def test_several_steps_in_one_execution():
    recorder = TrainingRecorder()
    seen, _ = fitted([recorder], steps_per_execution=3)
    plain, _ = fitted()
    for a, b in zip(seen, plain):
        np.testing.assert_array_equal(a, b)
    assert len(recorder) == 9
    np.testing.assert_array_equal(
        recorder.step(1).after["out/kernel"], recorder.step(2).weights["out/kernel"]
    )


def test_train_on_batch_and_a_model_given():
    made = model()
    recorder = TrainingRecorder(made)
    with recorder:
        for _ in range(3):
            made.train_on_batch(X[:32], Y[:32])
    assert len(recorder) == 3
    assert list(recorder.step(0).layers) == ["first", "norm", "second", "out"]


def test_two_networks_against_each_other():
    maker, judge = tf.Variable(1.0, name="maker"), tf.Variable(2.0, name="judge")
    with TrainingRecorder() as recorder:
        for _ in range(3):
            with tf.GradientTape() as first, tf.GradientTape() as second:
                score = tf.sigmoid(judge * maker)
                made, judged = 1.0 - score, score * score
            dm = first.gradient(made, maker)
            dj = second.gradient(judged, judge)
            maker.assign_sub(dm)
            judge.assign_sub(dj)
    assert len(recorder) == 3
    assert set(recorder.step(1).gradients) == {"maker", "judge"}
    for call, variable in ((0, "maker"), (1, "judge")):
        recording = recorder.explain(1, call).recording
        (source,) = recording.sources
        assert recording.wires[source].gradient == recorder.step(1).gradients[variable]


def test_other_threads_are_left_alone():
    w = tf.Variable(1.0)

    def elsewhere():
        with tf.GradientTape() as tape:
            y = w * w
        tape.gradient(y, w)

    with TrainingRecorder([w]) as recorder:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert len(recorder) == 0
        elsewhere()
    assert len(recorder) == 1


def test_complex_weights():
    w = tf.Variable([3.0 + 4.0j])
    with TrainingRecorder([w]) as recorder:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(tf.abs(w)))
        w.assign_sub(tape.gradient(loss, w) / 4)
    assert recorder.step(0).statistics["w"].weight.norm == 5.0
    assert recorder.changes(0)["‖w‖"].update == 2.5


def test_without_places_weights_are_kept_all_the_same(monkeypatch):
    monkeypatch.setattr(settings, "explanations", False)
    recorder = TrainingRecorder()
    fitted([recorder])
    assert len(recorder) == 9
    assert list(recorder.step(0).activations) == ["relu", "tanh", "sigmoid"]
    assert recorder.step(0).layers["out"] == ("out/kernel", "out/bias")
