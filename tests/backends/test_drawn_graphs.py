"""Drawn graphs of all dtypes, with special values, empty tensors and effects: compiled against interpreted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradtape.backends.llvm import buffers, program
from gradtape.backends.llvm.runtime import compile_graph
from gradtape.graph.ir import Graph, graphs_in
from gradtape.graph.verify import verify

sys.path.insert(0, str(Path(__file__).parents[1] / "property"))
from meaning import evaluate
from random_graphs import draw

TOLERANCE = {
    2: 2e-2,
    4: 1e-4,
    8: 1e-9,
    16: 1e-9,
}  # by bytes of a number; 8 and 16 bytes of a complex one as its parts


def tolerance(dtype: np.dtype[Any]) -> float:
    if dtype.kind in "iub":
        return 0.0
    return TOLERANCE[dtype.itemsize // 2 if dtype.kind == "c" else dtype.itemsize]


def coarsest(graph: Graph) -> list[float]:
    """For each output the tolerance of the least precise number that it is made of: a float64 may come of a float32."""
    known = {v: tolerance(v.dtype) for v in (*graph.inputs, *graph.constants)}
    for e in graph.equations:
        of_inputs = max((known[v] for v in e.inputs), default=0.0)
        inside = max((max(coarsest(g), default=0.0) for g in graphs_in(e.attrs)), default=0.0)
        for v in e.outputs:
            known[v] = max(tolerance(v.dtype), of_inputs, inside)
    return [max(known[v], tolerance(v.dtype)) for v in graph.outputs]


def close(want: np.ndarray, got: np.ndarray, allowed: float) -> None:
    assert (got.shape, got.dtype) == (want.shape, want.dtype)
    wide = np.complex128 if want.dtype.kind == "c" else np.float64
    if want.dtype.kind in "iub":
        np.testing.assert_array_equal(got, want)
        return
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(got.astype(wide), want.astype(wide), rtol=allowed, atol=allowed)


def check(seed: int) -> None:
    drawn = draw(seed, 25, 2)
    wanted = evaluate(drawn.graph, drawn.arrays)
    effects = list(drawn.log)
    drawn.log.clear()
    executable = compile_graph(drawn.graph)
    allowed = coarsest(drawn.graph)
    for got, want, limit in zip(executable.run(*drawn.arrays), wanted, allowed, strict=True):
        close(want, got, limit)
    assert len(drawn.log) == len(effects), "effects happen as often as in the graph"


@pytest.mark.parametrize("small", [2500, -1], ids=["rows", "steps"])
@pytest.mark.parametrize("block", range(4))
def test_drawn_graphs(monkeypatch: Any, block: int, small: int) -> None:
    monkeypatch.setattr(program, "CHECK_PLANS", True)
    monkeypatch.setattr(buffers, "SMALL", small)
    for seed in range(20 * block, 20 * block + 20):
        check(seed)


@pytest.mark.full
@pytest.mark.parametrize("block", range(20))
def test_many_drawn_graphs(monkeypatch: Any, block: int) -> None:
    monkeypatch.setattr(program, "CHECK_PLANS", True)
    monkeypatch.setattr(buffers, "SMALL", 2500 if block % 2 else -1)
    for seed in range(400 + 60 * block, 460 + 60 * block):
        check(seed)


def test_prepared_graphs_are_well_formed(monkeypatch: Any) -> None:
    monkeypatch.setattr(buffers, "SMALL", -1)
    changed = 0
    for seed in range(150):
        graph = draw(seed, 40, 2).graph
        found = buffers.prepare(graph)
        verify(found)
        changed += len(found.equations) != len(graph.equations)
    assert changed > 100
