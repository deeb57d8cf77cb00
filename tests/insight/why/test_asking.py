"""`tape.why` in all the ways in which it is asked, and what it leaves as it was."""

from __future__ import annotations

import gc
import linecache
import weakref

import numpy as np
import pytest

import gradtape as tf
from gradtape import keras
from gradtape.insight.why import Reason


def test_several_sources_give_reasons_in_their_form() -> None:
    w, b, n = tf.Variable(2.0), tf.Variable(1.0), tf.Variable(1)
    with tf.GradientTape() as tape:
        y = w * w
    assert [r.code for r in tape.why(y, [w, b])] == ["fine", "not_connected"]
    found = tape.why(y, {"w": w, "rest": (b, n)})
    assert (found["w"].code, found["rest"][0].code, found["rest"][1].code) == (
        "fine", "not_connected", "integer",
    )  # fmt: skip
    assert [r.variable for r in tape.why(y, [w, b])] == ["w", "b"]
    assert tape.why(y, []) == []


def test_several_targets_count_together() -> None:
    w, b = tf.Variable(2.0), tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y, z = w * w, b * 3.0
    assert tape.why([y, z], b).code == "fine"
    assert tape.why([y], b).code == "not_connected"


def test_a_used_tape_answers_and_says_where_it_was_used() -> None:
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    reason = tape.why(y, x)
    assert reason.code == "fine"
    assert reason.data["used"].text == "tape.gradient(y, x)"


def test_the_question_changes_nothing() -> None:
    tf.random.set_seed(3)
    layer = keras.layers.Dropout(0.5)

    @tf.function
    def noisy(x):
        return layer(x, training=True)

    x = tf.Variable(tf.ones(20))
    with tf.GradientTape(persistent=True) as tape:
        y = tf.reduce_sum(noisy(x) * x)
    before = tape.gradient(y, x).numpy()
    drawn = tf.random.uniform([3]).numpy()
    tf.random.set_seed(3)
    with tf.GradientTape(persistent=True) as tape:
        y = tf.reduce_sum(noisy(x) * x)
    reason = tape.why(y, x)
    assert reason.code == "fine"
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), before)
    np.testing.assert_array_equal(tf.random.uniform([3]).numpy(), drawn)


def test_a_tape_is_freed_though_it_was_asked() -> None:
    x = tf.Variable([1.0, 2.0])
    gc.collect()
    gc.disable()
    try:
        with tf.GradientTape() as tape:
            y = tf.stop_gradient(x) * 2.0
        reason = tape.why(y, x)
        gone = weakref.ref(tape)
        del tape
        assert gone() is None
        assert reason.code == "stop_gradient"
    finally:
        gc.enable()


def test_names_that_somebody_holds_are_left_alone() -> None:
    x = tf.constant(2.0)
    held = locals()
    with tf.GradientTape() as tape:
        y = x * x
    assert tape.why(y, x).code == "constant"
    assert held["x"] is x


def test_while_the_tape_is_open() -> None:
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        y = x * x
        reason = tape.why(y, x)
        tape.watch(x)
        z = x * x
    assert reason.code == "constant"
    assert float(tape.gradient(z, x)) == 4.0


def test_nested_tapes() -> None:
    x = tf.Variable(2.0)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = x * 3.0
        first = inner.gradient(y, x)
    assert outer.why(first, x).code == "not_connected"
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = x * x
        first = inner.gradient(y, x)
    assert outer.why(first, x).code == "fine"


def test_without_explanations_it_says_so() -> None:
    tf.config.explanations = False
    try:
        x = tf.Variable(2.0)
        with tf.GradientTape() as tape:
            y = tf.round(x)
        assert tape.why(y, x).code == "no_derivative"
        tape.gradient(y, x)
        reason = tape.why(y, x)
    finally:
        tf.config.explanations = True
    assert reason.code == "forgotten"
    assert "gradtape.config.explanations = True" in reason.fix


def test_what_was_too_large_is_let_go() -> None:
    x = tf.Variable(tf.zeros(40_000_000))
    with tf.GradientTape() as tape:
        y = tf.reduce_sum((x + 1.0) * 2.0)
    tape.gradient(y, x)
    reason = tape.why(y, x)
    assert reason.code == "forgotten"
    assert "persistent=True" in reason.fix
    assert "MiB" in reason.message


