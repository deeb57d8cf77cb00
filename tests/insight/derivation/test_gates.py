"""The gate detail: every wire one number, with the values and the gradients that the tensors have."""

import numpy as np
import pytest

import gradtape as tf
from gradtape import keras
from gradtape.core.bind import bind
from gradtape.core.card import REGISTRY
from gradtape.insight.gates import Scalars, scalars
from gradtape.insight.reading import recorded
from gradtape.insight.recording import Recording

ONE_DTYPE = {"betainc", "polygamma", "zeta"}  # their attributes of bind want inputs of one dtype
WHOLE = {
    "cross", "cumulative_logsumexp", "log_matrix_determinant",
    "matrix_determinant", "matrix_exponential", "matrix_inverse", "matrix_solve", "matrix_square_root",
    "matrix_triangular_solve", "max_pool_grad", "max_pool_pick", "max_pool_with_argmax", "qr", "segment_max",
    "segment_min", "segment_prod", "self_adjoint_eig", "svd", "tensor_scatter_nd_max", "tensor_scatter_nd_min", "top_k",
}  # fmt: skip
CARDS = [
    name
    for name, card in sorted(REGISTRY.items())
    if card.vjp is not None and card.samples and card.family not in ("Control", "Random")
]


def agree(recording: Recording, numbers: Scalars, rtol: float) -> None:
    """Each number is the entry that it says it is; sources have the gradients that they had."""
    checked = 0
    for wire, origin in zip(numbers.wires, numbers.origins):
        if origin is None:
            continue
        tensor = recording.wires[origin[0]]
        pick = (lambda a: a) if origin[1] < 0 else (lambda a, k=origin[1]: a.reshape(-1)[k])
        np.testing.assert_allclose(wire.value, pick(tensor.value), rtol=rtol, atol=rtol)
        if tensor.kind != "computed" and tensor.gradient is not None and wire.gradient is not None:
            np.testing.assert_allclose(wire.gradient, pick(tensor.gradient), rtol=rtol, atol=rtol)
            checked += 1
    assert checked


@pytest.mark.parametrize("name", CARDS)
def test_every_operation(name: str) -> None:
    card, whole = REGISTRY[name], False
    for number, sample in enumerate(card.samples):
        rng = np.random.default_rng(number)
        tensors = [tf.constant(a) for a in sample.draw(rng)]
        if name in ONE_DTYPE:
            tensors = [tf.cast(t, tf.float64) for t in tensors]
        if any(0 in t.shape for t in tensors):
            continue
        with tf.GradientTape() as tape:
            for tensor in tensors:
                if tensor.dtype.is_floating:
                    tape.watch(tensor)
            made = bind(card, *tensors, **sample.attrs)
            outputs = [t for t in (made if card.multi else (made,)) if t.dtype.is_floating]
            if "cross_entropy" in name:
                outputs = outputs[:1]
            if not all(t.shape.num_elements() for t in outputs):
                continue
            if not outputs or not any(t.dtype.is_floating for t in tensors):
                continue
            seeds = [tf.constant(rng.normal(size=t.shape)) for t in outputs]
            total = sum(tf.reduce_sum(t * s) for t, s in zip(outputs, seeds))
        recording = recorded(tape, total)
        numbers = scalars(recording)
        agree(recording, numbers, 1e-9)
        whole |= any(w.shape for w in numbers.wires)
        assert len(numbers.origins) == len(numbers.wires)
        assert len(numbers.makers_of) == len(numbers.gates)
    if name != "softmax_cross_entropy_with_logits":  # the sample's labels are watched
        assert whole == (name in WHOLE)


