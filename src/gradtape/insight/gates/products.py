"""Sums of products taken apart: matrix products, einsum, convolutions."""

from __future__ import annotations

import numpy as np

from gradtape.insight.gates.draft import Draft, Rule
from gradtape.insight.recording import Gate
from gradtape.ops.einsum import plan


def _products(draft: Draft, pairs: list[tuple[int, int]]) -> int:
    return draft.total([draft.gate("multiply", a, b) for a, b in pairs])


def _rows_by_columns(draft: Draft, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """A matrix product, batched over the axes before the last two."""
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = np.broadcast_to(a, batch + a.shape[-2:]), np.broadcast_to(b, batch + b.shape[-2:])
    k = a.shape[-1]
    shape = (*batch, a.shape[-2], b.shape[-1])
    draft.room_for(int(np.prod(shape)) * (k + 1 if k > 1 else k))
    made = np.empty(shape, np.int64)
    for index in np.ndindex(*shape):
        row, column = a[(*index[:-2], index[-2])], b[(*index[:-2], slice(None), index[-1])]
        made[index] = _products(draft, list(zip(row.tolist(), column.tolist())))
    return made


def _matmul(draft: Draft, gate: Gate) -> bool:
    a, b = draft.inputs_of(gate)
    a = a.swapaxes(-1, -2) if gate.attrs["transpose_a"] else a
    b = b.swapaxes(-1, -2) if gate.attrs["transpose_b"] else b
    if not a.shape[-1]:
        return False
    draft.put(gate.outputs[0], _rows_by_columns(draft, a, b))
    return True


def _affine(draft: Draft, gate: Gate) -> bool:
    x, w, bias = draft.inputs_of(gate)
    if not w.shape[0]:
        return False
    y = _rows_by_columns(draft, x, w)
    made = [draft.gate("add", int(s), int(t)) for s, t in np.broadcast(y, bias)]
    draft.put(gate.outputs[0], np.array(made, np.int64).reshape(y.shape))
    return True


def _einsum(draft: Draft, gate: Gate) -> bool:
    x, y = draft.inputs_of(gate)
    x_labels, y_labels, z_labels = plan(gate.attrs["equation"]).labels
    size = dict(zip(x_labels + y_labels, x.shape + y.shape))
    summed = [c for c in size if c not in z_labels]
    z_shape = tuple([size[c] for c in z_labels])
    inner = list(np.ndindex(*[size[c] for c in summed]))
    if not inner:
        return False
    draft.room_for(int(np.prod(z_shape)) * (len(inner) + (len(inner) > 1)))
    made = np.empty(z_shape, np.int64)
    for index in np.ndindex(*z_shape):
        pairs = []
        for k in inner:
            at = {**dict(zip(z_labels, index)), **dict(zip(summed, k))}
            one = x[tuple([at[c] for c in x_labels])]
            other = y[tuple([at[c] for c in y_labels])]
            pairs.append((int(one), int(other)))
        made[index] = _products(draft, pairs)
    draft.put(gate.outputs[0], made)
    return True


def _conv(draft: Draft, gate: Gate) -> bool:
    """A convolution: which number meets which weight is found by convolving places with one weight at a time."""
    x, w = draft.inputs_of(gate)
    draft.room_for(draft.recording.wires[gate.outputs[0]].value.size * 2)
    places = np.arange(1.0, x.size + 1).reshape(x.shape)
    out = draft.recording.wires[gate.outputs[0]].shape
    pairs: list[list[tuple[int, int]]] = [[] for _ in range(int(np.prod(out)))]
    flat = x.reshape(-1)
    for k, weight in enumerate(w.reshape(-1).tolist()):
        one = np.zeros(w.size)
        one[k] = 1
        met = gate.card.kernel(places, one.reshape(w.shape), **gate.attrs)
        for at, place in enumerate(np.rint(met).astype(np.int64).reshape(-1).tolist()):
            if place:
                pairs[at].append((int(flat[place - 1]), weight))
    if not all(pairs):
        return False
    draft.room_for(sum(len(p) + (len(p) > 1) for p in pairs))
    draft.put(gate.outputs[0], np.array([_products(draft, p) for p in pairs]).reshape(out))
    return True


PRODUCTS: dict[str, Rule] = {
    "matmul": _matmul,
    "affine": _affine,
    "einsum": _einsum,
    "conv": _conv,
    "conv_backprop_input": _conv,
    "conv_backprop_filter": _conv,
}
