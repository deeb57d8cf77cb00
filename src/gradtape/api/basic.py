"""Making tensors: `constant`, `convert_to_tensor`; dtypes and shapes."""

from __future__ import annotations

from typing import Any

from gradtape.base.dtypes import DType, as_dtype, public_dtypes
from gradtape.base.exports import EXPORTS, export
from gradtape.base.shapes import TensorShape
from gradtape.core.context import STATE
from gradtape.core.convert import constant_array, convert, numpy_dtype
from gradtape.core.tensor import Tensor, made

export("DType", "dtypes.DType")(DType)
export("as_dtype", "dtypes.as_dtype")(as_dtype)
export("TensorShape")(TensorShape)
export("Tensor")(Tensor)
for _name, _dtype in public_dtypes().items():
    EXPORTS[f"dtypes.{_name}"] = _dtype


@export("constant")
def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> Tensor:
    """A tensor of a Python or NumPy value.

    dtype: that of a NumPy value; float32 and int32 (int64 beyond its range) for Python numbers.
    shape: the value is reshaped, or a scalar repeated, to it.
    Raises TypeError for a value that the dtype does not take, ValueError for ragged lists.

    >>> tf.constant([[1.0, 2.0]])
    <tf.Tensor: shape=(1, 2), dtype=float32, numpy=array([[1., 2.]], dtype=float32)>
    """
    return made(constant_array(value, dtype, shape), name)


@export("convert_to_tensor")
def convert_to_tensor(
    value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None
) -> Tensor:
    """A tensor of anything that has one: numbers, arrays, variables, nested lists.

    Raises ValueError for a tensor of another dtype than asked for.
    """
    tensor = convert(value, numpy_dtype(dtype), numpy_dtype(dtype_hint))
    return made(tensor._value) if type(tensor) is Tensor and STATE.trace is not None else tensor
