"""Event files, read back by TensorBoard itself: every number is the one that was written."""

import importlib
import os
import struct
import warnings

import numpy as np
import pytest

import gradtape as tf
from gradtape import keras
from gradtape.insight.training import TrainingRecorder
from gradtape.keras.callbacks.event_files import (
    EventFile,
    crc32c,
    histogram_of,
    masked,
    scalar,
    text,
    varint,
)

X = np.random.default_rng(0).normal(size=(96, 4)).astype("float32")
Y = (X[:, :1] * X[:, 1:2] > 0).astype("float32")


def tensorboard(name: str):
    """A module of TensorBoard; what it warns of by itself is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(f"tensorboard.{name}")


def read(folder):
    """All that TensorBoard finds in a folder."""
    module = tensorboard("backend.event_processing.event_accumulator")
    everything = {"scalars": 0, "histograms": 0, "tensors": 0, "compressedHistograms": 0}
    found = module.EventAccumulator(str(folder), size_guidance=everything)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found.Reload()
    return found


def series(found, tag):
    return [(e.step, e.value) for e in found.Scalars(tag)]


def single(values):
    return [(step, float(np.float32(value))) for step, value in values]


def bucketed(event):
    h = event.histogram_value
    return h.min, h.max, h.num, h.sum, h.sum_squares, list(h.bucket_limit), list(h.bucket)


def test_checksums():
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"") == 0
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert masked(0) == 0xA282EAD8
    assert varint(300) == b"\xac\x02"
    assert varint(-1) == b"\xff" * 9 + b"\x01"


def test_records_are_chained_as_tfrecords(tmp_path):
    with EventFile(tmp_path / "deep" / "folder") as file:
        file.add(3, [scalar("loss", 0.25)])
    data = file.path.read_bytes()
    place, records = 0, 0
    while place < len(data):
        (length,) = struct.unpack_from("<Q", data, place)
        (check,) = struct.unpack_from("<I", data, place + 8)
        assert check == masked(crc32c(data[place : place + 8]))
        content = data[place + 12 : place + 12 + length]
        assert struct.unpack_from("<I", data, place + 12 + length) == (masked(crc32c(content)),)
        place, records = place + 16 + length, records + 1
    assert records == 2


def test_scalars_histograms_and_texts(tmp_path):
    rng = np.random.default_rng(1)
    numbers = [*rng.normal(size=50).tolist(), 0.0, 1e-40, -3e38, float("inf"), float("-inf")]
    arrays = [rng.normal(size=200), np.zeros(3), np.array([1.0, np.nan])]
    with EventFile(tmp_path) as file:
        for step, number in enumerate(numbers):
            file.add(step * 1000, [scalar("a/number", number), scalar("tag ü", -number)])
        file.add(2**40, [scalar("late", float("nan"))])
        for step, array in enumerate(arrays):
            file.add(step, [histogram_of("h", array)])
        file.add(5, [text("note", "**bold** ü")])
        file.add(6, [])
    found = read(tmp_path)
    assert series(found, "a/number") == single((k * 1000, n) for k, n in enumerate(numbers))
    assert series(found, "tag ü") == single((k * 1000, -n) for k, n in enumerate(numbers))
    ((step, value),) = series(found, "late")
    assert (step, np.isnan(value)) == (2**40, True)
    for event, array in zip(found.Histograms("h"), arrays):
        finite = array[np.isfinite(array)]
        counts, edges = np.histogram(finite, 30)
        low, high, n, total, squares, limits, buckets = bucketed(event)
        assert (low, high, n) == (edges[0], edges[-1], finite.size)
        assert total == pytest.approx(finite.sum())
        assert squares == pytest.approx(finite @ finite)
        assert (limits, buckets) == (edges[1:].tolist(), counts.tolist())
    (note,) = found.Tensors("note")
    assert note.tensor_proto.string_val[0].decode() == "**bold** ü"
    assert note.step == 5
    assert found.SummaryMetadata("note").plugin_data.plugin_name == "text"


def test_a_recorder_as_event_files(tmp_path):
    keras.utils.set_random_seed(0)
    dead = keras.initializers.Constant(-10)
    model = keras.Sequential(
        [
            keras.layers.Dense(5, "relu", bias_initializer=dead, name="first"),
            keras.layers.Dense(1, name="out"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.25), "mse")
    recorder = TrainingRecorder(log_dir=tmp_path / "live")
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[recorder])
    path = recorder.to_tensorboard(tmp_path / "after")
    assert os.path.dirname(path) == str(tmp_path / "after")
    for folder in ("live", "after"):
        found = read(tmp_path / folder)
        steps, losses = recorder.losses
        assert series(found, "loss") == single(zip(steps, losses))
        assert series(found, "learning_rate") == [(k, 0.25) for k in range(9)]
        for what, tag in (("weight", "weight_norm"), ("gradient", "gradient_norm")):
            for layer in ("first", "out"):
                expected = [(s.index, s.layer_norms(what)[layer]) for s in recorder.steps]
                assert series(found, f"{tag}/{layer}") == single(expected)
        update = [s.layer_norms("update")["out"] for s in recorder.steps]
        weight = [s.layer_norms("weight")["out"] for s in recorder.steps]
        assert series(found, "update_ratio/out") == single(enumerate(np.divide(update, weight)))
        for event, step in zip(
            found.Histograms("weights/first/kernel"), recorder.steps, strict=True
        ):
            low, high, n, total, squares, limits, buckets = bucketed(event)
            kernel = step.weights["first/kernel"].astype(np.float64)
            assert (event.step, low, high, n) == (step.index, kernel.min(), kernel.max(), 20)
            assert total == pytest.approx(kernel.sum())
            assert squares == pytest.approx((kernel**2).sum())
            assert sum(buckets) == 20
            assert (
                np.searchsorted(np.array([low, *limits[:-1]]), kernel.ravel(), "right").min() >= 1
            )
        tags = found.Tags()
        assert set(tags["histograms"]) == {
            *[f"{kind}/{name}" for kind in ("weights", "gradients")
              for name in ("first/kernel", "first/bias", "out/kernel", "out/bias")],
            "activations/first", "activations/out",
        }  # fmt: skip
        (flag,) = found.Tensors("flags")
        assert flag.tensor_proto.string_val[0].decode() == str(recorder.flags[0])
        assert flag.step == recorder.flags[0].step


def test_the_data_ingester_reads_them(tmp_path):
    """The way of TensorBoard's web page: runs, tags and points by plugin."""
    w = tf.Variable([1.0, -2.0], name="w")
    with TrainingRecorder([w]) as recorder:
        for _ in range(4):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(w * w)
            w.assign_sub(0.25 * tape.gradient(loss, w))
    recorder.to_tensorboard(tmp_path / "run")
    multiplexer = tensorboard("backend.event_processing.plugin_event_multiplexer")
    provider = tensorboard("backend.event_processing.data_provider")
    context = tensorboard("context").RequestContext()
    base = tensorboard("data.provider")
    events = multiplexer.EventMultiplexer()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        events.AddRunsFromDirectory(str(tmp_path)).Reload()
        data = provider.MultiplexerDataProvider(events, str(tmp_path))
        points = data.read_scalars(
            context, experiment_id="", plugin_name="scalars", downsample=1000,
            run_tag_filter=base.RunTagFilter(runs=["run"], tags=["loss"]),
        )["run"]["loss"]  # fmt: skip
        spread = data.read_tensors(
            context, experiment_id="", plugin_name="histograms", downsample=1000,
            run_tag_filter=base.RunTagFilter(runs=["run"], tags=["weights/w"]),
        )["run"]["weights/w"]  # fmt: skip
    assert [(p.step, p.value) for p in points] == [(0, 5.0), (1, 1.25), (2, 0.3125), (3, 0.078125)]
    assert [p.step for p in spread] == [0, 1, 2, 3]
    assert spread[0].numpy[:, 2].sum() == 2.0
    assert (spread[0].numpy[0, 0], spread[0].numpy[-1, 1]) == (-2.0, 1.0)


