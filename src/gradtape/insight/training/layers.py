"""What the layers of a step gave: the results of each Keras layer, or of each activation function outside of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from gradtape.base.dtypes import DIFFERENTIABLE

# Cards whose results say whether units are dead or saturated.
KINDS = {"relu": "relu", "relu6": "relu", "sigmoid": "sigmoid", "tanh": "tanh"}


class Activation(NamedTuple):
    """The result of a layer.  kind: "relu", "sigmoid", "tanh" or "".  is_output: no other layer takes it."""

    layer: str
    kind: str
    is_output: bool
    array: np.ndarray


def activations(tape: Any) -> list[Activation]:
    """The results of the innermost layers in their order; of a layer called several times, the last one.

    An activation function outside of such layers stands under its own name, inside a layer after the layer's.
    """
    records = tape._records
    spans = list(_innermost(tape.trail.layers))
    owner = [-1] * len(records)
    for number, (_, start, end) in enumerate(spans):
        owner[start:end] = [number] * (end - start)
    maker = {id(t): owner[place] for place, record in enumerate(records) for t in _outputs(record)}
    taken = {
        id(t) for place, record in enumerate(records) if owner[place] >= 0
        for t in record[2] if maker.get(id(t)) != owner[place]
    }  # fmt: skip
    found: dict[str, tuple[int, Activation]] = {}
    for layer, _, end in spans:
        output = _floating(records[end - 1])
        if output is not None:
            kind = KINDS.get(records[end - 1][0].name, "")
            made = Activation(layer.name, kind, id(output) not in taken, output._value)
            found[layer.name] = (end, made)
    free = _free(tape, owner)
    for number, (place, name, kind) in enumerate(free):
        last = number == len(free) - 1 and not any(end > place for end, _ in found.values())
        found[name] = (place, Activation(name, kind, last, records[place][3]._value))
    return [made for _, made in sorted(found.values(), key=lambda pair: pair[0])]


def layers_of_weights(tape: Any) -> Mapping[int, str]:
    """The name of the layer that a variable belongs to, by the variable's id."""
    found: dict[int, str] = {}
    for layer, _, _ in tape.trail.layers:
        for variable in getattr(layer, "_trainable_weights", ()):
            found.setdefault(id(variable), layer.name)
    return found


def _innermost(layers: list[Any]) -> Iterator[tuple[Any, int, int]]:
    """Calls that recorded something and hold no other such call.  Inner calls end first."""
    latest = -1  # where the last call that recorded something began
    for layer, start, end in layers:
        if end > start and hasattr(layer, "name"):
            if latest < start:
                yield layer, start, end
            latest = start


def _outputs(record: Any) -> tuple[Any, ...]:
    return record[3] if type(record[3]) is tuple else (record[3],)


def _free(tape: Any, owner: list[int]) -> list[tuple[int, str, str]]:
    """Activation functions outside of the innermost layers: place, name, kind."""
    found, counts = [], {}
    for place, record in enumerate(tape._records):
        kind = KINDS.get(record[0].name)
        if kind is None or owner[place] >= 0:
            continue
        around = [la.name for la, start, end in tape.trail.layers if start <= place < end]
        name = "/".join([*around[:1], record[0].name])
        counts[name] = counts.get(name, 0) + 1
        found.append((place, name if counts[name] == 1 else f"{name}_{counts[name] - 1}", kind))
    return found


def _floating(record: Any) -> Any:
    return next((t for t in _outputs(record) if t._value.dtype in DIFFERENTIABLE), None)
