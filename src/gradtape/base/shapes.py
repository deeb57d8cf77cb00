"""Static shapes: TensorFlow's `TensorShape`, and the algebra of axes and broadcasting."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import Any

from gradtape.base.errors import ShapeError


def _dimension(value: Any) -> int | None:
    if value is None:
        return None
    number = int(value.__index__() if hasattr(value, "__index__") else value)
    if number < 0:
        raise ValueError(f"Dimension {number} must be >= 0")
    return number


class Dimension:
    """One dimension of a shape; `value` is None where it is unknown."""

    __slots__ = ("value",)

    def __init__(self, value: int | None):
        self.value = value

    def __eq__(self, other: Any) -> bool:
        return self.value == getattr(other, "value", other)

    def __hash__(self) -> int:
        return hash(self.value)

    def __index__(self) -> int:
        return operator.index(self.value)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return f"Dimension({self.value})"

    def __str__(self) -> str:
        return "?" if self.value is None else str(self.value)


class TensorShape:
    """The shape of a tensor; a dimension, or the whole rank, may be unknown (None).

    >>> TensorShape([1, 2])
    TensorShape([1, 2])
    """

    __slots__ = ("_dims",)

    def __init__(self, dims: Any):
        if dims is None or isinstance(dims, TensorShape):
            self._dims = None if dims is None else dims._dims
        elif hasattr(dims, "__index__"):
            self._dims = (_dimension(dims),)
        else:
            self._dims = tuple(_dimension(n) for n in dims)

    @property
    def rank(self) -> int | None:
        return None if self._dims is None else len(self._dims)

    ndims = rank

    @property
    def dims(self) -> list[Dimension] | None:
        """The dimensions as objects, each with a `value`; None for an unknown rank."""
        return None if self._dims is None else [Dimension(n) for n in self._dims]

    def as_list(self) -> list[Any]:
        if self._dims is None:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return list(self._dims)

    def num_elements(self) -> int | None:
        if self._dims is None or None in self._dims:
            return None
        total = 1
        for n in self._dims:
            total *= n  # type: ignore[operator]
        return total

    def is_fully_defined(self) -> bool:
        return self._dims is not None and None not in self._dims

    def assert_is_fully_defined(self) -> None:
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined")

    def is_compatible_with(self, other: Any) -> bool:
        other = TensorShape(other)
        if self._dims is None or other._dims is None:
            return True
        return len(self._dims) == len(other._dims) and all(
            a is None or b is None or a == b for a, b in zip(self._dims, other._dims)
        )

    def assert_is_compatible_with(self, other: Any) -> None:
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {TensorShape(other)} are incompatible")

    def is_subtype_of(self, other: Any) -> bool:
        other = TensorShape(other)
        if other._dims is None:
            return True
        return self._dims is not None and len(self._dims) == len(other._dims) and all(
            b is None or a == b for a, b in zip(self._dims, other._dims)
        )  # fmt: skip

    def most_specific_compatible_shape(self, other: Any) -> TensorShape:
        other = TensorShape(other)
        if self._dims is None or other._dims is None or len(self._dims) != len(other._dims):
            return TensorShape(None)
        return TensorShape([a if a == b else None for a, b in zip(self._dims, other._dims)])

    def merge_with(self, other: Any) -> TensorShape:
        other = TensorShape(other)
        self.assert_is_compatible_with(other)
        if self._dims is None:
            return other
        if other._dims is None:
            return self
        return TensorShape([b if a is None else a for a, b in zip(self._dims, other._dims)])

    def concatenate(self, other: Any) -> TensorShape:
        other = TensorShape(other)
        if self._dims is None or other._dims is None:
            return TensorShape(None)
        return TensorShape(self._dims + other._dims)

    def with_rank(self, rank: int) -> TensorShape:
        if self._dims is None:
            return TensorShape([None] * rank)
        if len(self._dims) != rank:
            raise ValueError(f"Shape {self} must have rank {rank}")
        return self

    def assert_has_rank(self, rank: int) -> None:
        self.with_rank(rank)

    def with_rank_at_least(self, rank: int) -> TensorShape:
        if self._dims is not None and len(self._dims) < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}")
        return self

    def with_rank_at_most(self, rank: int) -> TensorShape:
        if self._dims is not None and len(self._dims) > rank:
            raise ValueError(f"Shape {self} must have rank at most {rank}")
        return self

    def assert_same_rank(self, other: Any) -> None:
        other = TensorShape(other)
        if self._dims is not None and other._dims is not None and len(self) != len(other):
            raise ValueError(f"Shapes {self} and {other} must have the same rank")

    def __len__(self) -> int:
        if self._dims is None:
            raise ValueError("Cannot take the length of shape with unknown rank.")
        return len(self._dims)

    def __bool__(self) -> bool:
        return self._dims is not None

    def __iter__(self) -> Iterator[Any]:
        if self._dims is None:
            raise ValueError("Cannot iterate over a shape with unknown rank.")
        return iter(self._dims)

    def __getitem__(self, key: Any) -> Any:
        if self._dims is None:
            return TensorShape(None) if isinstance(key, slice) else None
        found = self._dims[key]
        return TensorShape(found) if isinstance(key, slice) else found

    def __add__(self, other: Any) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: Any) -> TensorShape:
        return TensorShape(other).concatenate(self)

    def __eq__(self, other: object) -> bool:
        try:
            return self._dims == TensorShape(other)._dims
        except (TypeError, ValueError):
            return NotImplemented

    def __hash__(self) -> int:
        return hash(self._dims)

    def __repr__(self) -> str:
        return f"TensorShape({None if self._dims is None else list(self._dims)})"

    def __str__(self) -> str:
        if self._dims is None:
            return "<unknown>"
        inner = ", ".join(str(n) for n in self._dims)
        return f"({inner},)" if len(self._dims) == 1 else f"({inner})"

    def __reduce__(self) -> tuple[Any, ...]:
        return TensorShape, (self._dims,)


def broadcast_shape(shapes: Sequence[Sequence[int]]) -> tuple[int, ...] | None:
    """The shape that static shapes broadcast to, or None where they do not fit."""
    if shapes:
        first = shapes[0]
        for shape in shapes:
            if shape != first:
                break
        else:
            return tuple(first)
    result = [1] * max((len(shape) for shape in shapes), default=0)
    for shape in shapes:
        for axis, n in enumerate(reversed(shape), start=1):
            if n != 1:
                if result[-axis] not in (1, n):
                    return None
                result[-axis] = n
    return tuple(result)


def broadcast_shapes(*shapes: Sequence[int]) -> tuple[int, ...]:
    """NumPy's broadcast of static shapes.  Raises ShapeError when they do not fit."""
    found = broadcast_shape(shapes)
    if found is None:
        texts = " and ".join(str(list(s)) for s in shapes)
        raise ShapeError(f"Incompatible shapes: {texts} do not broadcast together.")
    return found