def test_without_source_text() -> None:
    space: dict = {"tf": tf}
    text = "x = tf.constant(1.0)\nwith tf.GradientTape() as tape:\n    y = tf.round(x)\n    z = tf.round(v)\n"
    space["v"] = tf.Variable(1.5)
    exec(compile(text + "a, b = tape.why(y, x), tape.why(z, v)", "<nowhere>", "exec"), space)
    assert space["a"].code == "constant"
    reason = space["b"]
    assert (reason.code, reason.op) == ("no_derivative", "Round")
    assert (reason.place.file, reason.place.line, reason.place.text) == ("<nowhere>", 4, "")
    assert "<nowhere>:4" in str(reason)


def test_notebook_cells() -> None:
    cells = [
        "x = tf.constant(3.0)\n",
        "with tf.GradientTape() as tape:\n    y = x * x\n",
        "reason = tape.why(y, x)\n",
    ]
    space: dict = {"tf": tf}
    names = [f"<ipython-input-{i}-0123456789ab>" for i in range(len(cells))]
    try:
        for name, cell in zip(names, cells):
            linecache.cache[name] = len(cell), None, cell.splitlines(keepends=True), name
            exec(compile(cell, name, "exec"), space)
    finally:
        for name in names:
            linecache.cache.pop(name, None)
    reason = space["reason"]
    assert (reason.code, reason.place.file, reason.place.text) == (
        "constant", names[0], "x = tf.constant(3.0)",
    )  # fmt: skip


def test_lines_inside_traced_functions() -> None:
    w = tf.Variable([[-1.0, -2.0], [-3.0, -4.0]])

    @tf.function
    def dead(x):
        h = x @ w
        h = tf.nn.relu(h)
        return h * 2.0

    @tf.function
    def bad(x):
        e = tf.exp(w * x)
        return tf.reduce_sum(e)

    with tf.GradientTape(persistent=True) as tape:
        y = tf.reduce_sum(dead(tf.ones([3, 2])))
        z = bad(tf.constant(-100.0))
    reason = tape.why(y, w)
    assert (reason.code, reason.place.text) == ("dead_unit", "h = tf.nn.relu(h)")
    assert reason.data["dead"] == (0, 1)
    reason = tape.why(z, w)
    assert (reason.code, reason.place.text) == ("overflow", "e = tf.exp(w * x)")
    assert reason.data["operands"] == (100.0,)
    assert reason.data["index"] == (0, 0)


def test_the_branch_that_a_traced_function_took() -> None:
    w = tf.Variable(2.0)

    @tf.function
    def f(x):
        if x > 0.0:
            y = tf.stop_gradient(x * w)
        else:
            y = x * w
        return y * 3.0

    with tf.GradientTape(persistent=True) as tape:
        yes, no = f(tf.constant(1.0)), f(tf.constant(-1.0))
    reason = tape.why(yes, w)
    assert float(tape.gradient(yes, w)) == 0.0
    assert (reason.code, reason.gradient) == ("stop_gradient", "zero")
    assert reason.place.text == "y = tf.stop_gradient(x * w)"
    assert tape.why(no, w).code == "fine"


def test_a_traced_function_that_draws_is_not_run_again() -> None:
    w, b = tf.Variable(2.0), tf.Variable(1.0)
    drop = keras.layers.Dropout(0.5)

    @tf.function
    def dead(x):
        return tf.reduce_sum(drop(tf.nn.relu(x * w - 100.0), training=True) + tf.round(b))

    with tf.GradientTape() as tape:
        y = dead(tf.ones(4))
    reason, other = tape.why(y, [w, b])
    assert (reason.code, reason.gradient, reason.place.text) == (
        "flat",
        "zero",
        "y = dead(tf.ones(4))",
    )
    assert "functions_eagerly" in reason.fix
    assert (other.code, other.op, other.place.text[:6]) == ("no_derivative", "Round", "return")


def test_minimize_without_gradients_tells_the_reasons() -> None:
    w = tf.Variable([1.0, 2.0])
    with pytest.raises(
        ValueError, match=r"(?s)No gradients provided.*tf\.round at .* has no derivative"
    ):
        keras.optimizers.SGD(0.1).minimize(lambda: tf.reduce_sum(tf.round(w)), [w])


def test_numpy_function_is_named() -> None:
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        h = tf.numpy_function(np.sinh, [x], tf.float32)
        y = tf.reduce_sum(h * 0.5)
    reason = tape.why(y, x)
    assert (reason.code, reason.op) == ("numpy", "tf.numpy_function")
    assert "tf.py_function" in reason.fix


