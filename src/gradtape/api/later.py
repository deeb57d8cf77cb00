"""What has an effect and no result: in a function that is traced, it happens each time the graph runs, in its order."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.api import nest
from gradtape.core.context import STATE
from gradtape.core.tensor import Symbolic, Tensor
from gradtape.core.variable import Variable

Effect = Callable[..., None]


def each_run(always: bool) -> Callable[[Effect], Effect]:
    """Decorator of such a function.  always: also where all its arguments are known while tracing."""

    def decorate(effect: Effect) -> Effect:
        @functools.wraps(effect)
        def function(*args: Any, **kwargs: Any) -> None:
            if STATE.trace is None:
                effect(*args, **kwargs)
            else:
                _postpone(effect, args, kwargs, always)

        return function

    return decorate


def _postpone(effect: Effect, args: Any, kwargs: Any, always: bool) -> None:
    tensors: list[Any] = []

    def mark(leaf: Any) -> Any:
        if isinstance(leaf, Variable):
            leaf = leaf._as_tensor()
        if not isinstance(leaf, Symbolic):
            return leaf
        known = getattr(leaf._value, "known", None)  # type: ignore[attr-defined]
        if known is not None:
            return Tensor(np.asarray(known))
        tensors.append(leaf)
        return _Hole(len(tensors) - 1)

    args, kwargs = _map(mark, list(args)), _map(mark, kwargs)
    if not tensors and not always:
        effect(*args, **kwargs)
        return

    def run(*arrays: np.ndarray) -> tuple[()]:
        # The arrays may be buffers of the program, which are written again.
        fill = lambda leaf: Tensor(np.array(arrays[leaf.place])) if type(leaf) is _Hole else leaf
        effect(*_map(fill, args), **_map(fill, kwargs))
        return ()

    STATE.trace.host(run, tensors, [])


class _Hole:
    def __init__(self, place: int):
        self.place = place


def _map(function: Callable[[Any], Any], value: Any) -> Any:
    if not nest.is_nested(value):
        return function(value)
    return nest.rebuild(value, [_map(function, v) for _, v in nest.children(value)])
