"""The eager tensor: an immutable array with TensorFlow's face.  Operators are put on it by the cards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradtape.base.dtypes import DTYPES, DType
from gradtape.base.errors import ArgumentError, DeviceNotFoundError
from gradtape.base.shapes import TensorShape
from gradtape.core import text
from gradtape.core.context import STATE

CPU = "/job:localhost/replica:0/task:0/device:CPU:0"
_NUMPY_NAMES = {
    "astype": "tf.cast(x, dtype)", "ravel": "tf.reshape(x, [-1])", "transpose": "tf.transpose(x)",
    "reshape": "tf.reshape(x, shape)", "clip": "tf.clip_by_value(x, low, high)", "size": "tf.size(x)",
    "tolist": "x.numpy().tolist()", "data": "x.numpy().data", "T": "tf.transpose(x)", "item": "x.numpy().item()",
    "mean": "tf.reduce_mean(x)", "sum": "tf.reduce_sum(x)", "max": "tf.reduce_max(x)", "min": "tf.reduce_min(x)",
    "std": "tf.math.reduce_std(x)", "var": "tf.math.reduce_variance(x)", "flatten": "tf.reshape(x, [-1])",
    "copy": "tf.identity(x)", "dot": "tf.tensordot(x, y, 1)", "argmax": "tf.argmax(x)", "squeeze": "tf.squeeze(x)",
}  # fmt: skip


class Symbolic:
    """A stand-in for a tensor that is not computed yet (a Keras input, a traced value).

    An operation which meets one hands itself over: `bind_symbolic(card, inputs, attrs)` gives its result;
    `call_symbolic(function, args, kwargs)` where the value itself would be needed for an attribute.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        dtype: Any
        shape: Any

    def bind_symbolic(self, card: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        raise NotImplementedError

    def call_symbolic(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        raise NotImplementedError


class Tensor:
    """A multi-dimensional array of one dtype.  Its buffer is never written."""

    __slots__ = ("_value", "_keras_logits", "_keras_mask", "__weakref__")
    __array_priority__ = 100
    _value: np.ndarray

    def __init__(self, value: np.ndarray):
        self._value = value

    if TYPE_CHECKING:  # the cards put these on the class

        def __add__(self, other: Any) -> Any: ...
        def __radd__(self, other: Any) -> Any: ...
        def __sub__(self, other: Any) -> Any: ...
        def __rsub__(self, other: Any) -> Any: ...
        def __mul__(self, other: Any) -> Any: ...
        def __rmul__(self, other: Any) -> Any: ...
        def __truediv__(self, other: Any) -> Any: ...
        def __rtruediv__(self, other: Any) -> Any: ...
        def __floordiv__(self, other: Any) -> Any: ...
        def __rfloordiv__(self, other: Any) -> Any: ...
        def __mod__(self, other: Any) -> Any: ...
        def __rmod__(self, other: Any) -> Any: ...
        def __pow__(self, other: Any) -> Any: ...
        def __rpow__(self, other: Any) -> Any: ...
        def __matmul__(self, other: Any) -> Any: ...
        def __rmatmul__(self, other: Any) -> Any: ...
        def __and__(self, other: Any) -> Any: ...
        def __rand__(self, other: Any) -> Any: ...
        def __or__(self, other: Any) -> Any: ...
        def __ror__(self, other: Any) -> Any: ...
        def __xor__(self, other: Any) -> Any: ...
        def __rxor__(self, other: Any) -> Any: ...
        def __lt__(self, other: Any) -> Any: ...
        def __le__(self, other: Any) -> Any: ...
        def __gt__(self, other: Any) -> Any: ...
        def __ge__(self, other: Any) -> Any: ...
        def __neg__(self) -> Any: ...
        def __abs__(self) -> Any: ...
        def __invert__(self) -> Any: ...
        def __getitem__(self, key: Any) -> Any: ...

    @property
    def dtype(self) -> DType:
        return DTYPES[self._value.dtype]

    @property
    def shape(self) -> TensorShape:
        return TensorShape(self._value.shape)

    @property
    def ndim(self) -> int:
        return self._value.ndim

    @property
    def device(self) -> str:
        return CPU

    @property
    def backing_device(self) -> str:
        return CPU

    @property
    def name(self) -> str:
        raise AttributeError("Tensor.name is undefined when eager execution is enabled.")

    @property
    def op(self) -> Any:
        raise AttributeError("Tensor.op is undefined when eager execution is enabled.")

    @property
    def graph(self) -> Any:
        raise AttributeError("Tensor.graph is undefined when eager execution is enabled.")

    @property
    def _id(self) -> int:
        return id(self)

    def get_shape(self) -> TensorShape:
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Checks that the shape fits.  Raises ValueError when it does not."""
        if not self.shape.is_compatible_with(shape):
            raise ValueError(
                f"Tensor's shape {self.shape} is not compatible with supplied shape {shape}."
            )

    def _leaving(self) -> np.ndarray:
        """The value for Python or NumPy, which tapes do not see."""
        if STATE.recorders:
            _note_break(self)
        return self._value

    def numpy(self) -> Any:
        """The values: a NumPy array of its own, or a NumPy scalar where the tensor has no axes."""
        value = self._leaving()
        return value.copy() if value.ndim else value[()]

    def ref(self) -> Reference:
        """A hashable stand-in for the tensor (tensors are compared by value, so they have no hash)."""
        return Reference(self)

    def cpu(self) -> Tensor:
        return self

    def gpu(self, gpu_index: int = 0) -> Tensor:
        raise DeviceNotFoundError(
            f"There is no GPU:{gpu_index} on this machine: 0 GPUs are available."
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        value = self._leaving()
        if dtype is not None and value.dtype != dtype:
            return value.astype(dtype)
        if copy:
            return value.copy()
        view = value.view()
        view.flags.writeable = False
        return view

    def __dlpack__(self, **options: Any) -> Any:
        return np.array(self._value).__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._value.__dlpack_device__()

    def __len__(self) -> int:
        if self._value.ndim == 0:
            raise TypeError("Scalar tensor has no `len()`")
        return len(self._value)

    def __iter__(self) -> Iterator[Tensor]:
        if self._value.ndim == 0:
            raise TypeError("Cannot iterate over a scalar tensor.")
        return (self[i] for i in range(len(self._value)))  # type: ignore[index]

    def __bool__(self) -> bool:
        return bool(self._value)

    def __int__(self) -> int:
        return int(self._leaving())

    def __float__(self) -> float:
        return float(self._leaving())

    def __complex__(self) -> complex:
        return complex(self._leaving())

    def __index__(self) -> int:
        return self._value.__index__()

    def __round__(self, digits: int | None = None) -> Any:
        value = self._leaving()
        return round(value.item(), digits) if digits is not None else round(float(value))

    def __hash__(self) -> int:
        raise TypeError("Tensor is unhashable. Instead, use tensor.ref() as the key.")

    def __copy__(self) -> Tensor:
        return Tensor(self._value)

    def __deepcopy__(self, memo: Any) -> Tensor:
        return Tensor(self._value.copy())

    def __reduce__(self) -> tuple[Any, ...]:
        return Tensor, (np.array(self._value),)

    def __repr__(self) -> str:
        return text.tensor_repr(self._value, self.shape)

    def __str__(self) -> str:
        return text.tensor_str(self._value, self.shape)

    def __format__(self, spec: str) -> str:
        value = self._value
        if value.ndim == 0:
            bfloat16 = value.dtype.kind == "V"
            return text.numpy_str(value) if bfloat16 and not spec else format(value[()], spec)
        return text.numpy_str(value) if not spec else format(value, spec)

    def _repr_html_(self) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        instead = _NUMPY_NAMES.get(name)
        if instead is None:
            raise AttributeError(f"'Tensor' object has no attribute {name!r}")
        raise AttributeError(
            f"A tensor has no NumPy attribute {name!r}. Use {instead}, or x.numpy().{name}."
        )

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError(
            "Tensor does not support item assignment: a tensor is immutable. Use tf.tensor_scatter_nd_update(x, "
            "indices, updates), tf.where(mask, new, x), or a tf.Variable and its slice: v[i].assign(value)."
        )


class Reference:
    """Hashable reference to a tensor or variable; `deref()` gives it back."""

    __slots__ = ("_referent",)

    def __init__(self, referent: Any):
        self._referent = referent

    def deref(self) -> Any:
        return self._referent

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Reference):
            raise TypeError(f"Cannot compare a reference with {type(other).__name__}.")
        return self._referent is other._referent

    def __hash__(self) -> int:
        return id(self._referent)

    def __repr__(self) -> str:
        return f"<Reference wrapping {self._referent!r}>"


def _note_break(tensor: Any) -> None:
    for recorder in STATE.recorders:
        note = getattr(recorder, "left_through_numpy", None)
        if note is not None:
            note(tensor)


def wrap(value: Any) -> Tensor:
    """A tensor of a NumPy array or scalar, without a copy; of a traced array, its tensor."""
    if type(value) is np.ndarray:
        return Tensor(value)
    traced = getattr(value, "tensor", None)
    return Tensor(np.asarray(value)) if traced is None else traced


def made(array: Any, name: str = "Const") -> Tensor:
    """A tensor that the user makes of numbers; in a traced function a constant of its graph."""
    if STATE.trace is None:
        return Tensor(array)
    traced = getattr(array, "tensor", None)
    return STATE.trace.constant(array, name) if traced is None else traced


def check_static(shape: Any, value: np.ndarray) -> None:
    """Raises when a value does not have the shape asked for."""
    if not TensorShape(shape).is_compatible_with(value.shape):
        raise ArgumentError(f"Expected a value of shape {TensorShape(shape)}.", value=value)
