"""A recording holds what the tape saw: the same gradients bit for bit, the user's names and places."""

import numpy as np
import pytest

import gradtape as tf
from gradtape import keras
from gradtape.insight.reading import recorded


def test_gradients_are_those_of_the_tape() -> None:
    w = tf.Variable([[2.0, 0.5], [-3.0, 1.0]], name="w")
    x = tf.constant([[-1.0, -2.0], [0.3, 0.7], [1.5, -0.2]])
    b = tf.Variable([0.1, -0.2])
    with tf.GradientTape(persistent=True) as tape:
        h = tf.tanh(x @ w + b)
        first = tf.gather(w, [0, 0, 1])
        s, t = tf.split(h * first, 2, axis=1)
        loss = tf.reduce_mean(tf.square(s - t)) + tf.reduce_sum(w * w) + tf.exp(w[0, 1])
    found = recorded(tape, loss)
    for name, tensor in {"w": w, "b": b, "h": h, "first": first, "s": s, "t": t}.items():
        expected = tf.convert_to_tensor(tape.gradient(loss, tensor)).numpy()
        wire = found.named(name)
        np.testing.assert_array_equal(wire.gradient, expected)
        np.testing.assert_array_equal(wire.value, tensor.numpy())
    assert found.wires[found.targets[0]].name == "loss"
    assert {found.wires[i].name for i in found.sources} == {"w", "b"}


def test_parts_add_up_to_gradients() -> None:
    x = tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(x * x + tf.sin(x) * 2.0)
    found = recorded(tape, y)
    wire = found.named("x")
    total = sum(gate.parts[position] for gate, position in found.uses(wire.index))
    np.testing.assert_allclose(total, wire.gradient, rtol=1e-6)


def test_places_and_layers() -> None:
    model = keras.Sequential(
        [keras.layers.Dense(3, activation="relu", input_shape=(2,)), keras.layers.Dense(1)]
    )
    for _ in range(2):  # in full, then the short way
        with tf.GradientTape() as tape:
            out = model(tf.ones((4, 2)))
            loss = tf.reduce_sum(out)
        tape.gradient(loss, model.trainable_weights)  # records stay
        found = recorded(tape, loss)
        first, second = model.layers
        assert [(g.card.name, g.layers) for g in found.gates] == [
            ("affine", (model.name, first.name)),
            ("relu", (model.name, first.name)),
            ("affine", (model.name, second.name)),
            ("reduce_sum", ()),
        ]
        assert found.gates[0].place is not None
        assert found.gates[0].place.text == "out = model(tf.ones((4, 2)))"
        assert found.gates[3].place is not None
        assert found.gates[3].place.text == "loss = tf.reduce_sum(out)"


def test_traced_functions_are_opened() -> None:
    w = tf.Variable(2.0, name="w")

    @tf.function
    def power(x):
        s = x
        for _ in tf.range(3):
            s = s * w
        if s > 100.0:
            s = s * 100.0
        return s

    with tf.GradientTape(persistent=True) as tape:
        y = power(tf.constant(3.0))
        z = y + 1.0
    found = recorded(tape, z)
    assert [g.card.name for g in found.gates] == ["multiply"] * 3 + ["add"]
    assert [found.wires[g.outputs[0]].name for g in found.gates] == ["s₂", "s₃", "s₄", "z"]
    assert found.wires[found.gates[0].inputs[0]].name == "s₁"  # the argument, as the line calls it
    np.testing.assert_allclose(found.named("w").gradient, tape.gradient(z, w).numpy(), rtol=1e-6)


def test_a_name_is_that_of_the_whole_expression() -> None:
    """The loss goes back to the logits: `p` is the softmax, which is not on its way."""
    model = keras.Sequential([keras.layers.Dense(3, activation="softmax", input_shape=(2,))])
    with tf.GradientTape() as tape:
        p = model(tf.ones((2, 2)))
        loss = keras.losses.SparseCategoricalCrossentropy()(tf.constant([0, 2]), p)
    found = recorded(tape, loss)
    assert "p" not in {wire.name for wire in found.wires}
    assert "p" in {wire.name for wire in recorded(tape, p).wires}


def test_looking_does_not_act_again(capfd: pytest.CaptureFixture[str]) -> None:
    """What was printed is not printed twice; what was drawn is not drawn again."""
    w = tf.Variable(2.0)

    @tf.function
    def speaking(x):
        tf.print("called")
        return x * w

    @tf.function
    def drawing(x):
        return x * w * tf.random.uniform([])

    tf.random.set_seed(5)
    with tf.GradientTape(persistent=True) as tape:
        y = drawing(speaking(tf.constant(3.0)))
    capfd.readouterr()
    for _ in range(2):
        found = recorded(tape, y)
        np.testing.assert_array_equal(found.wires[found.sources[0]].gradient, tape.gradient(y, w))
        assert [g.card.name for g in found.gates] == ["multiply", "watched"]
    following = float(tf.random.uniform([]))
    tf.random.set_seed(5)
    drawing(tf.constant(3.0))
    assert float(tf.random.uniform([])) == following
    assert "called" not in capfd.readouterr().err


def test_several_targets_and_their_cotangents() -> None:
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        y = x * 2.0
        z = x * x
    seeds = [tf.constant([1.0, 3.0]), tf.constant([-1.0, 0.5])]
    found = recorded(tape, [y, z], x, seeds)
    expected = tape.gradient([y, z], x, seeds).numpy()
    np.testing.assert_array_equal(found.wires[found.sources[0]].gradient, expected)


def test_cotangents_are_taken_as_the_tape_takes_them() -> None:
    """One of another shape would be broadcast, and every gradient wrong."""
    x = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
    for seeds in (tf.constant([1.0, 3.0]), [tf.ones((2, 2))] * 2, np.ones((2, 2))):
        with pytest.raises(ValueError, match="output_gradients") as of_the_tape:
            tape.gradient(y, x, seeds)
        with pytest.raises(ValueError, match="output_gradients") as found:
            recorded(tape, y, x, seeds)
        first = str(found.value).splitlines()[0]
        assert first == str(of_the_tape.value).splitlines()[0]


def test_what_is_let_go_is_said() -> None:
    tf.config.explanations = False
    try:
        with tf.GradientTape() as tape:
            x = tf.Variable(1.0)
            y = x * x
        tape.gradient(y, x)
        with pytest.raises(RuntimeError, match=r"explanations = True"):
            recorded(tape, y)
    finally:
        tf.config.explanations = True


def test_large_records_are_let_go() -> None:
    x = tf.Variable(tf.zeros(40_000_000))
    with tf.GradientTape() as tape:
        y = tf.reduce_sum((x + 1.0) * 2.0)
    tape.gradient(y, x)
    assert not tape._records
    with pytest.raises(RuntimeError, match="persistent=True"):
        recorded(tape, y)


def test_results_of_traced_functions_bear_the_names_outside() -> None:
    @tf.function
    def step(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return x * x, x + 1.0

    v = tf.Variable(3.0, name="v")
    with tf.GradientTape() as tape:
        loss, other = step(v)
        total = loss * other
    recording = recorded(tape, total)
    assert recording.named("loss").value == 9.0
    assert recording.named("other").gradient == 9.0
    assert recorded(tape, loss).wires[-1].name == "loss"
