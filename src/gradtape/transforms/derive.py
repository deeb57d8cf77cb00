"""The way back through a branch or a loop's turn, as a graph: its equations run again on stand-ins under a tape."""

from __future__ import annotations

import weakref

from gradtape.base.dtypes import DIFFERENTIABLE_KINDS
from gradtape.core.backward import dense
from gradtape.core.bind import RECORDED
from gradtape.core.context import recorders
from gradtape.core.slices import IndexedSlices
from gradtape.core.tape import GradientTape
from gradtape.graph.derivative import Derivative
from gradtape.graph.ir import DERIVE, Equation, Graph, holding
from gradtape.graph.traced import CannotTrace
from gradtape.graph.tracer import Trace, replay

_KNOWN: weakref.WeakKeyDictionary[Graph, dict[tuple[int, ...], Derivative]] = (
    weakref.WeakKeyDictionary()
)


def derive(graph: Graph, given: tuple[int, ...]) -> Derivative:
    """The derivative from cotangents of the outputs `given`; made once."""
    known = _KNOWN.setdefault(graph, {})
    found = known.get(given)
    if found is None:
        found = known[given] = _derive(graph, given)
    return found


def _derive(graph: Graph, given: tuple[int, ...]) -> Derivative:
    trace = Trace(None, f"{graph.name}_gradient")
    with trace.active(), recorders(()):
        xs = [trace.placeholder(a.shape, a.dtype) for a in graph.avals_in]
        floating = [i for i, a in enumerate(graph.avals_in) if a.dtype.kind in DIFFERENTIABLE_KINDS]
        with GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([xs[i] for i in floating])
            ys = replay(graph, xs)
        gs = [trace.placeholder(graph.avals_out[i].shape, graph.avals_out[i].dtype) for i in given]
        found = (
            tape.gradient([ys[i] for i in given], [xs[i] for i in floating], output_gradients=gs)
            if given and floating
            else [None] * len(floating)
        )
        found = [dense(c, RECORDED) if isinstance(c, IndexedSlices) else c for c in found]
        sources = tuple([i for i, c in zip(floating, found) if c is not None])
        whole = trace.graph([c for c in found if c is not None])
    return Derivative(without_effects(whole), given, sources)


def without_effects(graph: Graph) -> Graph:
    """The equations that the outputs need: what has happened on the way forward does not happen again.

    Raises CannotTrace where something is needed that Python gave, such as random numbers: now it would be another.
    """
    live = set(graph.outputs)
    kept: list[Equation] = []
    for e in reversed(graph.equations):
        if live.isdisjoint(e.outputs):
            continue
        if e.op == "host":
            raise CannotTrace(
                "a gradient goes through a branch or a loop that draws random numbers or calls Python"
            )
        kept.append(holding(e, without_effects) if e.effect else e)
        live.update(e.inputs)
    kept.reverse()
    constants = {v: a for v, a in graph.constants.items() if v in live}
    return Graph(graph.inputs, tuple(kept), graph.outputs, constants, graph.name)


DERIVE.append(derive)
