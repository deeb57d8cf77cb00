"""Sums of products: which entries meet in an entry of the result, and which results an entry goes into.

Entries are told by their flat indices.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.insight.recording import Gate, Index, Recording, reached, source
from gradtape.insight.walk import cotangents_of, dense

BILINEAR = frozenset(
    {"matmul", "affine", "einsum", "conv", "conv_backprop_input", "conv_backprop_filter"}
)


def meeting(recording: Recording, gate: Gate, index: Index) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of entries of the first two inputs whose products are summed at an entry of the output."""
    if gate.card.name in ("matmul", "affine"):
        a, b, _ = _matrices(recording, gate)
        row, column = index[-2], index[-1]
        at = index[:-2]
        return a[(*source(a.shape[:-2], at), row)], b[(*source(b.shape[:-2], at), slice(None), column)]  # fmt: skip
    # By the rule, run on the entries' numbers in place of their values.
    wires = recording.wires
    one = np.zeros(wires[gate.outputs[0]].shape)
    one[index] = 1
    found = cotangents_of(gate.card, gate.attrs, [one], (one,), _marks(recording, gate))[0]
    met = np.rint(dense(found() if callable(found) else found)).astype(np.int64).reshape(-1)
    first = np.flatnonzero(met)
    return first, met[first] - 1


def reaching(
    recording: Recording, gate: Gate, position: int, index: Index
) -> tuple[np.ndarray, np.ndarray]:
    """For an entry of the first or second input: the other's entries that it meets, and the outputs they go into."""
    wires, out = recording.wires, recording.wires[gate.outputs[0]].shape
    if gate.card.name in ("matmul", "affine"):
        a, b, batch = _matrices(recording, gate)
        places = np.arange(int(np.prod(out))).reshape(out)
        mine, name = (a, "transpose_a") if position == 0 else (b, "transpose_b")
        inner = index[-2:][::-1] if gate.attrs.get(name) else index[-2:]
        met, outputs = [], []
        for at in reached(mine.shape[:-2], batch, index[:-2]):
            if position == 0:
                row, k = inner
                met.append(b[(*source(b.shape[:-2], at), k)])
                outputs.append(places[(*at, row)])
            else:
                k, column = inner
                met.append(a[(*source(a.shape[:-2], at), slice(None), k)])
                outputs.append(places[(*at, slice(None), column)])
        return np.concatenate(met), np.concatenate(outputs)
    given: list[Any] = _marks(recording, gate)
    given[position] = np.zeros(wires[gate.inputs[position]].shape)
    given[position][index] = 1
    found = np.rint(gate.card.kernel(*given, **gate.attrs)).astype(np.int64).reshape(-1)
    outputs = np.flatnonzero(found)
    return found[outputs] - 1, outputs


def _matrices(recording: Recording, gate: Gate) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
    """The flat indices of both operands, transposed as the product takes them, and the shape of the batch."""
    found = []
    for w, name in zip(gate.inputs[:2], ("transpose_a", "transpose_b")):
        shape = recording.wires[w].shape
        marks = np.arange(int(np.prod(shape))).reshape(shape)
        found.append(marks.swapaxes(-1, -2) if gate.attrs.get(name) else marks)
    return found[0], found[1], recording.wires[gate.outputs[0]].shape[:-2]


def _marks(recording: Recording, gate: Gate) -> list[Any]:
    shapes = [recording.wires[w].shape for w in gate.inputs]
    return [np.arange(1.0, np.prod(shape) + 1).reshape(shape) for shape in shapes]
