"""Asked about every operation that there is, the answer is of the kind that the gradient is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.insight.why.program import state

import gradtape as tf
from gradtape.core.bind import apply
from gradtape.core.card import REGISTRY
from gradtape.core.tensor import Tensor

SAMPLES = [
    pytest.param(card, sample, id=f"{card.name}-{i}")
    for card in sorted(REGISTRY.values(), key=lambda c: c.name)
    for i, sample in enumerate(card.samples[:2])
    if not card.gradient_missing
]


def single(x: Any) -> np.ndarray:
    """float32 for float64, as programs have it."""
    x = np.asarray(x)
    return x.astype(np.float32) if x.dtype == np.float64 else x


@pytest.mark.parametrize("card, sample", SAMPLES)
def test_kind_of_answer(card: Any, sample: Any) -> None:
    xs = [single(x) for x in sample.draw(np.random.default_rng(7))]
    if card.name == "bitcast":  # its sample is of 64 bits
        xs = list(sample.draw(np.random.default_rng(7)))
    if card.uniform and len({x.dtype for x in xs}) > 1:
        xs = [np.asarray(x, xs[0].dtype) for x in xs]
    sources = [tf.Variable(Tensor(x)) for x in xs]
    with tf.GradientTape(persistent=True) as tape:
        found = apply(card, tuple([s._as_tensor() for s in sources]), dict(sample.attrs))
        target = list(found) if isinstance(found, tuple) else [found]
    floating = [t for t in target if t.dtype.is_floating or t.dtype.is_complex]
    for source, x in zip(sources, xs):
        gradient = tape.gradient(floating, source) if floating and x.dtype.kind in "fc" else None
        reason = tape.why(floating or target, source)
        assert reason.gradient == state(gradient), f"{reason.code}: {reason}"
        assert reason.code == "fine" or reason.fix
