"""Each number of a derivation follows from its own printed form: sympy reads it, and is given nothing else."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from derived_programs import program
from recompute import recompute

import gradtape as tf

QUICK = 60
FULL = 300


def check(seed: int) -> int:
    """The numbers of one program, at both details; gives how many were computed again."""
    made = program(seed)
    count = 0
    for detail in ("op", "gate"):
        explanation = tf.explain(made.tape, made.loss, detail=detail)
        shown = "".join(explanation.text().split())
        for step in explanation.steps:
            for line in step.lines:
                value = np.asarray(line.value)
                if line.expression is None or value.dtype.kind != "f":
                    assert line.note == "" or value.dtype.kind != "f", (made.text, line)
                    continue
                assert "".join(line.numbers.split()) in shown, (made.text, line.numbers)
                again, bound = recompute(line.numbers, value.dtype.name)
                slack = bound + np.finfo(value.dtype).eps * abs(again)
                assert abs(again - float(value)) <= slack, (
                    made.text,
                    step.title,
                    line.symbols,
                    line.numbers,
                    value,
                )
                count += 1
    return count


@pytest.mark.parametrize("seed", range(QUICK))
def test_numbers_follow_from_their_text(seed: int) -> None:
    assert check(seed) > 10


@pytest.mark.full
@pytest.mark.parametrize("seed", range(QUICK, FULL))
def test_numbers_follow_from_their_text_in_full(seed: int) -> None:
    assert check(seed) > 10


def test_bounds_are_bounds_of_rounding() -> None:
    value, bound = recompute("(-1.5)*2.0 + 0.25*exp(-1.0)", "float32")
    assert abs(value - (-3 + mpmath.exp(-1) / 4)) < 1e-30
    assert 1e-8 < bound < 2e-6
    assert recompute("Piecewise((1, 2.0 > 1.0), (0, True))*3.0", "float32")[0] == 3
    assert recompute("Max(1.0, -2.0) - Abs(-4.0)", "float64")[0] == -3
