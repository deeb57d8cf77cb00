"""`tf.TensorArray`: a list of tensors of one dtype, through which gradients flow."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.base.dtypes import as_dtype
from gradtape.base.errors import InvalidArgumentError, OutOfRangeError
from gradtape.base.exports import export
from gradtape.base.shapes import TensorShape
from gradtape.base.site import where
from gradtape.core.card import PUBLIC
from gradtape.core.context import STATE
from gradtape.core.convert import convert
from gradtape.core.tensor import Tensor


def _invalid(text: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, text + where(3))


def _out_of_range(text: str) -> OutOfRangeError:
    return OutOfRangeError(None, None, text + where(3))


# The class of arrays in traced functions, from a room above.
TRACED: list[type] = []


@export("TensorArray")
class TensorArray:
    """A list of tensors of one dtype, written and read by index; use what each method returns.

    size: how many there are; dynamic_size: whether writing beyond the end makes it longer.
    clear_after_read: whether a tensor can be read once only (the default).
    infer_shape, element_shape: all tensors must have one shape, given or that of the first.

    >>> ta = tf.TensorArray(tf.float32, size=2)
    >>> ta = ta.write(0, 1.0).write(1, 2.0)
    >>> ta.stack().numpy().tolist()
    [1.0, 2.0]
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> TensorArray:
        if cls is TensorArray and STATE.trace is not None:
            return object.__new__(TRACED[0])
        return object.__new__(cls)

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Any = None,
        flow: Any = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ):
        if handle is not None:
            raise ValueError(
                "TensorArray handles are not supported when eager execution is enabled."
            )
        if size is None:
            raise ValueError(
                "Size must be declared for TensorArrays when eager execution is enabled."
            )
        self._dtype = as_dtype(dtype)
        self._dynamic = bool(dynamic_size)
        self._clear = True if clear_after_read is None else bool(clear_after_read)
        self._infer = infer_shape
        self._element_shape = TensorShape(element_shape)
        self._items: list[Any] = [None] * int(size)
        self._read: set[int] = set()

    @property
    def dtype(self) -> Any:
        """The dtype of all tensors in it."""
        return self._dtype

    @property
    def element_shape(self) -> TensorShape:
        """The shape of one tensor, as far as known."""
        return self._element_shape

    @property
    def dynamic_size(self) -> bool:
        """Whether writing beyond the end makes it longer."""
        return self._dynamic

    @property
    def handle(self) -> None:
        """Nothing: there is no graph."""
        return

    @property
    def flow(self) -> Tensor:
        """A stand-in without meaning when running eagerly."""
        return Tensor(np.zeros((), np.int32))

    def identity(self) -> TensorArray:
        """The array itself."""
        return self

    def size(self, name: str | None = None) -> Tensor:
        """How many tensors there are, as int32."""
        return Tensor(np.array(len(self._items), np.int32))

    def __len__(self) -> int:
        return len(self._items)

    def read(self, index: Any, name: str | None = None) -> Any:
        """The tensor at `index`; zeros where none was written.

        Raises OutOfRangeError outside of the size, InvalidArgumentError for a second read of a cleared one.
        """
        i = int(index)
        if i < 0:
            raise _out_of_range(f"Reading from negative indices (index {i}) is not allowed.")
        if i >= len(self._items):
            raise _out_of_range(
                f"Tried to read from index {i} but array size is: {len(self._items)} "
            )
        if self._items[i] is None and i in self._read:
            raise _invalid(
                f"Could not read index {i} twice because it was cleared after a previous read (perhaps try setting "
                "clear_after_read = false?)"
            )
        tensor = self._at(i)
        if self._clear:
            self._items[i] = None
            self._read.add(i)
        return tensor

    def _at(self, i: int) -> Any:
        tensor = self._items[i]
        if tensor is None:
            if not self._element_shape.is_fully_defined():
                raise ValueError(
                    f"Nothing was written at index {i}, and the shape of the elements ({self._element_shape}) is not "
                    "known. Write it, or give element_shape=."
                )
            shape: Any = self._element_shape.as_list()
            tensor = self._items[i] = PUBLIC["zeros_like"](Tensor(np.zeros(shape, self._dtype.np)))
        return tensor

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """Put `value` at `index`; gives the array.

        Raises OutOfRangeError outside of a fixed size, InvalidArgumentError for another dtype, ValueError for another
        shape.
        """
        i = int(index)
        if i < 0:
            raise _out_of_range(f"Writing to negative indices (index {i}) is not allowed.")
        if i >= len(self._items):
            if not self._dynamic:
                raise _out_of_range(
                    f"Tried to write to index {i} but array is not resizeable and size is: {len(self._items)} "
                )
            self._items += [None] * (i + 1 - len(self._items))
        tensor = convert(value, hint=self._dtype.np)
        self._check(tensor)
        self._items[i] = tensor
        return self

    def _check(self, tensor: Any) -> None:
        if tensor.dtype is not self._dtype:
            raise _invalid(
                f"TensorArray dtype is {self._dtype.name} but Op is trying to write dtype {tensor.dtype.name} "
            )
        if not self._element_shape.is_compatible_with(tensor.shape):
            raise ValueError(
                f"Incompatible shape for value ({tensor.shape}), expected ({self._element_shape})"
            )
        if self._infer:
            self._element_shape = self._element_shape.merge_with(tensor.shape)

    def stack(self, name: str | None = None) -> Any:
        """All tensors joined along a new first axis."""
        if not self._items:
            rest: Any = (
                self._element_shape.as_list() if self._element_shape.is_fully_defined() else []
            )
            return Tensor(np.zeros([0, *rest], self._dtype.np))
        return PUBLIC["stack"]([self._at(i) for i in range(len(self._items))])

    def gather(self, indices: Any, name: str | None = None) -> Any:
        """The tensors at `indices`, joined along a new first axis."""
        return PUBLIC["stack"]([self._at(int(i)) for i in np.asarray(convert(indices)._value)])

    def concat(self, name: str | None = None) -> Any:
        """All tensors joined along their first axis.  Raises InvalidArgumentError for scalars."""
        items = [self._at(i) for i in range(len(self._items))]
        for i, item in enumerate(items):
            if item.ndim == 0:
                raise _invalid(
                    f"Concat saw a scalar shape at index {i} but requires at least vectors."
                )
        return PUBLIC["concat"](items, 0)

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """Fill it with the slices of `value` along the first axis."""
        tensors = PUBLIC["unstack"](convert(value, hint=self._dtype.np))
        if len(tensors) > len(self._items) and not self._dynamic:
            raise ValueError(
                f"Cannot unstack {len(tensors)} tensors into a TensorArray of static size {len(self._items)} "
            )
        self._items = tensors
        return self

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """Put the slices of `value` along the first axis at `indices`."""
        parts = PUBLIC["unstack"](convert(value, hint=self._dtype.np))
        for i, part in zip(np.asarray(convert(indices)._value).tolist(), parts):
            self.write(i, part)
        return self

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """Fill it with pieces of `value` along the first axis, of these lengths."""
        tensor, sizes = convert(value, hint=self._dtype.np), convert(lengths)._value
        if tensor.dtype is not self._dtype:
            raise _invalid(
                f"TensorArray dtype is {self._dtype.name} but Op has dtype {tensor.dtype.name} "
            )
        if sizes.ndim != 1:
            raise _invalid(f"Expected lengths to be a vector, received shape: {list(sizes.shape)} ")
        if tensor.ndim == 0:
            raise _invalid("Expected value to be at least a vector, but received shape: [] ")
        if sizes.sum() != tensor._value.shape[0]:
            raise _invalid(
                f"Expected sum of lengths to be equal to values.shape[0], but sum of lengths is {sizes.sum()} and "
                f"value's shape is: {list(tensor._value.shape)} "
            )
        if not self._dynamic and len(sizes) != len(self._items):
            raise _invalid(
                f"TensorArray's size is not equal to the size of lengths ({len(self._items)} vs. {len(sizes)}), and "
                "the TensorArray is not marked as dynamically resizeable."
            )
        self._items = PUBLIC["split"](tensor, sizes.tolist())
        return self

    def close(self, name: str | None = None) -> None:
        """Forget all tensors."""
        self._items.clear()