def neuron() -> Recording:
    w = tf.Variable([[2.0], [-3.0]], name="w")
    b = tf.Variable([-3.0], name="b")
    x = tf.constant([[-1.0, -2.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        z = x @ w + b
        y = tf.sigmoid(z)
    return recorded(tape, y)


def test_the_lectures_neuron() -> None:
    numbers = scalars(neuron())
    assert [g.card.name for g in numbers.gates] == [
        "multiply", "multiply", "add", "add", "negative", "exp", "add", "reciprocal"
    ]  # fmt: skip
    assert [numbers.wires[s].name for s in numbers.sources] == ["w[0]", "w[1]", "b", "x[0]", "x[1]"]
    gradients = {w.name: round(float(w.gradient), 2) for w in numbers.wires if w.name}
    assert gradients == {
        "w[0]": -0.2, "w[1]": -0.39, "b": 0.2, "x[0]": 0.39, "x[1]": -0.59, "z": 0.2, "y": 1.0
    }  # fmt: skip
    assert all(w.shape == () for w in numbers.wires)
    one = numbers.wires[numbers.gates[6].inputs[1]]
    assert (one.kind, one.name, float(one.value)) == ("constant", "", 1.0)
    assert numbers.entry(numbers.origins[numbers.sources[1]][0], 1) is numbers.named("w[1]")


def test_what_stays_in_one_piece() -> None:
    numbers = scalars(neuron(), whole=("sigmoid",))
    assert [g.card.name for g in numbers.gates] == ["multiply", "multiply", "add", "add", "sigmoid"]
    kept = scalars(neuron(), whole=("matmul",))
    product = next(g for g in kept.gates if g.card.name == "matmul")
    assert kept.wires[product.inputs[0]].shape == (1, 2)
    assert kept.named("w").shape == (2, 1)
    assert kept.wires[product.outputs[0]].value == 4.0


def test_large_numbers_keep_their_gradients() -> None:
    x = tf.Variable([-200.0, 0.5, 90.0], name="x")
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.sigmoid(x) * tf.nn.softmax(x)) + tf.reduce_logsumexp(x)
    recording = recorded(tape, y)
    numbers = scalars(recording)
    agree(recording, numbers, 1e-6)
    assert any("sigmoid" in note for note in numbers.notes)
    assert any("largest" in note for note in numbers.notes)


def test_ties_share_as_the_operation_does() -> None:
    x = tf.Variable([2.0, 2.0, 1.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_max(x)
    numbers = scalars(recorded(tape, y))
    assert [float(numbers.wires[s].gradient) for s in numbers.sources] == [0.5, 0.5, 0.0]


def test_a_model_and_its_loss() -> None:
    model = keras.Sequential(
        [keras.layers.Dense(4, activation="tanh", input_shape=(3,)), keras.layers.Dense(3)]
    )
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    x = tf.constant(np.random.default_rng(0).normal(size=(2, 3)), tf.float32)
    with tf.GradientTape() as tape:
        loss = loss_of(tf.constant([0, 2]), model(x))
    recording = recorded(tape, loss)
    numbers = scalars(recording)
    agree(recording, numbers, 2e-6)
    assert {g.layers[-1] for g in numbers.gates if g.layers} == {v.name for v in model.layers}
    assert all(w.shape == () for w in numbers.wires)


def test_too_many_gates_are_said() -> None:
    w = tf.Variable(tf.ones((100, 100)))
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(w @ w)
    with pytest.raises(ValueError, match=r'at most 5,000 gates.*detail="op"'):
        scalars(recorded(tape, y))
    with pytest.raises(tf.errors.InvalidArgumentError, match="at most 6 gates"):
        scalars(neuron_with_many(), limit=6)


def neuron_with_many() -> Recording:
    w = tf.Variable(tf.ones((8, 1)), name="w")
    with tf.GradientTape() as tape:
        y = tf.ones((1, 8)) @ w
    return recorded(tape, y)


def test_unused_entries_are_left_out() -> None:
    table = tf.Variable(tf.ones((5, 2)), name="table")
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.square(tf.gather(table, [1, 1])))
    numbers = scalars(recorded(tape, y))
    assert [numbers.wires[s].name for s in numbers.sources] == ["table[1,0]", "table[1,1]"]
    assert [float(numbers.wires[s].gradient) for s in numbers.sources] == [4.0, 4.0]
    assert any("8 numbers" in note for note in numbers.notes)
