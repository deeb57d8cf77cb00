"""Ways back through loops, as loops: what each turn keeps goes into the rows of buffers.

    sweeps(bodies b0, b1, ...)  ->  while(b0, which puts what it keeps into row k), while(b1 on row k), ...

Only where the number of turns has a limit, which is how many rows the buffers have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.graph.ir import Aval, Equation, Graph, Value, holding
from gradtape.graph.passes.rewrite import Rewriter, Table, rewrite

MOST_BYTES = 1 << 31  # of all buffers together
INT32 = np.dtype(np.int32)
COUNT = Aval((), INT32)
TRUTH = Aval((), np.dtype(np.bool_))
RULES = Table()


@RULES.on("sweeps")
def as_loops(r: Rewriter, e: Equation) -> Any:
    """One loop for each sweep."""
    limit, n, bodies, plan = (e.attrs[name] for name in ("limit", "n_constants", "bodies", "plan"))
    if limit is None or _bytes(bodies, plan) * limit > MOST_BYTES:
        return None
    constants, at = e.inputs[:n], n
    stacks: list[Value] = []
    results: list[Value] = []
    turns: Value | None = None
    for (backward, n_carried, reads), body in zip(plan, bodies):
        carried = e.inputs[at : at + n_carried]
        at += n_carried
        rows = [stacks[i] for i in reads]
        begin = r.constant(np.zeros((), INT32))
        more: tuple[Value, ...] = ()
        if turns is not None and backward:
            one = r.constant(np.ones((), INT32))
            begin = r.emit("subtract", (turns, one), {}, COUNT, e)
        elif turns is not None:
            more = (turns,)
        kept = [Value(Aval((limit, *a.shape), a.dtype)) for a in body.avals_out[n_carried:]]
        fresh = [r.constant(np.zeros(v.aval.shape, v.aval.dtype)) for v in kept]
        outer = (*constants, *rows, *more)
        turn = _turn(body, n, n_carried, outer, kept, -1 if backward else 1)
        test = _test(
            turn, len(outer), e.attrs["cond"] if turns is None else None, n, n_carried, backward
        )
        attrs = {"cond": test, "body": turn, "n_constants": len(outer), "limit": limit}
        outputs = tuple([Value(a) for a in turn.avals_out])
        ends = r.add(Equation("while", (*outer, begin, *carried, *fresh), attrs, outputs, e.site))
        if turns is None:
            turns = ends[0]
        results += ends[1 : 1 + n_carried]
        stacks += ends[1 + n_carried :]
    return tuple(results)


def _bytes(bodies: Sequence[Graph], plan: Any) -> int:
    return sum(a.nbytes for body, (_, n, _) in zip(bodies, plan) for a in body.avals_out[n:])


def _turn(
    body: Graph, n: int, n_carried: int, outer: Sequence[Value], kept: list[Value], step: int
) -> Graph:
    """(constants, stacks, more; k, carried, own stacks) -> (k + step, carried, own stacks with row k)."""
    k, after, by = Value(COUNT), Value(COUNT), Value(COUNT)
    own = [Value(v.aval) for v in kept]
    more = [Value(v.aval) for v in outer[n:]]
    before, behind = [], [Equation("add", (k, by), {}, (after,))]
    for stack, row in zip(more, body.inputs[n + n_carried :]):
        attrs = {"axis": 0, "batch_dims": 0}
        before.append(Equation("gather", (stack, k), attrs, (row,)))
    written = []
    for stack, row in zip(own, body.outputs[n_carried:]):
        written.append(Value(stack.aval))
        behind.append(Equation("put_row", (stack, k, row), {}, (written[-1],)))
    return Graph(
        (*body.inputs[:n], *more, k, *body.inputs[n : n + n_carried], *own),
        (*before, *body.equations, *behind),
        (after, *body.outputs[:n_carried], *written),
        {**body.constants, by: np.asarray(step, INT32)},
        body.name,
    )


def _test(
    turn: Graph, n_outer: int, cond: Graph | None, n: int, n_carried: int, backward: bool
) -> Graph:
    """Whether there is another turn: as the loop's own condition says, or until all rows have been visited."""
    inputs = [Value(a) for a in turn.avals_in]
    if cond is not None:
        inputs[:n] = cond.inputs[:n]
        inputs[n_outer + 1 : n_outer + 1 + n_carried] = cond.inputs[n:]
        return Graph(tuple(inputs), cond.equations, cond.outputs, cond.constants, cond.name)
    k, answer = inputs[n_outer], Value(TRUTH)
    if backward:
        zero = Value(COUNT)
        check = Equation("greater_equal", (k, zero), {}, (answer,))
        return Graph(tuple(inputs), (check,), (answer,), {zero: np.zeros((), INT32)})
    check = Equation("less", (k, inputs[n_outer - 1]), {}, (answer,))
    return Graph(tuple(inputs), (check,), (answer,))


def loops(graph: Graph) -> Graph:
    """The graph with its sweeps as loops, in the graphs that it holds too."""
    equations = [holding(e, loops) for e in graph.equations]
    if any(a is not b for a, b in zip(equations, graph.equations)):
        graph = Graph(graph.inputs, tuple(equations), graph.outputs, graph.constants, graph.name)
    return rewrite(graph, RULES)
