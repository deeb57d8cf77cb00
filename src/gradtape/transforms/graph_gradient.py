"""The gradient of a graph, as a graph: its equations are run again on stand-ins under a tape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gradtape.base.dtypes import DIFFERENTIABLE_KINDS
from gradtape.core.backward import dense
from gradtape.core.bind import RECORDED
from gradtape.core.context import recorders
from gradtape.core.slices import IndexedSlices
from gradtape.core.tape import GradientTape
from gradtape.graph.ir import Aval, Equation, Graph, Value
from gradtape.graph.tracer import Trace, replay


class Gradient(NamedTuple):
    """graph: (inputs, cotangents of the differentiable outputs) -> cotangents of the inputs that have one.

    sources: which inputs those are.  targets: which outputs have a cotangent.
    forward, backward: the same in two parts: inputs -> (outputs, residuals); (residuals, cotangents) -> cotangents.
    """

    graph: Graph
    sources: tuple[int, ...]
    targets: tuple[int, ...]
    forward: Graph
    backward: Graph


class Taped(NamedTuple):
    """graph: (inputs, cotangents of some outputs) -> cotangents of the inputs `sources`: those that have one.

    results: the values of the outputs in it.  n_forward: how many of its equations compute those.
    """

    graph: Graph
    sources: tuple[int, ...]
    results: list[Value]
    n_forward: int


def floating(avals: Sequence[Aval]) -> tuple[int, ...]:
    """The places of those that have a cotangent."""
    return tuple([i for i, a in enumerate(avals) if a.dtype.kind in DIFFERENTIABLE_KINDS])


def taped(graph: Graph, given: tuple[int, ...]) -> Taped:
    """The graph and the way back from cotangents of its outputs `given`: its equations run again under a tape."""
    trace = Trace(None, f"{graph.name}_gradient")
    with trace.active(), recorders(()):
        xs = [trace.placeholder(a.shape, a.dtype) for a in graph.avals_in]
        wanted = floating(graph.avals_in)
        with GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([xs[i] for i in wanted])
            ys = replay(graph, xs)
        n_forward = len(trace.equations)
        gs = [trace.placeholder(graph.avals_out[i].shape, graph.avals_out[i].dtype) for i in given]
        # An output may be an input, or stand twice: each gets a cotangent of its own.
        found = (
            tape.gradient([ys[i] for i in given], [xs[i] for i in wanted], output_gradients=gs)
            if given and wanted
            else [None] * len(wanted)
        )
        found = [dense(c, RECORDED) if isinstance(c, IndexedSlices) else c for c in found]
        sources = tuple([i for i, c in zip(wanted, found) if c is not None])
        whole = trace.graph([c for c in found if c is not None])
        results = [trace.value_of(y._value) for y in ys]
    return Taped(whole, sources, results, n_forward)


def gradient_of(graph: Graph) -> Gradient:
    """The gradient graph, whole and in two parts."""
    targets = floating(graph.avals_out)
    whole, sources, results, n_forward = taped(graph, targets)
    forward, backward = _split(whole, results, len(graph.inputs), n_forward)
    return Gradient(whole, sources, targets, forward, backward)


def _split(
    whole: Graph, results: list[Value], n_inputs: int, n_forward: int
) -> tuple[Graph, Graph]:
    """Two graphs: what does not need the cotangents comes first, and what of it the rest needs is handed on."""
    late: set[Value] = set(whole.inputs[n_inputs:])
    first: list[Equation] = []
    second: list[Equation] = []
    for index, e in enumerate(whole.equations):
        # What the gradient alone computes waits, too: the forward call shall not pay for it.
        if index >= n_forward or any(v in late for v in e.inputs):
            second.append(e)
            late.update(e.outputs)
        else:
            first.append(e)
    early = {v for e in first for v in e.outputs} | set(whole.inputs[:n_inputs])
    needed: dict[Value, None] = {}
    for e in second:
        needed.update(dict.fromkeys(v for v in e.inputs if v in early))
    needed.update(dict.fromkeys(v for v in whole.outputs if v in early))
    residuals = tuple(needed)
    forward = Graph(
        whole.inputs[:n_inputs], tuple(first), (*results, *residuals), whole.constants, whole.name
    )
    backward = Graph(
        (*residuals, *whole.inputs[n_inputs:]), tuple(second), whole.outputs, whole.constants,
        whole.name,
    )  # fmt: skip
    return forward, backward
