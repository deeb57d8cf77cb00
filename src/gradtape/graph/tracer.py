"""Tracing: running a Python function on stand-ins, and writing down what it does as a graph.

A trace is innermost in its thread (`STATE.trace`) while its function runs.  Every card called on a traced tensor
becomes an equation; a variable that is read becomes an input, one that is written an output.  A trace inside another
(a branch, a loop's body) takes what it uses of the outer one as further inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from gradtape.base.dtypes import DIFFERENTIABLE_KINDS, DTYPES
from gradtape.base.errors import InaccessibleTensorError
from gradtape.base.quiet import quiet
from gradtape.base.site import user_site
from gradtape.core.bind import apply, wrong_dtype
from gradtape.core.card import REGISTRY
from gradtape.core.context import STATE, record, recorders
from gradtape.core.tensor import Tensor
from gradtape.graph.infer import outputs_of
from gradtape.graph.ir import Aval, Equation, Graph, Value, aval_of
from gradtape.graph.traced import CannotTrace, Traced, TracedArray, Unknown
from gradtape.random.seeds import STATE as SEEDS

KNOWN_LIMIT = 4096  # elements of a value that is computed while tracing
# What Python's operators call their operations.
_OPERATOR_NAMES = {"AddV2": "add", "Sub": "sub", "Mul": "mul", "RealDiv": "truediv", "Pow": "pow",
                   "FloorDiv": "floordiv", "FloorMod": "mod"}  # fmt: skip
_FROM_SHAPES = {"shape_of", "size", "rank"}


class Slot:
    """A variable in a trace: its value at the start (an input), and its value now.

    fresh: whether it was written and not read since.
    """

    __slots__ = ("variable", "start", "now", "written", "fresh")

    def __init__(self, variable: Any, start: Traced):
        self.variable, self.start, self.now, self.written = variable, start, start, False
        self.fresh = False


class Trace:
    """A graph in the making.  `parent`: the trace around it.  `seeds`: random state of the function, or None."""

    def __init__(self, parent: Trace | None = None, name: str = "", may_create: bool = True):
        self.parent, self.name = parent, name
        self.may_create = may_create if parent is None else parent.may_create
        self.inputs: list[Value] = []
        self.equations: list[Equation] = []
        self.constants: dict[Value, np.ndarray] = {}
        self.slots: dict[int, Slot] = {}  # by id of the variable
        # (outer, inner) by the id of an outer array; for what a variable held, by minus the id of the variable.
        self.captured: dict[int, tuple[Traced, Traced]] = {}
        self.created: list[Any] = [] if parent is None else parent.created
        self.given: dict[Value, np.ndarray] = {}  # what the first call has for its inputs
        self._constant_of: dict[int, tuple[Any, Value]] = {}
        self._names: dict[str, int] = {}

    # --- values ---

    def placeholder(self, shape: tuple[int, ...], dtype: Any, name: str = "") -> Traced:
        """A fresh input."""
        value = Value(_plain(shape, dtype))
        self.inputs.append(value)
        return self.wrap(value, shape, None, name)

    def wrap(
        self, value: Value, shape: tuple[int, ...], known: Any = None, name: str = ""
    ) -> Traced:
        return Traced(TracedArray(shape, value.aval.dtype, self, value, known), self._unique(name))

    def _unique(self, name: str) -> str:
        if not name:
            return name
        name = f"{STATE.scope}{_OPERATOR_NAMES.get(name, name)}"
        count = self._names.get(name, 0)
        self._names[name] = count + 1
        return f"{name}_{count}" if count else name

    def constant(self, array: np.ndarray, name: str = "Const") -> Traced:
        """A traced tensor whose numbers are known."""
        return self.wrap(self._constant(array), array.shape, array, name)

    def _constant(self, array: np.ndarray) -> Value:
        found = self._constant_of.get(id(array))
        if found is None:
            value = Value(aval_of(array))
            self._constant_of[id(array)] = found = (array, value)
            self.constants[value] = array
        return found[1]

    def value_of(self, array: Any) -> Value:
        """The value that stands for an array here: a constant, one of this trace's, or one taken from outside."""
        if type(array) is not TracedArray:
            return self._constant(array)
        if array.trace is self:
            return array.value
        return self.capture(array.tensor)._value.value  # type: ignore[attr-defined]

    def capture(self, outer: Traced) -> Traced:
        """What stands here for a traced tensor of a trace around this one."""
        array: Any = outer._value
        if array.trace is self:
            return outer
        found = self.captured.get(id(array))
        if found is None:
            if self.parent is None or not self._encloses(array.trace):
                raise InaccessibleTensorError(
                    f"<tf.Tensor '{outer.name}' shape={outer.shape} dtype={outer.dtype.name}> is out of scope and "
                    "cannot be used here: it was made in another function or in another branch. Use return values, "
                    "explicit Python locals or TensorFlow collections to access it."
                )
            inner = self.placeholder(array.shape, array.dtype, outer._name)
            inner._value.known = array.known  # type: ignore[attr-defined]
            self.captured[id(array)] = found = (outer, inner)
        return found[1]

    def _encloses(self, trace: Any) -> bool:
        up: Trace | None = self
        while up is not None:
            if up is trace:
                return True
            up = up.parent
        return False

    # --- variables ---

    def _slot(self, variable: Any) -> Slot:
        variable = variable._base
        slot = self.slots.get(id(variable))
        if slot is None:
            if self.parent is not None:
                outer = self.parent.read(variable)
                start = self.placeholder(outer._value.shape, outer._value.dtype, outer._name)
                self.captured[-id(variable)] = outer, start
            else:
                buffer = variable._buffer
                shape = buffer.shape
                start = self.placeholder(shape, buffer.dtype, variable._shared_name)
            self.slots[id(variable)] = slot = Slot(variable, start)
        return slot

    def read(self, variable: Any) -> Traced:
        """The variable's value at this point."""
        slot = self._slot(variable)
        if slot.fresh:
            slot.fresh = False
            if differentiable(slot.now) and slot.now._value.shape == slot.start._value.shape:
                # The gradient by the variable counts each reading of it, and does not look into assignments.
                with recorders(()):
                    slot.now = self.bind(REGISTRY["assigned"], (slot.start, slot.now), {})
        return slot.now

    def write(self, variable: Any, array: Any) -> None:
        """The variable has a new value from here on."""
        slot = self._slot(variable)
        tensor = array.tensor if type(array) is TracedArray else self.constant(np.asarray(array))
        if tensor._value.trace is not self:
            tensor = self.capture(tensor)
        # Another stand-in for the same value: a tape does not look through an assignment.
        held: Any = tensor._value
        slot.now = self.wrap(held.value, held.shape, held.known, slot.start._name)
        slot.written = slot.fresh = True

    def new_variable(self, variable: Any, initial_value: Any) -> Any:
        """The initial value of a variable that is made while tracing: computed now, outside of the graph."""
        if not self.may_create:
            raise ValueError(
                "tf.function only supports singleton tf.Variables created on the first call. Make sure the tf.Variable "
                "is only created once or created outside tf.function."
            )
        self.created.append(variable)
        if callable(initial_value) and not isinstance(initial_value, Tensor):
            initial_value = initial_value()
        if isinstance(initial_value, Traced):
            return Tensor(self.evaluate(initial_value))
        return initial_value

    def now(self, tensors: Sequence[Any]) -> list[np.ndarray]:
        """The numbers that tensors have in the call that is being traced.

        Raises CannotTrace in a branch or a loop, without a call, and where they depend on an effect.
        """
        values = {self.value_of(t._value) for t in tensors}
        if self.parent is None and not any(e.effect for e in self._needed(values)):
            with suppress(ValueError):
                return [np.array(self.evaluate(t)) for t in tensors]
        raise CannotTrace("the shape of what a Python function gives is only known when it runs")

    def _needed(self, needed: set[Value]) -> list[Equation]:
        """The equations that give these values, the last first; `needed` gets all values that they use."""
        equations = []
        for e in reversed(self.equations):
            if any(v in needed for v in e.outputs):
                equations.append(e)
                needed.update(e.inputs)
        return equations

    def evaluate(self, tensor: Traced) -> np.ndarray:
        """The numbers of a traced tensor, from those of the first call.  Raises ValueError where there are none."""
        value = self.value_of(tensor._value)
        needed = {value}
        equations = self._needed(needed)
        given = dict(self.given)
        given.update({s.start._value.value: s.variable._buffer for s in self.slots.values()})  # type: ignore[attr-defined]
        inputs = [v for v in self.inputs if v in needed]
        if any(v not in given for v in inputs):
            raise ValueError(
                "Tensor-typed variable initializers must either be wrapped in an init_scope or callable (e.g., "
                "`tf.Variable(lambda : tf.truncated_normal([10, 40]))`) when building functions."
            )
        graph = Graph(tuple(inputs), tuple(reversed(equations)), (value,), self.constants)
        (array,) = graph.run(*[given[v] for v in inputs])
        return array

    # --- operations ---

    def bind(self, card: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """A card on tensors, traced or not: an equation; recorded by the tapes that are open."""
        arrays = tuple([t._value for t in inputs])
        if arrays and arrays[0].dtype.kind not in card.takes:
            raise wrong_dtype(card, inputs)
        if card.check is not None:
            with suppress(CannotTrace):  # it looks at numbers
                card.check(*arrays, **attrs)
        avals = outputs_of(card, arrays, attrs)
        known = _known_outputs(card, arrays, attrs, avals)
        outputs = self.equation(card, [self.value_of(a) for a in arrays], attrs, avals, known)
        if card.name == "sigmoid" or (
            card.name == "softmax" and attrs["axis"] in (-1, arrays[0].ndim - 1)
        ):
            outputs[0]._made_of = (card.tf_name, inputs[0])
        output: Any = tuple(outputs) if card.multi else outputs[0]
        if STATE.recorders:
            record(card, attrs, inputs, output)
        return output

    def bind_as(self, card: Any, inputs: tuple[Any, ...], equation: Equation) -> Any:
        """An equation of another graph, on other tensors of the same types."""
        arrays = tuple([t._value for t in inputs])
        avals = [v.aval for v in equation.outputs]
        attrs = dict(equation.attrs)
        outputs = self.equation(card, [self.value_of(a) for a in arrays], attrs, avals)
        output: Any = tuple(outputs) if card.multi else outputs[0]
        if STATE.recorders:
            record(card, attrs, inputs, output)
        return output

    def equation(
        self, card: Any, inputs: Sequence[Value], attrs: dict[str, Any], avals: Sequence[Aval],
        known: Sequence[Any] | None = None,
    ) -> list[Traced]:  # fmt: skip
        """Add an equation; gives its outputs as traced tensors."""
        values = [Value(_plain(a.shape, a.dtype)) for a in avals]
        site = STATE.site or user_site(3)
        self.equations.append(Equation(card.name, tuple(inputs), attrs, tuple(values), site))
        return [
            self.wrap(v, a.shape, None if known is None else known[i], card.tf_name)
            for i, (v, a) in enumerate(zip(values, avals))
        ]

    def host(
        self, function: Callable[..., tuple[Any, ...]], inputs: Sequence[Any], avals: Sequence[Any]
    ) -> list[Traced]:
        """A call of `function(*arrays) -> arrays` when the graph runs, in its place among the other effects.

        avals: shape and dtype of each array that it gives.
        """
        avals = [Aval(tuple(shape), np.dtype(dtype)) for shape, dtype in avals]
        values = [self.value_of(t._value) for t in inputs]
        return self.equation(
            REGISTRY["host"], values, {"function": function, "avals": tuple(avals)}, avals
        )

    # --- the end ---

    def graph(self, outputs: Sequence[Any], name: str = "") -> Graph:
        """The graph that gives `outputs` (tensors, traced or not)."""
        values = tuple([self.value_of(t._value) for t in outputs])
        return Graph(
            tuple(self.inputs), tuple(self.equations), values, self.constants, name or self.name
        )

    def written(self) -> list[Slot]:
        return [s for s in self.slots.values() if s.written]

    @contextmanager
    def active(self) -> Iterator[Trace]:
        """Operations inside go into this trace."""
        before = STATE.trace
        STATE.trace = self
        try:
            yield self
        finally:
            STATE.trace = before


@contextmanager
def outside() -> Iterator[None]:
    """What runs inside runs now, eagerly, and is not part of any graph or tape (TensorFlow's `init_scope`)."""
    before = STATE.trace, STATE.outside, STATE.recorders
    thread = SEEDS._thread
    function = getattr(thread, "function", None)
    STATE.outside = STATE.trace or STATE.outside
    STATE.trace, STATE.recorders, thread.function = None, (), None
    try:
        yield
    finally:
        STATE.trace, STATE.outside, STATE.recorders = before
        thread.function = function


def _plain(shape: tuple[int, ...], dtype: Any) -> Aval:
    return Aval(tuple([int(n) for n in shape]), dtype)


def _known_outputs(card: Any, arrays: Any, attrs: Any, avals: Any) -> Any:
    """The outputs' numbers, where they can be had already: sizes, and small results of what is known."""
    if card.name in _FROM_SHAPES:
        stand_in = np.broadcast_to(np.zeros((), arrays[0].dtype), [int(n) for n in arrays[0].shape])
        return [np.asarray(card.kernel(stand_in, **attrs))]
    if card.family in ("Random", "Control"):
        return None
    values = []
    for a in arrays:
        if type(a) is TracedArray:
            a = a.known
            if a is None:
                return None
        values.append(a)
    if any(a.size > KNOWN_LIMIT for a in avals) or any(v.size > KNOWN_LIMIT for v in values):
        return None
    with quiet():
        found = card.kernel(*values, **attrs)
    return [np.asarray(f) for f in (found if card.multi else (found,))]


class Subgraph:
    """A traced branch or body: its graph, and what it takes from and gives to the trace around it.

    The graph's inputs: the formal arguments, then what is `captured` (tensors of the trace around it).
    Its outputs: the flat results, then the new values of the variables it writes, `written`.
    """

    __slots__ = ("trace", "n_arguments", "captured", "written", "outputs", "result")

    def __init__(self, trace: Trace, n_arguments: int, outputs: list[Any], result: Any):
        self.trace, self.n_arguments, self.outputs, self.result = (
            trace,
            n_arguments,
            outputs,
            result,
        )
        self.written = [s.variable for s in trace.written()]

    @property
    def captures(self) -> list[Traced]:
        """Tensors of the outer trace, in the order of the graph's inputs after the arguments."""
        by_inner = {id(inner._value.value): outer for outer, inner in self.trace.captured.values()}  # type: ignore[attr-defined]
        return [by_inner[id(v)] for v in self.trace.inputs[self.n_arguments :]]

    def graph(self, variables: Sequence[Any] = ()) -> Graph:
        """The graph; after the results it gives the values of `variables`, written here or not."""
        extra = [self.trace.read(v) for v in variables]
        return self.trace.graph([*self.outputs, *extra])


def trace_subgraph(
    function: Callable[..., Any],
    arguments: Sequence[Any],
    flatten: Callable[[Any], list[Any]],
    name: str = "",
) -> Subgraph:
    """Trace `function` on stand-ins for `arguments` (tensors of the current trace) in a trace inside the current one.

    flatten: from what the function gives to a list of tensors.
    """
    outer = STATE.trace
    inner = Trace(outer, name)
    stand_ins = [inner.placeholder(t._value.shape, t._value.dtype, "arg") for t in arguments]
    with inner.active():
        result = function(*stand_ins)
        outputs = flatten(result)
    return Subgraph(inner, len(stand_ins), outputs, result)


def differentiable(tensor: Any) -> bool:
    return tensor._value.dtype.kind in DIFFERENTIABLE_KINDS


def replay(graph: Graph, inputs: Sequence[Any]) -> list[Any]:
    """The graph's equations once more, on other tensors: traced ones, or eager ones; tapes see each."""
    env: dict[Value, Any] = dict(zip(graph.inputs, inputs))
    for value, array in graph.constants.items():
        env[value] = Tensor(array)
    outer = STATE.site
    try:
        for e in graph.equations:
            if e.site is not None and outer is None:
                STATE.site = e.site
            apply_equation(e, [env[v] for v in e.inputs], env)
    finally:
        STATE.site = outer
    return [env[v] for v in graph.outputs]


def apply_equation(e: Equation, tensors: list[Any], env: dict[Value, Any]) -> None:
    card = REGISTRY[e.op]
    if STATE.trace is not None:
        found = STATE.trace.bind_as(card, tuple(tensors), e)
    else:
        found = apply(card, tuple(tensors), dict(e.attrs))
    for value, tensor in zip(e.outputs, found if card.multi else (found,)):
        env[value] = tensor


__all__ = [
    "CannotTrace",
    "DTYPES",
    "Slot",
    "Subgraph",
    "Trace",
    "Unknown",
    "replay",
    "trace_subgraph",
]
