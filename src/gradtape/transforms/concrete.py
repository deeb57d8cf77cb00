"""One traced signature of a function: its graph, how it is executed, and its gradient."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradtape.base import tree
from gradtape.core.bind import apply
from gradtape.core.card import REGISTRY, Control
from gradtape.core.context import STATE, recorders
from gradtape.core.convert import convert
from gradtape.core.slices import IndexedSlices
from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable
from gradtape.graph.ir import Equation, Graph, holding
from gradtape.graph.tracer import Slot, Trace, replay
from gradtape.transforms.executable import executable_of
from gradtape.transforms.fast_path import take_over
from gradtape.transforms.graph_gradient import Gradient, gradient_of


class Call(Control):
    """A call of a traced function as one operation.  operands: arguments, then the variables it reads.

    Its derivative is the function's traced gradient graph, which can be differentiated again.
    """

    multi = True
    warns = False
    optional_cotangents = True

    def kernel(*operands: Any, program: Any) -> Any:  # pyright: ignore[reportSelfClsParameterName]
        return program.run(operands)

    def vjp(F: Any, g: Any, y: Any, *operands: Any, program: Any) -> Any:  # pyright: ignore[reportSelfClsParameterName]
        return program.cotangents(F, g, operands)


class Program:
    """A graph that can be run and differentiated, piece by piece made when first asked for."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self._lock = threading.RLock()
        self._gradient: Gradient | None = None
        self._executables: dict[str, Any] = {}
        self._derived: Program | None = None

    def _executable(
        self, name: str, graph: Callable[[], Graph], donate: dict[int, int] | None = None
    ) -> Any:
        found = self._executables.get(name)
        if found is None:
            with self._lock:
                found = self._executables.get(name)
                if found is None:
                    found = self._executables[name] = executable_of(graph(), donate)
        return found

    def run(self, arrays: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        return self._executable("run", lambda: self.graph).run(*arrays)

    @property
    def gradient(self) -> Gradient:
        if self._gradient is None:
            with self._lock:
                if self._gradient is None:
                    self._gradient = gradient_of(self.graph)
        return self._gradient

    def forward(self, arrays: Sequence[np.ndarray]) -> tuple[Any, Any]:
        """The outputs, and the residuals for `backward`."""
        found = self._executable("forward", lambda: self.gradient.forward).run(*arrays)
        n = len(self.graph.outputs)
        return found[:n], found[n:]

    def backward(self, residuals: Sequence[Any], cotangents: Sequence[Any]) -> tuple[Any, ...]:
        run = self._executable("backward", lambda: self.gradient.backward).run
        return run(*residuals, *cotangents)

    def all_given(self, F: Any, g: Any) -> list[Any]:
        """The cotangents of the targets: zeros where there is none."""
        avals = self.graph.avals_out
        return [
            F.lift(np.zeros(avals[i].shape, avals[i].dtype)) if g[i] is None else g[i]
            for i in self.gradient.targets
        ]

    def cotangents(self, F: Any, g: Any, operands: tuple[Any, ...]) -> Any:
        """Cotangents of the operands by the whole gradient graph, which computes the function again."""
        gradient = self.gradient
        gs = self.all_given(F, g)
        if hasattr(F, "inside"):  # many cotangents at once
            found = interpret(gradient.graph, F, [*operands, *gs])
        elif F.recorded:
            if self._derived is None:
                self._derived = Program(gradient.graph)
            found = apply(Call, (*operands, *gs), {"program": self._derived})
        else:
            found = self._executable("gradient", lambda: gradient.graph).run(*operands, *gs)
        return _at(gradient.sources, found, len(operands))


def interpret(graph: Graph, F: Any, inputs: Sequence[Any]) -> list[Any]:
    """The graph's equations in the terms of `F`."""
    env: dict[Any, Any] = dict(zip(graph.inputs, inputs))
    for value, array in graph.constants.items():
        env[value] = F.lift(array)
    for e in graph.equations:
        found = getattr(F, e.op)(*[env[v] for v in e.inputs], **e.attrs)
        env.update(zip(e.outputs, found if REGISTRY[e.op].multi else (found,)))
    return [env[v] for v in graph.outputs]


def with_own_draws(graph: Graph) -> Graph:
    """The graph with random generators of its own: each place where a function is called has others."""
    return replace(graph, equations=tuple([_with_own_draws(e) for e in graph.equations]))


def _with_own_draws(e: Equation) -> Equation:
    if not e.effect:
        return e
    e = holding(e, with_own_draws)
    own = {name: a.anew() for name, a in e.attrs.items() if hasattr(a, "anew")}
    return replace(e, attrs={**e.attrs, **own}) if own else e


def _at(places: tuple[int, ...], found: Sequence[Any], n: int) -> tuple[Any, ...]:
    result: list[Any] = [None] * n
    for place, c in zip(places, found):
        result[place] = c
    return tuple(result)


class Watched(Control):
    """A call that a tape watches: its forward pass has left residuals for the way back."""

    multi = True
    warns = False
    optional_cotangents = True

    def kernel(*operands: Any, program: Any, residuals: Any) -> Any:  # pyright: ignore[reportSelfClsParameterName]
        return program.run(operands)

    def vjp(F: Any, g: Any, y: Any, *operands: Any, program: Any, residuals: Any) -> Any:  # pyright: ignore[reportSelfClsParameterName]
        if F.recorded or hasattr(F, "inside"):
            return program.cotangents(F, g, operands)
        found = program.backward(residuals, program.all_given(F, g))
        return _at(program.gradient.sources, found, len(operands))


class Traced(Program):
    """A traced call: graph, variables and the form of the result.

    inputs of the graph: the flat tensor arguments, then `variables`; outputs: the flat results, then `written`.
    argument_variables: for a variable that came as an argument, the place of it among the leaves.
    """

    def __init__(
        self,
        trace: Trace,
        n_arguments: int,
        outputs: list[Any],
        result: Any,
        argument_variables: dict[int, int],
    ):
        slots = list(trace.slots.values())
        by_value = {id(s.start._value.value): s for s in slots}  # type: ignore[attr-defined]
        order: list[Slot] = [by_value[id(v)] for v in trace.inputs[n_arguments:]]
        written = [s for s in order if s.written]
        graph = trace.graph([*outputs, *[s.now for s in written]])
        super().__init__(graph)
        self.n_arguments = n_arguments
        self.n_outputs, self.result = len(outputs), result
        self.variables = [s.variable for s in order]
        self.written_places = [i for i, s in enumerate(order) if s.written]
        # A variable that is written gives its buffer to its new value.
        self._donate = {
            n_arguments + i: len(outputs) + k
            for k, i in enumerate(self.written_places)
            if graph.inputs[n_arguments + i].aval == graph.outputs[len(outputs) + k].aval
        }
        self.undonated_writes = [
            k for k in range(len(written)) if len(outputs) + k not in self._donate.values()
        ]
        self.argument_variables = argument_variables
        self._shown_shapes = [t._value.shape for t in outputs]  # open sizes too
        self.rebind = any(id(v) in argument_variables for v in self.variables)

    @property
    def symbolic_outputs(self) -> list[Any]:
        """What TensorFlow shows of the results: stand-ins."""
        trace, found = Trace(), []
        for i, (value, shape) in enumerate(zip(self.graph.outputs, self._shown_shapes)):
            found.append(trace.wrap(value, shape))
            found[-1]._name = f"Identity_{i}" if i else "Identity"
        return found

    # --- calls ---

    def call(self, tensors: list[Any], leaves: Sequence[Any]) -> Any:
        """Run on the flat tensor arguments.  leaves: all flat arguments of this call (for variables among them)."""
        variables = self.variables
        if self.rebind:
            places = self.argument_variables
            variables = [leaves[places[id(v)]]._base if id(v) in places else v for v in variables]
        if STATE.trace is not None:
            return self._inline(tensors, variables)
        if STATE.recorders:
            return self._recorded(tensors, variables)
        return self._compiled(tensors, variables)

    @property
    def executable(self) -> Any:
        return self._executable("call", lambda: self.graph, self._donate)

    def _compiled(self, tensors: list[Any], variables: list[Any]) -> Any:
        """Run, and write the variables: in place, where the compiled code does and nobody else sees the buffer."""
        executable = self.executable
        n = self.n_arguments
        arrays = [t._value for t in tensors]
        for k, v in enumerate(variables):
            if n + k in executable.donate and (v._lent or not v._buffer.flags.carray):
                take_over(v, executable.new_buffer, self.graph.inputs[n + k].aval)
            arrays.append(v._buffer)
        found = executable.call(*arrays)
        results = found[: self.n_outputs]
        taken = set(executable.donate.values())
        rest = iter(found[self.n_outputs :])
        for k, place in enumerate(self.written_places):
            if self.n_outputs + k not in taken:
                variables[place]._store(next(rest))
        return self.pack([Tensor(a) for a in results])

    def _store(self, arrays: Sequence[Any], variables: list[Any]) -> None:
        for place, array in zip(self.written_places, arrays):
            variables[place]._store(array)

    def _inline(self, tensors: list[Any], variables: list[Any]) -> Any:
        """Inside another trace: its equations become that trace's."""
        reads = [v._as_tensor() for v in variables]
        outputs = replay(with_own_draws(self.graph), [*tensors, *reads])
        self._store([t._value for t in outputs[self.n_outputs :]], variables)
        return self.pack(outputs[: self.n_outputs])

    def _recorded(self, tensors: list[Any], variables: list[Any]) -> Any:
        """While tapes are open: one record for the whole call, if one of them watches an operand."""
        operands = (*tensors, *[v._as_tensor() for v in variables])
        active = STATE.recorders
        if not all(r.passive for r in active):  # forward mode sees each operation
            outputs = replay(self.graph, list(operands))
            self._store([t._value for t in outputs[self.n_outputs :]], variables)
            return self.pack(outputs[: self.n_outputs])
        arrays = [t._value for t in operands]
        if not any(r.watches(operands) for r in active):
            return self._compiled(tensors, variables)
        with recorders(()):
            found, residuals = self.forward(arrays)
        outputs = tuple([Tensor(a) for a in found])
        for r in active:
            r.record(Watched, {"program": self, "residuals": residuals}, operands, outputs)
        self._store(found[self.n_outputs :], variables)
        return self.pack(list(outputs[: self.n_outputs]))

    def pack(self, outputs: list[Any]) -> Any:
        """The flat results in the form of what the function returned."""
        return packed(self.result, outputs)


def flatten_result(result: Any, name: str) -> list[Any]:
    """The tensors in what a function returned; raises TypeError for what is no tensor."""
    found = []
    for leaf in tree.flatten(result):
        if leaf is None:
            continue
        if isinstance(leaf, IndexedSlices):
            found += [as_tensor(leaf.values, name), as_tensor(leaf.indices, name)]
            if leaf.dense_shape is not None:
                found.append(as_tensor(leaf.dense_shape, name))
        elif hasattr(leaf, "_flow_tensors"):
            found += leaf._flow_tensors()
        else:
            found.append(as_tensor(leaf, name))
    return found


def as_tensor(leaf: Any, name: str) -> Any:
    if isinstance(leaf, Tensor):
        return leaf
    if isinstance(leaf, Variable):
        return leaf._as_tensor()
    try:
        return convert(leaf)
    except (TypeError, ValueError):
        raise TypeError(
            f"To be compatible with tf.function, Python functions must return zero or more Tensors or ExtensionTypes "
            f"or None values; in compilation of {name}, found return value of type {type(leaf).__name__}, which is "
            f"not a Tensor or ExtensionType. Received: {leaf!r}"
        ) from None


def packed(result: Any, outputs: list[Any]) -> Any:
    """The inverse of `flatten_result`: `outputs` in the form of `result`."""
    rest = iter(outputs)
    leaves = []
    for leaf in tree.flatten(result):
        if leaf is None:
            leaves.append(None)
        elif isinstance(leaf, IndexedSlices):
            values, indices = next(rest), next(rest)
            leaves.append(
                IndexedSlices(values, indices, None if leaf.dense_shape is None else next(rest))
            )
        elif hasattr(leaf, "_with_flow"):
            leaves.append(leaf._with_flow(rest))
        else:
            leaves.append(next(rest))
    return tree.pack(result, leaves)