# --- the callback of Keras ---


def fit(tmp_path, **options):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.layers.Dense(3, "tanh", name="a"), keras.layers.Dense(1, name="out")]
    )
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
    model.compile(keras.optimizers.SGD(rate), "mse", metrics=["mae"])
    callback = keras.callbacks.TensorBoard(tmp_path, **options)
    history = model.fit(
        X, Y, epochs=3, verbose=0, validation_split=0.25, callbacks=[callback]
    ).history
    return model, history


def test_epochs(tmp_path):
    _, history = fit(tmp_path)
    train, validation = read(tmp_path / "train"), read(tmp_path / "validation")
    assert set(train.Tags()["scalars"]) == {"epoch_loss", "epoch_mae", "epoch_learning_rate"}
    for name in ("loss", "mae"):
        assert series(train, f"epoch_{name}") == single(enumerate(history[name]))
        assert series(validation, f"epoch_{name}") == single(enumerate(history[f"val_{name}"]))
        evaluated = [(3 * (k + 1), v) for k, v in enumerate(history[f"val_{name}"])]
        assert series(validation, f"evaluation_{name}_vs_iterations") == single(evaluated)
    assert [s for s, _ in series(train, "epoch_learning_rate")] == [0, 1, 2]


def test_batches(tmp_path):
    fit(tmp_path, update_freq=2, write_steps_per_second=True)
    train = read(tmp_path / "train")
    assert [s for s, _ in series(train, "batch_loss")] == [0, 2, 4, 6, 8]
    assert all(v > 0 for _, v in series(train, "batch_steps_per_second"))
    assert all(v > 0 for _, v in series(train, "epoch_steps_per_second"))
    fit(tmp_path / "each", update_freq="batch")
    assert [s for s, _ in series(read(tmp_path / "each" / "train"), "batch_mae")] == list(range(9))


def test_histograms_of_the_weights(tmp_path):
    model, _ = fit(tmp_path, histogram_freq=2)
    train = read(tmp_path / "train")
    assert train.Tags()["histograms"] == [
        "a/kernel_0/histogram", "a/bias_0/histogram", "out/kernel_0/histogram", "out/bias_0/histogram",
    ]  # fmt: skip
    events = train.Histograms("a/kernel_0/histogram")
    assert [e.step for e in events] == [0, 2]
    kernel = model.layers[0].kernel.numpy()
    assert (bucketed(events[1])[:2], bucketed(events[1])[2]) == ((kernel.min(), kernel.max()), 12)


def test_evaluate_alone(tmp_path):
    model, _ = fit(tmp_path)
    callback = keras.callbacks.TensorBoard(tmp_path / "alone")
    loss, _ = model.evaluate(X, Y, verbose=0, callbacks=[callback])
    found = read(tmp_path / "alone" / "validation")
    assert series(found, "evaluation_loss_vs_iterations") == single([(9, loss)])


def test_what_the_callback_does_not_take(tmp_path):
    with pytest.raises(ValueError, match='"epoch", "batch" or a number'):
        keras.callbacks.TensorBoard(tmp_path, update_freq="step")
    for options in ({"write_images": True}, {"embeddings_freq": 1}):
        with pytest.raises(tf.errors.UnimplementedError, match="histogram_freq=1"):
            keras.callbacks.TensorBoard(tmp_path, **options)
    assert not list(tmp_path.iterdir())
