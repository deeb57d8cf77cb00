"""From what users give to tensors: TensorFlow's conversion rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.base import dtypes
from gradtape.base.dtypes import DTYPES, DType, as_dtype
from gradtape.base.errors import DtypeError, InvalidArgumentError, StructureError
from gradtape.base.quiet import quiet
from gradtape.base.shapes import TensorShape
from gradtape.core.card import PUBLIC
from gradtape.core.context import EXPLANATIONS
from gradtape.core.slices import IndexedSlices
from gradtape.core.tensor import Symbolic, Tensor

FLOAT32 = np.dtype(np.float32)
INT32 = np.dtype(np.int32)
_FLOAT32_MAX = float(np.finfo(np.float32).max)
_INT32_RANGE = (-(2**31), 2**31 - 1)
# Packs nested tensors so that gradients flow into each; set by the room that has the `stack` card.
PACK: list[Callable[..., Any]] = []


class ConversionError(InvalidArgumentError, TypeError, ValueError):
    """A value that is no tensor of the asked dtype; by place, TensorFlow has one or the other of these classes."""

    def __init__(self, message: str):
        super().__init__(None, None, message)


def convert(
    value: Any, dtype: np.dtype[Any] | None = None, hint: np.dtype[Any] | None = None
) -> Any:
    """A tensor (or symbolic stand-in) of `value`.

    dtype: required; a tensor of another dtype is an error. hint: taken where the value allows it.
    """
    if isinstance(value, Tensor):
        if dtype is not None and value._value.dtype != dtype:
            raise ConversionError(
                f"Tensor conversion requested dtype {DTYPES[dtype].name} for Tensor with dtype "
                f"{value.dtype.name}: {value!r}"
            )
        return value
    if isinstance(value, Symbolic):
        return value
    if isinstance(value, IndexedSlices):
        shape = tuple(convert(value.dense_shape)._value.tolist())
        return convert(PUBLIC["unsorted_rows_sum"](value.values, value.indices, shape=shape), dtype)
    read = getattr(value, "_as_tensor", None)
    if read is not None:
        return convert(read(), dtype)
    if type(value) in (list, tuple) and _holds_tensor(value):
        return _pack(value, dtype)
    if dtype is None and hint is not None:
        try:
            return Tensor(to_array(value, hint))
        except (TypeError, ValueError):
            return Tensor(to_array(value, None))
    return Tensor(to_array(value, dtype))


def _holds_tensor(values: Any) -> bool:
    for value in values:
        if isinstance(value, Tensor | Symbolic) or hasattr(value, "_as_tensor"):
            return True
        if type(value) in (list, tuple) and _holds_tensor(value):
            return True
    return False


def _pack(values: Any, dtype: np.dtype[Any] | None) -> Any:
    if dtype is None:
        dtype = _first_dtype(values)
    parts = [convert(v, dtype) for v in values]
    return PACK[0](parts)


def _first_dtype(values: Any) -> np.dtype[Any] | None:
    for value in values:
        if isinstance(value, list | tuple):
            found = _first_dtype(value)
            if found is not None:
                return found
        elif isinstance(value, Tensor | Symbolic) or hasattr(value, "_as_tensor"):
            return value.dtype.np
    return None


def to_array(value: Any, dtype: np.dtype[Any] | None) -> np.ndarray:
    """A NumPy array of its own, with TensorFlow's dtype for Python values (float32, int32)."""
    kind = type(value)
    if kind is float:
        if dtype is None:
            if -_FLOAT32_MAX <= value <= _FLOAT32_MAX or value - value != 0:
                return np.asarray(value, FLOAT32)
        elif dtype.kind in "fVc" and -65504 <= value <= 65504:
            return np.asarray(value, dtype)
    elif kind is int:
        if dtype is None:
            low, high = _INT32_RANGE
            return np.asarray(value, INT32 if low <= value <= high else np.int64)
        if dtype.kind in "fVc":
            with quiet():
                return np.asarray(value, dtype)
    if isinstance(value, np.ndarray | np.generic):
        return _from_numpy(value, dtype)
    if isinstance(value, TensorShape):
        if not value.is_fully_defined():
            raise ConversionError(
                f"Cannot convert a partially known TensorShape {value} to a Tensor."
            )
        return np.asarray(value.as_list(), dtype or INT32)
    if value is None:
        raise ConversionError(
            "Attempt to convert a value (None) with an unsupported type (<class 'NoneType'>) to a Tensor."
        )
    return _from_python(value, dtype)


