"""What TensorFlow 2.12 gives, gradtape gives: the golden cases of tools/golden, one test each.

The outcomes in `golden/` are made by `tools/golden/make.py` under TensorFlow. A case in `pending.txt` is
known to fail because what it uses is not there yet; one in `differences.txt` differs for the reason given.
Either list is wrong as soon as a case in it passes. A function of a case in `eagerly.txt` cannot be traced and runs
eagerly, with a warning; the outcome is TensorFlow's.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradtape as tf

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "tools"))

from golden import make, outcome, registry  # noqa: E402

registry.load()
WANTED, SEED = make.read(HERE / "golden")
PENDING = make.listed(HERE / "pending.txt")
DIFFERENCES = make.listed(HERE / "differences.txt")
EAGERLY = make.listed(HERE / "eagerly.txt")


@cache
def found(name: str) -> tuple[str, ...]:
    """How the case differs from TensorFlow's outcome, in words."""
    eagerly: list[str] = []
    got = make.run_here(tf, registry.CASES[name], SEED, eagerly=eagerly)
    texts = outcome.differences(WANTED[name]["outcome"], outcome.plain(got))
    if texts and isinstance(got, Exception):
        texts.append(f"{type(got).__name__}: {got}")
    if bool(eagerly) != (name in EAGERLY):
        texts.append(eagerly[0] if eagerly else "it is traced: take it out of eagerly.txt")
    return tuple(texts)


@pytest.mark.filterwarnings("ignore:elementwise comparison failed")
@pytest.mark.parametrize("name", WANTED)
def test_golden(name: str) -> None:
    texts = found(name)
    if name in PENDING or name in DIFFERENCES:
        listed = "pending.txt" if name in PENDING else "differences.txt"
        assert texts, f"{name} passes now: take it out of {listed}"
    else:
        assert not texts, "\n".join((name, *texts))


def test_every_case_has_its_outcome() -> None:
    assert set(WANTED) == set(registry.CASES), "run tools/golden/make.py under TensorFlow 2.12"


def test_there_are_enough_cases() -> None:
    assert len(WANTED) >= 600


def test_differences_are_few_and_have_reasons() -> None:
    assert all(DIFFERENCES.values()), "a difference without its reason"
    assert set(DIFFERENCES) <= set(WANTED)
    assert set(PENDING) | set(EAGERLY) <= set(WANTED)
    assert all(EAGERLY.values()), "a function that runs eagerly without a reason"
    assert len(DIFFERENCES) * 200 < len(WANTED)


@pytest.mark.parametrize(
    ("want", "got", "equal"),
    [
        ("[1.5  2.25]", "[1.5  2.25]", True),
        ("[1.5000001  2.25]", "[1.5  2.25]", True),
        ("[1.51  2.25]", "[1.52  2.25]", True),
        ("[1.51  2.25]", "[1.55  2.25]", False),
        ("loss: 0.1234 done", "loss: 0.1234 Done", False),
    ],
)
def test_texts_are_equal_but_for_the_digits_of_floats(want: str, got: str, equal: bool) -> None:
    texts = outcome.differences(outcome.plain(outcome.Text(want)), outcome.plain(outcome.Text(got)))
    assert (not texts) == equal


def leaf(value: Any, dtype: str, s: Any = None) -> Any:
    made = outcome.plain(outcome.numpy_of(value).astype(dtype))
    made.s = s
    return made


def test_the_tolerance_follows_the_largest_term() -> None:
    want = leaf(np.array([1.0, 1e-7]), "float32")
    assert not outcome.differences(want, leaf(np.array([1.000001, 1.5e-7]), "float32"))
    assert outcome.differences(want, leaf(np.array([1.000005, 1e-7]), "float32"))
    exact = leaf(np.array([1.0, 1e-7]), "float32", np.array([1.0, 1e-7]))
    assert outcome.differences(exact, leaf(np.array([1.0, 1.5e-7]), "float32"))
    half = leaf(np.array([1.0]), "float16")
    assert not outcome.differences(half, leaf(np.array([1.001]), "float16"))
    assert outcome.differences(half, leaf(np.array([1.003]), "float16"))
    nan = leaf(np.array([np.nan, np.inf]), "float32")
    assert not outcome.differences(nan, nan)
    assert outcome.differences(nan, leaf(np.array([np.nan, -np.inf]), "float32"))
    assert outcome.differences(nan, leaf(np.array([0.0, np.inf]), "float32"))
