"""Dead code: equations whose results nobody uses; unused results, operands and carried values of control flow."""

from __future__ import annotations

from collections.abc import Iterable

from gradtape.graph.ir import Equation, Graph, Value, graphs_in, has_effect

KEPT = frozenset(("check_numerics",))  # raises for what it sees: it stays, used or not
HOLDERS = frozenset(("cond", "while", "sweeps", "host", "fused"))  # may have an effect


def must_stay(equation: Equation) -> bool:
    """Whether an equation does something that counts even when its results are not used."""
    op = equation.op
    if op in HOLDERS:
        return has_effect(op, equation.attrs) or _guards(equation)
    return op in KEPT


def _guards(equation: Equation) -> bool:
    return any(must_stay(e) for graph in graphs_in(equation.attrs) for e in graph.equations)


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
        prune = PRUNE.get(op)
        if prune is not None:
            slim = prune(equation, live)
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


def prune_sweeps(equation: Equation, live: set[Value]) -> Equation:
    """Sweeps without carried values, rows and whole sweeps that nothing needs; one sweep alone is a `while`."""
    attrs = equation.attrs
    n, plan, bodies, cond = attrs["n_constants"], attrs["plan"], attrs["bodies"], attrs["cond"]
    starts, stacks = [0], [0]  # where the results and the stacks of each sweep begin
    for (_, n_carried, _), body in zip(plan, bodies):
        starts.append(starts[-1] + n_carried)
        stacks.append(stacks[-1] + len(body.avals_out) - n_carried)
    in_cond = needed(cond, cond.outputs)
    carried = [
        {i for i in range(m) if equation.outputs[s + i] in live}
        for (_, m, _), s in zip(plan, starts)
    ]
    carried[0] |= {i for i, v in enumerate(cond.inputs[n:]) if v in in_cond}
    kept: set[int] = set()  # stacks that are read
    inside: list[set[Value]] = [set()] * len(plan)
    before = -1
    while before != (before := len(kept) + sum(map(len, carried))):
        for k in reversed(range(len(plan))):
            (_, m, reads), body = plan[k], bodies[k]
            outs = [body.outputs[i] for i in carried[k]]
            outs += [
                body.outputs[m + s - stacks[k]] for s in kept if stacks[k] <= s < stacks[k + 1]
            ]
            inside[k] = used = needed(body, outs)
            carried[k] |= {i for i, v in enumerate(body.inputs[n : n + m]) if v in used}
            kept |= {r for r, v in zip(reads, body.inputs[n + m :]) if v in used}
    constants = [
        i
        for i in range(n)
        if cond.inputs[i] in in_cond or any(b.inputs[i] in used for b, used in zip(bodies, inside))
    ]
    stay = [
        k
        for k in range(len(plan))
        if not k or carried[k] or any(stacks[k] <= s < stacks[k + 1] for s in kept)
        or any(must_stay(e) for e in bodies[k].equations)
    ]  # fmt: skip
    if len(constants) == n and len(kept) == stacks[-1] and sum(map(len, carried)) == starts[-1]:
        return equation
    number = {s: i for i, s in enumerate(sorted(kept))}
    new_plan, new_bodies, results = [], [], []
    for k in stay:
        (backward, m, reads), body = plan[k], bodies[k]
        order = sorted(carried[k])
        rows = [j for j, v in enumerate(body.inputs[n + m :]) if v in inside[k]]
        inputs = [*constants, *[n + i for i in order], *[n + m + j for j in rows]]
        outs = [
            *order,
            *[m + s - stacks[k] for s in sorted(kept) if stacks[k] <= s < stacks[k + 1]],
        ]
        new_bodies.append(part(body, inputs, outs))
        new_plan.append((backward, len(order), tuple([number[reads[j]] for j in rows])))
        results += [starts[k] + i for i in order]
    slim = {
        **attrs,
        "cond": part(cond, [*constants, *[n + i for i in sorted(carried[0])]], [0]),
        "bodies": tuple(new_bodies),
        "plan": tuple(new_plan),
        "n_constants": len(constants),
    }
    op = "sweeps"
    if len(stay) == 1:
        op = "while"
        slim["body"] = slim.pop("bodies")[0]
        del slim["plan"]
    operands = tuple([equation.inputs[i] for i in [*constants, *[n + r for r in results]]])
    return Equation(
        op, operands, slim, tuple([equation.outputs[r] for r in results]), equation.site
    )


PRUNE = {"cond": prune_cond, "while": prune_while, "sweeps": prune_sweeps}


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
