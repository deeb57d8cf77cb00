"""Stand-ins for what is not computed yet: the traced tensor, and the array it holds.

A traced tensor goes wherever a tensor goes.  What is asked of its array decides: shape and dtype are known; NumPy's
functions and operators on it become operations of the graph; its numbers are not there, unless they were known when
the function was traced (sizes, constants).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.base.dtypes import DTYPES
from gradtape.base.errors import OperatorNotAllowedInGraphError
from gradtape.base.shapes import TensorShape
from gradtape.base.site import where
from gradtape.core.card import PUBLIC
from gradtape.core.context import STATE
from gradtape.core.tensor import Symbolic, Tensor
from gradtape.graph.ir import Aval, Value


class CannotTrace(Exception):  # noqa: N818
    """Something needs a number that is only known when the function runs: the function runs eagerly instead.

    place: the user's line, as text.
    """

    def __init__(self, message: str):
        super().__init__(message)
        self.place = where(2)


class Unknown(int):
    """A size that the signature leaves open.  It has the value of this call; what is computed from it is open too."""

    __slots__ = ()

    def _binary(method: str) -> Callable[..., Any]:  # type: ignore[misc]
        plain = getattr(int, method)

        def operate(self: int, other: Any) -> Any:
            found = plain(self, other)
            return Unknown(found) if type(found) is int else found

        return operate

    __add__, __radd__ = _binary("__add__"), _binary("__radd__")
    __sub__, __rsub__ = _binary("__sub__"), _binary("__rsub__")
    __mul__, __rmul__ = _binary("__mul__"), _binary("__rmul__")
    __floordiv__, __rfloordiv__ = _binary("__floordiv__"), _binary("__rfloordiv__")
    __mod__, __rmod__ = _binary("__mod__"), _binary("__rmod__")


def visible(shape: tuple[int, ...]) -> TensorShape:
    """The shape as the user sees it: None for open sizes."""
    return TensorShape([None if type(n) is Unknown else n for n in shape])


class TracedArray:
    """The array of a traced tensor: shape and dtype without numbers, or with those `known` at trace time."""

    __slots__ = ("shape", "dtype", "ndim", "trace", "value", "known", "tensor")
    __array_priority__ = 1000.0

    def __init__(self, shape: tuple[int, ...], dtype: Any, trace: Any, value: Value, known: Any):
        self.shape, self.dtype, self.ndim = shape, dtype, len(shape)
        self.trace, self.value, self.known = trace, value, known
        self.tensor: Any = None

    @property
    def aval(self) -> Aval:
        return self.value.aval

    @property
    def size(self) -> int:
        return math.prod(self.shape)  # open, where a size is

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return int(self.size) * self.dtype.itemsize

    @property
    def T(self) -> Any:  # noqa: N802
        return PUBLIC["transpose"](self.tensor)._value

    @property
    def real(self) -> Any:
        return PUBLIC["real"](self.tensor)._value if self.dtype.kind == "c" else self

    def _number(self) -> np.ndarray:
        if self.known is None:
            raise CannotTrace(
                f"the numbers of a {DTYPES[self.dtype].name} tensor of shape {visible(self.shape)} are needed while "
                "the function is traced"
            )
        return self.known

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self._number(), dtype)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        if self.known is not None:
            return self.known[key]
        return _array(self.tensor[key])

    def tolist(self) -> Any:
        return self._number().tolist()

    def item(self, *args: Any) -> Any:
        return self._number().item(*args)

    def __bool__(self) -> bool:
        return bool(self._number())

    def __int__(self) -> int:
        return int(self._number())

    def __float__(self) -> float:
        return float(self._number())

    def __complex__(self) -> complex:
        return complex(self._number())

    def __index__(self) -> int:
        return self._number().__index__()

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        wanted = np.dtype(dtype)
        return self if wanted == self.dtype else _array(PUBLIC["cast"](self.tensor, wanted))

    def copy(self) -> Any:
        return self

    def reshape(self, *shape: Any) -> Any:
        sizes = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        return _array(PUBLIC["reshape"](self.tensor, sizes))

    def transpose(self, *axes: Any) -> Any:
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
        return _array(PUBLIC["transpose"](self.tensor, list(order) if order else None))

    def ravel(self) -> Any:
        return self.reshape(-1)

    flatten = ravel

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        return _array(PUBLIC["reduce_sum"](self.tensor, axis, keepdims))

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        return _array(PUBLIC["reduce_mean"](self.tensor, axis, keepdims))

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        return _array(PUBLIC["reduce_max"](self.tensor, axis, keepdims))

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        return _array(PUBLIC["reduce_min"](self.tensor, axis, keepdims))

    def any(self, axis: Any = None, keepdims: bool = False) -> Any:
        return _array(PUBLIC["reduce_any"](self.tensor, axis, keepdims))

    def all(self, axis: Any = None, keepdims: bool = False) -> Any:
        return _array(PUBLIC["reduce_all"](self.tensor, axis, keepdims))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        name = _UFUNCS.get(ufunc.__name__)
        kwargs.pop("dtype", None)
        if method == "reduce" and ufunc.__name__ in _FOLDS and not kwargs.get("out"):
            axis = kwargs.get("axis", 0)
            return _array(
                PUBLIC[_FOLDS[ufunc.__name__]](
                    inputs[0].tensor, axis, bool(kwargs.get("keepdims", False))
                )
            )
        if method != "__call__" or name is None or kwargs:
            raise CannotTrace(f"NumPy's {ufunc.__name__} is applied to a traced value")
        return _array(PUBLIC[name](*_promoted(inputs)))

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        name = _FUNCTIONS.get(func.__name__)
        if name is None:
            raise CannotTrace(f"NumPy's {func.__name__} is applied to a traced value")
        return name(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<TracedArray {DTYPES[self.dtype].name}{list(self.shape)}>"


def _array(tensor: Any) -> Any:
    return tensor._value


def _tensor(x: Any) -> Any:
    return x.tensor if type(x) is TracedArray else x


def _promoted(inputs: tuple[Any, ...]) -> list[Any]:
    """Operands of one dtype by NumPy's rules: Python numbers are weak."""
    strong = [x.dtype for x in inputs if hasattr(x, "dtype")]
    dtype = np.result_type(*strong) if len(set(strong)) > 1 else strong[0]
    found = []
    for x in inputs:
        if type(x) is TracedArray:
            found.append(x.astype(dtype).tensor)
        else:
            found.append(Tensor(np.asarray(x, dtype)))
    return found