def _from_numpy(value: Any, dtype: np.dtype[Any] | None) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind in "SU":
        return _encode(array)
    if array.dtype.kind == "O" and array.size and not isinstance(array.flat[0], bytes | str):
        return _from_python(array.tolist(), dtype)
    if array.dtype.kind == "O":
        return _encode(array)
    if dtype is None:
        if array.dtype not in DTYPES:
            if array.dtype.newbyteorder("=") in DTYPES:
                return array.astype(array.dtype.newbyteorder("="))
            raise ConversionError(
                f"Failed to convert a NumPy array to a Tensor (Unsupported numpy type {array.dtype})."
            )
        return np.array(array)
    if dtype.kind == "O" or (array.dtype.kind == "c" and dtype.kind not in "c"):
        raise ConversionError(
            f"Cannot convert {value!r} to EagerTensor of dtype {DTYPES[dtype].name}"
        )
    with quiet():
        return np.array(array, dtype)


def _encode(array: np.ndarray) -> np.ndarray:
    flat = [x.encode() if isinstance(x, str) else bytes(x) for x in array.ravel().tolist()]
    result = np.empty(array.shape, object)
    result.reshape(-1)[:] = flat
    return result


def _from_python(value: Any, dtype: np.dtype[Any] | None) -> np.ndarray:
    if isinstance(value, str | bytes):
        if dtype is not None and dtype.kind != "O":
            raise ConversionError(
                f"Cannot convert {value!r} to EagerTensor of dtype {DTYPES[dtype].name}"
            )
        return _encode(np.asarray(value, object))
    if not isinstance(value, bool | int | float | complex | list | tuple | range):
        if hasattr(value, "__array__") or hasattr(value, "__array_interface__"):
            return _from_numpy(np.asarray(value), dtype)
        if (
            hasattr(value, "__iter__")
            and hasattr(value, "__len__")
            and not isinstance(value, dict | set)
        ):
            value = list(value)
        elif isinstance(value, DType):
            return np.asarray(value.as_datatype_enum, INT32)
        else:
            raise ConversionError(
                f"Attempt to convert a value ({value!r}) with an unsupported type ({type(value)}) to a Tensor."
            )
    try:
        array = np.asarray(value)
    except OverflowError:
        raise ConversionError(
            f"Python int too large to convert to a tensor. Received: {value!r}"
        ) from None
    except ValueError:
        raise ConversionError("Can't convert non-rectangular Python sequence to Tensor.") from None
    if array.dtype.kind == "O":
        leaves = array.ravel().tolist()
        if leaves and all(isinstance(x, str | bytes) for x in leaves):
            return _encode(array)
        if leaves and all(isinstance(x, int) for x in leaves) and dtype is not None:
            raise ConversionError(
                f"Cannot convert {value!r} to EagerTensor of dtype {DTYPES[dtype].name}"
            )
        raise ConversionError(
            f"Can't convert Python sequence with mixed types to Tensor. Received: {value!r}"
        )
    if array.dtype.kind in "SU":
        if not all(isinstance(x, str | bytes) for x in np.asarray(value, object).flat):
            raise ConversionError(
                f"Can't convert Python sequence with mixed types to Tensor. Received: {value!r}"
            )
        return _encode(array)
    natural = _python_dtype(value, array)
    if dtype is None:
        if natural is FLOAT32 and array.size:
            biggest = np.abs(array).max(initial=0.0, where=np.isfinite(array))
            if biggest > _FLOAT32_MAX:
                raise ConversionError(
                    f"Can't convert Python sequence with a value out of range for float32 to Tensor: {biggest}. "
                    "Give a dtype: dtype=tf.float64."
                )
        return array.astype(natural, copy=False)
    return _cast_python(value, array, natural, dtype)


def _python_dtype(value: Any, array: np.ndarray) -> Any:
    """float32 for Python floats, int32 (int64 beyond its range) for ints; NumPy leaves keep theirs."""
    if array.dtype.kind == "f":
        return array.dtype if _numpy_leaf(value) else FLOAT32
    if array.dtype.kind in "iu":
        if _numpy_leaf(value):
            return array.dtype
        low, high = _INT32_RANGE
        fits = array.size == 0 or (array.min() >= low and array.max() <= high)
        return INT32 if fits else np.dtype(np.int64)
    return array.dtype


