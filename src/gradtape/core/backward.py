"""The way back: from cotangents of the targets to cotangents of the sources, record by record.

Broadcasting is undone here, once; rules never do it.
Sparse cotangents (IndexedSlices) are made dense before a rule sees them.
"""

from __future__ import annotations

from collections.abc import Set
from types import FunctionType
from typing import Any

import numpy as np

from gradtape.base.dtypes import DIFFERENTIABLE
from gradtape.base.errors import GradientError
from gradtape.core.slices import IndexedSlices

# A record of the tape: (card, attrs, inputs, output, site); `output` is a tuple where the card is `multi`.
Record = tuple[Any, dict[str, Any], tuple[Any, ...], Any, Any]


def backward(
    records: list[Record],
    cotangents: dict[int, Any],
    kept: Set[int],
    F: Any,
    on_path: set[int] | None = None,
) -> dict[int, Any]:
    """Cotangents by id of all in `kept`, from the seeds in `cotangents` (which is updated and returned).

    `F` interprets the rules: `RAW` takes and gives arrays, `RECORDED` tensors.  `on_path`: the ids of all that
    depends on a source, where that is known (a tape whose leaves are all sources); else it is found out.
    """
    roots = tuple(cotangents)
    # Slices of one tensor: (id of the output of the record they came from, slices).
    piles: dict[int, list[tuple[int, Any]]] = {}
    useful = records
    if on_path is None:
        on_path, useful = depending(records, kept)
    recorded, shape_of = F.recorded, F.shape
    for card, attrs, inputs, output, _site in reversed(useful):
        if type(output) is tuple:
            g: Any = _take_all(output, cotangents, kept, F, card.optional_cotangents)
            if g is None:
                continue
            y: Any = output if recorded else tuple([t._value for t in output])
        else:
            key = id(output)
            g = cotangents.get(key) if key in kept else cotangents.pop(key, None)
            if g is None:
                continue
            if type(g) is IndexedSlices and not card.passes_slices:
                g = dense(g, F)
            y = output if recorded else output._value
        rule = card.vjp
        if rule is None:
            if card.gradient_missing:
                raise GradientError(f"There is no gradient for {card.tf_name}: {card.no_gradient}.")
            continue
        if recorded:
            xs: Any = inputs
        elif len(inputs) == 2:
            xs = inputs[0]._value, inputs[1]._value
        elif len(inputs) == 1:
            xs = (inputs[0]._value,)
        elif len(inputs) == 3:
            xs = inputs[0]._value, inputs[1]._value, inputs[2]._value
        else:
            xs = tuple([t._value for t in inputs])
        found = rule(F, g, y, *xs, **attrs) if attrs else rule(F, g, y, *xs)
        for tensor, x, c in zip(inputs, xs, found):
            if c is None:
                continue
            key = id(tensor)
            if key not in on_path:
                continue
            if type(c) is FunctionType:
                c = c()
                if c is None:
                    continue
            if type(c) is not IndexedSlices:
                shape = shape_of(x)
                if shape_of(c) != shape:
                    c = F.unbroadcast(c, shape)
            else:
                piles.setdefault(key, []).append((id(output), c))
            before = cotangents.get(key)
            cotangents[key] = c if before is None else accumulate(before, c, F)
    for key, pile in piles.items():
        if len(pile) > 1 and key in kept and type(cotangents.get(key)) is IndexedSlices:
            cotangents[key] = in_tape_order(pile, useful, roots, F)
    return cotangents


def depending(records: list[Record], sources: Set[int]) -> tuple[set[int], list[Record]]:
    """The ids of all that depends on a source, and the records that compute it."""
    on_path, useful = set(sources), []
    for record in records:
        for tensor in record[2]:
            if id(tensor) in on_path:
                output = record[3]
                if type(output) is tuple:
                    on_path.update(map(id, output))
                else:
                    on_path.add(id(output))
                useful.append(record)
                break
    return on_path, useful


def in_tape_order(
    pile: list[tuple[int, Any]], useful: list[Record], roots: tuple[int, ...], F: Any
) -> IndexedSlices:
    """The slices of one tensor joined as TensorFlow joins them.

    Its tape goes back breadth first: a record is due once all uses of its outputs are, and is queued in the order of
    the inputs of the record that made it due.
    """
    makers = {id(t): i for i, record in enumerate(useful) for t in _outputs(record)}
    uses: dict[int, int] = {}
    reached: set[int] = set()
    waiting = [makers[root] for root in roots if root in makers]
    while waiting:
        index = waiting.pop()
        if index in reached:
            continue
        reached.add(index)
        for tensor in useful[index][2]:
            uses[id(tensor)] = uses.get(id(tensor), 0) + 1
            if id(tensor) in makers:
                waiting.append(makers[id(tensor)])
    missing = {i: sum(1 for t in _outputs(useful[i]) if uses.get(id(t))) for i in reached}
    queue = sorted((i for i in reached if not missing[i]), reverse=True)
    place: dict[int, int] = {}
    for index in queue:  # grows while it is walked
        place[id(useful[index][3])] = len(place)
        for tensor in useful[index][2]:
            uses[id(tensor)] -= 1
            maker = makers.get(id(tensor))
            if not uses[id(tensor)] and maker is not None:
                missing[maker] -= 1
                if not missing[maker]:
                    queue.append(maker)
    parts = [c for _, c in sorted(pile, key=lambda entry: place.get(entry[0], len(place)))]
    return IndexedSlices(
        F.concat(*[c.values for c in parts], axis=0),
        F.concat(*[c.indices for c in parts], axis=0),
        parts[0].dense_shape,
    )


def _outputs(record: Record) -> tuple[Any, ...]:
    return record[3] if type(record[3]) is tuple else (record[3],)


def _take_all(
    outputs: tuple[Any, ...],
    cotangents: dict[int, Any],
    kept: Set[int],
    F: Any,
    optional: bool = False,
) -> Any:
    """Cotangents of all outputs of a record: zeros (`optional`: None) where there is none, None where none has any."""
    found, some = [], False
    for output in outputs:
        key = id(output)
        g = cotangents.get(key) if key in kept else cotangents.pop(key, None)
        if g is not None:
            some = True
            if type(g) is IndexedSlices:
                g = dense(g, F)
        found.append(g)
    if not some:
        return None
    if optional:
        return tuple(found)
    return tuple(
        zeros(output, F) if g is None and output._value.dtype in DIFFERENTIABLE else g
        for g, output in zip(found, outputs)
    )


def zeros(tensor: Any, F: Any) -> Any:
    """A zero cotangent for a tensor."""
    value = np.zeros(tensor._value.shape, tensor._value.dtype)
    return F.lift(value)


def accumulate(a: Any, b: Any, F: Any) -> Any:
    """The sum of two cotangents of one tensor: never in place; slices with slices by concatenation."""
    if type(a) is IndexedSlices and type(b) is IndexedSlices:
        return IndexedSlices(
            F.concat(b.values, a.values, axis=0),  # `b` comes from the earlier operation
            F.concat(b.indices, a.indices, axis=0),
            a.dense_shape,
        )
    if type(a) is IndexedSlices:
        a = dense(a, F)
    if type(b) is IndexedSlices:
        b = dense(b, F)
    return a + b


def dense(slices: IndexedSlices, F: Any) -> Any:
    """The dense cotangent of slices."""
    sizes = getattr(slices.dense_shape, "_value", slices.dense_shape)
    shape = tuple(int(n) for n in np.asarray(sizes))
    return F.unsorted_rows_sum(slices.values, slices.indices, shape=shape)
