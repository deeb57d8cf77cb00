"""Every card on its samples, as machine code against its kernel: in registers, over buffers, or by a call of Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradtape  # noqa: F401 - fills the registry
from gradtape.backends.llvm import program
from gradtape.backends.llvm.runtime import compile_graph
from gradtape.core.card import REGISTRY, Op
from gradtape.graph.ir import Equation, Graph, Value, aval_of

SKIP = {"cond", "while", "host", "fused"}
CARDS = sorted(
    n for n, card in REGISTRY.items() if card.samples and n not in SKIP and card.family != "Random"
)
TOLERANCE = {"float32": 3e-5, "float64": 1e-11, "complex64": 3e-5, "complex128": 1e-11}


def samples_graph(card: type[Op], wanted: Any) -> tuple[Graph, list[np.ndarray], list[np.ndarray]]:
    """A graph of one equation for each sample, its arrays, and what the kernel makes of them."""
    rng = np.random.default_rng(0)
    inputs: list[Value] = []
    equations, outputs, arrays, results = [], [], [], []
    for sample in card.samples:
        drawn = [np.asarray(a) for a in sample.draw(rng)]
        drawn = [a.astype(wanted) if a.dtype == np.float64 else a for a in drawn]
        if drawn and drawn[0].dtype.kind not in card.takes:
            continue
        with np.errstate(all="ignore"):
            try:
                found = card.kernel(*drawn, **sample.attrs)
            except ValueError:
                continue  # a sample of float64 alone
        made = [np.asarray(y) for y in (found if card.multi else (found,))]
        operands = tuple([Value(aval_of(a)) for a in drawn])
        targets = tuple([Value(aval_of(y)) for y in made])
        equations.append(Equation(card.name, operands, sample.attrs, targets))
        inputs += operands
        outputs += targets
        arrays += drawn
        results += made
    return Graph(tuple(inputs), tuple(equations), tuple(outputs)), arrays, results


@pytest.mark.parametrize("limit", [6000, -1], ids=["rows", "buffers"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CARDS)
def test_card(monkeypatch: Any, name: str, dtype: str, limit: int) -> None:
    monkeypatch.setattr(program, "ROWS_LIMIT", limit)
    monkeypatch.setattr(program, "CHECK_PLANS", True)
    graph, arrays, wanted = samples_graph(REGISTRY[name], np.dtype(dtype))
    if any(v.dtype.hasobject for v in (*graph.inputs, *graph.outputs)):
        with pytest.raises(NotImplementedError):
            compile_graph(graph)
        return
    for got, want in zip(compile_graph(graph).run(*arrays), wanted, strict=True):
        assert (got.shape, got.dtype) == (want.shape, want.dtype)
        tolerance = TOLERANCE.get(want.dtype.name, 0)
        size = np.abs(want[np.isfinite(want)]).max(initial=1.0) if tolerance else 0
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * size)


def test_every_card_is_met() -> None:
    assert len(CARDS) > 200
