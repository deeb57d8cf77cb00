"""Each number of a derivation follows from its own printed form: sympy reads it, and is given nothing else."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from derived_programs import program
from recompute import recompute

import gradtape as tf
from gradtape.core.bind import bind
from gradtape.core.card import REGISTRY
from gradtape.insight.explanation import Explanation

QUICK = 60
FULL = 300


ONE_DTYPE = {"betainc", "polygamma", "zeta"}  # these take inputs of one dtype
CARDS = [
    name
    for name, card in sorted(REGISTRY.items())
    if card.vjp is not None and card.samples and card.family not in ("Control", "Random")
]


def check(explanation: Explanation, told: str) -> int:
    """Each number against its printed form; gives how many were computed again."""
    shown = "".join(explanation.text().split())
    count = 0
    for step in explanation.steps:
        for line in step.lines:
            value = np.asarray(line.value)
            if line.expression is None or value.dtype.kind != "f":
                continue
            assert "".join(line.numbers.split()) in shown, (told, line.numbers)
            again, bound = recompute(line.numbers, value.dtype.name)
            slack = bound + np.finfo(value.dtype).eps * abs(again)
            assert abs(again - float(value)) <= slack, (
                told,
                step.title,
                line.symbols,
                line.numbers,
                value,
            )
            count += 1
    return count


def check_program(seed: int) -> None:
    made = program(seed)
    for detail in ("op", "gate"):
        explanation = tf.explain(made.tape, made.loss, detail=detail)
        assert check(explanation, made.text) > 5
        without = {line.note for s in explanation.steps for line in s.lines if line.note}
        assert without <= {"by argmax"}, made.text  # of integers


@pytest.mark.parametrize("seed", range(QUICK))
def test_numbers_follow_from_their_text(seed: int) -> None:
    check_program(seed)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(QUICK, FULL))
def test_numbers_follow_from_their_text_in_full(seed: int) -> None:
    check_program(seed)


@pytest.mark.parametrize("name", CARDS)
def test_every_operation(name: str) -> None:
    card = REGISTRY[name]
    for number, sample in enumerate(card.samples):
        rng = np.random.default_rng(number)
        tensors = [tf.constant(a) for a in sample.draw(rng)]
        if name in ONE_DTYPE:
            tensors = [tf.cast(t, tf.float64) for t in tensors]
        with tf.GradientTape() as tape:
            for tensor in tensors:
                if tensor.dtype.is_floating or tensor.dtype.is_complex:
                    tape.watch(tensor)
            made = bind(card, *tensors, **sample.attrs)
            outputs = [t for t in (made if card.multi else (made,)) if t.dtype.is_floating]
            outputs = outputs[:1] if "cross_entropy" in name else outputs
            seeds = [tf.constant(rng.normal(size=t.shape), t.dtype) for t in outputs]
            total = sum(tf.reduce_sum(t * s) for t, s in zip(outputs, seeds))
        if not outputs:
            continue
        explanation = tf.explain(tape, total)
        count = check(explanation, name)
        assert count or not explanation.recording.gates or 0 in explanation.recording.wires[0].shape


def test_bounds_are_bounds_of_rounding() -> None:
    value, bound = recompute("(-1.5)*2.0 + 0.25*exp(-1.0)", "float32")
    with mpmath.workdps(40):
        assert abs(value - (-3 + mpmath.exp(-1) / 4)) < 1e-30
    assert 1e-8 < bound < 2e-6
    assert recompute("Piecewise((1, 2.0 > 1.0), (0, True))*3.0", "float32")[0] == 3
    assert recompute("Max(1.0, -2.0) - Abs(-4.0)", "float64")[0] == -3
