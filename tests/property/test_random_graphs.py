"""Meaning unchanged: every pass, on random graphs, bit for bit."""

from __future__ import annotations

import pytest
from meaning import bits, evaluate
from random_graphs import draw

from gradtape.graph.passes import EXACT, optimize
from gradtape.graph.pretty import text_of
from gradtape.graph.verify import verify

PASSES = {p.__name__: p for p in (*EXACT, optimize)}


def check(name: str, seed: int, equations: int = 30, depth: int = 2) -> bool:
    drawn = draw(seed, equations, depth)
    verify(drawn.graph)
    want = [bits(a) for a in evaluate(drawn.graph, drawn.arrays)]
    effects = list(drawn.log)
    drawn.log.clear()
    found = PASSES[name](drawn.graph)
    verify(found)
    got = [bits(a) for a in evaluate(found, drawn.arrays)]
    texts = f"seed {seed}\n{text_of(drawn.graph)}\n{name}\n{text_of(found)}"
    for i, (a, b) in enumerate(zip(want, got, strict=True)):
        assert a == b, f"output {i}: {texts}"
    assert effects == drawn.log, texts
    assert found.avals_in == drawn.graph.avals_in
    return found is not drawn.graph


@pytest.mark.parametrize("name", PASSES)
def test_a_pass_changes_no_bit(name: str) -> None:
    changed = sum(check(name, seed) for seed in range(150))
    assert changed > 20, "the pass does nothing on what is drawn"


@pytest.mark.full
@pytest.mark.parametrize("block", range(10))
@pytest.mark.parametrize("name", PASSES)
def test_a_pass_changes_no_bit_of_many(name: str, block: int) -> None:
    for seed in range(1000 + 300 * block, 1300 + 300 * block):
        check(name, seed, 40, 3)


def test_drawn_graphs_are_well_formed_by_their_kernels() -> None:
    for seed in range(60):
        verify(draw(seed).graph, thorough=True)


def test_what_is_drawn_is_rich() -> None:
    graphs = [draw(seed).graph for seed in range(200)]
    ops = {e.op for g in graphs for e in g.equations}
    assert len(ops) > 60
    with_control = sum(any(e.op in ("cond", "while") for e in g.equations) for g in graphs)
    assert with_control >= 100
    dtypes = {v.dtype.name for g in graphs for v in g.inputs}
    assert dtypes >= {"float16", "bfloat16", "float64", "complex64", "uint8", "int64", "bool"}


def test_a_seed_gives_the_same_graph() -> None:
    assert text_of(draw(7).graph) == text_of(draw(7).graph)
    assert text_of(draw(7).graph) != text_of(draw(8).graph)