def test_in_a_notebook_it_is_markdown() -> None:
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = tf.round(x)
    text = tape.why(y, x)._repr_markdown_()
    assert text.startswith("**no_derivative** tf.round at")
    assert ": y = tf.round(x)`" in text
    assert "*To do:* leave tf.round out" in text


def test_inside_a_function_that_is_traced() -> None:
    w, b = tf.Variable(2.0), tf.Variable(1.0)
    found: list[Reason] = []

    @tf.function
    def step():
        with tf.GradientTape(persistent=True) as tape:
            loss = tf.stop_gradient(b * b) * w
        found.extend(tape.why(loss, [w, b]))
        return loss

    step()
    assert [r.code for r in found] == ["fine", "stop_gradient"]


def test_dead_units_among_others_are_told() -> None:
    w = tf.Variable([[1.0, -1.0, 2.0, -3.0]])
    with tf.GradientTape() as tape:
        h = tf.nn.relu(tf.constant([[1.0], [2.0]]) @ w)
        loss = tf.reduce_sum(h)
    reason = tape.why(loss, w)
    assert reason.code == "fine"
    assert "2 of 4 units (1, 3)" in reason.message


def test_a_weight_behind_dead_units_names_them() -> None:
    w1, w2 = tf.Variable([[-1.0, -2.0]]), tf.Variable([[1.0], [1.0]])
    with tf.GradientTape() as tape:
        h = tf.nn.relu(tf.constant([[1.0], [3.0]]) @ w1)
        loss = tf.reduce_sum(tf.square(h @ w2 - 1.0))
    for reason in tape.why(loss, [w1, w2]):
        assert (reason.code, reason.place.text[:6]) == ("dead_unit", "h = tf")


def test_a_finite_gradient_of_a_value_that_is_not() -> None:
    x = tf.Variable([1.0, -2.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.math.log(x))
    reason = tape.why(y, x)
    assert reason.code == "fine"
    assert "`y` itself is not finite" in reason.message
    assert "log(-2) = nan" in reason.message
    assert reason.data["target"].code == "outside_domain"


def test_what_functions_do_inside_is_found() -> None:
    w = tf.Variable([1.0, 2.0])

    def inner(a):
        with tape.stop_recording():
            b = a * 2.0
        return b  # noqa: RET504

    class Model:
        def __init__(self):
            self.w = w

        def __call__(self, x):
            return inner(self.w * x)

    model = Model()
    with tf.GradientTape() as tape:
        out = model(3.0)
        y = tf.reduce_sum(out + 1.0)
    reason = tape.why(y, model.w)
    assert reason.code == "stop_recording", str(reason)
    assert reason.place.text == "b = a * 2.0"


def test_the_branch_not_taken_is_counted() -> None:
    x = tf.Variable([0.0, 0.0, 0.0, 1.0, 2.0])
    with tf.GradientTape() as tape:
        safe = tf.where(x > 0.0, tf.math.log(x), 0.0)
        y = tf.reduce_sum(safe)
    reason = tape.why(y, x)
    assert "not taken at 3 of 5 elements" in reason.message
    assert reason.data["elements"] == (3, 5)
    assert reason.data["where"].text.startswith("safe = ")


def test_what_is_printed_is_not_to_blame() -> None:
    x, other = tf.Variable(2.0), tf.Variable(3.0)
    shown = []
    with tf.GradientTape() as tape:
        h = x * x
        shown.append(h.numpy())
        print(float(h))
        y = other * 2.0
    assert tape.why(y, x).code == "not_connected"
    assert shown == [4.0]


def test_a_batch_of_nothing_is_named() -> None:
    model = keras.Sequential([keras.layers.Dense(2, activation="relu"), keras.layers.Dense(1)])
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(tf.zeros((0, 3))) ** 2)
    reason = tape.why(loss, model.trainable_variables[0])
    assert (reason.code, reason.gradient, reason.data["shape"]) == ("flat", "zero", (0, 1))
    assert "works on no numbers" in reason.message


def test_texts_and_truth_values_are_called_so() -> None:
    words, flag, w = tf.Variable("word"), tf.Variable(True), tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = w * 2.0
    reason = tape.why(y, words)
    assert (reason.code, "of texts has no gradient" in reason.message) == ("integer", True)
    assert "cast" not in reason.fix
    assert "of truth values" in tape.why(y, flag).message
