"""Every card on its samples in a browser: its value, and its gradient as a graph, against gradtape."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradtape  # noqa: F401 - fills the registry
from gradtape.backends.js import emit
from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Graph
from gradtape.transforms.graph_gradient import gradient_of

from .comparing import cotangents, differs, sample_graph

CARDS = sorted(n for n, card in REGISTRY.items() if card.samples)


def with_known(graph: Graph, arrays: list[np.ndarray]) -> tuple[Graph, list[np.ndarray]]:
    """The graph with its integer and bool inputs as constants."""
    known = {v: a for v, a in zip(graph.inputs, arrays) if a.dtype.kind in "iub"}
    inputs = tuple([v for v in graph.inputs if v not in known])
    rest = [a for v, a in zip(graph.inputs, arrays) if v not in known]
    return Graph(inputs, graph.equations, graph.outputs, known, graph.name), rest


def by_numbers(graph: Graph) -> bool:
    """Whether the shape of what the card or its gradient gives depends on integers, which then have to be known."""
    (e,) = graph.equations
    masked = e.op in (
        "boolean_mask",
        "boolean_mask_grad",
        "dynamic_partition",
        "partition_grad",
        "dynamic_stitch",
    )
    return masked or (e.op.startswith("segment_") and e.attrs.get("num_segments", 0) is None)


def jobs_of(name: str, dtype: str) -> list[tuple[str, Graph, list[np.ndarray]]]:
    """(what it is, graph, arrays): for each sample the card and its gradient."""
    card, found = REGISTRY[name], []
    for k, sample in enumerate(card.samples):
        rng = np.random.default_rng(k)
        made = sample_graph(card, sample, np.dtype(dtype), rng)
        if made is None:
            continue
        graph, arrays = made
        found.append((f"{name}-{k}", graph, arrays))
        if card.vjp is None:
            continue
        if by_numbers(graph):
            graph, arrays = with_known(graph, arrays)
        gradient = gradient_of(graph)
        if not gradient.sources:
            continue
        gs = cotangents(graph, gradient.targets, rng)
        found.append((f"{name}-{k} gradient", gradient.graph, [*arrays, *gs]))
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cards(engine: Any, dtype: str) -> None:
    jobs = [job for name in CARDS for job in jobs_of(name, dtype)]
    programs = [(emit(graph, at=arrays), arrays) for _, graph, arrays in jobs]
    wrong = []
    for (what, graph, arrays), results in zip(jobs, engine.run(programs), strict=True):
        if isinstance(results, str):
            wrong.append(f"{what}: {results}")
            continue
        for got, want, aval in zip(results, graph.run(*arrays), graph.avals_out, strict=True):
            if aval.dtype.kind in "fiub":
                text = differs(got, want)
                if text:
                    wrong.append(f"{what}: {text}")
    assert not wrong, "\n".join([f"{len(wrong)} of {len(jobs)}", *wrong])
