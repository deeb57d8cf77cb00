"""The way back through a branch or a loop's turn, as a graph: its equations run again on stand-ins under a tape."""

from __future__ import annotations

import weakref

from gradtape.graph.derivative import Derivative
from gradtape.graph.ir import DERIVE, Equation, Graph, holding
from gradtape.graph.traced import CannotTrace
from gradtape.transforms.graph_gradient import taped

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
    found = taped(graph, given)
    return Derivative(without_effects(found.graph), given, found.sources)


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
