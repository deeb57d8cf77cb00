"""`tf.TensorSpec` and its relatives: what is known of a tensor before it is there."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.base.dtypes import as_dtype, float32, int64
from gradtape.base.exports import export
from gradtape.base.shapes import TensorShape
from gradtape.core.convert import convert
from gradtape.core.slices import IndexedSlices
from gradtape.core.tensor import Symbolic, Tensor


@export("TypeSpec")
class TypeSpec:
    """Base of the descriptions of values."""

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether a value, or any value of another description, fits."""
        raise TypeError(f"{type(self).__name__} does not say what fits it.")


def _shape(shape: Any) -> TensorShape:
    try:
        return TensorShape(shape)
    except (TypeError, ValueError):
        if isinstance(shape, str):
            raise TypeError(
                f"Failed to convert '{shape!r}' to a shape. A shape should either be single dimension (e.g. 10), or an "
                "iterable of dimensions (e.g. [1, 10, None])."
            ) from None
        raise


@export("TensorSpec")
class TensorSpec(TypeSpec):
    """Shape, dtype and name of a tensor; a size, or the whole shape, may be None: any.

    >>> tf.TensorSpec([None, 2])
    TensorSpec(shape=(None, 2), dtype=tf.float32, name=None)
    """

    __slots__ = ("_dtype", "_name", "_shape")

    def __init__(self, shape: Any, dtype: Any = float32, name: str | None = None):
        self._shape, self._dtype, self._name = _shape(shape), as_dtype(dtype), name

    @classmethod
    def from_spec(cls, spec: Any, name: str | None = None) -> TensorSpec:
        """The same description, under another name when given."""
        return cls(spec.shape, spec.dtype, name or getattr(spec, "name", None))

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """The description of a tensor."""
        if isinstance(tensor, Tensor | Symbolic) or hasattr(tensor, "_as_tensor"):
            return cls(tensor.shape, tensor.dtype, name)
        raise ValueError(f"`tensor` should be a tf.Tensor, but got type {type(tensor)}.")

    @property
    def shape(self) -> TensorShape:
        """The shape."""
        return self._shape

    @property
    def dtype(self) -> Any:
        """The dtype."""
        return self._dtype

    @property
    def name(self) -> str | None:
        """The name, or None."""
        return self._name

    @property
    def value_type(self) -> type:
        """The class of what is described."""
        return Tensor

    def is_compatible_with(self, spec_or_tensor: Any) -> bool:
        """Whether dtype and shape fit those of a tensor, a spec, or what converts to a tensor."""
        other = spec_or_tensor
        if not hasattr(other, "shape") or not hasattr(other, "dtype"):
            try:
                other = convert(other)
            except (TypeError, ValueError):
                return False
        return as_dtype(other.dtype) is self._dtype and self._shape.is_compatible_with(other.shape)

    def is_subtype_of(self, other: Any) -> bool:
        """Whether every tensor of this description is one of the other."""
        return (
            isinstance(other, TensorSpec)
            and self._dtype is other._dtype
            and self._shape.is_subtype_of(other._shape)
            and (other._name is None or other._name == self._name)
        )

    def most_specific_common_supertype(self, others: Any) -> TensorSpec | None:
        """The narrowest description that holds this and all others; None where there is none."""
        shape, name = self._shape, self._name
        for other in others:
            if not isinstance(other, TensorSpec) or other._dtype is not self._dtype:
                return None
            shape = shape.most_specific_compatible_shape(other._shape)
            name = name if name == other._name else None
        return TensorSpec(shape, self._dtype, name)

    def most_specific_compatible_type(self, other: Any) -> TensorSpec:
        """The narrowest description that holds both.  Raises ValueError where there is none."""
        found = self.most_specific_common_supertype([other])
        if found is None:
            raise ValueError(f"No TypeSpec is compatible with both {self} and {other}")
        return found

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, TensorSpec)
            and self._shape == other._shape
            and self._dtype is other._dtype
            and self._name == other._name
        )

    def __hash__(self) -> int:
        return hash((self._shape, self._dtype))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self._shape}, dtype={self._dtype!r}, name={self._name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return TensorSpec, (self._shape, self._dtype, self._name)


@export("IndexedSlicesSpec")
class IndexedSlicesSpec(TypeSpec):
    """Shape and dtypes of `tf.IndexedSlices`."""

    def __init__(
        self,
        shape: Any = None,
        dtype: Any = float32,
        indices_dtype: Any = int64,
        dense_shape_dtype: Any = None,
        indices_shape: Any = None,
    ):
        self.shape, self.dtype = TensorShape(shape), as_dtype(dtype)
        self.indices_dtype, self.indices_shape = as_dtype(indices_dtype), TensorShape(indices_shape)
        self.dense_shape_dtype = None if dense_shape_dtype is None else as_dtype(dense_shape_dtype)

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether slices of this dtype and shape are given."""
        other = spec_or_value
        return (
            isinstance(other, IndexedSlices | IndexedSlicesSpec)
            and other.dtype is self.dtype
            and self.shape.is_compatible_with(other.shape)
        )

    def __repr__(self) -> str:
        return f"IndexedSlicesSpec({self.shape!r}, {self.dtype!r}, {self.indices_dtype!r})"


@export("TensorArraySpec")
class TensorArraySpec(TypeSpec):
    """Element shape and dtype of a `tf.TensorArray`."""

    def __init__(
        self,
        element_shape: Any = None,
        dtype: Any = float32,
        dynamic_size: bool = False,
        infer_shape: bool = True,
    ):
        self.element_shape, self.dtype = TensorShape(element_shape), as_dtype(dtype)
        self.dynamic_size, self.infer_shape = dynamic_size, infer_shape

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether an array of this dtype and element shape is given."""
        other = spec_or_value
        return (
            hasattr(other, "element_shape")
            and other.dtype is self.dtype
            and self.element_shape.is_compatible_with(other.element_shape)
        )


@export("type_spec_from_value")
def type_spec_from_value(value: Any) -> TypeSpec:
    """The description of a value.  Raises TypeError for what is no tensor and has none."""
    if isinstance(value, IndexedSlices):
        return IndexedSlicesSpec(value.shape, value.dtype, value.indices.dtype)
    try:
        tensor = value if isinstance(value, Tensor | Symbolic) else convert(value)
    except (TypeError, ValueError):
        raise TypeError(
            f"Could not build a TypeSpec for {value!r} with type {type(value).__name__}"
        ) from None
    return TensorSpec(tensor.shape, tensor.dtype)


@export("is_tensor")
def is_tensor(x: Any) -> bool:
    """Whether it is a tensor, a variable, or slices of one; not an array or a number.

    >>> tf.is_tensor(tf.constant(1.0)), tf.is_tensor(1.0)
    (True, False)
    """
    return isinstance(x, Tensor | Symbolic | IndexedSlices) or hasattr(x, "_as_tensor")


@export("is_symbolic_tensor")
def is_symbolic_tensor(tensor: Any) -> bool:
    """Whether it stands for a value that is not computed yet."""
    return isinstance(tensor, Symbolic)


@export("get_static_value")
def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """The value as NumPy gives it; None for what is not computed yet, anything that is no tensor as it is."""
    if isinstance(tensor, Symbolic):
        known = getattr(getattr(tensor, "_value", None), "known", None)
        return None if known is None else np.array(known) if known.ndim else known[()]
    if isinstance(tensor, Tensor) or hasattr(tensor, "_as_tensor"):
        value = tensor._value
        return np.array(value) if value.ndim else value[()]
    return tensor
