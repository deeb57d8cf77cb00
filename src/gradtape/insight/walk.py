"""The way there and the way back over gates on plain arrays, which lie in slots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.base.dtypes import DIFFERENTIABLE
from gradtape.core import backward
from gradtape.core.bind import RAW
from gradtape.core.slices import IndexedSlices
from gradtape.insight.recording import frozen

USERS = frozenset({"custom_gradient", "sparse_custom_gradient"})  # a user's function, called once

Settle = Callable[[Any, int, np.ndarray], np.ndarray]


def leading_to(gates: Sequence[Any], targets: Sequence[int]) -> list[Any]:
    """The gates that the targets need, in their order."""
    needed, kept = set(targets), []
    for gate in reversed(gates):
        if not needed.isdisjoint(gate[3]):
            kept.append(gate)
            needed.update(gate[2])
    return kept[::-1]


def there(values: list[Any], gates: Sequence[Any], settle: Settle | None = None) -> None:
    """Compute the outputs of all gates into `values`.

    A gate starts with (card, attrs, inputs, outputs), the latter two slots.  settle(slot, -1, array): what stands in
    the slot instead of what was computed. What was drawn, and what a user's own function gave, stays as it is.
    """
    for card, attrs, inputs, outputs, *_ in gates:
        if card.family in ("Control", "Random") or card.name in USERS:
            if settle is not None:
                for slot in outputs:
                    values[slot] = settle(slot, -1, values[slot])
            continue
        result = card.kernel(*[values[s] for s in inputs], **attrs)
        for slot, value in zip(outputs, result if card.multi else (result,)):
            found = np.asarray(value)
            values[slot] = found if settle is None else settle(slot, -1, found)


def back(
    values: Sequence[Any],
    gates: Sequence[Any],
    targets: Sequence[int],
    seeds: Sequence[Any],
    settle: Settle | None = None,
) -> tuple[dict[int, Any], list[tuple[Any, ...]]]:
    """Cotangents by slot, and what each gate adds to each of its inputs.  One whose attributes are None adds nothing.

    settle(gate's number, position, array): what a gate adds instead of what was computed.
    """
    found: dict[int, Any] = {}
    for slot, seed in zip(targets, seeds):
        if values[slot].dtype in DIFFERENTIABLE:
            before = found.get(slot)
            found[slot] = seed if before is None else before + seed
    parts: list[tuple[Any, ...]] = [()] * len(gates)
    for index in reversed(range(len(gates))):
        card, attrs, inputs, outputs, *_ = gates[index]
        parts[index] = (None,) * len(inputs)
        given = [found.get(s) for s in outputs]
        if attrs is None or card.vjp is None or all(g is None for g in given):
            continue
        xs = [values[s] for s in inputs]
        ys = tuple([values[s] for s in outputs])
        back_to = cotangents_of(card, attrs, [dense(g) for g in given], ys, xs)
        mine: list[Any] = [None] * len(inputs)
        for position, (slot, x, found_part) in enumerate(zip(inputs, xs, back_to)):
            c: Any = found_part() if callable(found_part) else found_part
            if c is None or x.dtype not in DIFFERENTIABLE:
                continue
            if type(c) is not IndexedSlices and np.shape(c) != x.shape:
                c = RAW.unbroadcast(np.asarray(c), x.shape)
            if settle is not None:
                c = settle(index, position, dense(c))
            mine[position] = frozen(dense(c))
            before = found.get(slot)
            found[slot] = c if before is None else backward.accumulate(before, c, RAW)
        parts[index] = tuple(mine)
    return {slot: dense(c) for slot, c in found.items()}, parts


def cotangents_of(card: Any, attrs: Any, given: Sequence[Any], ys: Any, xs: Sequence[Any]) -> Any:
    """What a card's rule gives for the cotangents of its outputs: an array, a function or None per input."""
    if not card.multi:
        return card.vjp(RAW, given[0], ys[0], *xs, **attrs)
    if not card.optional_cotangents:
        given = [
            np.zeros_like(y) if g is None and y.dtype in DIFFERENTIABLE else g
            for g, y in zip(given, ys)
        ]
    return card.vjp(RAW, tuple(given), ys, *xs, **attrs)


def dense(c: Any) -> Any:
    return backward.dense(c, RAW) if type(c) is IndexedSlices else c
