"""Dead code: equations whose results nobody uses; unused results, operands and carried values of control flow."""

from __future__ import annotations

from collections.abc import Iterable

from gradtape.graph.ir import Equation, Graph, Value, has_effect

KEPT = frozenset(("check_numerics",))  # raises for what it sees: it stays, used or not
HOLDERS = frozenset(("cond", "while", "sweeps", "host", "fused"))  # may have an effect


def must_stay(equation: Equation) -> bool:
    """Whether an equation does something that counts even when its results are not used."""
    op = equation.op
    if op in HOLDERS:
        return has_effect(op, equation.attrs) or _guards(equation)
    return op in KEPT


def _guards(equation: Equation) -> bool:
    graphs = equation.attrs.get("branches") or (equation.attrs.get("body"),)
    return any(must_stay(e) for g in graphs if g is not None for e in g.equations)


def needed(graph: Graph, outputs: Iterable[Value]) -> set[Value]:
    """Every value of the graph that `outputs` depend on, or that an equation with an effect does."""
    live = set(outputs)
    for equation in reversed(graph.equations):
        if not live.isdisjoint(equation.outputs) or must_stay(equation):
            live.update(equation.inputs)
    return live


def dead_code(graph: Graph) -> Graph:
    """Without what nobody uses.  Equations with an effect stay."""
    live = set(graph.outputs)
    kept: list[Equation] = []
    changed = False
    for equation in reversed(graph.equations):
        op = equation.op
        for v in equation.outputs:
            if v in live:
                break
        else:
            if (op not in HOLDERS and op not in KEPT) or not must_stay(equation):
                changed = True
                continue
        if op == "cond" or op == "while":
            slim = (prune_cond if op == "cond" else prune_while)(equation, live)
            if slim is not equation:
                changed = True
                equation = slim
        kept.append(equation)
        live.update(equation.inputs)
    constants = graph.constants
    if any(v not in live for v in constants):
        changed = True
        constants = {v: a for v, a in constants.items() if v in live}
    if not changed:
        return graph
    kept.reverse()
    return Graph(graph.inputs, tuple(kept), graph.outputs, constants, graph.name)


def prune_cond(equation: Equation, live: set[Value]) -> Equation:
    """cond(p, a, b) -> (x, y)  ->  cond(p, a) -> x, where y is not used and then b is used in neither branch."""
    outputs = [i for i, v in enumerate(equation.outputs) if v in live]
    branches = equation.attrs["branches"]
    used: set[int] = set()
    for g in branches:
        inside = needed(g, [g.outputs[i] for i in outputs])
        used.update([i for i, v in enumerate(g.inputs) if v in inside])
    operands = equation.inputs[1:]
    if len(outputs) == len(equation.outputs) and len(used) == len(operands):
        return equation
    order = sorted(used)
    slim = tuple([part(g, order, outputs) for g in branches])
    return Equation(
        "cond",
        (equation.inputs[0], *[operands[i] for i in order]),
        {**equation.attrs, "branches": slim},
        tuple([equation.outputs[i] for i in outputs]),
        equation.site,
    )


def prune_while(equation: Equation, live: set[Value]) -> Equation:
    """while carrying (x, y) -> while carrying x, where neither its results nor its condition need y."""
    attrs = equation.attrs
    cond, body, n = attrs["cond"], attrs["body"], attrs["n_constants"]
    carried = {i for i, v in enumerate(equation.outputs) if v in live}
    in_cond = needed(cond, cond.outputs)
    carried |= {i for i, v in enumerate(cond.inputs[n:]) if v in in_cond}
    while True:
        inside = needed(body, [body.outputs[i] for i in carried])
        more = {i for i, v in enumerate(body.inputs[n:]) if v in inside} - carried
        if not more:
            break
        carried |= more
    constants = [i for i in range(n) if body.inputs[i] in inside or cond.inputs[i] in in_cond]
    if len(constants) == n and len(carried) == len(equation.outputs):
        return equation
    order = sorted(carried)
    inputs = [*constants, *[n + i for i in order]]
    return Equation(
        "while",
        tuple([equation.inputs[i] for i in inputs]),
        {
            **attrs,
            "cond": part(cond, inputs, [0]),
            "body": part(body, inputs, order),
            "n_constants": len(constants),
        },
        tuple([equation.outputs[i] for i in order]),
        equation.site,
    )


def part(graph: Graph, inputs: list[int], outputs: list[int]) -> Graph:
    """The graph with only these inputs and outputs; its other inputs must not be needed."""
    return dead_code(
        Graph(
            tuple([graph.inputs[i] for i in inputs]),
            graph.equations,
            tuple([graph.outputs[i] for i in outputs]),
            graph.constants,
            graph.name,
        )
    )
