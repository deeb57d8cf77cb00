"""Operations that are linear: which entry goes where, or with what weight; found by running the kernel on markers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradtape.core.card import Op

_MARK = 1 << 40
_MOST = 4_000_000  # entries of the weights of a linear operation


def moved(
    card: type[Op],
    attrs: Mapping[str, Any],
    values: Sequence[np.ndarray],
    floating: Sequence[int],
    ids: Sequence[np.ndarray],
    results: Sequence[np.ndarray],
) -> list[np.ndarray] | None:
    """Per output the ids of the entries that stand there, -1 for a number that comes from no entry.

    values: the inputs, `floating` the positions of those whose entries move, `ids` their entries' ids.
    None where the operation does more than move.
    """
    known: dict[int, Any] = {}
    for marks, position in zip(ids, floating):
        known.update(zip(marks.reshape(-1).tolist(), values[position].reshape(-1)))
    given = list(values)
    for position, marks in zip(floating, ids):
        given[position] = marks + _MARK
    try:
        found = card.kernel(*given, **attrs)
    except (TypeError, ValueError, AttributeError, IndexError):
        return None
    picked = []
    for marks, result in zip(found if card.multi else (found,), results):
        marks = np.asarray(marks)
        if marks.dtype != np.int64 or marks.shape != result.shape:
            return None
        places = np.where(marks >= _MARK, marks - _MARK, -1)
        for k, v in zip(places.reshape(-1).tolist(), result.reshape(-1)):
            if k >= 0 and (k not in known or not _same(known[k], v)):
                return None
        picked.append(places)
    return picked


def weighted(
    card: type[Op],
    attrs: Mapping[str, Any],
    values: Sequence[np.ndarray],
    floating: Sequence[int],
    results: Sequence[np.ndarray],
    check: bool = True,
) -> list[tuple[np.ndarray, np.ndarray]] | None:
    """Per output (offset, weights) of an operation that is linear in its floating inputs together.

    offset: one number per entry of the output; weights: a row per entry of the output, a column per entry of the
    inputs, in their order. None where the operation turns out not to be linear, or is too large.
    """
    inputs = [values[p] for p in floating]
    count, outputs = sum(x.size for x in inputs), sum(r.size for r in results)
    if count * outputs > _MOST or any(x.dtype.kind == "c" for x in inputs):
        return None

    def run(flat: np.ndarray) -> list[np.ndarray]:
        given, start = list(values), 0
        for position, x in zip(floating, inputs):
            given[position] = flat[start : start + x.size].reshape(x.shape)
            start += x.size
        found = card.kernel(*given, **attrs)
        return [np.asarray(v, np.float64).reshape(-1) for v in (found if card.multi else (found,))]

    offsets = run(np.zeros(count))
    weights = [np.empty((o.size, count)) for o in offsets]
    for k in range(count):
        one = np.zeros(count)
        one[k] = 1
        for w, with_one, offset in zip(weights, run(one), offsets):
            w[:, k] = with_one - offset
    if check:
        flat = np.concatenate([np.asarray(x, np.float64).reshape(-1) for x in inputs])
        for w, offset, real in zip(weights, offsets, run(flat)):
            if not np.allclose(w @ flat + offset, real, rtol=1e-9, atol=1e-12, equal_nan=True):
                return None
    return list(zip(offsets, weights))


def _same(a: Any, b: Any) -> bool:
    return bool(a == b or (a != a and b != b))
