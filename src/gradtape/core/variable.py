"""The variable: a named place for a value that changes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from enum import IntEnum
from itertools import count
from typing import Any

import numpy as np

from gradtape.base.dtypes import DTYPES, DType
from gradtape.base.errors import ShapeError
from gradtape.base.exports import export
from gradtape.base.quiet import quiet
from gradtape.base.shapes import TensorShape
from gradtape.core import text
from gradtape.core.card import PUBLIC
from gradtape.core.context import STATE
from gradtape.core.convert import ConversionError, constant_array, convert, numpy_dtype
from gradtape.core.scatter import scattered_entries, scattered_rows
from gradtape.core.slices import IndexedSlices
from gradtape.core.tensor import CPU, Reference, Tensor
from gradtape.core.trail import assigned

_VARIABLE_NAMES: dict[str, int] = {}
_NUMBERS = count()


@export("VariableSynchronization")
class VariableSynchronization(IntEnum):
    """When copies of a variable are brought together; there is one copy."""

    AUTO, NONE, ON_WRITE, ON_READ = range(4)


@export("VariableAggregation")
class VariableAggregation(IntEnum):
    """How updates of copies of a variable are put together; there is one copy."""

    NONE, SUM, MEAN, ONLY_FIRST_REPLICA = range(4)


@export("Variable")
class Variable:
    """A value that can be assigned.  Reading it gives a tensor; a tape watches it when it is trainable.

    initial_value: anything that converts to a tensor, or a function of no arguments that gives it.
    Raises ValueError for no initial value or a shape that does not fit.

    >>> v = tf.Variable([1.0, 2.0])
    >>> v.assign_add([1.0, 1.0]).numpy()
    array([2., 3.], dtype=float32)
    """

    __slots__ = ("_buffer", "_read_tensor", "_name", "trainable", "_constraint", "_shape", "_free_name",
                 "_regularizer", "_number", "_lent", "synchronization", "aggregation", "__dict__",
                 "__weakref__")  # fmt: skip
    __array_priority__ = 100

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: Any = None,
        constraint: Callable[[Any], Any] | None = None,
        synchronization: Any = VariableSynchronization.AUTO,
        aggregation: Any = VariableAggregation.NONE,
        shape: Any = None,
        experimental_enable_variable_lifting: bool = True,
    ):
        if initial_value is None:
            raise ValueError(
                "The `initial_value` arg to `tf.Variable` must be specified: a value or a function of no arguments."
            )
        if constraint is not None and not callable(constraint):
            raise ValueError(
                f"Argument `constraint` must be None or a callable. Received: {constraint!r}"
            )
        trace = STATE.trace
        if trace is not None:
            initial_value = trace.new_variable(self, initial_value)
        elif STATE.outside is not None:
            STATE.outside.created.append(self)
        if callable(initial_value) and not isinstance(initial_value, Tensor):
            initial_value = initial_value()
        wanted = numpy_dtype(dtype)
        if wanted is not None or isinstance(initial_value, Tensor | Variable):
            value = convert(initial_value, wanted)._value
        else:
            value = constant_array(initial_value, None, None)
        assigned(self, initial_value)
        if trace is not None and not isinstance(value, np.ndarray):
            # It was put together of tensors that are being traced.
            value = trace.evaluate(value.tensor)
        self._shape = TensorShape(value.shape if shape is None else shape)
        if validate_shape and not self._shape.is_compatible_with(value.shape):
            raise ShapeError(
                f"The initial value's shape {value.shape} does not fit `shape`={self._shape}."
            )
        self._buffer: np.ndarray = value
        self._number = next(_NUMBERS)  # in order of creation
        self._read_tensor: Tensor | None = None
        # Whether anybody else may see the buffer.  Compiled code writes only into buffers that are not lent.
        self._lent = True
        self._name = f"{STATE.scope}{name or 'Variable'}:0"
        self.trainable = True if trainable is None else bool(trainable)
        self._constraint = constraint
        self.synchronization, self.aggregation = synchronization, aggregation

    # --- reading ---

    @property
    def _base(self) -> Variable:
        """The variable itself, also for what `assign` returns."""
        return self

    @property
    def _value(self) -> np.ndarray:
        if STATE.trace is not None:
            return STATE.trace.read(self)._value
        self._lent = True
        return self._buffer

    def _held(self) -> np.ndarray:
        """The buffer for somebody who keeps it: compiled code will not write into it any more."""
        self._lent = True
        return self._buffer

    def _as_tensor(self) -> Tensor:
        if STATE.trace is not None:
            tensor = STATE.trace.read(self)
        else:
            tensor = self._read_tensor
            if tensor is None:
                tensor = self._read_tensor = Tensor(self._buffer)
                self._lent = True
        for recorder in STATE.recorders:
            recorder.variable_read(self, tensor)
        return tensor

    def value(self) -> Tensor:
        """The value now, as a tensor of its own: gradients can be asked for at this reading alone."""
        base = self._base
        if STATE.trace is not None:
            tensor = PUBLIC["identity"](STATE.trace.read(base))
        else:
            tensor = Tensor(base._buffer)
            base._lent = True
        for recorder in STATE.recorders:
            recorder.variable_read(base, tensor)
        return tensor

    read_value = value

    def numpy(self) -> Any:
        """The value as a NumPy array of its own."""
        if STATE.trace is not None:
            raise NotImplementedError("numpy() is only available when eager execution is enabled.")
        return self._as_tensor().numpy()

    def sparse_read(self, indices: Any, name: str | None = None) -> Any:
        """Rows of the variable: `tf.gather(variable, indices)`."""
        return PUBLIC["gather"](self, indices)

    def initialized_value(self) -> Tensor:
        return self._as_tensor()

    # --- writing ---

    def _store(self, value: np.ndarray) -> None:
        """Take a buffer nobody will write to."""
        if STATE.trace is not None:
            STATE.trace.write(self, value)
            return
        for recorder in STATE.recorders:
            note = getattr(recorder, "variable_written", None)
            if note is not None:
                note(self)
        self._buffer = value
        self._lent = True
        self._read_tensor = None

    def _incoming(self, value: Any) -> np.ndarray:
        dtype = self._buffer.dtype
        array = convert(value, dtype)._value
        assigned(self._base, value)
        if not self._shape.is_compatible_with(array.shape):
            raise ShapeError(
                f"Cannot assign value to variable ' {self.name}': Shape mismatch. The variable shape {self.shape}, "
                f"and the assigned value shape {array.shape} are incompatible."
            )
        return array

    def assign(
        self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True,
    ) -> Any:  # fmt: skip
        """Replace the value.  Raises ValueError for another shape or dtype."""
        self._base._store(self._incoming(value))
        return UnreadVariable(self._base) if read_value else None

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True,
    ) -> Any:  # fmt: skip
        """v <- v + delta."""
        self._shift(delta, operator.add)
        return UnreadVariable(self._base) if read_value else None

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True,
    ) -> Any:  # fmt: skip
        """v <- v - delta."""
        self._shift(delta, operator.sub)
        return UnreadVariable(self._base) if read_value else None

    def _shift(self, delta: Any, by: Callable[[Any, Any], Any]) -> None:
        delta = self._delta(delta)
        with quiet():
            self._base._store(_array(by(self._value, delta)))

    def _delta(self, delta: Any) -> np.ndarray:
        array = convert(delta, self._value.dtype)._value
        assigned(self._base, delta)
        if array.shape != self._value.shape:
            raise ShapeError(
                "Cannot update variable with a value of another shape.", variable=self, value=array
            )
        return array

    def _scatter(self, sparse_delta: Any, kind: str, axis: int = 0) -> Any:
        """Rows of a copy are written.  kind: how, a key of `WRITE`."""
        if not isinstance(sparse_delta, IndexedSlices):
            raise TypeError(f"sparse_delta is not IndexedSlices: {sparse_delta!r}")
        rows = convert(sparse_delta.indices)
        values = convert(sparse_delta.values, self._value.dtype)
        if STATE.trace is not None:
            places = rows if kind == "batch" else PUBLIC["expand_dims"](rows, -1)
            return self._scatter_traced(kind, places, values)
        self._base._store(scattered_rows(self._value, rows._value, values._value, kind, axis))
        return UnreadVariable(self._base)

    def _scatter_traced(self, kind: str, places: Any, values: Any) -> Any:
        """The new value as an operation of the graph; what has none is left to Python when the graph runs."""
        trace, own = STATE.trace, STATE.trace.read(self._base)
        public = PUBLIC.get(f"tensor_scatter_nd_{kind}")
        if public is not None:
            new = public(own, places, values)
        else:
            rows = places if kind == "batch" else PUBLIC["squeeze"](places, axis=[-1])
            axis = len(rows._value.shape) - 1 if kind == "batch" else 0
            run = lambda buffer, i, v: (scattered_rows(buffer, i, v, kind, axis),)
            aval = (tuple(own._value.shape), own._value.dtype)
            (new,) = trace.host(run, [own, rows, values], [aval])
        self._base._store(new._value)
        return UnreadVariable(self._base)

    def scatter_add(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Add rows given as IndexedSlices."""
        return self._scatter(sparse_delta, "add")

    def scatter_sub(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Subtract rows given as IndexedSlices."""
        return self._scatter(sparse_delta, "sub")

    def scatter_mul(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Multiply rows by IndexedSlices."""
        return self._scatter(sparse_delta, "mul")

    def scatter_div(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Divide rows by IndexedSlices."""
        return self._scatter(sparse_delta, "div")

    def scatter_max(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Rows become the larger of themselves and IndexedSlices."""
        return self._scatter(sparse_delta, "max")

    def scatter_min(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Rows become the smaller of themselves and IndexedSlices."""
        return self._scatter(sparse_delta, "min")

    def scatter_update(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Replace rows by IndexedSlices."""
        return self._scatter(sparse_delta, "update")

    def batch_scatter_update(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Replace rows along the last axis of the indices, batch by batch."""

        return self._scatter(sparse_delta, "batch", np.ndim(sparse_delta.indices) - 1)

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Add `updates` at the places that the last axis of `indices` names."""
        return self._scatter_nd(indices, updates, "add")

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Subtract `updates` at the places that the last axis of `indices` names."""
        return self._scatter_nd(indices, updates, "sub")

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Replace the entries at the places that the last axis of `indices` names."""
        return self._scatter_nd(indices, updates, "update")

    def scatter_nd_max(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        return self._scatter_nd(indices, updates, "max")

    def scatter_nd_min(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        return self._scatter_nd(indices, updates, "min")

    def _scatter_nd(self, indices: Any, updates: Any, kind: str) -> Any:
        where, new = convert(indices), convert(updates, self._value.dtype)
        if STATE.trace is not None:
            return self._scatter_traced(kind, where, new)
        self._base._store(scattered_entries(self._value, where._value, new._value, kind))
        return UnreadVariable(self._base)

    def gather_nd(self, indices: Any, name: str | None = None) -> Any:
        """Entries at the places that the last axis of `indices` names."""
        return PUBLIC["gather_nd"](self, indices)

    # --- face ---

    @property
    def name(self) -> str:
        return self._name

    @property
    def _shared_name(self) -> str:
        return self._name.partition(":")[0]

    @property
    def dtype(self) -> DType:
        return DTYPES[self._base._buffer.dtype]

    @property
    def shape(self) -> TensorShape:
        return self._base._shape

    @property
    def ndim(self) -> int:
        return self._base._buffer.ndim

    @property
    def constraint(self) -> Any:
        return self._base._constraint

    @property
    def device(self) -> str:
        return CPU

    @property
    def handle(self) -> Any:
        return self

    @property
    def initializer(self) -> None:
        return None

    def get_shape(self) -> TensorShape:
        return self.shape

    def set_shape(self, shape: Any) -> None:
        self._base._shape = self.shape.merge_with(shape)

    def is_initialized(self, name: str | None = None) -> Tensor:
        return Tensor(np.asarray(True))

    def ref(self) -> Reference:
        """A hashable stand-in for the variable."""
        return Reference(self._base)

    def experimental_ref(self) -> Reference:
        return self.ref()

    def _refuse(self, other: Any) -> Any:
        raise RuntimeError(
            "A variable does not take `v += x` and its kin: write v.assign_add(x) to change the variable, or "
            "y = v + x for a new tensor."
        )

    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = _refuse

    def __hash__(self) -> int:
        raise TypeError("Variable is unhashable. Instead, use variable.ref() as the key.")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._as_tensor().__array__(dtype, copy)

    def __len__(self) -> int:
        return len(self._as_tensor())

    def __iter__(self) -> Any:
        return iter(self._as_tensor())

    def __bool__(self) -> bool:
        return bool(self._value)

    def __int__(self) -> int:
        return int(self._as_tensor())

    def __float__(self) -> float:
        return float(self._as_tensor())

    def __complex__(self) -> complex:
        return complex(self._as_tensor())

    def __index__(self) -> int:
        return self._value.__index__()

    def __copy__(self) -> Variable:
        return self.__deepcopy__({})

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        copy = Variable(
            self._value.copy(), self.trainable, name=self._shared_name, constraint=self._constraint
        )
        memo[id(self)] = copy
        return copy

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (np.array(self._value), self.trainable, self._shared_name)

    def __repr__(self) -> str:
        if STATE.trace is not None:
            return f"<tf.Variable '{self.name}' shape={self.shape} dtype={self.dtype.name}>"
        return text.variable_repr(self._value, self.shape, self.name)

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        if spec:
            raise TypeError(f"unsupported format string passed to {type(self).__name__}.__format__")
        return repr(self)


def _array(value: Any) -> Any:
    """An array of what arithmetic on arrays gave: NumPy makes scalars of those without axes."""
    return np.asarray(value) if isinstance(value, np.generic) else value


class UnreadVariable(Variable):
    """What an assignment returns: the variable again, printed under another name."""

    __slots__ = ("_parent",)

    def __init__(self, parent: Variable):
        self._parent = parent
        self.trainable = parent.trainable
        self.synchronization, self.aggregation = parent.synchronization, parent.aggregation

    @property
    def _base(self) -> Variable:
        return self._parent

    @property
    def _value(self) -> np.ndarray:
        return self._parent._value

    def _as_tensor(self) -> Tensor:
        return self._parent._as_tensor()

    @property
    def name(self) -> str:
        return "UnreadVariable"

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        return self._parent.__deepcopy__(memo)

    def __reduce__(self) -> tuple[Any, ...]:
        return self._parent.__reduce__()


def _restore(value: np.ndarray, trainable: bool, name: str) -> Variable:
    return Variable(value, trainable, name=name)


__all__ = ["ConversionError", "UnreadVariable", "Variable"]
