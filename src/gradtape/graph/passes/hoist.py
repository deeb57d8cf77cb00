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


@LOOPS.on("while")
def hoist(r: Rewriter, e: Equation) -> Any:
    """while(body with f(constant)) -> y = f(constant); while(body with y)"""
    n = e.attrs["n_constants"]
    parts: dict[str, Any] = {}
    extra: list[Value] = []
    for name in ("cond", "body"):
        graph: Graph = e.attrs[name]
        moving = invariant(graph, n)
        if not moving:
            continue
        here: dict[Value, Value] = dict(zip(graph.inputs[:n], e.inputs[:n]))
        for q in moving:
            for v in q.inputs:
                if v not in here:
                    here[v] = r.constant(graph.constants[v])
            fresh = tuple([Value(v.aval) for v in q.outputs])
            moved = Equation(q.op, tuple([here[v] for v in q.inputs]), q.attrs, fresh, q.site)
            here.update(zip(q.outputs, r.add(moved)))
        out = set(moving)
        rest = tuple([q for q in graph.equations if q not in out])
        wanted = {v for q in rest for v in q.inputs} | set(graph.outputs)
        handed = [v for q in moving for v in q.outputs if v in wanted]
        parts[name] = (graph, rest, handed)
        extra += [here[v] for v in handed]
    if not parts:
        return None
    attrs = dict(e.attrs)
    for name in ("cond", "body"):
        graph = e.attrs[name]
        rest: Any = graph.equations
        own: list[Value] = []
        for other in ("cond", "body"):
            if other not in parts:
                continue
            _, others, handed = parts[other]
            if other == name:
                own += handed
                rest = others
            else:
                own += [Value(v.aval) for v in handed]
        inputs = (*graph.inputs[:n], *own, *graph.inputs[n:])
        attrs[name] = Graph(inputs, rest, graph.outputs, graph.constants, graph.name)
    attrs["n_constants"] = n + len(extra)
    outputs = tuple([Value(v.aval) for v in e.outputs])
    inputs = (*e.inputs[:n], *extra, *e.inputs[n:])
    return r.add(Equation("while", inputs, attrs, outputs, e.site))


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
