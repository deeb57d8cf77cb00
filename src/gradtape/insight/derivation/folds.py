"""Operations that fold or normalise a row of numbers: their values and local derivatives as expressions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradtape.core.bind import RAW
from gradtape.core.card import REGISTRY
from gradtape.insight.derivation.expression import (
    Expression,
    Number,
    call,
    div,
    mul,
    product,
    square,
    sub,
    total,
)
from gradtape.insight.derivation.spelling import NotSpelledError
from gradtape.insight.recording import Gate, Index, source

MOST = 64  # numbers in a row


class Row(NamedTuple):
    """The numbers that an output's entry is made of: their places, their symbols."""

    places: list[Index]
    numbers: list[Expression]


class Fold(NamedTuple):
    """value(entries, gate, index of the output); back(entries, gate, position, index of the input)."""

    value: Callable[[Any, Gate, Index], Expression]
    back: Callable[[Any, Gate, int, Index], list[tuple[Index, Expression]]]


def _axes(gate: Gate, rank: int) -> tuple[int, ...]:
    axis = gate.attrs.get("axis", tuple(range(rank)))
    return tuple([a % rank for a in ((axis,) if isinstance(axis, int) else axis)])


def _row(entries: Any, gate: Gate, at: Index, axes: Sequence[int]) -> Row:
    """The row through an entry of the input."""
    x = entries.recording.wires[gate.inputs[0]]
    ranges = [range(n) if a in axes else (at[a],) for a, n in enumerate(x.shape)]
    places: list[Index] = [()]
    for r in ranges:
        places = [(*p, i) for p in places for i in r]
    if len(places) > MOST:
        raise NotSpelledError("a long row")
    return Row(places, [entries.symbol(x.index, p) for p in places])


def _input_index(gate: Gate, index: Index, rank: int, axes: Sequence[int]) -> Index:
    """An entry of the input in the row of an entry of a reduction's output."""
    if gate.attrs.get("keepdims"):
        return index
    rest = iter(index)
    return tuple([0 if a in axes else next(rest) for a in range(rank)])


def _output_index(gate: Gate, index: Index, axes: Sequence[int]) -> Index:
    if gate.attrs.get("keepdims"):
        return tuple([0 if a in axes else i for a, i in enumerate(index)])
    return tuple([i for a, i in enumerate(index) if a not in axes])


def _reduction(
    value: Callable[[list[Expression]], Expression],
    slope: Callable[[list[Expression], Expression, int], Expression],
) -> Fold:
    """value(row); slope(row, result, k): the derivative by the k-th number."""

    def forward(entries: Any, gate: Gate, index: Index) -> Expression:
        rank = len(entries.recording.wires[gate.inputs[0]].shape)
        axes = _axes(gate, rank)
        return value(_row(entries, gate, _input_index(gate, index, rank, axes), axes).numbers)

    def back(entries: Any, gate: Gate, position: int, index: Index) -> list[Any]:
        axes = _axes(gate, len(index))
        row, out = _row(entries, gate, index, axes), _output_index(gate, index, axes)
        y = entries.symbol(gate.outputs[0], out)
        return [(out, slope(row.numbers, y, row.places.index(index)))]

    return Fold(forward, back)


def _softmax_row(row: list[Expression]) -> list[Expression]:
    e = [call("exp", x) for x in row]
    return [div(v, total(e)) for v in e]


def _normalised(logarithm: bool) -> Fold:
    def forward(entries: Any, gate: Gate, index: Index) -> Expression:
        row = _row(entries, gate, index, _axes(gate, len(index)))
        k = row.places.index(index)
        if logarithm:
            return sub(row.numbers[k], log_total(row.numbers))
        return _softmax_row(row.numbers)[k]

    def back(entries: Any, gate: Gate, position: int, index: Index) -> list[Any]:
        row = _row(entries, gate, index, _axes(gate, len(index)))
        y = [entries.symbol(gate.outputs[0], p) for p in row.places]
        j, found = row.places.index(index), []
        for i, place in enumerate(row.places):
            same = Number(1 if i == j else 0)
            if logarithm:
                found.append((place, sub(same, call("exp", y[j]))))
            else:
                found.append((place, mul(y[i], sub(same, y[j]))))
        return found

    return Fold(forward, back)


def log_total(row: list[Expression]) -> Expression:
    return call("log", total([call("exp", x) for x in row]))


