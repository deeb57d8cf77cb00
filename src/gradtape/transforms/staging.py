"""Branches and loops in a traced function: subgraphs put into one `cond` or `while` equation of the current trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradtape.core.card import REGISTRY
from gradtape.core.context import STATE, record, recorders
from gradtape.core.tensor import Tensor
from gradtape.graph.ir import Aval, Graph, Value
from gradtape.graph.tracer import Slot, Subgraph, Trace, replay, trace_subgraph


def branch(function: Callable[[], list[Any]], name: str) -> Subgraph:
    """Trace a branch.  function: gives a flat list of tensors.  Tapes outside do not see what is in it."""
    with recorders(()):
        return trace_subgraph(function, (), list, name)


def body(function: Callable[..., list[Any]], carried: Sequence[Any], name: str) -> Subgraph:
    """Trace a part of a loop, on stand-ins for what is carried."""
    with recorders(()):
        return trace_subgraph(function, carried, list, name)


def staged_cond(pred: Any, no: Subgraph, yes: Subgraph) -> list[Any]:
    """The results of `yes` where `pred` holds, else those of `no`; both give the same types.  Variables are written."""
    if is_settled(pred):
        return _inlined(yes if pred._value.known else no)
    variables = _union(no.written, yes.written)
    graphs = [sub.graph(variables) for sub in (no, yes)]
    outer = _outer_values(no, yes)
    branches = tuple([_with_inputs(g, s, outer) for g, s in zip(graphs, (no, yes))])
    _tell_readings(no, yes)
    operands = (pred, *[tensor for tensor, _ in outer])
    results = bind_typed("cond", operands, {"branches": branches}, branches[0].avals_out)
    n = len(no.outputs)
    for variable, new in zip(variables, results[n:]):
        STATE.trace.write(variable, new._value)
    return results[:n]


def _inlined(sub: Subgraph) -> list[Any]:
    """The equations of a branch that is taken for certain."""
    variables = sub.written
    graph = sub.graph(variables)
    _tell_readings(sub)
    results = replay(graph, sub.captures)
    n = len(sub.outputs)
    for variable, new in zip(variables, results[n:]):
        STATE.trace.write(variable, new._value)
    return results[:n]


def is_settled(pred: Any) -> bool:
    """Whether it is known while tracing which branch is taken."""
    return getattr(pred._value, "known", None) is not None


def staged_while(
    test: Subgraph, turn: Subgraph, carried: Sequence[Any], limit: int | None
) -> list[Any]:
    """The last carried values.  test, turn: traced on stand-ins for `carried`, which are tensors of this trace."""
    if test.written:
        raise ValueError("The condition of a loop does not assign variables.")
    trace = STATE.trace
    variables = turn.written
    starts = [trace.read(v) for v in variables]
    graphs = [test.graph(), turn.graph(variables)]
    n, own = len(carried), {id(v): i for i, v in enumerate(variables)}
    outer = _outer_values(test, turn, skip=own)
    parts = []
    for graph, sub in zip(graphs, (test, turn)):
        inner = _inner_values(sub)
        constants = tuple([inner.get(key, Value(_aval(t))) for t, key in outer])
        slots = {id(s.variable): s.start._value.value for s in sub.trace.slots.values()}  # type: ignore[attr-defined]
        held = tuple([slots.get(id(v), Value(_aval(t))) for v, t in zip(variables, starts)])
        inputs = (*constants, *graph.inputs[:n], *held)
        parts.append(Graph(inputs, graph.equations, graph.outputs, graph.constants, graph.name))
    _tell_readings(test, turn)
    operands = (*[t for t, _ in outer], *carried, *starts)
    attrs = {"cond": parts[0], "body": parts[1], "n_constants": len(outer), "limit": limit}
    results = bind_typed("while", operands, attrs, parts[1].avals_out)
    for variable, new in zip(variables, results[n:]):
        trace.write(variable, new._value)
    return results[:n]


def bind_typed(
    op: str, inputs: Sequence[Any], attrs: dict[str, Any], avals: Sequence[Aval]
) -> list[Any]:
    """An equation whose results' types are known."""
    card, trace = REGISTRY[op], STATE.trace
    values = [trace.value_of(t._value) for t in inputs]
    outputs = trace.equation(card, values, attrs, avals)
    if STATE.recorders:
        record(card, attrs, tuple(inputs), tuple(outputs))
    return outputs


# --- what is taken from outside ---


def _key(slot_of: dict[int, Slot], outer: Any, inner: Any) -> Any:
    """Tensors are one operand each; a variable's value is another, for it may change in a loop."""
    slot = slot_of.get(id(inner._value.value))
    return id(outer._value) if slot is None else ("variable", id(slot.variable))


def _captures(sub: Subgraph) -> list[tuple[Any, Any, Any]]:
    slots = {id(s.start._value.value): s for s in sub.trace.slots.values()}  # type: ignore[attr-defined]
    return [
        (outer, inner, _key(slots, outer, inner)) for outer, inner in sub.trace.captured.values()
    ]


def _outer_values(*subs: Subgraph, skip: dict[int, int] | None = None) -> list[tuple[Any, Any]]:
    """(tensor of this trace, key) of each captured value, without the variables in `skip`."""
    found: dict[Any, Any] = {}
    for sub in subs:
        for outer, _, key in _captures(sub):
            if skip and type(key) is tuple and key[1] in skip:
                continue
            found.setdefault(key, outer)
    return [(tensor, key) for key, tensor in found.items()]


def _inner_values(sub: Subgraph) -> dict[Any, Value]:
    return {key: inner._value.value for _, inner, key in _captures(sub)}


def _with_inputs(graph: Graph, sub: Subgraph, outer: list[tuple[Any, Any]]) -> Graph:
    inner = _inner_values(sub)
    inputs = tuple([inner.get(key, Value(_aval(t))) for t, key in outer])
    return Graph(inputs, graph.equations, graph.outputs, graph.constants, graph.name)


def _aval(tensor: Tensor) -> Aval:
    array = tensor._value
    return Aval(tuple([int(n) for n in array.shape]), array.dtype)


def _union(*lists: list[Any]) -> list[Any]:
    found = {id(v): v for several in lists for v in several}
    return list(found.values())


def _tell_readings(*subs: Subgraph) -> None:
    """The tapes that are open see the variables read inside."""
    if not STATE.recorders:
        return
    for sub in subs:
        for slot in sub.trace.slots.values():
            tensor = STATE.trace.read(slot.variable)
            for recorder in STATE.recorders:
                recorder.variable_read(slot.variable, tensor)


def turn_with(function: Callable[[Trace], tuple[list[Any], list[Any]]], name: str) -> Subgraph:
    """Trace a turn that makes its own stand-ins.  function(trace) -> (stand-ins, results), in the same order."""
    inner = Trace(STATE.trace, name)
    with recorders(()), inner.active():
        arguments, outputs = function(inner)
    own = [a._value.value for a in arguments]
    ids = {id(v) for v in own}
    inner.inputs = [*own, *[v for v in inner.inputs if id(v) not in ids]]
    return Subgraph(inner, len(own), outputs, None)
