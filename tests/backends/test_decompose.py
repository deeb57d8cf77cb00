"""Compound operations taken apart give what their kernels give."""

from __future__ import annotations

import numpy as np
import pytest

from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Equation, Graph, Value, aval_of
from gradtape.graph.passes.decompose import RULES, decompose


def sampled(op):
    rng = np.random.default_rng(8)
    for sample in REGISTRY[op].samples:
        for dtype in (np.float32, np.float64):
            arrays = [np.asarray(a).astype(dtype) for a in sample.draw(rng)]
            yield arrays, sample.attrs


@pytest.mark.parametrize("op", sorted(RULES))
def test_every_sample(op):
    count = 0
    for arrays, attrs in sampled(op):
        found = REGISTRY[op].kernel(*arrays, **attrs)
        outputs = [np.asarray(y) for y in (found if REGISTRY[op].multi else (found,))]
        inputs = tuple(Value(aval_of(a)) for a in arrays)
        equation = Equation(op, inputs, attrs, tuple(Value(aval_of(y)) for y in outputs))
        graph = decompose(Graph(inputs, (equation,), equation.outputs))
        assert all(e.op not in RULES for e in graph.equations)
        for y, e in zip(graph.run(*arrays), outputs):
            assert y.shape == e.shape
            assert y.dtype == e.dtype
            np.testing.assert_allclose(y, e, rtol=1e-5 if y.dtype == np.float32 else 1e-12)
        count += 1
    assert count >= 4
