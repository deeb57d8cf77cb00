"""Control flow that is settled before it runs: branches and loops that are known, and what they need not be handed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradtape.graph.ir import Equation, Graph, Value, has_effect, with_graphs
from gradtape.graph.passes.dce import needed
from gradtape.graph.passes.rewrite import Rewriter, Table, rewrite

CONTROL = Table()
on = CONTROL.on
FEW = 32  # equations of a loop's condition that is tried on known values


@on("cond")
def known_branch(r: Rewriter, e: Equation) -> Any:
    """cond(true, ...) -> its branch;  cond(p, ...) of one and the same branch -> the branch"""
    branches = e.attrs["branches"]
    pred = r.constants.get(e.inputs[0])
    if pred is None and branches[0] is not branches[1]:
        return None
    return r.inline(branches[0 if pred is None else int(bool(pred))], e.inputs[1:])


@on("cond")
def turned(r: Rewriter, e: Equation) -> Any:
    """cond(not p, f, g) -> cond(p, g, f)"""
    maker = r.maker(e.inputs[0], "logical_not")
    if maker is None:
        return None
    branches = e.attrs["branches"]
    return with_parts(
        r, e, (maker.inputs[0], *e.inputs[1:]), {**e.attrs, "branches": branches[::-1]}
    )


@on("cond")
def known_operands(r: Rewriter, e: Equation) -> Any:
    """Operands that are small constants or come twice are not handed over."""
    operands = e.inputs[1:]
    kept, same = distinct(r, operands)
    if len(kept) == len(operands):
        return None
    attrs = with_graphs(e.attrs, lambda g: with_inputs_known(r, g, operands, kept, same))
    return with_parts(r, e, (e.inputs[0], *[operands[i] for i in kept]), attrs)


@on("cond")
def same_in_both(r: Rewriter, e: Equation) -> Any:
    """A result that is the same operand, or the same constant, in both branches is that."""
    f, g = e.attrs["branches"]
    places = [{v: i for i, v in enumerate(h.inputs)} for h in (f, g)]
    settled: dict[int, Value] = {}
    for i, (a, b) in enumerate(zip(f.outputs, g.outputs)):
        place = places[0].get(a)
        if place is not None:
            if places[1].get(b) == place:
                settled[i] = e.inputs[1 + place]
            continue
        x, y = f.constants.get(a), g.constants.get(b)
        if x is not None and y is not None and x is not y:
            if x.dtype.kind == "O" or x.shape != y.shape or x.tobytes() != y.tobytes():
                continue
            settled[i] = r.constant(x)
        elif x is not None and x is y:
            settled[i] = r.constant(x)
    return with_outputs(r, e, settled, ("branches",))


@on("while", "sweeps")
def known_constants(r: Rewriter, e: Equation) -> Any:
    """What a loop is handed and does not change is not handed over where it is a small constant or comes twice."""
    n = e.attrs["n_constants"]
    constants, carried = e.inputs[:n], e.inputs[n:]
    kept, same = distinct(r, constants)
    if len(kept) == n:
        return None
    attrs = with_graphs(e.attrs, lambda g: with_inputs_known(r, g, constants, kept, same))
    attrs = {**attrs, "n_constants": len(kept)}
    return with_parts(r, e, (*[constants[i] for i in kept], *carried), attrs)


@on("while")
def unchanged(r: Rewriter, e: Equation) -> Any:
    """A carried value that the body hands back as it is becomes one that the loop is handed."""
    n, cond, body = e.attrs["n_constants"], e.attrs["cond"], e.attrs["body"]
    stay = [i for i, v in enumerate(body.outputs) if v is body.inputs[n + i]]
    if not stay:
        return None
    go = [i for i in range(len(body.outputs)) if i not in set(stay)]
    order = [*range(n), *[n + i for i in stay], *[n + i for i in go]]
    attrs = {
        **e.attrs,
        "cond": _ordered(cond, order, (0,)),
        "body": _ordered(body, order, go),
        "n_constants": n + len(stay),
    }
    inner = r.add(
        Equation(
            "while",
            tuple([e.inputs[i] for i in order]),
            attrs,
            tuple([Value(e.outputs[i].aval) for i in go]),
            e.site,
        )
    )
    results = dict(zip(go, inner))
    results.update((i, e.inputs[n + i]) for i in stay)
    return tuple([results[i] for i in range(len(e.outputs))])


@on("while")
def never(r: Rewriter, e: Equation) -> Any:
    """A loop that does not begin -> what it carries, as it was."""
    n, cond = e.attrs["n_constants"], e.attrs["cond"]
    carried = e.inputs[n:]
    if e.attrs["limit"] is not None and e.attrs["limit"] <= 0:
        return carried
    if has_effect("while", {"cond": cond}) or len(cond.equations) > FEW:
        return None
    inside = needed(cond, cond.outputs)
    arrays: list[Any] = []
    for value, own in zip(e.inputs, cond.inputs):
        array = r.constants.get(value)
        if array is None:
            if own in inside:
                return None
            array = np.zeros((), own.dtype)  # not looked at
        arrays.append(array)
    if any(q.op in ("while", "cond") or own_size(q) > 4096 for q in cond.equations):
        return None
    live = Graph(
        cond.inputs,
        tuple([q for q in cond.equations if not inside.isdisjoint(q.outputs)]),
        cond.outputs,
        cond.constants,
    )
    try:
        begins = live.run(*arrays)[0]
    except Exception:
        return None
    return None if begins else carried


def own_size(e: Equation) -> int:
    return sum([v.aval.size for v in e.outputs])


# --- making the parts fit ---------------------------------------------------------------------------------------------

SMALL = 4096  # elements of a constant that is copied into a branch or a body; larger ones are handed over


def distinct(r: Rewriter, values: Sequence[Value]) -> tuple[list[int], dict[int, int]]:
    """Which operands must be handed over, and which others are the same as one of those."""
    kept: list[int] = []
    same: dict[int, int] = {}
    seen: dict[Value, int] = {}
    for i, v in enumerate(values):
        if v in r.constants and v.aval.size <= SMALL:
            continue
        if v in seen:
            same[i] = seen[v]
        else:
            seen[v] = i
            kept.append(i)
    return kept, same


def with_inputs_known(
    r: Rewriter, graph: Graph, values: Sequence[Value], kept: list[int], same: dict[int, int]
) -> Graph:
    """The graph whose first inputs are those of `kept`; the others are constants, or the same as one of them."""
    constants = dict(graph.constants)
    moved: dict[Value, Value] = {}
    for i, v in enumerate(values):
        if i in same:
            moved[graph.inputs[i]] = graph.inputs[same[i]]
        elif v in r.constants and v.aval.size <= SMALL:
            constants[graph.inputs[i]] = r.constants[v]
    inputs = (*[graph.inputs[i] for i in kept], *graph.inputs[len(values) :])
    equations = graph.equations
    if moved:
        equations = tuple(
            [
                Equation(
                    q.op, tuple([moved.get(v, v) for v in q.inputs]), q.attrs, q.outputs, q.site
                )
                for q in equations
            ]
        )
    outputs = tuple([moved.get(v, v) for v in graph.outputs])
    return Graph(inputs, equations, outputs, constants, graph.name)


def with_parts(
    r: Rewriter, e: Equation, inputs: tuple[Value, ...], attrs: Mapping[str, Any]
) -> Any:
    outputs = tuple([Value(v.aval) for v in e.outputs])
    return r.add(Equation(e.op, inputs, attrs, outputs, e.site))


def with_outputs(
    r: Rewriter, e: Equation, settled: dict[int, Value], parts: tuple[str, ...]
) -> tuple[Value, ...] | None:
    """The equation without the results that are settled; what stands for all of them."""
    if not settled:
        return None
    rest = [i for i in range(len(e.outputs)) if i not in settled]
    branches = tuple([_ordered(g, range(len(g.inputs)), rest) for g in e.attrs["branches"]])
    fresh = tuple([Value(e.outputs[i].aval) for i in rest])
    found = r.add(Equation(e.op, e.inputs, {**e.attrs, "branches": branches}, fresh, e.site))
    results = {**settled, **dict(zip(rest, found))}
    return tuple([results[i] for i in range(len(e.outputs))])


def _ordered(graph: Graph, inputs: Sequence[int], outputs: Sequence[int]) -> Graph:
    return Graph(
        tuple([graph.inputs[i] for i in inputs]),
        graph.equations,
        tuple([graph.outputs[i] for i in outputs]),
        graph.constants,
        graph.name,
    )


def control(graph: Graph) -> Graph:
    """Known branches in place of `cond`, no loops that do not begin, no operands that are known."""
    return rewrite(graph, CONTROL)
