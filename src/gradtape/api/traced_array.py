"""`tf.TensorArray` in a traced function: each method gives a new array, which loops carry as one tensor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradtape.api.tensor_array import TRACED, TensorArray
from gradtape.base.dtypes import as_dtype
from gradtape.base.errors import InvalidArgumentError
from gradtape.base.shapes import TensorShape
from gradtape.base.site import where
from gradtape.core.card import PUBLIC
from gradtape.core.context import STATE
from gradtape.core.convert import convert
from gradtape.core.tensor import Tensor, made
from gradtape.graph.traced import CannotTrace, Traced

_TOO_OPEN = "the length of a TensorArray is only known when the function runs"


def _invalid(text: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, text + where(3))


def _known(value: Any) -> int | None:
    """An index as a number, where it is one already."""
    tensor = convert(value)
    if isinstance(tensor, Traced):
        known = tensor._value.known  # type: ignore[attr-defined]
        return None if known is None else int(known)
    return int(tensor._value)


class TracedTensorArray(TensorArray):
    """A TensorArray of a traced function.

    Its tensors are a list while all places are numbers; one tensor, `_buffer`, once a place is not known.
    """

    def __init__(
        self, dtype: Any, size: Any = None, dynamic_size: bool | None = None, clear_after_read: bool | None = None,
        tensor_array_name: str | None = None, handle: Any = None, flow: Any = None, infer_shape: bool = True,
        element_shape: Any = None, colocate_with_first_write_call: bool = True, name: str | None = None,
    ):  # fmt: skip
        if size is None:
            raise ValueError("Argument `size` must be provided if argument `flow` is not provided.")
        n = _known(size)
        if n is None:
            raise CannotTrace(_TOO_OPEN)
        self._dtype, self._dynamic, self._infer = as_dtype(dtype), bool(dynamic_size), infer_shape
        self._element_shape = TensorShape(element_shape)
        self._items: list[Any] = [None] * n
        self._buffer: Any = None
        self._room: int | None = None  # turns of the loop that may make it longer
        self._places: tuple[
            Any, ...
        ] = ()  # where it was written, in a loop that may make it longer

    def _copy(self, **changes: Any) -> TracedTensorArray:
        new = object.__new__(TracedTensorArray)
        new.__dict__.update(self.__dict__)
        new.__dict__.update(changes)
        return new

    def __len__(self) -> int:
        return len(self._items) if self._buffer is None else int(self._buffer._value.shape[0])

    def size(self, name: str | None = None) -> Any:
        return made(np.array(len(self), np.int32))

    @property
    def flow(self) -> Any:
        return self.stack()

    # --- what loops and branches ask ---

    @property
    def _shapeless(self) -> bool:
        """Whether nothing is known of the shape of its tensors."""
        return self._buffer is None and not self._element_shape.is_fully_defined()

    def _flow_tensors(self) -> list[Any]:
        return [] if self._shapeless else [self._whole()]

    def _with_flow(self, tensors: Iterator[Any]) -> Any:
        if self._shapeless:
            return self
        buffer = next(tensors)
        if STATE.trace is not None:
            return self._copy(_buffer=buffer, _items=[])
        array = TensorArray(
            self._dtype,
            len(self),
            self._dynamic,
            infer_shape=self._infer,
            element_shape=self._element_shape,
        )
        array._items = list(buffer)
        return array

    def _with_room(self, count: int | None, whole: bool) -> TracedTensorArray:
        """As it goes into a loop of `count` turns.  whole: there is no way out of the loop before."""
        if not self._dynamic:
            return self
        room = count if whole else None
        if room is None or room <= len(self):
            return self._copy(_room=room, _places=())
        grown = self._copy(_room=room, _places=())
        more = room - len(self)
        if self._buffer is None:
            grown._items = [*self._items, *[None] * more]
        else:
            shape = [more, *[int(n) for n in self._buffer._value.shape[1:]]]
            zeros = Tensor(np.zeros(shape, self._dtype.np))
            grown._buffer = PUBLIC["concat"]([self._buffer, zeros], 0)
        return grown

    def _shaped_like(self, other: Any) -> TracedTensorArray:
        return self._copy(_element_shape=other._element_shape)

    def _check_places(self, index: Any) -> None:
        """Raises CannotTrace unless it was written in turn i at place i.  index: the loop's, or None."""
        if self._room is None or not self._dynamic:
            return
        if (
            index is None
            or not self._places
            or any(p is not index._value.value for p in self._places)
        ):
            raise CannotTrace(_TOO_OPEN)

    # --- tensors in it ---

    def _whole(self) -> Any:
        """All its tensors as one."""
        if self._buffer is not None:
            return self._buffer
        sizes = [int(n) for n in self._element_shape.as_list()]
        if all(item is None for item in self._items):
            return made(np.zeros([len(self._items), *sizes], self._dtype.np), "zeros")
        return PUBLIC["stack"]([self._at(i) for i in range(len(self._items))])

    def _at(self, i: int) -> Any:
        if self._buffer is not None:
            return self._buffer[i]
        tensor = self._items[i]
        if tensor is None:
            if not self._element_shape.is_fully_defined():
                raise _invalid(
                    "Trying to read an uninitialized tensor but element_shape is not fully defined: "
                    f"{self._element_shape} and no list element is set."
                )
            return made(np.zeros(self._element_shape.as_list(), self._dtype.np), "zeros")
        return tensor

    def _accepted(self, value: Any) -> tuple[Any, TensorShape]:
        tensor = convert(value, hint=self._dtype.np)
        if tensor.dtype is not self._dtype:
            raise _invalid(
                f"Invalid data types; op elements {tensor.dtype.name} but list elements {self._dtype.name}"
            )
        if not self._element_shape.is_compatible_with(tensor.shape):
            raise ValueError(
                f"Inconsistent shapes: saw {tensor.shape} but expected {self._element_shape}"
            )
        if self._infer:  # as in TensorFlow, the array learns it although what it holds stays
            self._element_shape = self._element_shape.merge_with(tensor.shape)
        return tensor, self._element_shape

    def read(self, index: Any, name: str | None = None) -> Any:
        """The tensor at `index`."""
        i = _known(index)
        if i is None:
            if self._shapeless:
                raise _invalid("Trying to read an uninitialized tensor: nothing was written.")
            return PUBLIC["gather"](self._whole(), index)
        if not 0 <= i < len(self):
            raise _invalid(f"Trying to access element {i} in a list with {len(self)} elements.")
        return self._at(i)

    def write(self, index: Any, value: Any, name: str | None = None) -> TracedTensorArray:
        """An array with `value` at `index`.  Use what it gives: the array itself stays."""
        tensor, shape = self._accepted(value)
        i = _known(index)
        if i is not None and self._buffer is None:
            items = list(self._items)
            if i >= len(items) and self._dynamic and self._room is None:
                items += [None] * (i + 1 - len(items))
            if not 0 <= i < len(items):
                raise _invalid(
                    f"Trying to modify element {i} in a list with {len(items)} elements."
                )
            items[i] = tensor
            return self._copy(_items=items, _element_shape=shape)
        if self._dynamic and self._room is None and i is None:
            raise CannotTrace(_TOO_OPEN)
        array = self._copy(_element_shape=shape if self._infer else tensor.shape)
        place = convert(index)
        if i is None:
            array._places = (*self._places, place._value.value)
        elif not 0 <= i < len(self):
            if self._dynamic:
                raise CannotTrace(_TOO_OPEN)
            raise _invalid(f"Trying to modify element {i} in a list with {len(self)} elements.")
        array._buffer = PUBLIC["put_row"](array._whole(), place, tensor)
        array._items = []
        return array

    def stack(self, name: str | None = None) -> Any:
        """All tensors joined along a new first axis."""
        if self._buffer is None and not self._items and self._shapeless:
            return made(np.zeros([0], self._dtype.np))
        if self._shapeless and any(item is not None for item in self._items):
            return PUBLIC["stack"]([self._at(i) for i in range(len(self._items))])
        if self._shapeless:
            raise _invalid("Tried to stack elements of a TensorArray of which none was written.")
        return self._whole()

    def gather(self, indices: Any, name: str | None = None) -> Any:
        """The tensors at `indices`, joined along a new first axis."""
        return PUBLIC["gather"](self.stack(), indices)

    def concat(self, name: str | None = None) -> Any:
        """All tensors joined along their first axis."""
        if self._buffer is None:
            return PUBLIC["concat"]([self._at(i) for i in range(len(self._items))], 0)
        n, k, *rest = [int(m) for m in self._buffer._value.shape]
        return PUBLIC["reshape"](self._buffer, [n * k, *rest])

    def unstack(self, value: Any, name: str | None = None) -> TracedTensorArray:
        """An array of the slices of `value` along the first axis."""
        tensor = convert(value, hint=self._dtype.np)
        n = int(tensor._value.shape[0])
        if n > len(self) and not self._dynamic:
            raise ValueError(
                f"Cannot unstack {n} tensors into a TensorArray of static size {len(self)} "
            )
        shape = TensorShape([int(m) for m in tensor._value.shape[1:]])
        return self._copy(_buffer=tensor, _items=[], _element_shape=shape)

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TracedTensorArray:
        """An array with the slices of `value` at `indices`."""
        array, places = self, convert(indices)
        for k in range(int(places._value.shape[0])):
            array = array.write(places[k], convert(value, hint=self._dtype.np)[k])
        return array

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TracedTensorArray:
        """An array of pieces of `value` along the first axis, of these lengths."""
        sizes = [
            _known(n) for n in (lengths if isinstance(lengths, list | tuple) else convert(lengths))
        ]
        if any(n is None for n in sizes):
            raise CannotTrace(_TOO_OPEN)
        items = PUBLIC["split"](convert(value, hint=self._dtype.np), sizes)
        shape = items[0].shape if len(set(sizes)) == 1 else TensorShape(None)
        return self._copy(_items=list(items), _buffer=None, _element_shape=shape)

    def close(self, name: str | None = None) -> None:
        """Nothing to do: there is no resource."""


TRACED.append(TracedTensorArray)
