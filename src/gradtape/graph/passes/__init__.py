"""Passes: each takes a graph and gives one with the same meaning.  `optimize` runs them until nothing changes.

Meaning is what `Graph.run` gives, bit for bit (a NaN is a NaN), and the effects in their order.  Only with `reorder`
may the terms of a sum be added in another order, only with `allow_rounding` may a result differ by rounding, or by the
sign of a zero.
"""

from __future__ import annotations

from collections.abc import Callable

from gradtape.base.config import settings
from gradtape.graph.ir import Equation, Graph, holding
from gradtape.graph.passes.algebra import (
    algebra,
    algebra_with_reordering,
    algebra_with_rounding,
)
from gradtape.graph.passes.cse import common
from gradtape.graph.passes.dce import dead_code
from gradtape.graph.passes.fold import fold
from gradtape.graph.passes.hoist import loop_invariants
from gradtape.graph.passes.inline import control
from gradtape.graph.verify import verify

Pass = Callable[[Graph], Graph]
EXACT: tuple[Pass, ...] = (dead_code, fold, algebra, control, loop_invariants, common)
ROUNDS = 12  # a bound only: two or three rounds are usual
HOLDERS = frozenset(("cond", "while", "sweeps", "fused"))


def optimize(graph: Graph, *, reorder: bool = False, allow_rounding: bool = False) -> Graph:
    """The graph after all passes, its nested graphs too, run until nothing changes."""
    passes = EXACT
    if reorder or allow_rounding:
        chosen = algebra_with_rounding if allow_rounding else algebra_with_reordering
        passes = tuple([chosen if p is algebra else p for p in EXACT])
    return _settle(graph, passes, {})


def _settle(graph: Graph, passes: tuple[Pass, ...], done: dict[Graph, Graph]) -> Graph:
    found = done.get(graph)
    if found is not None:
        return found
    work = graph
    for _ in range(ROUNDS):
        before = work
        work = _nested(work, passes, done)
        for change in passes:
            work = run(change, work)
        if work is before:
            break
    done[graph] = done[work] = work
    return work


def run(change: Pass, graph: Graph) -> Graph:
    """One pass; its result is verified where `gradtape.config.debug` says so."""
    found = change(graph)
    if settings.debug and found is not graph:
        verify(found)
    return found


def _nested(graph: Graph, passes: tuple[Pass, ...], done: dict[Graph, Graph]) -> Graph:
    """With the graphs that equations hold settled first."""
    for e in graph.equations:
        if e.op in HOLDERS:
            break
    else:
        return graph
    changed = False
    equations: list[Equation] = []
    for e in graph.equations:
        if e.op in HOLDERS:
            found = holding(e, lambda g: _settle(g, passes, done))
            changed = changed or found is not e
            e = found
        equations.append(e)
    if not changed:
        return graph
    return Graph(graph.inputs, tuple(equations), graph.outputs, graph.constants, graph.name)


__all__ = [
    "EXACT",
    "Pass",
    "algebra",
    "algebra_with_reordering",
    "algebra_with_rounding",
    "common",
    "control",
    "dead_code",
    "fold",
    "loop_invariants",
    "optimize",
]
