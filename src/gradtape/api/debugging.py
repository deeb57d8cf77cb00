"""`tf.debugging`: assertions about values; each gives None or raises."""

from __future__ import annotations

import operator
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradtape.api.later import each_run
from gradtape.base.dtypes import as_dtype
from gradtape.base.errors import InvalidArgumentError, ShapeError
from gradtape.base.exports import export
from gradtape.base.site import where
from gradtape.core.card import PUBLIC
from gradtape.core.convert import convert, same_dtype
from gradtape.core.tensor import Tensor


def failed(message: str) -> InvalidArgumentError:
    """The error of an assertion, with the user's line."""
    return InvalidArgumentError(None, None, message + where(3))


def _first(n: int, name: str, values: np.ndarray) -> str:
    flat = values.reshape(-1)[:n]
    with np.printoptions(legacy="1.25"):
        return f"First {len(flat)} elements of {name}:\n{flat}\n"


def _pair(word: str, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    card = SimpleNamespace(tf_name=word, parameters=("x", "y"))
    a, b = (t._value for t in same_dtype(card, (x, y)))
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        raise ShapeError(
            f"Incompatible shapes: {list(a.shape)} vs. {list(b.shape)} [Op:{word}].", x=a, y=b
        ) from None
    return a, b


def _compare(
    symbol: str, word: str, holds: Callable[[Any, Any], Any], names: tuple[str, ...]
) -> None:
    def check(
        x: Any,
        y: Any,
        message: str | None = None,
        summarize: int | None = None,
        name: str | None = None,
    ) -> None:
        a, b = _pair(word, x, y)
        good = np.asarray(holds(a, b))
        if good.all():
            return
        n = 3 if summarize is None else (a.size if summarize < 0 else summarize)
        text = "" if not message else f"{message}\n"
        text += f"Condition x {symbol} y did not hold.\n"
        if a.shape == b.shape:
            places = np.argwhere(~good)[:n]
            key = tuple(places.T)
            with np.printoptions(legacy="1.25"):
                text += (
                    f"Indices of first {len(places)} different values:\n{places}\n"
                    f"Corresponding x values:\n{a[key]}\nCorresponding y values:\n{b[key]}\n"
                )
        raise failed((text + _first(n, "x", a) + _first(n, "y", b)).rstrip("\n"))

    check.__name__ = check.__qualname__ = names[0].rpartition(".")[2]
    check.__doc__ = (
        f"Raises InvalidArgumentError unless x {symbol} y for every element (they broadcast).\n\n"
        "    message: stands before the error's text.  summarize: how many elements it shows (3; -1 for all)."
    )
    export(*names)(each_run(always=False)(check))


_compare("==", "Equal", operator.eq, ("debugging.assert_equal", "assert_equal"))
_compare("!=", "NotEqual", operator.ne, ("debugging.assert_none_equal",))
_compare("<", "Less", operator.lt, ("debugging.assert_less", "assert_less"))
_compare("<=", "LessEqual", operator.le, ("debugging.assert_less_equal",))
_compare(">", "Greater", operator.gt, ("debugging.assert_greater", "assert_greater"))
_compare(">=", "GreaterEqual", operator.ge, ("debugging.assert_greater_equal",))


def _sign(symbol: str, holds: Callable[[Any], Any], name_: str) -> None:
    def check(
        x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
    ) -> None:
        values = convert(x)._value
        if np.asarray(holds(values)).all():
            return
        n = 3 if summarize is None else (values.size if summarize < 0 else summarize)
        shown = [str(v) for v in values.reshape(-1)[:n]]
        kind = as_dtype(values.dtype).name
        raise failed(
            f"{message or ''}\nCondition x {symbol} 0 did not hold element-wise:\n"
            f"x (shape={_shape_text(values.shape)} dtype={kind}) = \n{shown}"
        )

    check.__name__ = check.__qualname__ = name_
    check.__doc__ = f"Raises InvalidArgumentError unless x {symbol} 0 for every element."
    export(f"debugging.{name_}")(each_run(always=False)(check))


_sign(">", lambda x: x > 0, "assert_positive")
_sign("<", lambda x: x < 0, "assert_negative")
_sign(">=", lambda x: x >= 0, "assert_non_negative")
_sign("<=", lambda x: x <= 0, "assert_non_positive")


def _shape_text(shape: Any) -> str:
    return str(tuple(shape))


@export("debugging.assert_near")
@each_run(always=False)
def assert_near(x: Any, y: Any, rtol: Any = None, atol: Any = None, message: str | None = None,
                summarize: int | None = None, name: str | None = None) -> None:  # fmt: skip
    """Raises InvalidArgumentError unless |x - y| <= atol + rtol |y| for every element.

    rtol, atol: ten times the distance from 1 to the next number of the dtype when None.
    """
    a, b = _pair("Sub", x, y)
    eps = 10 * np.finfo(a.dtype).eps if a.dtype.kind in "fc" else 10 * np.finfo(np.float32).eps
    r, t = (
        np.asarray(eps if v is None else getattr(v, "_value", v), np.real(a).dtype)
        for v in (rtol, atol)
    )
    with np.errstate(all="ignore"):
        good = np.abs(a - b) <= t + r * np.abs(b)
    if np.asarray(good).all():
        return
    n = 3 if summarize is None else (a.size if summarize < 0 else summarize)
    show = lambda v: ", ".join(str(e) for e in v.reshape(-1)[:n])
    kind = as_dtype(a.dtype).name
    raise failed(
        f"{message or ''}\nx and y not equal to tolerance rtol = {r}, atol = {t}\n"
        f"x (shape={_shape_text(a.shape)} dtype={kind}) = \n{show(a)}\n"
        f"y (shape={_shape_text(b.shape)} dtype={kind}) = \n{show(b)}"
    )


def _rank_error(message: str | None, expected: str, x: Any) -> ValueError:
    head = f"{message}\n" if message else ""
    return ValueError(
        f"{head}Tensor  must have rank {expected}.  Received rank {x.ndim}, shape {_shape_text(x.shape)}{where(3)}"
    )


@export("debugging.assert_rank", "assert_rank")
def assert_rank(x: Any, rank: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises ValueError unless x has `rank` axes."""
    tensor, wanted = convert(x), int(rank)
    if tensor.ndim != wanted:
        raise _rank_error(message, str(wanted), tensor)


@export("debugging.assert_rank_at_least")
def assert_rank_at_least(
    x: Any, rank: Any, message: str | None = None, name: str | None = None
) -> None:
    """Raises ValueError unless x has at least `rank` axes."""
    tensor, wanted = convert(x), int(rank)
    if tensor.ndim < wanted:
        raise _rank_error(message, f"at least {wanted}", tensor)


@export("debugging.assert_rank_in")
def assert_rank_in(x: Any, ranks: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises ValueError unless the number of axes of x is one of `ranks`."""
    tensor, wanted = convert(x), tuple(int(r) for r in ranks)
    if tensor.ndim not in wanted:
        raise _rank_error(message, f"in {wanted}", tensor)


@export("debugging.assert_scalar")
def assert_scalar(tensor: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises ValueError unless it has no axes."""
    value = convert(tensor)
    if value.ndim:
        raise ValueError(
            f"{message or ''}Expected scalar shape, saw shape: {value.shape}.{where(2)}"
        )


@export("debugging.assert_type")
def assert_type(
    tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None
) -> None:
    """Raises TypeError unless the tensor has dtype `tf_type`."""
    found, wanted = convert(tensor).dtype, as_dtype(tf_type)
    if found is not wanted:
        raise TypeError(
            f"{message or ''}tensor must be of type {wanted!r}; got {found!r}{where(2)}"
        )


@export("debugging.assert_integer")
def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises TypeError unless x is of an integer dtype."""
    found = convert(x).dtype
    if not found.is_integer:
        raise TypeError(
            f'{message or ""}Expected "x" to be integer type.  Found: tensor of dtype {found}{where(2)}'
        )


@export("debugging.assert_same_float_dtype")
def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> Any:
    """The one floating dtype of all (float32 for none).  Raises ValueError when they differ or are not floating."""
    expected = None if dtype is None else as_dtype(dtype)
    for tensor in tensors or ():
        if tensor is None:
            continue
        expected = expected or tensor.dtype
        if tensor.dtype is not expected:
            raise ValueError(
                f"{tensor}, type={tensor.dtype}, must be of the same type ({expected}).{where(2)}"
            )
    expected = expected or as_dtype("float32")
    if not expected.is_floating:
        raise ValueError(f"Expected floating point type, got {expected}.{where(2)}")
    return expected


@export("debugging.assert_proper_iterable")
def assert_proper_iterable(values: Any) -> None:
    """Raises TypeError for what is no list of values: a tensor, an array, a text, or nothing that iterates."""
    if isinstance(values, Tensor | np.ndarray | str | bytes) or not hasattr(values, "__iter__"):
        raise TypeError(
            f'Expected argument "values" to be a "proper" iterable.  Found: {type(values)}{where(2)}'
        )


@export("debugging.is_numeric_tensor")
def is_numeric_tensor(tensor: Any) -> bool:
    """Whether it is a tensor of numbers."""
    return isinstance(tensor, Tensor) and tensor._value.dtype.kind in "fVciu"


@export("debugging.assert_all_finite")
def assert_all_finite(x: Any, message: str, name: str | None = None) -> Any:
    """x, when all of it is finite.  Raises InvalidArgumentError for Inf or NaN."""
    return PUBLIC["check_numerics"](x, message)


@export("Assert", "debugging.Assert")
@each_run(always=False)
def assert_that(
    condition: Any, data: Any, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError with the values in `data` unless the condition holds."""
    if condition:
        return
    n = 3 if summarize is None else summarize
    parts = []
    for item in data:
        flat = convert(item)._value.reshape(-1)
        shown = ", ".join(str(v) for v in (flat if n < 0 else flat[:n]))
        parts.append(shown + (", ..." if 0 <= n < flat.size else ""))
    summary = "\n".join(parts)
    raise failed(f"Expected '{condition}' to be true. Summarized data: {summary}")


def _sizes_of(shape: Any, tensor: Any, head: str) -> list[Any]:
    if not (hasattr(shape, "__iter__") or hasattr(shape, "__getitem__")):
        raise ValueError(
            f"{head}Tensor {_named(tensor)}.  Specified shape must be an iterable.  An iterable has the attribute "
            f"`__iter__` or `__getitem__`.  Received specified shape: {shape}"
        )
    return list(shape)


def _named(tensor: Any) -> str:
    return f"shape={_shape_text(tensor.shape)} dtype={tensor.dtype.name}"


@export("debugging.assert_shapes")
def assert_shapes(shapes: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
                  name: str | None = None) -> None:  # fmt: skip
    """Raises ValueError unless tensors have the shapes given, and equal sizes where the same name stands.

    shapes: a list of (tensor, shape), or a dict; a size is an int, a name such as "N", or None or "." for any;
    a first "..." or "*" stands for any number of axes.
    """
    head = f"{message}\n" if message else ""
    sizes: dict[Any, tuple[int, Any]] = {}
    for value, spec in shapes.items() if isinstance(shapes, dict) else shapes:
        tensor = convert(value)
        wanted = _sizes_of(spec, tensor, head)
        dims = list(tensor.shape)
        offset = 0
        if wanted and wanted[0] in ("...", "*", ...):
            wanted = wanted[1:]
            if len(dims) < len(wanted):
                raise ValueError(
                    f"{head}Tensor {_named(tensor)} must have rank at least {len(wanted)}.  Received rank {len(dims)}, "
                    f"shape {tensor.shape}"
                )
            offset = len(dims) - len(wanted)
        elif len(dims) != len(wanted):
            raise ValueError(
                f"{head}Tensor {_named(tensor)} must have rank {len(wanted)}.  Received rank {len(dims)}, shape "
                f"{tensor.shape}"
            )
        for axis, size in enumerate(wanted):
            _check_size(head, tensor, axis + offset, size, dims[axis + offset], sizes)


def _check_size(
    head: str, tensor: Any, axis: int, size: Any, found: int, sizes: dict[Any, Any]
) -> None:
    if size is None or size == ".":
        return
    if isinstance(size, str) and not size.isdigit():
        known = sizes.setdefault(size, (found, tensor, axis))
        expected, source = known[0], f"Specified by tensor {_named(known[1])} dimension {known[2]}"
    else:
        expected, source = int(size), "Specified explicitly"
    if expected != found:
        raise ValueError(
            f"{head}{source}.  Tensor {_named(tensor)} dimension {axis} must have size {expected}.  Received "
            f"size {found}, shape {tensor.shape}{where(3)}"
        )
