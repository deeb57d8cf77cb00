"""What tapes note for explanations: where they were opened, what left for NumPy, which layers were called."""

from __future__ import annotations

from collections import deque
from typing import Any
from weakref import ref

from gradtape.core.context import STATE


class Trail:
    """What a tape notes for explanations, beside its records: no tensor that gradients do not need, but `breaks`.

    opened: the sites at which the tape was entered.
    breaks: (tensor, site) for each watched tensor that was turned into NumPy's.
    layers: (layer, first record, one past the last) for each call of a layer, inner ones first.
    asides: (card, ids of the inputs, ids of the outputs, weak references to these, site) for each operation
    on tensors that are not watched.
    let_go: bytes of the records that were let go when the gradient was asked for; 0 where they are here.
    """

    def __init__(self) -> None:
        self.opened: list[Any] = []
        self.breaks: list[tuple[Any, Any]] = []
        self.layers: list[tuple[Any, int, int]] = []
        self.asides: deque[tuple[Any, ...]] = deque(maxlen=10_000)
        self.let_go = 0

    def aside(self, card: Any, inputs: tuple[Any, ...], output: Any, site: Any) -> None:
        outputs = output if type(output) is tuple else (output,)
        ids = tuple([id(x) for x in inputs])
        made = tuple([id(y) for y in outputs])
        self.asides.append((card, ids, made, tuple([ref(y) for y in outputs]), site))


def begun() -> tuple[Any, ...]:
    """The tapes that listen to a layer's call, each with the number of its records."""
    return tuple([(r, len(r._records)) for r in STATE.recorders if hasattr(r, "layer_done")])


def ended(layer: Any, starts: tuple[Any, ...]) -> None:
    """Tell the tapes of `begun` that the layer's call is over."""
    for tape, start in starts:
        tape.layer_done(layer, start)