def _numpy_leaf(value: Any) -> bool:
    while isinstance(value, list | tuple):
        if not value:
            return False
        for inner in value:
            if isinstance(inner, np.ndarray | np.generic):
                return True
        value = value[0]
    return isinstance(value, np.ndarray | np.generic)


def _cast_python(value: Any, array: np.ndarray, natural: Any, dtype: np.dtype[Any]) -> np.ndarray:
    kind, wanted = array.dtype.kind, dtype.kind
    numpy_leaf = _numpy_leaf(value)
    wrong = (
        (wanted == "b") != ((kind == "b" and array.size > 0) or (wanted == "b" and array.size == 0))
        or wanted == "O"
        or (wanted in "iu" and kind in "fc" and array.size > 0 and not numpy_leaf)
        or (wanted in "fV" and kind == "c")
    )
    if wrong:
        raise ConversionError(
            f"Cannot convert {value!r} to EagerTensor of dtype {DTYPES[dtype].name}"
        )
    # An integer too large for the dtype wraps around, silently, as in TensorFlow.
    with quiet():
        return array.astype(dtype)


def same_dtype(card: Any, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """All inputs as tensors of one dtype: that of the first which has one. Raises DtypeError when two differ."""
    dtype = None
    for value in values:
        if isinstance(value, Tensor | Symbolic) or hasattr(value, "_as_tensor"):
            dtype = value.dtype.np
            break
        if isinstance(value, np.ndarray | np.generic) and value.dtype in DTYPES:
            dtype = value.dtype
            break
    if dtype is None and len(values) > 1:
        arrays = [convert(v) for v in values]
        kinds = {a.dtype.np for a in arrays}
        dtype = next((k for k in kinds if k.kind in "fc"), next(iter(kinds)))
    result = []
    for value in values:
        tensor = convert(value) if _has_dtype(value) else convert(value, dtype)
        result.append(tensor)
    return check_same(card, tuple(result))


def _has_dtype(value: Any) -> bool:
    return isinstance(value, Tensor | Symbolic) or hasattr(value, "_as_tensor")


def check_same(card: Any, tensors: tuple[Any, ...]) -> tuple[Any, ...]:
    first = tensors[0].dtype
    for index, tensor in enumerate(tensors):
        if tensor.dtype is not first:
            names = dict(zip(card.parameters, tensors))
            raise DtypeError(
                f"cannot compute {card.tf_name} as input #{index}(zero-based) was expected to be a "
                f"{_tf_word(first)} tensor but is a {_tf_word(tensor.dtype)} tensor: mixing {first.name} and "
                f"{tensor.dtype.name}. Cast one: tf.cast(x, tf.{first.name}).{_whose(tensors)}",
                **names,
            )
    return tensors


def _whose(tensors: tuple[Any, ...]) -> str:
    """Where the operands come from, by their names in the user's code."""
    found = EXPLANATIONS["operands"](tensors) if "operands" in EXPLANATIONS else ""
    return f" {found}." if found else ""


def _tf_word(dtype: DType) -> str:
    return {"float32": "float", "float64": "double", "float16": "half"}.get(dtype.name, dtype.name)


def numpy_dtype(dtype: Any) -> np.dtype[Any] | None:
    """The NumPy dtype of any dtype-like, or None."""
    return None if dtype is None else as_dtype(dtype).np


def constant_array(value: Any, dtype: Any, shape: Any) -> np.ndarray:
    """The array of `tf.constant(value, dtype, shape)`."""
    wanted = numpy_dtype(dtype)
    if isinstance(value, Tensor):
        array = value._value
        if wanted is not None and array.dtype != wanted:
            array = array.astype(wanted)
    else:
        array = convert(value, wanted)._value
    if shape is not None:
        target = tuple([int(n or 0) for n in TensorShape(shape)])
        if array.shape != target:
            size = int(np.prod(target, dtype=np.int64))
            if array.size == size:
                array = array.reshape(target)
            elif array.size == 1:
                array = np.array(np.broadcast_to(array.reshape(()), target))
            else:
                raise StructureError(
                    f"Eager execution of tf.constant with unsupported shape. Tensor {value!r} has {array.size} "
                    f"elements and the shape {list(target)} needs {size}."
                )
    return array


__all__ = [
    "ConversionError",
    "constant_array",
    "convert",
    "dtypes",
    "numpy_dtype",
    "same_dtype",
    "to_array",
]
