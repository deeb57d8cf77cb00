"""Calls in converted code: the user's functions are converted in turn, Python's builtins work on tensors."""

from __future__ import annotations

import builtins
import functools
import logging
import sys
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as np

from gradtape.base import tree
from gradtape.base.errors import OutOfRangeError
from gradtape.base.exports import EXPORTS
from gradtape.core.card import PUBLIC
from gradtape.core.context import STATE
from gradtape.core.convert import convert
from gradtape.core.variable import Variable
from gradtape.graph.traced import Traced
from gradtape.transforms.autograph.convert import convert as convert_function
from gradtape.transforms.autograph.loops import Range, readers
from gradtape.transforms.autograph.scan import is_users, needs_conversion, on_type
from gradtape.transforms.autograph.source import NoSourceError

_log = logging.getLogger("gradtape")
_REFUSED: set[int] = set()  # ids of code objects that were reported
_INT32, _FLOAT32 = np.dtype(np.int32), np.dtype(np.float32)


def is_open(value: Any) -> bool:
    """A traced tensor whose number is not known."""
    if STATE.trace is None:
        return False
    if isinstance(value, Variable):
        return True
    return isinstance(value, Traced) and value._value.known is None  # type: ignore[attr-defined]


class FunctionScope:
    """What converted functions run in."""

    def __init__(self, function_name: str, scope_name: str, options: Any):
        self.name = scope_name

    def __enter__(self) -> FunctionScope:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def ret(self, value: Any, did_return: Any) -> Any:
        from gradtape.transforms.autograph.state import UndefinedReturnValue

        return None if type(value) is UndefinedReturnValue else value


def caught() -> BaseException | None:
    """The exception that is being handled."""
    return sys.exc_info()[1]


def with_function_scope(thunk: Callable[[Any], Any], scope_name: str, options: Any) -> Any:
    return thunk(FunctionScope("lambda", scope_name, options))


def autograph_artifact(function: Any) -> Any:
    """Marks a function made by converted code: it is converted already."""
    function._autograph_converted = True
    return function


def converted_call(
    f: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None, scope: Any = None
) -> Any:
    """`f(*args, **kwargs)`, with what is the user's converted."""
    kind = type(f)
    if kind is BuiltinFunctionType or kind is type:
        overload = _OVERLOADS.get(f) if f.__hash__ is not None else None
        if overload is not None:
            return overload(*args, **(kwargs or {}))
        if f is globals:
            return sys._getframe(1).f_globals
        if f is locals:
            return sys._getframe(1).f_locals
    elif f is EXPORTS.get("range"):
        f = _range
    else:
        f = for_call(f, args)
    return f(*args, **kwargs) if kwargs else f(*args)


def for_call(f: Any, args: tuple[Any, ...] = ()) -> Any:
    """What is called in place of `f` with these arguments: itself, or its conversion where it needs one."""
    if isinstance(f, functools.partial):
        inner = for_call(f.func, (*f.args, *args))
        return f if inner is f.func else functools.partial(inner, *f.args, **f.keywords)
    if isinstance(f, MethodType):
        inner = for_call(f.__func__, (f.__self__, *args))
        return f if inner is f.__func__ else MethodType(inner, f.__self__)
    if type(f) is FunctionType:
        if "_autograph_converted" in f.__dict__ or not is_users(f) or not needs_conversion(f, args):
            return f
        return converted_or_same(f)
    if isinstance(f, type):
        return f
    method = on_type(type(f), "__call__")
    if type(method) is FunctionType:
        inner = for_call(method, (f, *args))
        return f if inner is method else MethodType(inner, f)
    return f


def converted_or_same(f: FunctionType) -> Callable[..., Any]:
    """The function converted; as it is, with one warning, where that cannot be."""
    if f.__code__.co_flags & 0x2A0:  # a generator or a coroutine
        return f
    try:
        return convert_function(f)
    except NoSourceError as reason:
        if id(f.__code__) not in _REFUSED:
            _REFUSED.add(id(f.__code__))
            _log.warning(
                "AutoGraph could not transform %r and will run it as-is. Cause: %s. To silence this warning, decorate "
                "the function with @tf.autograph.experimental.do_not_convert", f, reason,
            )  # fmt: skip
        return f


# --- builtins ---


def _range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range"
) -> Any:
    """`tf.range`; where a bound is not known yet, something to loop over."""
    if limit is None:
        start, limit = 0, start
    values = [start, limit, delta]
    if not any(map(is_open, values)):
        return EXPORTS["range"](start, limit, delta, dtype=dtype, name=name)
    if dtype is None:
        dtypes = [v.dtype.np for v in values if hasattr(v, "dtype")]
        floats = [isinstance(v, float) for v in values]
        wanted = np.result_type(*dtypes, *([_FLOAT32] if any(floats) else []))
    else:
        wanted = convert(np.zeros((), getattr(dtype, "np", dtype)))._value.dtype
    ends = [
        PUBLIC["cast"](v, wanted) if hasattr(v, "dtype") else convert(v, wanted) for v in values
    ]
    return Range(*ends)


def range_(start: Any, stop: Any = None, step: Any = 1) -> Any:
    if any(map(is_open, (start, stop, step))):
        return _range(start, stop, step)
    return range(start) if stop is None else range(start, stop, step)


def int_(x: Any = 0, *base: Any) -> Any:
    return PUBLIC["cast"](x, _INT32) if is_open(x) else int(x, *base)


def float_(x: Any = 0.0) -> Any:
    return PUBLIC["cast"](x, _FLOAT32) if is_open(x) else float(x)


def len_(x: Any) -> Any:
    if isinstance(x, Traced):
        if not x._value.shape:
            raise ValueError("len requires a non-scalar tensor, got one of shape ()")
        size = x._value.shape[0]
        return int(size) if type(size) is int else EXPORTS["shape"](x)[0]
    return len(x)


def sorted_(iterable: Any, **options: Any) -> Any:
    if is_open(iterable) and "key" not in options:
        direction = "DESCENDING" if options.get("reverse") else "ASCENDING"
        return EXPORTS["sort"](iterable, direction=direction)
    return sorted(iterable, **options)


def is_dataset(value: Any) -> bool:
    return STATE.trace is not None and hasattr(value, "element_spec")


def enumerate_(iterable: Any, start: int = 0) -> Any:
    return iterable.enumerate(start) if is_dataset(iterable) else enumerate(iterable, start)


def zip_(*iterables: Any, **options: Any) -> Any:
    if iterables and all(map(is_dataset, iterables)):
        return EXPORTS["data.Dataset"].zip(iterables)
    return zip(*iterables, **options)


def next_(iterator: Any, *default: Any) -> Any:
    if not is_dataset(iterator) or default:
        return next(iterator, *default)
    start, _, avals = readers(iterator)

    def read() -> tuple[Any, ...]:
        more, *element = start()
        if not more:
            raise OutOfRangeError(None, None, "End of sequence")
        return tuple(element)

    return tree.pack(iterator.element_spec, STATE.trace.host(read, [], avals[1:]))


def eval_(text: Any, *spaces: Any) -> Any:
    frame = sys._getframe(2)
    return eval(text, *(spaces or (frame.f_globals, frame.f_locals)))


_OVERLOADS: dict[Any, Callable[..., Any]] = {
    builtins.range: range_, builtins.int: int_, builtins.float: float_, builtins.len: len_,
    builtins.sorted: sorted_, builtins.eval: eval_, builtins.enumerate: enumerate_, builtins.zip: zip_,
    builtins.next: next_,
}  # fmt: skip
