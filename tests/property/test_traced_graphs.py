"""The graphs of random programs, their gradients among them: the passes change no bit of what they give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import programs
import pytest
from meaning import bits, evaluate
from random_sources import draw

from gradtape.backends.interpreted import Interpreted
from gradtape.graph.ir import Graph
from gradtape.graph.passes import optimize
from gradtape.graph.passes.sweeps import loops
from gradtape.graph.pretty import text_of
from gradtape.graph.verify import verify
from gradtape.transforms import concrete


class Both(Interpreted):
    """A graph as it was traced beside what the passes make of it."""

    seen = 0

    def run(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        found = optimize(self.graph)
        want = evaluate(self.graph, arrays)
        self.compare(found, want, arrays)
        Both.seen += found is not self.graph
        expanded = loops(found)
        if expanded is not found:
            self.compare(expanded, want, arrays)
            self.compare(optimize(expanded), want, arrays)
        return tuple([np.array(a) for a in want])

    call = run

    def compare(self, found: Graph, want: list[np.ndarray], arrays: tuple[np.ndarray, ...]) -> None:
        verify(found)
        for i, (a, b) in enumerate(zip(want, evaluate(found, arrays), strict=True)):
            assert bits(a) == bits(b), (
                f"output {i}\n{text_of(self.graph)}\nbecame\n{text_of(found)}"
            )


def executable_of(graph: Graph, donate: Mapping[int, int] | None = None) -> Any:
    return Both(graph)


def check(seeds: range, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concrete, "executable_of", executable_of)
    Both.seen = 0
    for seed in seeds:
        programs.compiled(draw(seed))
    assert Both.seen > len(seeds) / 2


@pytest.mark.parametrize("block", range(4))
def test_traced_graphs(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    check(range(25 * block, 25 * block + 25), monkeypatch)


@pytest.mark.full
@pytest.mark.parametrize("block", range(20))
def test_many_traced_graphs(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    check(range(100 + 60 * block, 160 + 60 * block), monkeypatch)
