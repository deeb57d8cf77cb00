"""Is a graph well formed?  Every value defined once and before its use, every type right, the nested graphs too."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradtape.base.quiet import quiet
from gradtape.base.shapes import broadcast_shape
from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Aval, Equation, Graph, Value, aval_of
from gradtape.graph.pretty import Names, line_of, text_of

BOOL = np.dtype(np.bool_)
PREDICATES = frozenset(
    ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "approximate_equal", "logical_and",
     "logical_or", "logical_xor", "logical_not", "is_nan", "is_inf", "is_finite", "reduce_any", "reduce_all")
)  # fmt: skip
OWN_DTYPE = frozenset(
    ("cast", "bitcast", "complex", "real", "imag", "angle", "abs", "real_div", "where", "argmax", "argmin", "one_hot",
     "shape_of", "size", "rank", "zeros_like", "ones_like", "cond", "while", "sweeps", "custom_rule", "host", "fused")
)  # fmt: skip


class InvalidGraphError(ValueError):
    """A graph that breaks a rule of graphs.  The text shows the equation and the graph."""


def verify(graph: Graph, *, thorough: bool = False) -> None:
    """Raises InvalidGraphError with the equation printed if the graph is not well formed.

    thorough: each equation's results are also compared with what its kernel gives for ones (or zeros).
    """
    _Check(graph, thorough).run()


class _Check:
    def __init__(self, graph: Graph, thorough: bool):
        self.graph, self.thorough = graph, thorough
        self.names = Names()
        self.defined: set[Value] = set()

    def fail(self, text: str, equation: Equation | None = None) -> InvalidGraphError:
        shown = "" if equation is None else f"\n  in  {line_of(equation, Names(self.graph))}"
        return InvalidGraphError(f"{text}{shown}\nThe graph:\n{text_of(self.graph)}")

    def run(self) -> None:
        graph = self.graph
        for v in graph.inputs:
            self.define(v, "an input")
        for v, array in graph.constants.items():
            self.define(v, "a constant")
            if aval_of(array) != v.aval:
                raise self.fail(f"A constant of type {v.aval} holds {aval_of(array)}.")
        for e in graph.equations:
            self.equation(e)
        for v in graph.outputs:
            if v not in self.defined:
                raise self.fail(f"An output of type {v.aval} is not defined.")

    def define(self, value: Value, what: str, equation: Equation | None = None) -> None:
        if type(value) is not Value:
            raise self.fail(f"{what} is no Value: {value!r}.", equation)
        if value in self.defined:
            raise self.fail(f"{what} of type {value.aval} is defined twice.", equation)
        self.defined.add(value)

    def equation(self, e: Equation) -> None:
        for v in e.inputs:
            if v not in self.defined:
                raise self.fail(f"An operand of type {v.aval} is used before it is defined.", e)
        card = REGISTRY.get(e.op)
        if card is None:
            raise self.fail(f"There is no operation {e.op!r}.", e)
        if not card.multi and len(e.outputs) != 1:
            raise self.fail(f"{e.op} has one result. Received: {len(e.outputs)}", e)
        if card.arity is not None and len(e.inputs) != card.arity:
            raise self.fail(f"{e.op} takes {card.arity} operands. Received: {len(e.inputs)}", e)
        if e.inputs and e.inputs[0].dtype.kind not in card.takes:
            raise self.fail(f"{e.op} does not take {e.inputs[0].dtype.name}.", e)
        if card.uniform:
            for v in e.inputs:
                if v.dtype != e.inputs[0].dtype:
                    raise self.fail(f"The operands of {e.op} have one dtype.", e)
        holder = HOLDERS.get(e.op)
        if holder is not None:
            holder(self, e)
        else:
            self.types(e, card)
        for v in e.outputs:
            self.define(v, f"A result of {e.op}", e)

    # --- types ---

    def types(self, e: Equation, card: Any) -> None:
        if len(e.outputs) == 1:
            wanted = shape_by_rule(e, card)
            if wanted == MISFIT:
                raise self.fail(f"The operands and attributes of {e.op} do not fit.", e)
            if wanted is not None and wanted != e.outputs[0].shape:
                raise self.fail(f"{e.op} gives shape {wanted}, not {e.outputs[0].shape}.", e)
            dtype = dtype_by_rule(e, card)
            if dtype is not None and dtype != e.outputs[0].dtype:
                raise self.fail(f"{e.op} gives {dtype.name}, not {e.outputs[0].dtype.name}.", e)
        if self.thorough:
            found = by_kernel(e, card)
            if found is not None and found != tuple([v.aval for v in e.outputs]):
                raise self.fail(f"The kernel of {e.op} gives {', '.join(map(str, found))}.", e)

    def cond(self, e: Equation) -> None:
        branches = e.attrs["branches"]
        if len(branches) != 2:
            raise self.fail(f"cond has two branches. Received: {len(branches)}", e)
        if not e.inputs or e.inputs[0].aval != Aval((), BOOL):
            raise self.fail("The predicate of cond is a bool[].", e)
        for g in branches:
            self.nested(g, e)
            self.same(g.avals_in, _avals(e.inputs[1:]), "A branch takes", "operands", e)
            self.same(g.avals_out, _avals(e.outputs), "A branch gives", "results", e)

    def loop(self, e: Equation) -> None:
        cond, body, n = e.attrs["cond"], e.attrs["body"], e.attrs["n_constants"]
        limit = e.attrs.get("limit")
        if limit is not None and type(limit) is not int:
            raise self.fail(f"The limit of a loop is an int or None. Received: {limit!r}", e)
        if not 0 <= n <= len(e.inputs):
            raise self.fail(f"A loop of {len(e.inputs)} operands has no {n} constants.", e)
        operands = _avals(e.inputs)
        for g in (cond, body):
            self.nested(g, e)
            self.same(g.avals_in, operands, "A part of the loop takes", "operands", e)
        self.same(cond.avals_out, (Aval((), BOOL),), "The condition gives", "wanted", e)
        self.same(body.avals_out, operands[n:], "The body gives", "carried values", e)
        self.same(_avals(e.outputs), operands[n:], "The loop gives", "carried values", e)

    def sweeps(self, e: Equation) -> None:
        n, plan, bodies = e.attrs["n_constants"], e.attrs["plan"], e.attrs["bodies"]
        constants, at = _avals(e.inputs[:n]), n
        stacks: list[Aval] = []
        for k, ((_, n_carried, reads), g) in enumerate(zip(plan, bodies)):
            carried = _avals(e.inputs[at : at + n_carried])
            at += n_carried
            rows = tuple([stacks[r] for r in reads])
            self.nested(g, e)
            self.same(g.avals_in, (*constants, *carried, *rows), "A sweep takes", "operands", e)
            self.same(g.avals_out[:n_carried], carried, "A sweep gives", "carried values", e)
            if k == 0:
                self.nested(e.attrs["cond"], e)
                self.same(
                    e.attrs["cond"].avals_in,
                    (*constants, *carried),
                    "The condition takes",
                    "operands",
                    e,
                )
                self.same(
                    e.attrs["cond"].avals_out, (Aval((), BOOL),), "The condition gives", "wanted", e
                )
            stacks += g.avals_out[n_carried:]
        self.same(_avals(e.outputs), _avals(e.inputs[n:]), "Sweeps give", "carried values", e)

    def host(self, e: Equation) -> None:
        if not callable(e.attrs.get("function")):
            raise self.fail("host needs a function.", e)
        self.same(_avals(e.outputs), tuple(e.attrs["avals"]), "host gives", "avals", e)

    def fused(self, e: Equation) -> None:
        g = e.attrs["graph"]
        self.nested(g, e)
        self.same(g.avals_in, _avals(e.inputs), "The fused graph takes", "operands", e)
        self.same(g.avals_out, _avals(e.outputs), "The fused graph gives", "results", e)
        for q in g.equations:
            if q.op in HOLDERS:
                raise self.fail(f"{q.op} cannot be fused.", e)

    def nested(self, graph: Graph, e: Equation) -> None:
        if not isinstance(graph, Graph):
            raise self.fail(f"{e.op} holds graphs. Received: {graph!r}", e)
        _Check(graph, self.thorough).run()

    def same(
        self, got: tuple[Aval, ...], wanted: tuple[Aval, ...], who: str, what: str, e: Equation
    ) -> None:
        if tuple(got) != tuple(wanted):
            texts = (", ".join(map(str, got)) or "nothing", ", ".join(map(str, wanted)) or "none")
            raise self.fail(f"{who} {texts[0]}; {what}: {texts[1]}.", e)


HOLDERS: Mapping[str, Callable[[_Check, Equation], None]] = {
    "cond": _Check.cond,
    "while": _Check.loop,
    "sweeps": _Check.sweeps,
    "host": _Check.host,
    "fused": _Check.fused,
}


def _avals(values: tuple[Value, ...]) -> tuple[Aval, ...]:
    return tuple([v.aval for v in values])


def shape_by_rule(e: Equation, card: Any) -> tuple[int, ...] | None:
    """The shape of the one result, where it follows from the shapes of the operands."""
    shapes = [v.shape for v in e.inputs]
    if card.family == "Elementwise":
        return _fit(broadcast_shape(shapes)) if shapes else None
    if e.op in ("reshape", "broadcast_to"):
        wanted = tuple(e.attrs["shape"])
        size = e.inputs[0].aval.size
        if e.op == "reshape":
            if -1 in wanted:
                return None
            return _fit(wanted if math.prod(wanted) == size else None)
        return _fit(wanted if broadcast_shape([*shapes, wanted]) == wanted else None)
    if e.op == "transpose":
        perm = e.attrs["perm"]
        return tuple([shapes[0][p] for p in perm]) if perm is not None else shapes[0][::-1]
    if e.op in ("identity", "stop_gradient", "zeros_like", "ones_like", "reverse", "roll"):
        return shapes[0]
    if card.shape is not None and e.op not in ("l2_loss",):
        try:
            return tuple(card.shape(*shapes, **e.attrs))
        except Exception:
            return MISFIT
    return None


MISFIT = (-1,)


def _fit(shape: tuple[int, ...] | None) -> tuple[int, ...]:
    return MISFIT if shape is None else shape


def dtype_by_rule(e: Equation, card: Any) -> np.dtype[Any] | None:
    """The dtype of the one result, where it follows from those of the operands."""
    if e.op in PREDICATES:
        return BOOL
    if e.op == "cast":
        return e.attrs["dtype"]
    if e.op == "where":
        return e.inputs[1].dtype
    if e.op in OWN_DTYPE or not e.inputs:
        return None
    if card.family in ("Elementwise", "Reduce", "Contraction") or e.op in (
        "reshape",
        "broadcast_to",
        "transpose",
        "identity",
        "stop_gradient",
    ):
        return e.inputs[0].dtype
    return None


BY_VALUE = frozenset(
    ("where_true", "unique", "boolean_mask", "dynamic_partition")
)  # results of unknown length
LARGE = 1 << 16


def by_kernel(e: Equation, card: Any) -> tuple[Aval, ...] | None:
    """The types of the results by the kernel itself, on ones or zeros; None where neither can be computed."""
    if e.op in BY_VALUE or sum([v.aval.size for v in (*e.inputs, *e.outputs)]) > LARGE:
        return None
    for fill in (np.ones, np.zeros):
        arrays = [fill(v.shape, v.dtype) for v in e.inputs]
        try:
            with quiet():
                found = card.kernel(*arrays, **e.attrs)
        except Exception:
            continue
        results = found if card.multi else (found,)
        return tuple([aval_of(np.asarray(a)) for a in results])
    return None
