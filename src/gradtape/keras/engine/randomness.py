"""Which random state a layer draws from: the true one, one that is thrown away, or that of a training function."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from gradtape.core.context import STATE as CONTEXT
from gradtape.graph.tracer import outside
from gradtape.random.seeds import STATE, FunctionSeeds


def scratch_random() -> AbstractContextManager[None]:
    """Draws inside do not count: a layer is run only to learn its shapes."""
    return STATE.inside(FunctionSeeds(0))


@contextmanager
def real_random() -> Iterator[None]:
    """Draws inside come from the true state, wherever it is called, and are made now: weights are being made."""
    if CONTEXT.trace is not None:
        with outside():
            yield
        return
    thread = STATE._thread
    function = getattr(thread, "function", None)
    thread.function = None
    try:
        yield
    finally:
        thread.function = function


def step_random() -> FunctionSeeds:
    """The generators of a training function's random operations, as TensorFlow's traced function has them."""
    return FunctionSeeds(STATE.global_seed)