_UFUNCS = {
    "add": "add", "subtract": "subtract", "multiply": "multiply", "divide": "real_div",
    "true_divide": "real_div", "floor_divide": "floor_div", "power": "pow", "negative": "negative",
    "positive": "identity",
    "sqrt": "sqrt", "square": "square", "exp": "exp", "log": "log", "abs": "abs", "absolute": "abs", "sign": "sign",
    "maximum": "maximum", "minimum": "minimum", "tanh": "tanh", "sin": "sin", "cos": "cos", "floor": "floor",
    "ceil": "ceil", "log1p": "log1p", "expm1": "expm1", "reciprocal": "reciprocal", "equal": "equal",
    "not_equal": "not_equal", "less": "less", "less_equal": "less_equal", "greater": "greater",
    "greater_equal": "greater_equal", "logical_and": "logical_and", "logical_or": "logical_or",
    "logical_not": "logical_not", "isnan": "is_nan", "isfinite": "is_finite", "isinf": "is_inf", "matmul": "matmul",
    "remainder": "floor_mod", "conjugate": "conj",
}  # fmt: skip
_FOLDS = {"add": "reduce_sum", "maximum": "reduce_max", "minimum": "reduce_min", "multiply": "reduce_prod",
          "logical_or": "reduce_any", "logical_and": "reduce_all"}  # fmt: skip


