"""Time travel: any step is explained afterwards, and its weights are put back."""

import numpy as np
import pytest
from tests.insight.training.programs import X, Y, fitted, model

import gradtape as tf
from gradtape.insight.training import TrainingRecorder


def test_any_step_is_explained_afterwards():
    recorder = TrainingRecorder()
    fitted([recorder])
    for k in (0, 4, -1):
        step, recording = recorder.step(k), recorder.explain(k).recording
        gradients = {
            recording.wires[s].name: recording.wires[s].gradient for s in recording.sources
        }
        assert set(gradients) == set(step.gradients)
        for name, gradient in gradients.items():
            np.testing.assert_allclose(gradient, step.gradients[name], rtol=1e-6, atol=1e-9)
        (target,) = recording.targets
        assert float(recording.wires[target].value) == step.loss


def test_derivation_and_circuit_of_a_step():
    w = tf.Variable([2.0, -3.0])
    b = tf.Variable(-3.0)
    x = tf.constant([-1.0, -2.0])
    with TrainingRecorder([w, b]) as recorder:
        for _ in range(3):
            with tf.GradientTape() as tape:
                y = tf.sigmoid(tf.reduce_sum(w * x) + b)
            dw, db = tape.gradient(y, [w, b])
            w.assign_sub(dw)
            b.assign_sub(db)
    first = recorder.explain(0, detail="gate", decimals=2)
    assert "0.73" in first.text()
    assert first.circuit().svg().startswith("<svg")
    later = recorder.explain(2).recording
    assert later.named("b").value == recorder.step(2).weights["b"]
    with pytest.raises(ValueError, match="detail"):
        recorder.explain(0, detail="much")
    silent = TrainingRecorder([w], tapes=False)
    with silent:
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(w * w)
        tape.gradient(y, w)
    with pytest.raises(IndexError, match="Those of these steps are: none"):
        silent.explain(0)


def test_weights_are_put_back():
    recorder = TrainingRecorder()
    made = model()
    made.fit(X, Y, epochs=2, verbose=0, callbacks=[recorder])
    recorder.restore(2)
    for weight in made.trainable_variables:
        kept = recorder.step(2).weights[weight.name.partition(":")[0]]
        np.testing.assert_array_equal(weight, kept)
    made.layers[-1].kernel.assign_add(np.ones((6, 1), np.float32))
    kept = recorder.step(2).weights["out/kernel"]
    assert np.all(made.layers[-1].kernel.numpy() > kept)
    small = TrainingRecorder(whole=1)
    made.fit(X, Y, verbose=0, callbacks=[small])
    with pytest.raises(ValueError, match="first/kernel, first/bias"):
        small.restore(0)


def test_the_users_tape_may_be_used_again():
    w = tf.Variable(3.0)
    tape = tf.GradientTape()
    with TrainingRecorder([w]) as recorder:
        for _ in range(3):
            with tape:
                y = w * w
            w.assign_sub(0.25 * tape.gradient(y, w))
    for k, value in enumerate((3.0, 1.5, 0.75)):
        assert recorder.explain(k).recording.named("w").gradient == 2 * value
