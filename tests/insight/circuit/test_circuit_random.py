"""Whatever is recorded can be drawn: random programs, in both directions, without an overlap."""

import numpy as np
import pytest
from tests.insight.circuit.checker import findings

import gradtape as tf
from gradtape.insight.circuit import circuit_of
from gradtape.insight.reading import recorded
from gradtape.insight.recording import Recording

FULL = 150


def random_recording(seed: int) -> Recording:
    random = np.random.RandomState(seed)
    shape = [(), (2,), (3, 2), (40, 30)][random.randint(4)]

    def array() -> np.ndarray:
        return np.asarray(random.standard_normal(shape), np.float32)

    names = ["w", "a_long_name_of_some_weight", "β", "k"]
    with tf.GradientTape() as tape:
        pool = [tf.Variable(array(), name=names[i]) for i in range(random.randint(1, 5))]
        pool.append(tf.constant(array()))
        for _ in range(random.randint(1, 25)):
            a, b = (pool[random.randint(len(pool))] for _ in range(2))
            pool += step(random.randint(9), a, b, shape)
        targets = [tf.reduce_sum(pool[-1])]
        if seed % 3 == 0:
            targets.append(pool[-2])
        targets[0] = targets[0] + tf.reduce_sum(pool[0] * pool[0])
    return recorded(tape, targets)


def step(kind: int, a: object, b: object, shape: tuple[int, ...]) -> list:
    if kind == 7:
        return [tf.nn.softmax(a * 1000.0) if shape else tf.exp(a)]
    if kind == 8:
        return list(tf.unstack(tf.stack([a, b])))
    return [
        [
            lambda: a * b, lambda: a + b, lambda: a - b, lambda: tf.sin(a), lambda: tf.maximum(a, b),
            lambda: tf.stack([a, b, a])[1], lambda: tf.add_n([a, b, a, b]),
        ][kind]()
    ]  # fmt: skip


def check(seed: int) -> None:
    recording = random_recording(seed)
    for direction in ("right", "down"):
        circuit = circuit_of(recording, direction=direction, decimals=(None, 2)[seed % 2])
        assert findings(circuit.drawing) == [], (seed, direction)
        gates = {s.gate for s in circuit.drawing.shapes if s.kind == "gate"}
        assert gates == {g.index for g in recording.gates}


@pytest.mark.parametrize("seed", range(12))
def test_random_programs(seed: int) -> None:
    check(seed)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(12, FULL))
def test_more_random_programs(seed: int) -> None:
    check(seed)


def test_a_long_chain_and_a_dense_layer_are_drawn() -> None:
    x = tf.Variable(0.5, name="x")
    with tf.GradientTape() as tape:
        y = x
        for _ in range(1200):
            y = tf.sin(y)
        z = y * x
    circuit = circuit_of(recorded(tape, z))
    assert circuit.crossings == 0
    assert circuit.svg().count('class="gate-box"') == 1201
    assert circuit.drawing.width < 1500
    w = tf.Variable(np.linspace(-1, 1, 144).reshape(12, 12), name="w")
    with tf.GradientTape() as tape:
        z = tf.reduce_sum(tf.nn.relu(tf.ones((1, 12), tf.float64) @ w))
    circuit = circuit_of(recorded(tape, z), detail="gate")
    assert len(circuit.recording.gates) > 144
    assert circuit.svg().count('class="gate-box"') == len(circuit.recording.gates)
