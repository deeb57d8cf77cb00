"""Reasons where others say them: errors, optimizers, warnings, remarks; and what the docs promise."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gradtape as tf
from gradtape import keras
from gradtape.insight.why import CODES


def test_gradient_raises_the_reason() -> None:
    x, y = tf.Variable(2.0), tf.Variable(1.0)
    with tf.GradientTape(persistent=True) as tape:
        z = tf.stop_gradient(x) * y
    with pytest.raises(
        ValueError, match=r"(?s)tf\.stop_gradient at .*z = tf\.stop_gradient\(x\) \* y"
    ):
        tape.gradient(z, x, unconnected_gradients="raise")
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"tf\.stop_gradient at"):
        tape.jacobian(z, x, unconnected_gradients=tf.UnconnectedGradients("raise"))
    assert float(tape.gradient(z, y, unconnected_gradients="raise")) == 2.0


def test_batch_jacobian_raises_the_reason() -> None:
    x, w = tf.Variable([[1.0], [2.0]]), tf.Variable([[1.0], [2.0]])
    with tf.GradientTape() as tape:
        y = w * 2.0
    with pytest.raises(ValueError, match="`y` does not depend on `x`"):
        tape.batch_jacobian(y, x, unconnected_gradients="raise")


def test_an_optimizer_without_gradients_tells_the_reasons(caplog) -> None:
    w, b = tf.Variable([1.0, 2.0], name="w"), tf.Variable(0.5, name="b")
    optimizer = keras.optimizers.SGD(0.1)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.round(w) + b * 0.0)
    grads = tape.gradient(loss, [w])
    with pytest.raises(
        ValueError, match=r"(?s)No gradients provided.*tf\.round at .* has no derivative"
    ):
        optimizer.apply_gradients(zip(grads, [w]))
    unused = tf.Variable(1.0, name="unused_in_this_test")
    for _ in range(2):
        with tf.GradientTape() as tape:
            loss = b * b
        grads = tape.gradient(loss, [b, unused])
        keras.optimizers.SGD(0.1).apply_gradients(zip(grads, [b, unused]))
    warned = [r.getMessage() for r in caplog.records]
    assert len(warned) == 2
    assert "`loss` does not depend on `unused`" in warned[0]
    assert "does not depend" not in warned[1]


def test_the_reason_of_a_tape_that_is_gone_is_not_needed() -> None:
    w = tf.Variable(1.0)

    def gradients():
        with tf.GradientTape() as tape:
            loss = tf.constant(1.0) * 2.0
        return tape.gradient(loss, [w])

    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        keras.optimizers.SGD(0.1).apply_gradients(zip(gradients(), [w]))


def test_numbers_that_become_infinite_are_named() -> None:
    tf.debugging.enable_check_numerics()
    try:
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=r"first: exp\(200\) = inf at element \[1\]"
        ):
            tf.exp([1.0, 200.0])
    finally:
        tf.debugging.disable_check_numerics()


def test_two_dtypes_are_named_with_their_lines() -> None:
    x = tf.Variable([1.0, 2.0])
    z = tf.constant(np.ones(2))
    with pytest.raises(
        TypeError,
        match=r"`x` is float32 \(tf.Variable\(\[1.0, 2.0\]\) at test_reasons_elsewhere.py:\d+\)",
    ):
        x * z
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"`z` is float64 \(tf.constant\(np.ones\(2\)\) at"
    ):
        tf.add(x, z)
    with pytest.raises(TypeError, match=r"`tf.ones\(2\)` is float32, `z` is float64"):
        tf.ones(2) - z


def test_operations_have_the_names_of_the_code() -> None:
    x = tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape(persistent=True) as tape:
        chosen = tf.reduce_sum(tf.where(x > 5.0, x, 0.0))
        order = tf.cast(tf.argsort(x), tf.float32)
    assert tape.why(chosen, x).message.startswith("tf.where at")
    assert tape.why(order, x).message.startswith("tf.argsort at")


def test_operands_of_what_a_layer_does_inside_are_not_named() -> None:
    start = keras.initializers.Constant(-50.0)
    model = keras.Sequential(
        [keras.layers.Dense(2, "relu", bias_initializer=start, input_shape=(1,))]
    )
    data = tf.ones([3, 1])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(data))
    reason = tape.why(loss, model.layers[0].kernel)
    assert (reason.code, reason.variable) == ("dead_unit", "model.layers[0].kernel")
    assert "data" not in reason.message


def test_softmax_twice_is_remarked() -> None:
    w = tf.Variable([[0.1, -0.2, 0.3]])
    with tf.GradientTape() as tape:
        p = tf.nn.softmax(w)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[2], logits=p))
    (note,) = tape.why(loss, w).data["notes"]
    assert note.startswith(
        "tf.nn.sparse_softmax_cross_entropy_with_logits at test_reasons_elsewhere.py:"
    )
    assert "takes logits, but gets what tf.nn.softmax at test_reasons_elsewhere.py:" in note


def test_rows_against_columns_are_remarked() -> None:
    w, labels = tf.Variable([[1.0], [2.0]]), tf.constant([1.0, 0.0, 2.0])
    with tf.GradientTape() as tape:
        out = tf.ones([3, 2]) @ w
        loss = tf.reduce_mean(tf.square(labels - out))
    (note,) = tape.why(loss, w).data["notes"]
    assert "makes shape (3, 3) of (3,) and (3, 1)" in note


def test_the_warning_about_softmax_twice_has_the_line() -> None:
    model = keras.Sequential([keras.layers.Dense(3, activation="softmax", input_shape=(2,))])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with pytest.warns(UserWarning, match=r"(?s)Was this intended\?.*loss\(\[1\], model"):
        loss([1], model(tf.ones([1, 2])))


def test_an_empty_target_is_an_error() -> None:
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        x * x
    with pytest.raises(ValueError, match="target is empty"):
        tape.why([], x)


def test_import_does_not_bring_explanations_in() -> None:
    code = (
        "import gradtape as tf, sys; x = tf.Variable(1.0)\n"
        "with tf.GradientTape() as tape: y = x * x\n"
        "assert not [m for m in sys.modules if m.startswith('gradtape.insight')]\n"
        "assert tape.why(y, x).code == 'fine' and 'gradtape.insight.why' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_docs_list_every_reason() -> None:
    page = Path(__file__).parents[3] / "docs" / "why-none.md"
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", page.read_text("utf-8"), re.M)
    assert {code: (gradient, meaning) for code, gradient, meaning in rows} == {
        code: about for code, about in CODES.items() if code != "fine"
    }
