"""Equations that hold graphs: the graphs' statements stand in branches and loops of the function.

What a loop carries lives in variables and arrays of its own; a turn writes the new values over the old ones when it
has computed them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gradtape.backends.js.writer import Ref, Writer
from gradtape.graph.ir import Equation, Graph, Value


def graph_of(e: Equation) -> Graph:
    """The graph that an equation is one call of."""
    return e.attrs["graph"] if e.op == "fused" else e.attrs["program"].graph


def call(w: Writer, e: Equation) -> None:
    found = w.inline(graph_of(e), [w.ref(v) for v in e.inputs])
    for y, ref in zip(e.outputs, found):
        w.env[y] = ref


def custom_rule(w: Writer, e: Equation) -> None:
    for y, x in zip(e.outputs, e.inputs):
        w.alias(y, x)


def cond(w: Writer, e: Equation) -> None:
    chosen = w.element(e.inputs[0], "0")
    operands = [w.ref(v) for v in e.inputs[1:]]
    for y in e.outputs:
        w.begin(y)
    results = [w.ref(y) for y in e.outputs]
    for head, graph in (
        (f"if ({chosen})", e.attrs["branches"][1]),
        ("else", e.attrs["branches"][0]),
    ):
        with w.block(head):
            for to, ref in zip(results, w.inline(graph, operands)):
                copy(w, to, ref)


def copy(w: Writer, to: Ref, source: Ref) -> None:
    if to.name != source.name:
        w.line(f"{to.name} = {source.name};" if to.scalar else f"{to.name}.set({source.name});")


def carried(w: Writer, values: Sequence[Value], start: Sequence[Ref]) -> list[Ref]:
    """Variables and arrays for what a loop carries, at its start."""
    found = []
    for value, ref in zip(values, start):
        if ref.scalar:
            name = w.name("v")
            w.line(f"let {name} = {ref.name};")
            found.append(w.variable(value, name))
        else:
            found.append(Ref(w.buffer(value.dtype, value.aval.size), False))
            copy(w, found[-1], ref)
    return found


def replace(w: Writer, values: Sequence[Value], old: Sequence[Ref], new: Sequence[Ref]) -> None:
    """New values over old ones, all at once: what is itself carried, elsewhere, is put aside first."""
    names = {ref.name for ref in old}
    pairs = []
    for value, to, ref in zip(values, old, new):
        if ref.name == to.name:
            continue
        if ref.name in names:
            if ref.scalar:
                ref = Ref(w.put(ref.name), True)
            else:
                aside = Ref(w.buffer(value.dtype, value.aval.size), False)
                copy(w, aside, ref)
                ref = aside
        pairs.append((to, ref))
    for to, ref in pairs:
        copy(w, to, ref)


def while_(w: Writer, e: Equation) -> None:
    n = e.attrs["n_constants"]
    constants = [w.ref(v) for v in e.inputs[:n]]
    state = carried(w, e.inputs[n:], [w.ref(v) for v in e.inputs[n:]])
    with turns(w, e, constants, state):
        found = w.inline(e.attrs["body"], [*constants, *state])
        replace(w, e.outputs, state, found)
    for y, ref in zip(e.outputs, state):
        w.env[y] = ref


@contextmanager
def turns(
    w: Writer, e: Equation, constants: list[Ref], state: list[Ref], count: str = ""
) -> Iterator[str]:
    """The turns of a loop, while its condition holds; the number of the turn.  count: a variable that keeps it."""
    turn, limit = count or w.name("i"), e.attrs.get("limit")
    test = "" if limit is None else f"{turn} < {int(limit)}"
    start = f"{turn} = 0" if count else f"let {turn} = 0"
    with w.block(f"for ({start}; {test}; {turn}++)"):
        (going,) = w.inline(e.attrs["cond"], [*constants, *state])
        w.line(f"if (!({w.truth(going)})) break;")
        yield turn


def sweeps(w: Writer, e: Equation) -> None:
    """Loops over the same turns, forwards and backwards; what they keep stands in lists, a row for each turn."""
    attrs, n = e.attrs, e.attrs["n_constants"]
    constants = [w.ref(v) for v in e.inputs[:n]]
    count = w.name("n")
    w.line(f"let {count} = 0;")
    stacks: list[tuple[str, Value]] = []
    at, results = n, []
    for k, ((backward, n_carried, reads), body) in enumerate(zip(attrs["plan"], attrs["bodies"])):
        operands = e.inputs[at : at + n_carried]
        at += n_carried
        state = carried(w, operands, [w.ref(v) for v in operands])
        kept = [(w.name("k"), v) for v in body.outputs[n_carried:]]
        for name, _ in kept:
            w.declarations.append(f"const {name} = [];")
        if k == 0:
            with turns(w, e, constants, state, count) as turn:
                found = w.inline(body, [*constants, *state])
                _keep(w, kept, found[n_carried:], turn)
                replace(w, operands, state, found[:n_carried])
        else:
            turn = w.name("i")
            head = f"let {turn} = {count} - 1; {turn} >= 0; {turn}--" if backward else (
                f"let {turn} = 0; {turn} < {count}; {turn}++"
            )  # fmt: skip
            with w.block(f"for ({head})"):
                rows = [_row(w, stacks[r][0], stacks[r][1], turn) for r in reads]
                found = w.inline(body, [*constants, *state, *rows])
                _keep(w, kept, found[n_carried:], turn)
                replace(w, operands, state, found[:n_carried])
        stacks += kept
        results += state
    for y, ref in zip(e.outputs, results):
        w.env[y] = ref


def _row(w: Writer, name: str, value: Value, turn: str) -> Ref:
    scalar = value.aval.size == 1
    return Ref(w.put_as("t" if scalar else "c", f"{name}[{turn}]"), scalar)


def _keep(w: Writer, kept: Sequence[tuple[str, Value]], found: Sequence[Ref], turn: str) -> None:
    for (name, _), ref in zip(kept, found):
        if ref.scalar:
            w.line(f"{name}[{turn}] = {ref.name};")
        else:
            w.line(
                f"if ({name}[{turn}]) {name}[{turn}].set({ref.name}); else {name}[{turn}] = {ref.name}.slice();"
            )


TABLE = {
    "cond": cond, "while": while_, "sweeps": sweeps, "fused": call, "call": call, "watched": call,
    "custom_rule": custom_rule,
}  # fmt: skip
