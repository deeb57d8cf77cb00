"""What is going on in this thread: who records."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol


class Recorder(Protocol):
    """A tape, a forward accumulator, or anything else that wants to see each operation.

    `passive`: it computes nothing itself when told.
    """

    passive: bool

    def record(
        self, card: Any, attrs: dict[str, Any], inputs: tuple[Any, ...], output: Any
    ) -> None: ...

    def variable_read(self, variable: Any, tensor: Any) -> None: ...


class State(threading.local):
    """`recorders`: outermost first.  `device`: the name given by the innermost `tf.device`.

    `scope`: the name scope, such as "layer/", which new variables carry before their names.
    `site`: the user's place that what runs now stands for, where a layer of ours has found it out.
    `trace`: the graph that is being traced, or None.  `outside`: the trace that was left for a while to run eagerly.
    `draws`: who gives the random numbers in place of the generators, `draws(draw) -> array`, or None.
    `unexplained`: a weak reference to the tape whose gradient was None last, or None.
    `seen`: how many look at each operation; where any do, functions and steps of training are not traced.
    """

    recorders: tuple[Any, ...] = ()
    device: str = ""
    scope: str = ""
    site: Any = None
    trace: Any = None
    outside: Any = None
    draws: Any = None
    unexplained: Any = None
    seen: int = 0


STATE = State()

# What is asked of the rooms above, which this one does not know; by the name of the question.
EXPLANATIONS: dict[str, Callable[..., Any]] = {}
# Read-only onlookers of every recorded operation (explanations, profilers): called with the record.
OBSERVERS: list[Callable[..., None]] = []
# Onlookers of every gradient: called with (tape, targets, sources, output_gradients, gradients) when a tape has found
# them, flat lists each.
GRADIENT_OBSERVERS: list[Callable[..., None]] = []


@contextmanager
def recorders(active: tuple[Any, ...]) -> Iterator[None]:
    """Only `active` record inside."""
    before = STATE.recorders
    STATE.recorders = active
    try:
        yield
    finally:
        STATE.recorders = before


@contextmanager
def no_recording() -> Iterator[None]:
    """Nothing records inside."""
    with recorders(()):
        yield


def record(card: Any, attrs: dict[str, Any], inputs: tuple[Any, ...], output: Any) -> None:
    """Tell every recorder, outermost first; what a recorder computes itself is seen by the outer ones only."""
    active = STATE.recorders
    if len(active) == 1:
        recorder = active[0]
        if recorder.passive:
            recorder.record(card, attrs, inputs, output)
            return
    try:
        for index in range(len(active)):
            STATE.recorders = active[:index]
            active[index].record(card, attrs, inputs, output)
    finally:
        STATE.recorders = active
