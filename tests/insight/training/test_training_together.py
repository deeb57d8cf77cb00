"""Recorders side by side, interrupted in the middle, or given twice."""

import numpy as np
import pytest

import gradtape as tf
from gradtape import keras
from gradtape.core.context import GRADIENT_OBSERVERS, STATE
from gradtape.insight.training import TrainingRecorder
from gradtape.insight.training import recorder as room

X = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
Y = X[:, :1]


def fit(callbacks, epochs=2):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Dense(4, "relu"), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0, callbacks=callbacks)
    return model


def is_traced() -> bool:
    """Whether a function of TensorFlow's kind is run from its trace, as it is when nobody looks on."""
    calls = []

    @tf.function
    def f(x):
        calls.append(x)
        return x + 1.0

    for k in range(4):
        f(tf.constant(float(k)))
    return len(calls) == 1


def test_two_recorders_in_one_fit_leave_functions_traced():
    first, second = TrainingRecorder(), TrainingRecorder(every=3)
    fit([first, second])
    assert not STATE.seen
    assert not GRADIENT_OBSERVERS
    assert is_traced()
    assert first.losses[1] == fit_losses()
    assert (first.kept, second.kept) == (tuple(range(8)), (0, 3, 6))


def fit_losses():
    alone = TrainingRecorder()
    fit([alone])
    return alone.losses[1]


def test_recorders_that_end_in_the_order_in_which_they_began():
    first, second = TrainingRecorder(), TrainingRecorder()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert STATE.seen
    second.__exit__(None, None, None)
    assert not STATE.seen
    assert is_traced()


def test_a_recorder_given_twice_counts_a_step_once():
    recorder = TrainingRecorder()
    fit([recorder, recorder])
    assert (len(recorder), recorder.kept) == (8, tuple(range(8)))


@pytest.mark.parametrize("where", ["activations", "part_of", "numbers"])
@pytest.mark.parametrize("at", [1, 5])
def test_an_interruption_while_it_records_leaves_a_recorder_that_goes_on(monkeypatch, where, at):
    recorder, calls, real = TrainingRecorder(), [], getattr(room, where)

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == at:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(room, where, interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit([recorder])
    monkeypatch.undo()
    assert not GRADIENT_OBSERVERS
    assert not STATE.seen
    before = len(recorder)
    fit([recorder])
    assert len(recorder) == before + 8
    recorder.plot_loss()
    recorder.plot_norms()
    assert recorder.nbytes == counted_anew(recorder)


def counted_anew(recorder) -> int:
    rows = recorder._rows
    arrays = {id(a): a for row in rows.kept for part in row.parts for a in part.arrays()}
    total = sum(a.nbytes + 224 for a in arrays.values())
    return total + sum(row.overhead + row.tape_bytes for row in rows.kept) + recorder._curve.nbytes
