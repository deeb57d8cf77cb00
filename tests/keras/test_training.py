"""fit, evaluate and predict against real TensorFlow 2.12: histories, printed text, callbacks, order of the data."""

import json
from pathlib import Path

import numpy as np
import pytest
import training_cases

import gradtape as tf
from gradtape.keras.engine import naming
from gradtape.random import seeds

GOLDEN = json.loads((Path(__file__).parent / "training.json").read_text())["cases"]
K = tf.keras
NUMBER = r"-?\d+\.\d+(?:e[+-]\d+)?"


@pytest.fixture(autouse=True)
def fresh():
    naming.reset()
    seeds.STATE._shared.clear()


def close(found, expected, where=""):
    """The same structure; floats within float32's rounding over some steps."""
    if isinstance(expected, dict):
        assert list(found) == list(expected), where
        for key in expected:
            close(found[key], expected[key], f"{where}/{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for index, (a, b) in enumerate(zip(found, expected)):
            close(a, b, f"{where}/{index}")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-5, abs=2e-6), where
    elif isinstance(expected, str):
        same_text(found, expected, where)
    else:
        assert found == expected, where


def same_text(found, expected, where):
    import re

    assert re.sub(NUMBER, "#", found) == re.sub(NUMBER, "#", expected), where
    for a, b in zip(re.findall(NUMBER, found), re.findall(NUMBER, expected)):
        assert float(a) == pytest.approx(float(b), abs=1.01e-4), where


@pytest.mark.parametrize("name", training_cases.CASES)
def test_training_is_tensorflows(name):
    found = json.loads(json.dumps(training_cases.CASES[name](tf), default=float))
    close(found, GOLDEN[name])


def test_data_that_does_not_fit_is_explained():
    model = training_cases.stack(tf)
    with pytest.raises(RuntimeError, match="must compile your model"):
        model.fit(np.zeros((4, 4)), np.zeros(4))
    model.compile("sgd", "mse")
    with pytest.raises(
        ValueError, match="Data cardinality is ambiguous:\n  x sizes: 4\n  y sizes: 3"
    ):
        model.fit(np.zeros((4, 4)), np.zeros(3))
    with pytest.raises(ValueError, match="expected shape=\\(None, 4\\), found shape=\\(4, 5\\)"):
        model.fit(np.zeros((4, 5)), np.zeros(4), verbose=0)
    with pytest.raises(ValueError, match="Target data is missing"):
        model.fit(np.zeros((4, 4)), verbose=0)
    with pytest.raises(ValueError, match="at least one sample"):
        model.fit(np.zeros((0, 4)), np.zeros(0), verbose=0)
    with pytest.raises(ValueError, match="Failed to find data adapter"):
        model.fit("text", "labels")
    with pytest.raises(ValueError, match="not supported when using python generator"):
        model.fit(iter([]), np.zeros(3))


def test_generators_and_sequences_feed_fit():
    x, y = training_cases.X.astype(np.float32), training_cases.Y

    class Batches:
        ended = 0

        def __len__(self):
            return 5

        def __getitem__(self, index):
            return x[index * 20 : index * 20 + 20], y[index * 20 : index * 20 + 20]

        def on_epoch_end(self):
            self.ended += 1

    model = training_cases.stack(tf)
    model.compile("sgd", "mse")
    batches = Batches()
    by_sequence = model.fit(batches, epochs=2, verbose=0, shuffle=False)
    assert batches.ended == 2 and by_sequence.params["steps"] == 5
    again = training_cases.stack(tf)
    again.compile("sgd", "mse")
    generator = (batches[i % 5] for i in range(100))
    by_generator = again.fit(generator, epochs=2, steps_per_epoch=5, verbose=0)
    assert by_generator.history == by_sequence.history
    arrays = training_cases.stack(tf)
    arrays.compile("sgd", "mse")
    by_arrays = arrays.fit(x, y, batch_size=20, epochs=2, verbose=0, shuffle=False)
    np.testing.assert_allclose(by_arrays.history["loss"], by_sequence.history["loss"], rtol=1e-6)


def test_files_of_callbacks(tmp_path):
    model = training_cases.stack(tf)
    model.compile("sgd", "mse")
    pattern = str(tmp_path / "w-{epoch:02d}.npz")
    model.fit(
        training_cases.X, training_cases.Y, epochs=2, verbose=0,
        callbacks=[K.callbacks.ModelCheckpoint(pattern, save_weights_only=True),
                   K.callbacks.CSVLogger(tmp_path / "log.csv")],
    )  # fmt: skip
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log.csv", "w-01.npz", "w-02.npz"]
    assert (tmp_path / "log.csv").read_text().splitlines()[0] == "epoch,loss"
    after = model.get_weights()
    model.load_weights(tmp_path / "w-01.npz")
    assert not np.array_equal(model.get_weights()[0], after[0])
    model.load_weights(tmp_path / "w-02.npz")
    np.testing.assert_array_equal(model.get_weights()[0], after[0])
    with pytest.raises(tf.errors.UnimplementedError, match="ModelCheckpoint"):
        K.callbacks.BackupAndRestore("backup")


def test_frozen_layers_stay_as_they_are():
    model = training_cases.stack(tf)
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(training_cases.X, training_cases.Y, verbose=0)
    after = model.get_weights()
    assert np.array_equal(before[0], after[0]) and not np.array_equal(before[2], after[2])
    model.layers[0].trainable = True
    with pytest.warns(UserWarning, match="Compile the model again"):
        model.fit(training_cases.X, training_cases.Y, verbose=0)
    assert np.array_equal(before[0], model.get_weights()[0])


def test_compiled_losses_and_metrics_take_arrays():
    model = K.Sequential([K.layers.Dense(1)])
    model.compile("sgd", "mse", ["mae"], weighted_metrics=["mse"])
    x, y, weights = np.ones((4, 2), "float32"), np.arange(4.0)[:, None], np.arange(4.0)
    predicted = model(x)
    for w in (None, weights):
        tensors = [tf.constant(y), predicted, None if w is None else tf.constant(w)]
        found = model.compute_loss(x, y, predicted, w)
        assert float(found) == float(model.compute_loss(x, *tensors))
        assert model.compute_metrics(x, y, predicted, w).keys() >= {"mae", "mse"}