def _where(condition: Any, x: Any, y: Any) -> Any:
    a, b = _promoted(tuple(v for v in (x, y))) if _traced_among(x, y) else (x, y)
    return _array(PUBLIC["where"](_tensor(condition), a, b))


def _traced_among(*values: Any) -> bool:
    return any(type(v) is TracedArray for v in values)


def _clip(x: Any, low: Any, high: Any) -> Any:
    if low is not None:
        x = np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "where": _where,
    "clip": _clip,
    "zeros_like": lambda x, **_: np.zeros([int(n) for n in x.shape], x.dtype),
    "ones_like": lambda x, **_: np.ones([int(n) for n in x.shape], x.dtype),
    "shape": lambda x: x.shape,
    "ndim": lambda x: x.ndim,
    "size": lambda x: x.size,
    "reshape": lambda x, shape, **_: x.reshape(shape),
    "transpose": lambda x, axes=None: x.transpose(*(axes or ())),
    "broadcast_to": lambda x, shape: _array(PUBLIC["broadcast_to"](x.tensor, shape)),
    "sum": lambda x, axis=None, keepdims=False, **_: x.sum(axis, keepdims),
    "mean": lambda x, axis=None, keepdims=False, **_: x.mean(axis, keepdims),
    "expand_dims": lambda x, axis: _array(PUBLIC["expand_dims"](x.tensor, axis)),
    "argmax": lambda x, axis: _array(PUBLIC["argmax"](x.tensor, axis)),
    "result_type": lambda *xs: np.result_type(*[getattr(x, "dtype", x) for x in xs]),
}


def _operator(ufunc: Any, swapped: bool) -> Callable[..., Any]:
    def operate(self: Any, other: Any) -> Any:
        return ufunc(other, self) if swapped else ufunc(self, other)

    return operate


for _name, _ufunc in {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide, "floordiv": np.floor_divide,
    "pow": np.power, "mod": np.remainder, "matmul": np.matmul,
}.items():  # fmt: skip
    setattr(TracedArray, f"__{_name}__", _operator(_ufunc, False))
    setattr(TracedArray, f"__r{_name}__", _operator(_ufunc, True))
for _name, _ufunc in {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
                      "eq": np.equal, "ne": np.not_equal}.items():  # fmt: skip
    setattr(TracedArray, f"__{_name}__", _operator(_ufunc, False))
TracedArray.__neg__ = lambda self: np.negative(self)  # type: ignore[attr-defined]
TracedArray.__abs__ = lambda self: np.abs(self)  # type: ignore[attr-defined]


