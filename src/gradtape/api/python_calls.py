"""Python functions of the user's inside of a traced function: called each time its graph runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.base import tree
from gradtape.base.dtypes import DIFFERENTIABLE_KINDS, as_dtype
from gradtape.base.errors import ArgumentError
from gradtape.core.context import STATE, recorders
from gradtape.core.tape import GradientTape
from gradtape.core.tensor import Tensor
from gradtape.graph.tracer import outside
from gradtape.transforms.custom_gradient import call_recorded


class PythonCall:
    """A call of `func` on tensors; `results` makes tensors of what it gives.

    A call leaves its tape for the way back, where one was asked for.
    """

    def __init__(self, func: Callable[..., Any], results: Callable[[Any], Any]):
        self._func, self._results = func, results
        self.differentiated = False
        self.form: Any = None
        self._tapes: list[tuple[Any, list[Tensor], list[Any]]] = []
        self._first: tuple[Any, ...] | None = (
            None  # (arguments, results) of the call that told the shapes
        )
        self._avals: list[Any] = []

    def first(self, arrays: list[np.ndarray]) -> list[Any]:
        """Call it while tracing, on the arguments of the call that is traced: shapes and dtypes of the results."""
        with outside():
            found = self._call(arrays, True)
        self._first = tuple(arrays), tuple(found)
        self._avals = [(a.shape, a.dtype) for a in found]
        return self._avals

    def assume(self, types: Any) -> list[Any]:
        """Of a call without arguments that may never be made, only the dtypes are known: it gives single numbers."""
        several = isinstance(types, list | tuple)
        dtypes = [as_dtype(t).np for t in (types if several else [types])]
        self.form = [0] * len(dtypes) if several else 0
        self._avals = [((), dtype) for dtype in dtypes]
        return self._avals

    def _call(self, arrays: Any, differentiated: bool) -> list[np.ndarray]:
        xs = [
            Tensor(np.array(a)) for a in arrays
        ]  # the buffers are the program's, which writes them again
        if not differentiated:
            with recorders(()):
                found = self._results(self._func(*xs))
        else:
            with recorders(()), GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(xs)
                found = self._results(self._func(*xs))
            self._tapes.append((tape, xs, tree.flatten(found)))
        self.form = tree.map_structure(lambda _: 0, found)
        return [np.asarray(t._value, order="C") for t in tree.flatten(found)]

    def run(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        """One call when the graph runs."""
        known, self._first = self._first, None
        if known is not None and all(np.array_equal(a, b) for a, b in zip(known[0], arrays)):
            return known[1]
        if not self.differentiated:
            self._tapes.clear()
        found = self._call(arrays, self.differentiated)
        for array, (shape, dtype) in zip(found, self._avals):
            if array.shape != shape or array.dtype != dtype:
                raise ArgumentError(
                    "A Python function in a traced function must give the shapes and dtypes of its first call.",
                    expected=Tensor(np.broadcast_to(np.zeros((), dtype), shape)), result=Tensor(array),
                )  # fmt: skip
        return tuple(found)

    def back(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        """The cotangents of the arguments: arrays are those of the results."""
        tape, xs, ys = self._tapes.pop()
        wanted = [x for x in xs if x._value.dtype.kind in DIFFERENTIABLE_KINDS]
        seeds = [Tensor(np.array(a)) for a in arrays]
        with recorders(()):
            found = tape.gradient(ys, wanted, output_gradients=seeds, unconnected_gradients="zero")
        return tuple([np.asarray(g._value, order="C") for g in found])


def in_graph(
    func: Callable[..., Any], inputs: list[Any], results: Callable[[Any], Any], types: Any,
    differentiable: bool,
) -> Any:  # fmt: skip
    """The results of a call that happens each time the graph runs.  types: their dtypes."""
    trace = STATE.trace
    call = PythonCall(func, results)
    if trace.parent is not None and not inputs:
        avals = call.assume(types)
    else:
        avals = call.first(trace.now(inputs))
    outputs = trace.host(call.run, inputs, avals)

    def grad_fn(*upstream: Any) -> list[Any]:
        call.differentiated = True
        floating = [x for x in inputs if x._value.dtype.kind in DIFFERENTIABLE_KINDS]
        found = iter(
            STATE.trace.host(
                call.back, upstream, [(x._value.shape, x._value.dtype) for x in floating]
            )
        )
        return [
            next(found) if x._value.dtype.kind in DIFFERENTIABLE_KINDS else None for x in inputs
        ]

    if differentiable:
        outputs = call_recorded(tuple(inputs), outputs, grad_fn)
    return tree.pack(call.form, outputs)
