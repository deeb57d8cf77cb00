"""The limit of memory: what is kept stays below it, first and newest steps stay, what was thinned is said."""

import gc
import tracemalloc

import numpy as np
import pytest

import gradtape as tf
from gradtape import keras
from gradtape.insight.training import Summary, TrainingRecorder
from gradtape.insight.training.memory import Curve, Ledger, density, level, limit_in_bytes, to_drop


def train(recorder, steps, size=3):
    w = tf.Variable(np.linspace(-1, 1, size).astype("float32"), name="w")
    x = tf.constant(np.ones(size, np.float32))
    with recorder:
        for _ in range(steps):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(tf.square(tf.tanh(w * x)))
            w.assign_sub(0.001 * tape.gradient(loss, w))
            assert recorder.nbytes <= recorder._rows.limit
    return w


def test_ten_thousand_steps_stay_below_the_limit():
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    limit = 2**20
    recorder = TrainingRecorder(limit=limit)
    most = 0

    class Look(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            nonlocal most
            most = max(most, recorder.nbytes)

    model.fit(x, x[:, :1], batch_size=4, epochs=1000, verbose=0, callbacks=[recorder, Look()])
    assert len(recorder) == 10_000
    assert 0.5 * limit < most <= limit
    kept = recorder.kept
    assert kept[0] == 0
    assert kept[-1] == 9_999
    assert kept[-20:] == tuple(range(9_980, 10_000))
    assert len(kept) > 100
    assert all(k % 8 == 0 for k in kept[: len(kept) // 4])  # every 8th at most of the oldest
    assert np.diff(kept).max() <= 512
    assert "10,000 steps seen" in recorder.thinned
    assert recorder.step(0).loss > recorder.step(9_999).loss
    steps, losses = recorder.losses
    assert len(steps) == 2_500
    assert losses[0] == recorder.step(0).loss


@pytest.mark.parametrize("tapes", [False, True])
def test_the_count_of_bytes_is_honest(tapes):
    """Against what Python's own count of its memory says."""
    recorder = TrainingRecorder(limit="1 GiB", tapes=tapes)
    train(recorder, 20)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0], recorder.nbytes
    train(recorder, 400)
    gc.collect()
    after = tracemalloc.get_traced_memory()[0], recorder.nbytes
    tracemalloc.stop()
    true, said = after[0] - before[0], after[1] - before[1]
    assert 0.9 * true < said < 2 * true


def test_the_first_and_the_newest_steps_stay():
    recorder = TrainingRecorder(limit=2**17, tapes=False)
    train(recorder, 1500)
    kept = recorder.kept
    assert kept[0] == 0
    assert kept[-10:] == tuple(range(1490, 1500))
    assert set(np.diff(kept)) > {1}
    assert recorder.thinned.startswith(f"1,500 steps seen, {len(kept):,} kept: every ")
    assert recorder.thinned.endswith(
        f"every step from {kept[list(np.diff(kept)).index(1)]:,} to 1,499."
    )


def test_large_arrays_are_kept_as_statistics():
    recorder = TrainingRecorder(whole=10)
    w = train(recorder, 3, size=11)
    step = recorder.step(0)
    weight = step.weights["w"]
    assert isinstance(weight, Summary)
    assert isinstance(step.gradients["w"], Summary)
    assert (weight.size, weight.min, weight.max, sum(weight.counts)) == (11, -1.0, 1.0, 11)
    assert weight.mean == pytest.approx(0, abs=1e-7)
    assert weight.rms == pytest.approx(np.sqrt(np.mean(np.linspace(-1, 1, 11) ** 2)))
    row = recorder.changes(1)["‖w‖"]
    assert row.new == pytest.approx(np.linalg.norm(recorder.step(2).statistics["w"].weight.norm))
    assert np.isnan(recorder.changes(2)["‖w‖"].new)
    assert row.update == pytest.approx(0.001 * row.gradient, rel=1e-5)
    assert w.shape == (11,)


def test_arrays_go_where_nothing_else_is_left():
    recorder = TrainingRecorder(limit=2**16, tapes=False)
    train(recorder, 30, size=8000)
    assert recorder.nbytes <= 2**16
    assert "Of arrays, statistics and histograms alone are kept." in recorder.thinned
    first = recorder.step(0)
    assert isinstance(first.weights["w"], Summary)
    assert sum(first.weights["w"].counts) == 8000
    assert sum(first.statistics["w"].update.counts) == 8000
    assert recorder.kept[-1] == 29


def test_tapes_take_half_of_the_limit_at_most():
    recorder = TrainingRecorder(limit=2**18)
    train(recorder, 300)
    assert recorder._rows.tape_bytes <= 2**17
    assert recorder._rows.kept[0].tapes
    assert recorder._rows.kept[-1].tapes
    assert "can be explained: every" in recorder.thinned
    without = next(r.index for r in recorder._rows.kept if not r.tapes)
    with pytest.raises(IndexError, match=f"The tape of step {without} is not kept"):
        recorder.explain(without)


def test_limits_in_words():
    assert limit_in_bytes("64 MiB") == 64 * 2**20
    assert limit_in_bytes("1.5 GB") == 1_500_000_000
    assert limit_in_bytes(100_000) == 100_000
    for wrong in ("64", "MiB", "64 miles", None, True, -1, [1], float("nan"), float("inf")):
        with pytest.raises(ValueError, match="Received"):
            limit_in_bytes(wrong)


def test_what_is_dropped():
    assert [level(i) for i in (0, 1, 2, 3, 4, 8, 12)] == [64, 0, 1, 0, 2, 3, 2]
    assert to_drop(range(10)) == [1, 3]
    assert to_drop([0, 2, 4, 5, 6, 7, 8]) == [2]
    assert to_drop([0, 5]) == []
    assert to_drop([0, 5, 6]) == [5]
    assert (
        density([0, 4, 8, 10, 11, 12])
        == "every 4th from 0 to 8, every 2nd from 8 to 10, every step from 10 to 12"
    )
    assert density([7]) == "step 7"


def test_shared_arrays_count_once():
    ledger, array = Ledger(), np.zeros(100)
    ledger.add(array)
    once = ledger.total
    ledger.add(array)
    assert ledger.total == once >= 800
    ledger.drop(array)
    assert ledger.total == once
    ledger.drop(array)
    assert ledger.total == 0


def test_a_long_curve_is_halved():
    curve = Curve(16)
    for k in range(1000):
        curve.add(float(k))
    assert len(curve.values) <= 16
    assert curve.values == [float(s) for s in curve.steps]
    assert curve.stride == 64
