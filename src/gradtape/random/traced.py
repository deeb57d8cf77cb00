"""Draws in a function that is traced: made each time its graph runs, by generators fixed when it was traced."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from gradtape.core.context import STATE as CONTEXT
from gradtape.random.seeds import STATE, NodeState

Draw = Callable[..., np.ndarray]
_TRIAL_SIZE = 4096  # numbers that are drawn only to learn what comes out
_BY_SHAPE = {"normal", "truncated_normal", "uniform"}


def perform(function: Draw, *args: Any, call: Draw | None = None, **options: Any) -> Any:
    """What `function` of this package draws: an array; while tracing, a traced array of a host equation.

    call: runs it, `call(function, *args, **options)`.
    """
    trace = CONTEXT.trace
    run = _plain if call is None else call
    if trace is None:
        return _drawn(run, function, args, options)
    bound = _signature(function).bind(*args, **options)
    bound.apply_defaults()
    values = bound.arguments
    if "state" in values:
        values["state"] = _node(values["state"], values.get("seed"))
    names = [name for name, value in values.items() if _is_unknown(value)]
    for name, value in values.items():
        if _is_traced(value) and name not in names:
            values[name] = np.asarray(value)

    shape, dtype = _form(run, function, values, names)
    drawn = _Drawn(run, function, dict(values), names)
    (output,) = trace.host(drawn, [values[name].tensor for name in names], [(shape, dtype)])
    return output._value


class _Drawn:
    """A draw as a call from a graph."""

    def __init__(self, run: Any, function: Draw, values: dict[str, Any], names: list[str]):
        self.run, self.function, self.values, self.names = run, function, values, names

    def __call__(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        given = {**self.values, **dict(zip(self.names, arrays))}
        return (np.asarray(_drawn(self.run, self.function, (), given), order="C"),)

    def anew(self) -> _Drawn:
        """The same draw with a generator of its own, which begins at its beginning."""
        state = self.values.get("state")
        if not isinstance(state, NodeState):
            return self
        return _Drawn(self.run, self.function, {**self.values, "state": state.anew()}, self.names)


def _drawn(run: Any, function: Draw, args: Any, options: Any) -> np.ndarray:
    if CONTEXT.draws is None:
        return run(function, *args, **options)
    return CONTEXT.draws(lambda: run(function, *args, **options))


def _plain(function: Draw, *args: Any, **options: Any) -> np.ndarray:
    return np.asarray(function(*args, **options))


@cache
def _signature(function: Draw) -> inspect.Signature:
    return inspect.signature(function)


def _is_traced(value: Any) -> bool:
    return getattr(value, "tensor", None) is not None


def _is_unknown(value: Any) -> bool:
    return _is_traced(value) and value.known is None


def _node(state: Any, op_seed: Any) -> NodeState:
    """The generator of this operation, kept from run to run."""
    if isinstance(state, NodeState):
        return state
    function = getattr(state._thread, "function", None)
    return NodeState(state.get_seed(op_seed), state) if function is None else function.node(op_seed)


def _form(run: Draw, function: Draw, values: Any, names: list[str]) -> tuple[Any, np.dtype[Any]]:
    """Shape and dtype of the result, learnt by a draw that does not count."""
    trial = dict(values)
    for name in names:
        trial[name] = _stand_in(name, values[name])
    if "state" in trial:
        trial["state"] = NodeState((1, 1), STATE)
    dims = tuple([int(n) for n in trial["shape"]]) if function.__name__ in _BY_SHAPE else None
    if dims is not None and np.prod(dims, dtype=np.float64) > _TRIAL_SIZE:
        trial["shape"] = [1] * len(dims)
        return dims, run(function, **trial).dtype
    found = run(function, **trial)
    return found.shape, found.dtype


def _stand_in(name: str, array: Any) -> np.ndarray:
    """Numbers that every draw accepts."""
    shape = [int(n) for n in array.shape]
    return np.full(
        shape,
        0 if name in ("minval", "value", "logits", "seed", "data", "index") else 1,
        array.dtype,
    )
