"""What `tf.certify` takes, what it gives, and that it leaves everything as it was."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import numpy as np
import pytest

import gradtape as tf
from gradtape.testing import assert_gradients


@tf.custom_gradient
def doubled(x: Any) -> Any:
    """x^2 with twice its gradient."""
    return tf.square(x), lambda g: g * 4.0 * x


@tf.custom_gradient
def squared(x: Any) -> Any:
    return tf.square(x), lambda g: g * 2.0 * x


def taped(f: Any, *xs: Any) -> tuple[Any, Any, list[Any]]:
    tensors = [tf.constant(x) for x in xs]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        y = f(*tensors)
    return tape, y, tensors


# --- what is certified ---


def test_a_function() -> None:
    certificate = tf.certify(
        lambda x, y: tf.reduce_sum(x * y), [tf.constant([1.0, 2.0]), tf.constant(3.0)]
    )
    assert certificate.verdict == "right" and certificate.ok
    assert {e.name for e in certificate.entries} == {"x[0]", "x[1]", "y"}
    np.testing.assert_allclose(certificate.reference["x"], [3.0, 3.0], atol=1e-9)
    np.testing.assert_allclose(certificate.claimed["y"], 3.0)
    assert np.all(certificate.error["x"] <= certificate.bound["x"])


def test_arrays_numbers_and_single_arguments() -> None:
    for given in (
        np.array([1.0, 2.0]),
        [np.array([1.0, 2.0])],
        [[1.0, 2.0]],
        tf.Variable([1.0, 2.0]),
    ):
        certificate = tf.certify(lambda v: tf.reduce_sum(tf.sin(v)), given)
        assert certificate.verdict == "right"
        assert [e.name for e in sorted(certificate.entries, key=lambda e: e.index)] == [
            "v[0]",
            "v[1]",
        ]
    assert tf.certify(lambda a, b: a * b, [2.0, 3.0]).verdict == "right"


def test_nests_integers_and_none_stay_arguments() -> None:
    def f(pair: Any, n: Any, nothing: Any) -> Any:
        assert nothing is None
        return pair["a"] * float(n) + pair["b"] ** n

    certificate = tf.certify(f, [{"a": 2.0, "b": 3.0}, 2, None])
    assert certificate.verdict == "right" and set(certificate.claimed) == {"pair.0", "pair.1"}


def test_a_function_without_arguments_of_variables() -> None:
    w, b = tf.Variable([0.5, -0.25]), tf.Variable(0.1)
    certificate = tf.certify(lambda: tf.sigmoid(tf.reduce_sum(w * [1.0, 2.0]) + b), [w, b])
    assert certificate.verdict == "right" and set(certificate.claimed) == {"w", "b"}
    assert set(tf.certify(lambda: tf.reduce_sum(w * b)).claimed) == {"w", "b"}


def test_variables_that_the_function_reads_are_sources() -> None:
    w = tf.Variable([1.0, 2.0], name="weight")
    certificate = tf.certify(lambda x: tf.reduce_sum(doubled(w) * x), tf.constant([1.0, 1.0]))
    assert certificate.verdict == "wrong" and certificate.worst.source == "weight"
    assert all(e.status == "right" for e in certificate.entries if e.source == "x")


def test_a_tape_before_and_after_its_gradient() -> None:
    tape, y, (x,) = taped(lambda x: tf.reduce_sum(doubled(x)), [1.0, 2.0])
    before = tf.certify(tape, y, x)
    found = tape.gradient(y, x)
    after = tf.certify(tape, y, [x])
    assert before.verdict == after.verdict == "wrong"
    np.testing.assert_array_equal(before.claimed["x"], found.numpy())
    np.testing.assert_allclose(after.reference["x"], [2.0, 4.0], rtol=1e-9)


def test_a_tape_with_output_gradients_and_several_targets() -> None:
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y, z = tf.sin(x), tf.reduce_sum(x * x)
    certificate = tf.certify(tape, [y, z], x, output_gradients=[tf.constant([1.0, -2.0]), None])
    assert certificate.verdict == "right"
    np.testing.assert_allclose(
        certificate.reference["x"], np.cos([1, 2]) * [1, -2] + [2, 4], rtol=1e-6
    )


def test_an_intermediate_result_is_a_source() -> None:
    x = tf.Variable(0.5)
    with tf.GradientTape() as tape:
        h = tf.exp(x)
        y = tf.sin(h)
    certificate = tf.certify(tape, y, h)
    assert certificate.verdict == "right" and certificate.worst.name == "h"


def test_a_variable_read_twice_and_assigned_between() -> None:
    v = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = v * v
        v.assign(5.0)
        y = y + tf.sin(v)
    assert tf.certify(tape, y, v).verdict == "right"
    assert float(v) == 5.0


def test_a_tape_that_saw_a_traced_function() -> None:
    @tf.function
    def f(x: Any, n: Any) -> Any:
        for _ in tf.range(n):
            x = squared(tf.sin(x)) + 0.5
        return x if tf.reduce_sum(x) > 0.0 else -x

    x = tf.Variable([0.3, 0.4])
    for rule, verdict in ((f, "right"), (tf.function(doubled), "wrong")):
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(rule(x, tf.constant(3)) if rule is f else rule(x))
        assert tf.certify(tape, y, x).verdict == verdict


def test_a_tape_that_saw_random_numbers_in_a_traced_function() -> None:
    f = tf.function(lambda x: tf.reduce_sum(x * tf.random.uniform([3])))
    x = tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        y = f(x)
    certificate = tf.certify(tape, y, x)
    assert certificate.verdict == "not decided" and "random" in certificate.text()
    assert tf.certify(f, x).verdict == "right"


def test_a_traced_function_is_compared_with_what_python_computes() -> None:
    assert tf.certify(tf.function(doubled), tf.constant([1.0])).verdict == "wrong"
    assert tf.certify(tf.function(squared), tf.constant([1.0])).verdict == "right"


def test_functions_computed_again_on_the_way_back() -> None:
    assert (
        tf.certify(tf.recompute_grad(lambda x: tf.sin(x) * x), tf.constant([0.3])).verdict
        == "right"
    )
    tape, y, (x,) = taped(tf.recompute_grad(lambda x: doubled(x) * x), [0.3])
    assert tf.certify(tape, y, x).verdict == "wrong"


def test_second_derivatives() -> None:
    def slope(rule: Any) -> Any:
        def f(x: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = rule(x)
            return tape.gradient(y, x)

        return f

    assert tf.certify(slope(lambda x: tf.sin(x) * x), tf.constant(0.4)).verdict == "right"
    assert tf.certify(slope(lambda x: doubled(x) * x), tf.constant(0.4)).verdict == "wrong"


def test_gradients_made_by_hand() -> None:
    f = lambda w, x: tf.sigmoid(tf.reduce_sum(w * x))
    w, x = tf.constant([2.0, -3.0]), tf.constant([-1.0, -2.0])
    s = 1.0 / (1.0 + np.exp(-4.0))
    local = s * (1.0 - s)
    right = [local * np.array([-1.0, -2.0]), local * np.array([2.0, -3.0])]
    assert tf.certify(f, [w, x], gradients=right).verdict == "right"
    rounded = [np.round(g, 3) for g in right]
    certificate = tf.certify(f, [w, x], gradients=rounded)
    assert (
        certificate.verdict == "wrong" and certificate.claimed["w"].tolist() == rounded[0].tolist()
    )
    assert tf.certify(lambda v: tf.reduce_sum(v * v), w, gradients=[4.0, -6.0]).verdict == "right"
    assert tf.certify(lambda v: tf.reduce_sum(v * v), w, gradients=None).verdict == "right"


def test_a_gradient_of_another_shape_is_wrong() -> None:
    certificate = tf.certify(
        lambda v: tf.reduce_sum(v * v), tf.constant([2.0, -3.0]), gradients=[[[4.0], [-6.0]]]
    )
    assert certificate.verdict == "wrong" and "shape" in certificate.text()


def test_a_model_and_its_loss() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 3)).astype("float32"), rng.integers(0, 2, 8)
    model = tf.keras.Sequential(
        [
            tf.keras.layers.Dense(4, activation="relu", kernel_regularizer="l2", name="first"),
            tf.keras.layers.Dropout(0.5),
            tf.keras.layers.BatchNormalization(),
            tf.keras.layers.Dense(2, activation="softmax"),
        ]
    )
    with pytest.raises(ValueError, match="not compiled with a loss"):
        tf.certify(model, x, y)
    assert tf.certify(model, x, y, loss="sparse_categorical_crossentropy").verdict == "right"
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    before = [w.numpy() for w in model.variables] + [m.result().numpy() for m in model.metrics]
    certificate = tf.certify(model, x, y)
    after = [w.numpy() for w in model.variables] + [m.result().numpy() for m in model.metrics]
    assert certificate.verdict == "right" and "first/kernel" in certificate.claimed
    for a, b in zip(before, after):
        np.testing.assert_array_equal(a, b)
    weighted = tf.certify(model, x, y, rng.uniform(size=8).astype("float32"))
    assert weighted.verdict == "right"
    assert not np.allclose(weighted.claimed["first/kernel"], certificate.claimed["first/kernel"])


def test_complex_and_half_numbers() -> None:
    z = tf.constant([1.0 + 2.0j, 0.3 - 0.2j])
    certificate = tf.certify(lambda z: tf.exp(z) * tf.math.conj(z), z)
    assert certificate.verdict == "right" and certificate.reference["z"].dtype == np.complex128
    assert (
        tf.certify(lambda x: tf.exp(x) * x, tf.constant([1.0, 2.0], tf.bfloat16)).verdict == "right"
    )


# --- what it finds, and what it says of it ---


def test_errors_that_cancel_in_the_sum_are_found() -> None:
    @tf.custom_gradient
    def rolled(x: Any) -> Any:
        return tf.roll(x, 1, 0), lambda g: tf.roll(g, 1, 0)

    certificate = tf.certify(rolled, tf.constant([1.0, 2.0, 3.0]))
    assert certificate.verdict == "wrong" and "errors cancel" in certificate.text()


def test_float32_is_judged_as_float32() -> None:
    f = lambda x: tf.reduce_sum(tf.exp(x) / 3.0)
    x = np.array([0.1, 0.7])
    in_float32 = tf.constant(x, tf.float32)
    claimed = np.exp(in_float32.numpy().astype(np.float64)) / 3.0 * (1.0 + 2e-7)
    assert tf.certify(f, in_float32, gradients=claimed).verdict == "right"
    assert (
        tf.certify(f, tf.constant(in_float32.numpy(), tf.float64), gradients=claimed).verdict
        == "wrong"
    )
    assert tf.certify(f, in_float32, gradients=claimed * (1.0 + 2e-5)).verdict == "wrong"


def test_where_rounding_leaves_nothing_it_is_not_decided() -> None:
    certificate = tf.certify(lambda x: tf.square((x + 1e8) - 1e8), tf.constant(0.3))
    assert certificate.verdict == "not decided" and not certificate.ok
    assert tf.certify(lambda x: tf.square((x + 1e8) - 1e8), tf.constant(0.3, tf.float64)).ok


def test_a_target_that_is_no_number_is_not_decided() -> None:
    certificate = tf.certify(lambda x: tf.math.log(x), tf.constant(-1.0))
    assert certificate.verdict == "not decided" and "nan" in certificate.text()
    assert certificate.worst is None


def test_nan_through_where_is_wrong() -> None:
    f = lambda x: tf.reduce_sum(tf.where(tf.equal(x, 0.0), 1.0, tf.sin(x) / x))
    certificate = tf.certify(f, tf.constant([0.0, 1.0]))
    assert certificate.verdict == "wrong"
    assert np.isnan(certificate.worst.claimed) and abs(certificate.worst.reference) < 1e-6


def test_numpy_inside_is_found_with_its_line() -> None:
    certificate = tf.certify(lambda x: tf.reduce_sum(x * np.exp(x.numpy())), tf.constant([0.3]))
    assert certificate.verdict == "wrong" and certificate.worst.status == "wrong"
    assert "did not see" in certificate.notes[0] and __file__ in certificate.notes[0]


def test_what_is_not_connected_is_claimed_none() -> None:
    certificate = tf.certify(lambda a, b: a * 2.0, [1.0, 2.0])
    assert certificate.verdict == "right"
    assert next(e for e in certificate.entries if e.source == "b").claimed is None


def test_a_wrong_claim_at_a_kink_is_wrong() -> None:
    f = lambda x: tf.nn.relu(x)
    for claimed, verdict in (
        (0.0, "right except at kinks"),
        (1.0, "right except at kinks"),
        (0.5,) * 2,
        (-1.0,) * 2,
    ):
        found = tf.certify(f, tf.constant(0.0), gradients=claimed)
        wanted = {0.5: "right except at kinks", -1.0: "wrong"}.get(claimed, verdict)
        assert found.verdict == wanted
        (kink,) = found.kinks
        assert (kink.op, kink.left, kink.right, kink.claimed) == (
            "relu",
            0.0,
            pytest.approx(1.0),
            claimed,
        )


def test_kinks_of_different_operations_are_told_apart() -> None:
    def f(x: Any) -> Any:
        y = tf.nn.relu(x)
        z = tf.abs(x - 1.0)
        return tf.reduce_sum(y + z)

    certificate = tf.certify(f, tf.constant([0.0, 1.0, 2.0]))
    assert {(k.op, k.index, k.place.text) for k in certificate.kinks} == {
        ("relu", (0,), "y = tf.nn.relu(x)"),
        ("abs", (1,), "z = tf.abs(x - 1.0)"),
    }


def test_what_cancels_at_a_kink_is_convention() -> None:
    certificate = tf.certify(lambda x: tf.nn.relu(x) - tf.nn.relu(-x), tf.constant(0.0))
    assert (
        certificate.verdict == "right except at kinks"
    )  # the derivative is 1, the convention says 0
    assert certificate.worst.claimed == 0.0


def test_a_jump_is_said() -> None:
    certificate = tf.certify(lambda x: tf.floor(x) * 0.5 + x, tf.constant(2.0))
    assert certificate.kinks[0].jump and "jumps" in str(certificate.kinks[0])


def test_each_method_is_used_where_it_serves() -> None:
    double = lambda x: tf.constant(x, tf.float64)
    assert tf.certify(lambda x: tf.sin(x), double(0.5)).worst.method == "complex step"
    assert tf.certify(lambda x: tf.nn.softplus(x), double(0.5)).worst.method == "differences"
    assert tf.certify(lambda x: tf.nn.relu(x), double(0.0)).worst.method == "one-sided differences"
    flat = tf.certify(lambda x: tf.nn.softplus(x), double(-700.0))
    assert flat.worst.method == "fifty digits" and flat.verdict == "right"


def test_fifty_digits_are_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpmath", None)
    flat = tf.certify(lambda x: tf.nn.softplus(x), tf.constant(-700.0, tf.float64))
    assert flat.worst.method == "differences" and flat.verdict in ("right", "not decided")


def test_large_gradients_are_sampled_tested_whole_and_searched() -> None:
    rng = np.random.default_rng(0)
    w = tf.Variable(rng.normal(size=(60, 50)).astype("float32"), name="w")
    right = tf.certify(lambda: tf.reduce_mean(tf.square(w)), entries=32)
    assert right.verdict == "right" and len(right.entries) == 32 and "32 of 3000" in right.text()
    assert len(right.checks) >= 5 and all(c.passed for c in right.checks)
    assert any("forward mode" in c.what for c in right.checks)
    assert np.isnan(right.reference["w"]).sum() == 2968 and np.isfinite(right.bound["w"]).all()

    def wrong_at(numpy: bool) -> Any:
        @tf.custom_gradient
        def rule(v: Any) -> Any:
            off = np.ones((60, 50), "float32")
            off[17, 23] = 1.25
            y = tf.constant(v.numpy() ** 2) if numpy else tf.square(v)
            return y, lambda g: g * 2.0 * v * off

        return tf.certify(lambda x: tf.reduce_mean(rule(x)), w, entries=32)

    # By what the operations inside say, and where there are none, by halving a direction that shows it.
    for certificate in (wrong_at(False), wrong_at(True)):
        assert certificate.verdict == "wrong" and certificate.worst.index == (17, 23)
        assert not all(c.passed for c in certificate.checks)


def test_the_same_seed_gives_the_same_certificate() -> None:
    w = np.random.default_rng(0).normal(size=(20, 20))
    f = lambda v: tf.reduce_sum(tf.sin(v))
    assert tf.certify(f, w, entries=16).text() == tf.certify(f, w, entries=16).text()
    assert tf.certify(f, w, entries=16).text() != tf.certify(f, w, entries=16, seed=1).text()


# --- what stays as it was ---


def test_variables_and_random_numbers_are_the_same_in_each_call() -> None:
    count, state = tf.Variable(0), tf.Variable([1.0, 2.0], trainable=False)

    def f(x: Any) -> Any:
        count.assign_add(1)
        state.assign(state * 2.0)
        return tf.reduce_sum(x * state * tf.random.normal([2]))

    assert tf.certify(f, tf.constant([1.0, 3.0])).verdict == "right"
    assert int(count) == 0 and state.numpy().tolist() == [1.0, 2.0]


def test_stop_gradient_is_a_constant() -> None:
    certificate = tf.certify(lambda x: x * tf.stop_gradient(tf.exp(x)), tf.constant(0.5))
    assert certificate.verdict == "right" and "stop_gradient" in certificate.text()
    tape, y, (x,) = taped(lambda x: x * tf.stop_gradient(tf.exp(x)), 0.5)
    assert tf.certify(tape, y, x).verdict == "right"


def test_a_variable_as_an_input_is_given_back() -> None:
    v = tf.Variable([1.0, 2.0])
    assert tf.certify(lambda v: tf.reduce_sum(v * v * v), [v]).verdict == "right"
    assert v.numpy().tolist() == [1.0, 2.0]


# --- the certificate itself ---


def test_certificates_are_frozen_and_shown() -> None:
    certificate = tf.certify(lambda x: tf.reduce_sum(doubled(x)), tf.constant([1.0, 2.0]))
    with pytest.raises(dataclasses.FrozenInstanceError):
        certificate.verdict = "right"
    with pytest.raises(ValueError, match="read-only"):
        certificate.claimed["x"][0] = 0.0
    text = certificate.text()
    assert text.startswith("wrong: all 2 entries checked, 2 wrong")
    head, first = text.splitlines()[1:3]
    assert head.split() == ["entry", "claimed", "reference", "error", "bound", "status", "by"]
    assert first.split()[0] == certificate.worst.name and first.split()[5] == "wrong"
    html = certificate._repr_html_()
    assert (
        html.count("<tr") == 3
        and "<b>wrong</b>" in html
        and repr(certificate).startswith("<Certificate wrong")
    )
    assert "<lambda" not in certificate._repr_html_()


def test_long_tables_are_cut() -> None:
    certificate = tf.certify(lambda x: tf.reduce_sum(tf.sin(x)), tf.constant(np.linspace(0, 1, 30)))
    assert "and 25 more, none of them worse" in certificate.text(rows=5)


def test_the_assertion_shows_the_table() -> None:
    assert assert_gradients(tf.sin, tf.constant(0.5)).verdict == "right"
    with pytest.raises(AssertionError, match=r"(?s)wrong: all 1 entries.*claimed.*reference"):
        assert_gradients(doubled, tf.constant(0.5))
    tape, y, (x,) = taped(doubled, 0.5)
    with pytest.raises(AssertionError):
        assert_gradients(tape, y, x)
    assert tf.testing.assert_gradients is assert_gradients


def test_arguments_of_another_form_are_refused() -> None:
    tape, y, _ = taped(lambda x: x, 1.0)
    for arguments in (
        (3.0,),
        (tape, y),
        (tf.sin, 1.0, 2.0),
        (lambda n: n + 1, [2]),
        (lambda x: tf.size(x), [2.0]),
    ):
        with pytest.raises(ValueError):
            tf.certify(*arguments)
    with pytest.raises(ValueError, match="one entry per target"):
        tf.certify(tf.sin, 1.0, output_gradients=[1.0, 2.0])
    with pytest.raises(ValueError, match="one entry per source"):
        tf.certify(lambda x, y: x * y, [1.0, 2.0], gradients=[1.0, 2.0, 3.0])
    with pytest.raises(RuntimeError, match=r"outside of tf\.function"):
        tf.function(lambda x: tf.certify(tf.sin, x))(tf.constant(1.0))


def test_a_tape_without_its_records_is_refused() -> None:
    tf.config.explanations, before = False, tf.config.explanations
    try:
        tape, y, (x,) = taped(tf.sin, 0.5)
    finally:
        tf.config.explanations = before
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="let go"):
        tf.certify(tape, y, x)
