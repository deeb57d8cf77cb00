"""Products over named axes become matrix products with the same results."""

from __future__ import annotations

import numpy as np
import pytest

from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Equation, Graph, Value, aval_of
from gradtape.graph.passes import optimize
from gradtape.graph.verify import verify

CARD = REGISTRY["einsum"]
MORE = (
    ("bqhd,bkhd->bhqk", (2, 3, 4, 5), (2, 6, 4, 5)),
    ("bhqk,bkhd->bqhd", (2, 4, 3, 6), (2, 6, 4, 5)),
    ("abc,cd->abd", (2, 3, 4), (4, 5)),
    ("abc,abc->", (2, 3, 4), (2, 3, 4)),
    ("abc,bac->b", (2, 3, 4), (3, 2, 4)),
    ("ab,cb->ca", (0, 4), (3, 4)),
)


def cases():
    for sample in CARD.samples:
        x, y = sample.draw(np.random.default_rng(0))
        yield sample.attrs["equation"], x, y
    rng = np.random.default_rng(1)
    for equation, a, b in MORE:
        yield equation, rng.normal(size=a), rng.normal(size=b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("equation,x,y", list(cases()), ids=lambda v: v if type(v) is str else "")
def test_products_are_taken_apart(equation, x, y, dtype):
    x, y = x.astype(dtype), y.astype(dtype)
    a, b = Value(aval_of(x)), Value(aval_of(y))
    want = CARD.kernel(x, y, equation=equation)
    z = Value(aval_of(np.asarray(want)))
    graph = Graph((a, b), (Equation("einsum", (a, b), {"equation": equation}, (z,)),), (z,))
    found = optimize(graph, reorder=True)
    verify(found)
    assert not any(e.op == "einsum" for e in found.equations)
    np.testing.assert_allclose(
        found.run(x, y)[0], want, rtol=4e-6 if dtype is np.float32 else 1e-14
    )


def test_the_attention_product_needs_no_turning_of_its_last_axis():
    x, y = np.ones((2, 5, 3, 4)), np.ones((2, 6, 3, 4))
    inputs = (Value(aval_of(x)), Value(aval_of(y)))
    equation = Equation(
        "einsum", inputs, {"equation": "bqhd,bkhd->bhqk"}, (Value(aval_of(np.ones((2, 3, 5, 6)))),)
    )
    graph = optimize(Graph(inputs, (equation,), equation.outputs), reorder=True)
    product = next(e for e in graph.equations if e.op == "matmul")
    assert dict(product.attrs) == {"transpose_a": False, "transpose_b": True}
