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


def test_the_attention_product_needs_no_turning_of_its_last_axis():
    x, y = np.ones((2, 5, 3, 4)), np.ones((2, 6, 3, 4))
    inputs = (Value(aval_of(x)), Value(aval_of(y)))
    equation = Equation(
        "einsum", inputs, {"equation": "bqhd,bkhd->bhqk"}, (Value(aval_of(np.ones((2, 3, 5, 6)))),)
    )
    graph = decompose(Graph(inputs, (equation,), equation.outputs))
    product = next(e for e in graph.equations if e.op == "matmul")
    assert dict(product.attrs) == {"transpose_a": False, "transpose_b": True}
