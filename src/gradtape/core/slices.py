"""Sparse gradients: rows of a larger array."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.base.exports import export
from gradtape.base.shapes import TensorShape
from gradtape.core.tensor import Tensor, wrap


@export("IndexedSlices")
class IndexedSlices:
    """Rows `values[i]` at positions `indices[i]` of an array of shape `dense_shape`; all else is zero.

    Rows with the same index add up.  `tf.convert_to_tensor(slices)` gives the dense array.
    """

    __slots__ = ("_values", "_indices", "_dense_shape")

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None):
        self._values, self._indices, self._dense_shape = values, indices, dense_shape

    @property
    def values(self) -> Any:
        return self._values

    @property
    def indices(self) -> Any:
        return self._indices

    @property
    def dense_shape(self) -> Any:
        return self._dense_shape

    @property
    def shape(self) -> Any:
        shape = self._dense_shape
        return TensorShape(
            None if shape is None else [int(n) for n in np.asarray(getattr(shape, "_value", shape))]
        )

    @property
    def dtype(self) -> Any:
        return self._values.dtype

    @property
    def name(self) -> str:
        return self._values.name

    @property
    def device(self) -> str:
        return self._values.device

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(-self._values, self._indices, self._dense_shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        dense = densify(
            np.asarray(self._values), np.asarray(self._indices), np.asarray(self._dense_shape)
        )
        return dense if dtype is None else dense.astype(dtype)

    def __str__(self) -> str:
        shape = "" if self._dense_shape is None else f", dense_shape={self._dense_shape!s}"
        return f"IndexedSlices(indices={self._indices!s}, values={self._values!s}{shape})"

    __repr__ = __str__


def densify(values: np.ndarray, indices: np.ndarray, shape: Any) -> np.ndarray:
    """The dense array of some rows: repeated indices add up, in order."""
    shape = tuple([int(n) for n in shape])
    dense = np.zeros(shape, values.dtype)
    if values.size < 2048:
        np.add.at(dense, indices, values)
        return dense
    width = values.size // max(1, indices.size)  # one axis: NumPy's fast way through `add.at`
    places = indices.reshape(-1, 1).astype(np.int64) * width + np.arange(width)
    np.add.at(dense.reshape(-1), places.reshape(-1), values.reshape(-1))
    return dense


def as_public(slices: IndexedSlices) -> IndexedSlices:
    """Slices whose parts are tensors."""
    return IndexedSlices(
        _tensor(slices.values),
        _tensor(slices.indices),
        wrap(np.asarray(slices.dense_shape, np.int32)),
    )


def _tensor(part: Any) -> Tensor:
    return part if isinstance(part, Tensor) else wrap(part)
