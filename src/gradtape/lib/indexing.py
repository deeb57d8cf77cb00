"""`x[...]`, iteration, and slices of variables that can be assigned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradtape.base.dtypes import DIFFERENTIABLE
from gradtape.base.errors import DtypeError, ShapeError
from gradtape.base.exports import export
from gradtape.core.bind import OPERATOR_CLASSES, apply
from gradtape.core.card import PUBLIC, REGISTRY
from gradtape.core.context import STATE, record
from gradtape.core.convert import PACK, convert
from gradtape.core.tensor import Symbolic, Tensor
from gradtape.core.variable import UnreadVariable, Variable
from gradtape.lib import traced_index
from gradtape.ops.index import INDEX_DTYPES, key_error, numpy_key

STRIDED_SLICE = REGISTRY["strided_slice"]
UNSTACK = REGISTRY["unstack"]
_new = Tensor.__new__
PACK.append(PUBLIC["stack"])


def _index(part: Any) -> int:
    kind = type(part)
    if kind is int:
        return part
    value = getattr(part, "_value", part)
    if isinstance(value, np.ndarray | np.generic):
        allowed = value.dtype in INDEX_DTYPES or not isinstance(part, Tensor)
        if allowed and value.dtype.kind in "iu" and value.size == 1:
            return int(value.reshape(()))
    elif hasattr(value, "__index__") and not isinstance(value, bool):
        return value.__index__()
    raise TypeError(
        "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar tf.int32/tf.int64 tensors are "
        f"valid indices, got {part!r}. To pick several elements use tf.gather(x, indices)."
    )


def spec_of(key: Any) -> tuple[Any, ...]:
    """The static form of an index: ints, (start, stop, step), None (a new axis) and Ellipsis."""
    spec = []
    for part in key if isinstance(key, tuple | list) else (key,):
        kind = type(part)
        if kind is int or part is None or part is ...:
            spec.append(part)
        elif kind is slice:
            ends = (part.start, part.stop, part.step)
            for end in ends:
                if end is not None and type(end) is not int:
                    ends = tuple([None if p is None else _index(p) for p in ends])
                    break
            spec.append(ends)
        else:
            spec.append(_index(part))
    return tuple(spec)


def _is_mask(key: Any) -> bool:
    kind = type(key)
    if kind is tuple or kind is slice:
        return False
    if kind is bool:
        return True
    value = getattr(key, "_value", key)
    return isinstance(value, np.ndarray) and value.dtype.kind == "b"


def getitem(x: Any, key: Any) -> Any:
    """x[key]: ints, slices with strides, Ellipsis, None, scalar integer tensors, or one boolean mask.

    Raises InvalidArgumentError (an IndexError) for an index out of bounds, TypeError for what is no index.
    """
    if type(x) is not Tensor and not isinstance(x, Symbolic):
        x = convert(x)
    if STATE.trace is not None and type(x) is Tensor and traced_index.split(key, x._value.ndim):
        x = STATE.trace.constant(x._value)
    if type(x) is not Tensor and isinstance(x, Symbolic):
        if _is_mask(key):
            return PUBLIC["boolean_mask"](x, key)
        value = getattr(x, "_value", None)
        parts = None if value is None else traced_index.split(key, value.ndim)
        if parts is not None:
            static, places = parts
            return traced_index.pick(apply(STRIDED_SLICE, (x,), {"spec": spec_of(static)}), places)
        return apply(STRIDED_SLICE, (x,), {"spec": spec_of(key)})
    if type(key) is int:
        spec: tuple[Any, ...] = (key,)
        try:
            value = x._value[key, ...]
        except IndexError as error:
            raise key_error(x._value, spec, error) from None
    elif _is_mask(key):
        return PUBLIC["boolean_mask"](x, key)
    else:
        spec = spec_of(key)
        value = STRIDED_SLICE.kernel(x._value, spec=spec)
    output = _new(Tensor)
    output._value = value
    if STATE.recorders:
        record(STRIDED_SLICE, {"spec": spec}, (x,), output)
    return output


class VariableSlice(Tensor):
    """A slice of a variable: a tensor that can be assigned, `v[0].assign(1.0)` writes the variable."""

    __slots__ = ("_spec", "_variable")

    def assign(self, value: Any, name: str | None = None) -> Any:
        """Write the elements of the slice.  value: of its dtype; it broadcasts.  Returns the variable."""
        return self._write(convert(value, self._value.dtype)._value)

    def assign_add(self, delta: Any, name: str | None = None) -> Any:
        """Add to the elements of the slice."""
        return self._write(self._now() + convert(delta, self._value.dtype)._value)

    def assign_sub(self, delta: Any, name: str | None = None) -> Any:
        """Subtract from the elements of the slice."""
        return self._write(self._now() - convert(delta, self._value.dtype)._value)

    def _now(self) -> np.ndarray:
        return self._variable._value[numpy_key(self._spec)]

    def _write(self, value: np.ndarray) -> Any:
        buffer = self._variable._value.copy()
        try:
            buffer[numpy_key(self._spec)] = value
        except ValueError:
            raise ShapeError(
                f"Expected a value that broadcasts to the slice's shape {list(self._value.shape)}.",
                value=value,
            ) from None
        self._variable._store(buffer)
        return UnreadVariable(self._variable)

    def __reduce__(self) -> tuple[Any, ...]:
        return Tensor, (np.array(self._value),)


# Set by the room of traced variables: a slice in a traced function, that can be assigned.
_TRACED_SLICE: list[Any] = [lambda variable, key, tensor: tensor]


def variable_getitem(variable: Variable, key: Any) -> Any:
    """v[key]: as for a tensor; the result can be assigned."""
    if _is_mask(key):
        return PUBLIC["boolean_mask"](variable, key)
    x = convert(variable)
    if isinstance(x, Symbolic):
        return _TRACED_SLICE[0](variable._base, key, getitem(x, key))
    spec = spec_of(key)
    value = STRIDED_SLICE.kernel(x._value, spec=spec)
    output = VariableSlice(value)
    output._variable, output._spec = variable._base, spec
    if STATE.recorders:
        record(STRIDED_SLICE, {"spec": spec}, (x,), output)
    return output


def iterate(x: Any) -> Iterator[Tensor]:
    """The slices along the first axis; on a tape they are one operation, so that the way back is one as well."""
    value = x._value
    if value.ndim == 0:
        raise TypeError("Cannot iterate over a scalar tensor.")
    if STATE.trace is not None:
        return (x[i] for i in range(len(value)))
    if STATE.recorders and value.dtype in DIFFERENTIABLE:
        return iter(apply(UNSTACK, (convert(x),), {"num": len(value), "axis": 0}))
    return (Tensor(value[i, ...]) for i in range(len(value)))


for _cls in OPERATOR_CLASSES:
    _cls.__getitem__ = variable_getitem if issubclass(_cls, Variable) else getitem  # type: ignore[attr-defined]
Tensor.__iter__ = iterate  # type: ignore[method-assign]
export("__operators__.getitem")(getitem)


@export("strided_slice")
def strided_slice(input_: Any, begin: Any, end: Any, strides: Any = None, begin_mask: int = 0, end_mask: int = 0,
                  ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0, var: Any = None,
                  name: str | None = None) -> Any:  # fmt: skip
    """x[begin:end:strides], part by part; bit i of a mask changes part i.

    begin_mask, end_mask: from the start, to the end.  ellipsis_mask: `...`.  new_axis_mask: a new axis.
    shrink_axis_mask: the element `begin`, its axis taken out.
    """
    starts, stops = (np.asarray(convert(v)._value).tolist() for v in (begin, end))
    steps = [1] * len(starts) if strides is None else np.asarray(convert(strides)._value).tolist()
    spec: list[Any] = []
    for i, (start, stop, step) in enumerate(zip(starts, stops, steps)):
        bit = 1 << i
        if ellipsis_mask & bit:
            spec.append(...)
        elif new_axis_mask & bit:
            spec.append(None)
        elif shrink_axis_mask & bit:
            spec.append(start)
        else:
            spec.append(
                (None if begin_mask & bit else start, None if end_mask & bit else stop, step)
            )
    x = convert(input_)
    if var is not None:
        return variable_getitem(var, tuple(slice(*p) if type(p) is tuple else p for p in spec))
    return apply(STRIDED_SLICE, (x,), {"spec": tuple(spec)})


@export("nn.embedding_lookup")
def embedding_lookup(
    params: Any, ids: Any, max_norm: float | None = None, name: str | None = None
) -> Any:
    """Rows of a table.  params: float[n, ...], ids: int[...] -> float[ids..., ...].

    max_norm: rows with a larger 2-norm are scaled down to it.  The gradient of params is an `IndexedSlices`.
    Raises InvalidArgumentError (an IndexError) for an id outside of [0, n), ValueError for no params.

    >>> tf.nn.embedding_lookup([[1.0, 2.0], [3.0, 4.0]], [1]).numpy().tolist()
    [[3.0, 4.0]]
    """
    if params is None or (isinstance(params, list | tuple) and not params):
        raise ValueError("params must be specified")
    if isinstance(params, list | tuple) and not isinstance(params[0], int | float | list | tuple):
        params = params[0] if len(params) == 1 else PUBLIC["concat"](list(params), 0)
    rows = PUBLIC["gather"](params, ids)
    if max_norm is None:
        return rows
    axes = list(range(convert(ids).ndim, rows.ndim))
    from_public = PUBLIC.get("clip_by_norm")
    return (
        _clip_rows(rows, max_norm, axes)
        if from_public is None
        else from_public(rows, max_norm, axes=axes)
    )


def _clip_rows(rows: Any, max_norm: float, axes: list[int]) -> Any:
    norm = PUBLIC["sqrt"](PUBLIC["reduce_sum"](rows * rows, axes, keepdims=True))
    return rows * max_norm / PUBLIC["maximum"](norm, max_norm)


def _tensor_scatter(way: str) -> None:
    bound = PUBLIC[f"tensor_scatter_nd_{way}"]

    @export(f"tensor_scatter_nd_{way}")
    def scatter(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Any:
        x = convert(tensor)
        values = convert(updates, hint=x.dtype.np)
        if values.dtype is not x.dtype:
            raise DtypeError("Expected tensor and updates of one dtype.", tensor=x, updates=values)
        return bound(x, indices, values)

    scatter.__name__ = scatter.__qualname__ = f"tensor_scatter_nd_{way}"
    scatter.__doc__ = bound.__doc__


for _way in ("add", "sub", "update", "max", "min"):
    _tensor_scatter(_way)
