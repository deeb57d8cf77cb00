"""Right gradients pass: of hard programs and of random ones. At most 1 in 2,000 may be called wrong."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import numpy as np
import pytest
import right
from programs import inputs, module
from random_sources import draw

import gradtape as tf

HARD, RANDOM = 86, 116  # in a plain run
ALL_HARD, ALL_RANDOM = 602, 1500


def hard(count: int, seed: int) -> tuple[Counter[str], list[str]]:
    verdicts: Counter[str] = Counter()
    wrong = []
    for name, arguments in right.cases(count, seed):
        certificate = tf.certify(*arguments)
        verdicts[certificate.verdict] += 1
        if certificate.verdict == "wrong":
            wrong.append(f"{name}: {certificate}")
    return verdicts, wrong


def random_programs(seeds: range) -> tuple[Counter[str], list[str]]:
    """The programs of the property tests, those that give real or complex numbers."""
    verdicts: Counter[str] = Counter()
    wrong = []
    for seed in seeds:
        source = draw(seed)
        scope, arguments = module(source, source.dtype), inputs(source, source.dtype)
        if "reset" in scope:
            scope["reset"]()
        if not _gives_numbers(scope["f"], arguments):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            certificate = tf.certify(scope["f"], arguments)
        verdicts[certificate.verdict] += 1
        if certificate.verdict == "wrong":
            wrong.append(f"seed {seed}: {certificate}")
    return verdicts, wrong


def _gives_numbers(f: Any, arguments: list[Any]) -> bool:
    return any(y.dtype.is_floating or y.dtype.is_complex for y in f(*arguments))


def test_hard_programs_are_right() -> None:
    verdicts, wrong = hard(HARD, 0)
    assert not wrong
    assert verdicts["not decided"] <= HARD // 20
    assert sum(verdicts.values()) == HARD


def test_random_programs_are_right() -> None:
    verdicts, wrong = random_programs(range(RANDOM))
    assert not wrong
    # One in ten has infinities and NaNs among its numbers: there is nothing to compare with.
    assert verdicts["not decided"] <= RANDOM // 6
    assert sum(verdicts.values()) >= RANDOM * 0.9


@pytest.mark.full
def test_at_most_one_right_program_of_two_thousand_is_called_wrong() -> None:
    verdicts, wrong = hard(ALL_HARD, 1)
    more, also_wrong = random_programs(range(10_000, 10_000 + ALL_RANDOM))
    verdicts += more
    assert len(wrong + also_wrong) <= 1, "\n".join(wrong + also_wrong)
    assert sum(verdicts.values()) >= 2000


@pytest.mark.parametrize("make", right.KINKED, ids=lambda make: make.__name__)
@pytest.mark.parametrize("seed", range(2))
def test_kinks_are_named(make: Any, seed: int) -> None:
    f, arguments, op = make(np.random.default_rng(seed))
    certificate = tf.certify(f, arguments)
    assert certificate.verdict == "right except at kinks", str(certificate)
    found = [k for k in certificate.kinks if k.op == op]
    assert found, str(certificate)
    for kink in found:
        assert kink.place is not None and kink.place.file == right.__file__
        assert "lambda" in kink.place.text
        assert kink.source in kink.place.text
        entry = next(
            e for e in certificate.entries if e.index == kink.index and e.source == kink.source
        )
        assert entry.status == "kink"
