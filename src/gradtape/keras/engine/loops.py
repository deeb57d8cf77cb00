"""An epoch over arrays as one loop inside of a traced function: batches are gathered there, by a given order."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.card import PUBLIC, REGISTRY
from gradtape.core.context import recorders
from gradtape.core.tensor import Tensor
from gradtape.graph.ir import Graph
from gradtape.graph.tracer import Trace, replay
from gradtape.transforms.concrete import Traced

INDEX = np.dtype(np.int64)


def loop_of(step: Traced, data: list[Any], batch_size: int) -> Traced:
    """The step run for the batches first <= i < last.  data: the whole arrays of which a batch has rows.

    Arguments: the arrays, then order: int64[n], the row numbers as they are taken, first and last: int64[].
    Results: those of the last step.
    """
    names = f"{step.graph.name}_loop"
    read = [i for i in range(len(step.variables)) if i not in step.written_places]
    given = [a for t in data for a in [(t._value.shape, t._value.dtype)]]
    n_rows = given[0][0][0]
    scalars = [((n_rows,), INDEX), ((), INDEX), ((), INDEX)]  # order, first, last
    avals = [step.graph.inputs[step.n_arguments + i].aval for i in range(len(step.variables))]
    results = step.graph.avals_out[: step.n_outputs]
    written = step.graph.avals_out[step.n_outputs :]
    constants = [*given, scalars[0], scalars[2], *[avals[i] for i in read]]
    carried = [scalars[1], *written, *results]
    body, cond = _parts(step, constants, carried, len(data), read, batch_size)

    trace = Trace(None, names)
    with trace.active(), recorders(()):
        arrays = [trace.placeholder(*a) for a in given]
        order, first, last = [trace.placeholder(*a) for a in scalars]
        states = [trace.read(v) for v in step.variables]
        begin = [trace.constant(np.zeros(a.shape, a.dtype)) for a in results]
        operands = [
            *arrays, order, last, *[states[i] for i in read],
            first, *[states[i] for i in step.written_places], *begin,
        ]  # fmt: skip
        attrs = {"cond": cond, "body": body, "n_constants": len(constants), "limit": None}
        values = [trace.value_of(t._value) for t in operands]
        found = trace.equation(REGISTRY["while"], values, attrs, body.avals_out)
        for place, new in zip(step.written_places, found[1:]):
            trace.write(step.variables[place], new._value)
        outputs = found[1 + len(written) :]
    return Traced(trace, len(given) + len(scalars), outputs, step.result, {})


def _parts(
    step: Traced, constants: list[Any], carried: list[Any], n_data: int, read: list[int], batch_size: int
) -> tuple[Graph, Graph]:  # fmt: skip
    """The loop's body and its condition."""
    body = Trace(None, "body")
    with body.active(), recorders(()):
        fixed = [body.placeholder(*a) for a in constants]
        moving = [body.placeholder(*a) for a in carried]
        i, order = moving[0], fixed[n_data]
        places = i * batch_size + Tensor(np.arange(batch_size, dtype=INDEX))
        rows = PUBLIC["gather"](order, places)
        batch = [PUBLIC["gather"](x, rows) for x in fixed[:n_data]]
        states: list[Any] = [None] * len(step.variables)
        for place, tensor in zip(read, fixed[n_data + 2 :]):
            states[place] = tensor
        for place, tensor in zip(step.written_places, moving[1:]):
            states[place] = tensor
        found = replay(step.graph, [*batch, *states])
        results, written = found[: step.n_outputs], found[step.n_outputs :]
        graph = body.graph([i + 1, *written, *results])
    cond = Trace(None, "cond")
    with cond.active():
        fixed = [cond.placeholder(*a) for a in constants]
        moving = [cond.placeholder(*a) for a in carried]
        condition = cond.graph([moving[0] < fixed[n_data + 1]])
    return graph, condition


def can_loop(step: Traced) -> bool:
    """Whether the variables keep their shapes, as a loop's values must."""
    return len(step.undonated_writes) == 0