def broadcast_axes(shape: Sequence[int], target: Sequence[int]) -> tuple[int, ...]:
    """The axes of `target` along which a value of `shape` was repeated: those to sum a cotangent over."""
    lead = len(target) - len(shape)
    repeated = [a + lead for a, n in enumerate(shape) if n == 1 and target[a + lead] != 1]
    return (*range(lead), *repeated)


def normalize_axis(axis: int, rank: int, name: str = "axis") -> int:
    """A non-negative axis.  Raises ShapeError outside of [-rank, rank)."""
    index = axis.__index__()
    if not -rank <= index < rank:
        raise ShapeError(
            f"Invalid reduction dimension: expected {name} in [-{rank}, {rank}) for an input with "
            f"{rank} dimension(s). Received: {name}={index}"
        )
    return index % rank


def normalize_axes(axis: Any, rank: int) -> tuple[int, ...]:
    """Sorted non-negative axes; None means all."""
    if axis is None:
        return tuple(range(rank))
    if (
        hasattr(axis, "__index__")
        and not isinstance(axis, list | tuple)
        and getattr(axis, "ndim", 0) == 0
    ):
        return (normalize_axis(axis, rank),)
    axes = [normalize_axis(int(a), rank) for a in axis]
    if len(set(axes)) != len(axes):
        raise ShapeError(
            f"Invalid reduction arguments: axes contain duplicate dimension. Received: axis={axis}"
        )
    return tuple(sorted(axes))