class Traced(Tensor, Symbolic):
    """A tensor of a function that is being traced.  It has no numbers yet."""

    __slots__ = ("_device", "_made_of", "_name", "_origin")

    def __init__(self, array: TracedArray, name: str = ""):
        self._value = array  # type: ignore[assignment]
        array.tensor = self
        self._name, self._device = name, STATE.device
        self._made_of: Any = None  # of a softmax or a sigmoid: its name, and what it was taken of

    def bind_symbolic(self, card: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        return STATE.trace.bind(card, inputs, attrs) if STATE.trace else _leaked(inputs)

    def call_symbolic(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        error = sys.exc_info()[1]
        if error is not None and (STATE.trace is None or not _asks_for_numbers(error)):
            raise error
        raise CannotTrace("an argument that must be a number is only known when the function runs")

    @property
    def shape(self) -> TensorShape:
        return visible(self._value.shape)

    @property
    def name(self) -> str:
        return f"{self._name or 'Tensor'}:0"

    @property
    def op(self) -> Any:
        return None

    @property
    def device(self) -> str:
        return self._device

    @property
    def graph(self) -> Any:
        return self._value.trace  # type: ignore[attr-defined]

    def set_shape(self, shape: Any) -> None:
        """Say what is known of open sizes.  Raises ValueError where the sizes are others."""
        self.shape.assert_is_compatible_with(shape)
        dims = getattr(shape, "as_list", lambda: list(shape))()
        sizes = []
        for n, m in zip(self._value.shape, dims):
            if type(n) is Unknown and m is not None:
                if int(n) != m:
                    raise ValueError(f"The tensor has the shape {self.shape}. Received: {shape}")
                n = m
            sizes.append(n)
        self._value.shape = tuple(sizes)  # type: ignore[misc]

    @property
    def numpy(self) -> Any:
        raise AttributeError(
            "'SymbolicTensor' object has no attribute 'numpy': inside tf.function a tensor has no numbers yet. "
            "Use TensorFlow operations on it, tf.print to see it, or tf.py_function to leave the graph."
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise NotImplementedError(
            f"Cannot convert a symbolic tf.Tensor ({self.name}) to a numpy array. This error may indicate that you're "
            "trying to pass a Tensor to a NumPy call, which is not supported: inside tf.function use the TensorFlow "
            "function, or tf.numpy_function."
        )

    def _as_number(self) -> Any:
        known = self._value.known  # type: ignore[attr-defined]
        if known is None:
            if sys._getframe(2).f_globals.get("__name__", "").startswith("gradtape."):
                raise CannotTrace("an argument that must be a number is only known when it runs")
            raise TypeError(
                f"A symbolic tensor has no number yet. Received: {self!r}. Inside tf.function compute with tensors "
                "(tf.cast), or pass the number as a Python argument."
            )
        return known

    def __int__(self) -> int:
        return int(self._as_number())

    def __float__(self) -> float:
        return float(self._as_number())

    def __complex__(self) -> complex:
        return complex(self._as_number())

    def __index__(self) -> int:
        return self._as_number().__index__()

    def __bool__(self) -> bool:
        raise OperatorNotAllowedInGraphError(
            "Using a symbolic `tf.Tensor` as a Python `bool` is not allowed: AutoGraph did convert this function. This "
            "might indicate you are trying to use an unsupported feature. Use tf.cond or tf.where."
        )

    def __len__(self) -> int:
        if not self._value.shape:
            raise TypeError("Scalar tensor has no `len()`")
        first = self._value.shape[0]
        if type(first) is Unknown:
            raise TypeError(
                f"len is not well defined for a symbolic Tensor ({self.name}). Please call `x.shape` rather than "
                "`len(x)` for shape information."
            )
        return first

    def __iter__(self) -> Any:
        if not self._value.shape:
            raise TypeError("Cannot iterate over a scalar tensor.")
        if type(self._value.shape[0]) is Unknown:
            raise OperatorNotAllowedInGraphError(
                "Iterating over a symbolic `tf.Tensor` is not allowed: AutoGraph did convert this function. This might "
                "indicate you are trying to use an unsupported feature."
            )
        return (self[i] for i in range(self._value.shape[0]))

    def __hash__(self) -> int:
        raise TypeError("Tensor is unhashable. Instead, use tensor.ref() as the key.")

    def __copy__(self) -> Traced:
        return self

    def __deepcopy__(self, memo: Any) -> Traced:
        return self

    def __repr__(self) -> str:
        return f"<tf.Tensor '{self.name}' shape={self.shape} dtype={self.dtype.name}>"

    def __str__(self) -> str:
        return f'Tensor("{self.name}", shape={self.shape}, dtype={self.dtype.name})'

    def __format__(self, spec: str) -> str:
        if spec:
            raise TypeError("unsupported format string passed to SymbolicTensor.__format__")
        return str(self)


def _asks_for_numbers(error: BaseException) -> bool:
    """Whether an error comes from a number being needed that is not there yet."""
    text = str(error)
    return any(words in text for words in ("has no number yet", "TracedArray", "<tf.Tensor '"))


def _leaked(inputs: tuple[Any, ...]) -> Any:
    tensor = next(t for t in inputs if isinstance(t, Traced))
    raise TypeError(
        f"<tf.Tensor {tensor.name!r}> is out of scope and cannot be used here. Use return values, explicit Python "
        "locals or TensorFlow collections to access it: it was made inside a traced function, and has no value outside."
    )