def _cross_entropy(sparse: bool) -> Fold:
    def parts(entries: Any, gate: Gate, index: Index) -> tuple[Row, list[Expression], int]:
        wires = entries.recording.wires
        logits, labels = wires[gate.inputs[0]], wires[gate.inputs[1]]
        rank = len(logits.shape)
        axis = rank - 1 if sparse else gate.attrs["axis"] % rank
        row = _row(entries, gate, (*index[:axis], 0, *index[axis:]), (axis,))
        if sparse:
            hit = int(labels.value[index])
            shares: list[Expression] = [Number(int(k == hit)) for k in range(len(row.places))]
        else:
            shares = [entries.symbol(labels.index, source(labels.shape, p)) for p in row.places]
        return row, shares, axis

    def forward(entries: Any, gate: Gate, index: Index) -> Expression:
        row, shares, _ = parts(entries, gate, index)
        y = log_total(row.numbers)
        return total([mul(t, sub(y, x)) for t, x in zip(shares, row.numbers)])

    def back(entries: Any, gate: Gate, position: int, index: Index) -> list[Any]:
        shapes = [entries.recording.wires[w].shape for w in gate.inputs]
        if position == 1 and shapes[0] != shapes[1]:
            raise NotSpelledError("labels that are broadcast")
        rank = len(shapes[0])
        axis = rank - 1 if sparse else gate.attrs["axis"] % rank
        out = (*index[:axis], *index[axis + 1 :])
        row, shares, _ = parts(entries, gate, out)
        k = row.places.index(index)
        if position == 1:
            return [(out, sub(log_total(row.numbers), row.numbers[k]))]
        return [(out, sub(_softmax_row(row.numbers)[k], shares[k]))]

    return Fold(forward, back)


def _others(row: list[Expression], y: Expression, k: int) -> Expression:
    rest = [x for i, x in enumerate(row) if i != k]
    return product(rest) if rest else Number(1)


def _largest(name: str) -> Fold:
    def slope(row: list[Expression], y: Expression, k: int) -> Expression:
        values = np.array([x.value for x in row])  # type: ignore[attr-defined]
        best = y.value  # type: ignore[attr-defined]
        ties = int(np.sum(values == best))
        if values[k] != best:
            return Number(0)
        return div(Number(1), Number(ties)) if ties > 1 else Number(1)

    return _reduction(lambda row: call(name, *row) if len(row) > 1 else row[0], slope)


def _windows(entries: Any, gate: Gate, index: Index) -> Row:
    """The numbers in the window of an entry of a pooling's output: the rule of the average tells."""
    x, y = (entries.recording.wires[w] for w in (gate.inputs[0], gate.outputs[0]))
    one = np.zeros(y.shape)
    one[index] = 1
    share = np.asarray(AVERAGE.vjp(RAW, one, one, x.value, **gate.attrs)[0])
    places = [tuple(map(int, at)) for at in np.argwhere(share)]
    return Row(places, [entries.symbol(x.index, p) for p in places])


def _window_max(entries: Any, gate: Gate, index: Index) -> Expression:
    row = _windows(entries, gate, index)
    return call("max", *row.numbers) if len(row.numbers) > 1 else row.numbers[0]


def _windows_of(entries: Any, gate: Gate, index: Index) -> list[tuple[Index, list[Index]]]:
    """The outputs whose windows hold an entry of the input, and the places in each window."""
    one = np.zeros(entries.recording.wires[gate.inputs[0]].shape)
    one[index] = 1
    outputs = [tuple(map(int, at)) for at in np.argwhere(AVERAGE.kernel(one, **gate.attrs))]
    return [(out, _windows(entries, gate, out).places) for out in outputs]


def pool_tie(entries: Any, gate: Gate, index: Index) -> bool:
    """Whether an entry is the largest of a window, and not alone."""
    x = entries.recording.wires[gate.inputs[0]].value
    for _, places in _windows_of(entries, gate, index):
        values = [x[p] for p in places]
        if x[index] == max(values) and values.count(x[index]) > 1:
            return True
    return False


def _window_max_back(entries: Any, gate: Gate, position: int, index: Index) -> list[Any]:
    """1 for the windows in which the number is the first largest, else 0."""
    x = entries.recording.wires[gate.inputs[0]].value
    found = []
    for out, places in _windows_of(entries, gate, index):
        winner = max(places, key=lambda p: x[p])  # the first of equal ones
        found.append((out, Number(int(winner == index))))
    return found


def _running_product(entries: Any, gate: Gate, index: Index) -> Expression:
    axis = gate.attrs["axis"] % len(index)
    row = _row(entries, gate, index, (axis,))
    k, numbers = index[axis], row.numbers
    if gate.attrs["reverse"]:
        numbers, k = numbers[::-1], len(numbers) - 1 - k
    taken = numbers[: k + (not gate.attrs["exclusive"])]
    return product(taken) if taken else Number(1)


def _by_the_rule(entries: Any, gate: Gate, position: int, index: Index) -> list[Any]:
    raise NotSpelledError(gate.card.name)


AVERAGE: Any = REGISTRY["avg_pool"]

FOLDS: dict[str, Fold] = {
    "max_pool": Fold(_window_max, _window_max_back),
    "cumprod": Fold(_running_product, _by_the_rule),
    "reduce_max": _largest("max"),
    "reduce_min": _largest("min"),
    "reduce_prod": _reduction(product, _others),
    "reduce_logsumexp": _reduction(log_total, lambda row, y, k: call("exp", sub(row[k], y))),
    "reduce_euclidean_norm": _reduction(
        lambda row: call("sqrt", total([square(x) for x in row])),
        lambda row, y, k: div(row[k], y),
    ),
    "l2_loss": _reduction(
        lambda row: div(total([square(x) for x in row]), Number(2)), lambda row, y, k: row[k]
    ),
    "softmax": _normalised(False),
    "log_softmax": _normalised(True),
    "sparse_softmax_cross_entropy_with_logits": _cross_entropy(True),
    "softmax_cross_entropy_with_logits": _cross_entropy(False),
}
