"""The doors of autograph: what `tf.function` asks, and the names under `tf.autograph`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any

from gradtape.base.exports import export
from gradtape.core.context import STATE
from gradtape.transforms.autograph.calls import for_call
from gradtape.transforms.autograph.convert import convert, converted_source
from gradtape.transforms.autograph.directives import Feature, set_loop_options
from gradtape.transforms.autograph.scan import EVERYTHING
from gradtape.transforms.autograph.source import NoSourceError
from gradtape.transforms.function import CONVERTERS, Function
from gradtape.transforms.staged_control import CONVERT


def convert_for_trace(
    function: Callable[..., Any], args: tuple[Any, ...] = (), everything: bool = False
) -> Callable[..., Any]:
    """What is to be traced for a function: itself, where it has no control flow that tensors could decide.

    everything: convert it all the same, and all of the user's functions that it calls.
    """
    if not everything:
        return for_call(function, args)

    def run(*args: Any, **kwargs: Any) -> Any:
        EVERYTHING[0] = True
        try:
            return for_call(function, args)(*args, **kwargs)
        finally:
            EVERYTHING[0] = False

    return run


def for_trace(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of the user's as it is called now: while a graph is traced, converted."""
    return function if STATE.trace is None else for_call(function)


export("autograph.experimental.set_loop_options")(set_loop_options)
export("autograph.experimental.Feature")(Feature)
CONVERTERS.append(convert_for_trace)
CONVERT.append(convert_for_trace)


def _plain(entity: Any) -> Any:
    while isinstance(entity, Function | functools.partial):
        entity = entity.python_function if isinstance(entity, Function) else entity.func
    return entity.__func__ if isinstance(entity, MethodType) else entity


def _features(optional: Any) -> frozenset[str]:
    if optional is None:
        return frozenset()
    several = optional if isinstance(optional, list | tuple | set | frozenset) else (optional,)
    return frozenset(str(getattr(f, "name", f)) for f in several)


@export("autograph.to_code")
def to_code(entity: Any, recursive: bool = True, experimental_optional_features: Any = None) -> str:
    """The source of a function as autograph converts it.  Raises ConversionError where it cannot."""
    try:
        return converted_source(_plain(entity), _features(experimental_optional_features))
    except NoSourceError as error:
        raise ConversionError(f"converting {entity}: {error}") from error


@export("autograph.to_graph")
def to_graph(
    entity: Any, recursive: bool = True, experimental_optional_features: Any = None
) -> Any:
    """A function with its control flow as operators: on tensors of a traced function they become operations."""
    try:
        return convert(_plain(entity), _features(experimental_optional_features))
    except NoSourceError as error:
        raise ConversionError(f"converting {entity}: {error}") from error


class ConversionError(Exception):
    """A function cannot be converted."""


@export("autograph.experimental.do_not_convert")
def do_not_convert(func: Any = None) -> Any:
    """Marks a function that is run as it stands: its control flow stays Python's."""
    if func is None:
        return do_not_convert

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    if isinstance(func, FunctionType | MethodType):
        functools.update_wrapper(wrapper, func)
    return wrapper


@export("autograph.set_verbosity")
def set_verbosity(level: int, alsologtostdout: bool = False) -> None:
    """Accepted; there are no conversion messages."""


@export("autograph.trace")
def trace(*args: Any) -> None:
    """Print the arguments."""
    print(*args)
