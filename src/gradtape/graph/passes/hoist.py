"""Loop-invariant code: what a loop computes anew in each turn from what never changes is computed once, before it."""

from __future__ import annotations

from typing import Any

from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Equation, Graph, Value
from gradtape.graph.passes.rewrite import Rewriter, Table, rewrite

# Only what cannot raise may move to where it runs even if the loop makes no turn.
FAMILIES = frozenset(("Elementwise", "Movement", "Contraction", "Reduce", "Scan"))
MAY_RAISE = frozenset(("floor_div", "floor_mod", "truncate_div", "truncate_mod", "pow", "check_numerics"))  # fmt: skip
VIEWS = frozenset(("reshape", "broadcast_to", "expand_dims", "squeeze", "identity", "transpose"))
GROWTH = (
    1 << 16
)  # elements: a result larger than this, and than what it is made of, is not kept over the loop

LOOPS = Table()


@LOOPS.on("while", "sweeps")
def hoist(r: Rewriter, e: Equation) -> Any:
    """while(body with f(constant)) -> y = f(constant); while(body with y)"""
    n = e.attrs["n_constants"]
    parts: list[Graph] = [
        e.attrs["cond"],
        *(e.attrs["bodies"] if e.op == "sweeps" else (e.attrs["body"],)),
    ]
    moving = [invariant(graph, n) for graph in parts]
    if not any(moving):
        return None
    handed: list[list[Value]] = []  # of each part: what of the moved it still needs
    extra: list[Value] = []
    for graph, moved in zip(parts, moving):
        here: dict[Value, Value] = dict(zip(graph.inputs[:n], e.inputs[:n]))
        for q in moved:
            for v in q.inputs:
                if v not in here:
                    here[v] = r.constant(graph.constants[v])
            fresh = tuple([Value(v.aval) for v in q.outputs])
            outside = Equation(q.op, tuple([here[v] for v in q.inputs]), q.attrs, fresh, q.site)
            here.update(zip(q.outputs, r.add(outside)))
        gone = set(moved)
        wanted = {v for q in graph.equations if q not in gone for v in q.inputs} | set(
            graph.outputs
        )
        handed.append([v for q in moved for v in q.outputs if v in wanted])
        extra += [here[v] for v in handed[-1]]
    slim = [
        _handed(graph, n, moved, handed, k) for k, (graph, moved) in enumerate(zip(parts, moving))
    ]
    attrs = {**e.attrs, "cond": slim[0], "n_constants": n + len(extra)}
    if e.op == "sweeps":
        attrs["bodies"] = tuple(slim[1:])
    else:
        attrs["body"] = slim[1]
    outputs = tuple([Value(v.aval) for v in e.outputs])
    return r.add(Equation(e.op, (*e.inputs[:n], *extra, *e.inputs[n:]), attrs, outputs, e.site))


def _handed(
    graph: Graph, n: int, moved: list[Equation], handed: list[list[Value]], own: int
) -> Graph:
    """The graph without the equations that moved; what they gave comes as inputs, and what the other parts need."""
    if not any(handed) and not moved:
        return graph
    extra: list[Value] = []
    for k, values in enumerate(handed):
        extra += values if k == own else [Value(v.aval) for v in values]
    gone = set(moved)
    rest = tuple([q for q in graph.equations if q not in gone])
    inputs = (*graph.inputs[:n], *extra, *graph.inputs[n:])
    return Graph(inputs, rest, graph.outputs, graph.constants, graph.name)


def invariant(graph: Graph, n_constants: int) -> list[Equation]:
    """The equations that depend on the constants alone, cannot raise, and are worth moving."""
    known = set(graph.inputs[:n_constants]) | set(graph.constants)
    found: list[Equation] = []
    for q in graph.equations:
        if all(v in known for v in q.inputs) and movable(q):
            known.update(q.outputs)
            found.append(q)
    # Views cost nothing where they are: they move only with what is computed from them.
    used: set[Value] = set()
    moving: list[Equation] = []
    for q in reversed(found):
        if q.op in VIEWS and used.isdisjoint(q.outputs):
            continue
        used.update(q.inputs)
        moving.append(q)
    return moving[::-1]


def movable(q: Equation) -> bool:
    card = REGISTRY.get(q.op)
    if card is None or card.family not in FAMILIES or q.op in MAY_RAISE or not q.inputs:
        return False
    size = sum([v.aval.size for v in q.outputs])
    return q.op in VIEWS or size <= GROWTH or size <= max([v.aval.size for v in q.inputs])


def loop_invariants(graph: Graph) -> Graph:
    """With what loops need not compute anew moved before them."""
    return rewrite(graph, LOOPS)
