"""What tapes note for explanations: where they were opened, what left for NumPy, which layers were called."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any
from weakref import ref

from gradtape.core.context import STATE


class Trail:
    """What a tape notes for explanations, beside its records: no tensor that gradients do not need, but `breaks`.

    opened: the sites at which the tape was entered.
    breaks: (tensor, site) for each watched tensor that was turned into NumPy's.
    layers: (layer, first record, one past the last) for each call of a layer, inner ones first.
    asides: (card, inputs, outputs, kinds of the outputs' dtypes, number of records before it, site) for each operation
    on tensors that are not watched; inputs and outputs are weak references, of which a tensor has but one.
    assigned: (variable, tensor, site) for each watched tensor that a variable got as its value, or added to it.
    stopped: the sites of `stop_recording`.
    let_go: bytes of the records that were let go when the gradient was asked for; 0 where they are here.
    before: where the tape was opened for what it has forgotten since, because it was entered again or reset.
    """

    def __init__(self, before: Sequence[Any] = ()) -> None:
        self.opened: list[Any] = []
        self.breaks: list[tuple[Any, Any]] = []
        self.layers: list[tuple[Any, int, int]] = []
        self.asides: deque[tuple[Any, ...]] = deque(maxlen=10_000)
        self.assigned: list[tuple[Any, Any, Any]] = []
        self.stopped: list[Any] = []
        self.let_go = 0
        self.before = tuple(before)

    def aside(
        self, card: Any, inputs: tuple[Any, ...], output: Any, records: int, site: Any
    ) -> None:
        if type(output) is tuple:
            outputs = tuple([ref(y) for y in output])
            kinds = "".join([y._value.dtype.kind for y in output])
        else:
            outputs, kinds = (ref(output),), output._value.dtype.kind
        self.asides.append((card, tuple([ref(x) for x in inputs]), outputs, kinds, records, site))


def assigned(variable: Any, value: Any) -> None:
    """Tell the tapes that a variable takes its value from a tensor, or adds one to it."""
    for recorder in STATE.recorders:
        note = getattr(recorder, "assigned", None)
        if note is not None:
            note(variable, value)


def begun() -> tuple[Any, ...]:
    """The tapes that listen to a layer's call, each with the number of its records."""
    return tuple([(r, len(r._records)) for r in STATE.recorders if hasattr(r, "layer_done")])


def ended(layer: Any, starts: tuple[Any, ...]) -> None:
    """Tell the tapes of `begun` that the layer's call is over."""
    for tape, start in starts:
        tape.layer_done(layer, start)
