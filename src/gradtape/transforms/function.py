"""`tf.function`: a Python function that is traced into a graph for each signature, and run as one."""

from __future__ import annotations

import functools
import inspect
import logging
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from gradtape.base import tree
from gradtape.base.config import settings
from gradtape.base.errors import OperatorNotAllowedInGraphError, StructureError
from gradtape.base.exports import export
from gradtape.base.shapes import TensorShape
from gradtape.core.context import STATE
from gradtape.core.convert import convert
from gradtape.core.specs import TensorSpec
from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable
from gradtape.graph.traced import CannotTrace
from gradtape.random.seeds import STATE as SEEDS
from gradtape.random.seeds import FunctionSeeds
from gradtape.transforms.concrete import Traced
from gradtape.transforms.concrete_function import ConcreteFunction
from gradtape.transforms.fast_path import MISS
from gradtape.transforms.signature import (
    Key,
    difference,
    generalise,
    is_generalisation,
    key_of,
    map_leaves,
    plain_key,
)

WARN_AFTER = 5  # traces of one function
_ALL: weakref.WeakSet[Function] = weakref.WeakSet()
# Set by the room that converts Python's control flow: (function, recursive) -> function.
CONVERTERS: list[Callable[..., Any]] = []
_TRACING = threading.RLock()
_log = logging.getLogger("gradtape")


class TraceEntry(NamedTuple):
    """One line of `fn.traces()`: the signature, why it was traced, and how long that took."""

    signature: str
    reason: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.signature}: {self.reason} ({self.seconds * 1e3:.1f} ms)"


class Function:
    """A Python function called through `tf.function`: traced once for each signature, then run as a graph.

    `python_function` is the function itself; `get_concrete_function` gives one signature of it; `traces()` tells what
    was traced and why.
    """

    def __init__(
        self, python_function: Callable[..., Any], input_signature: Any = None, autograph: bool = True,
        reduce_retracing: bool = False, instance: Any = None, **options: Any,
    ):  # fmt: skip
        if not callable(python_function):
            raise TypeError(f"tf.function takes a function. Received: {python_function!r}")
        functools.update_wrapper(self, python_function)
        self.__name__ = getattr(python_function, "__name__", type(python_function).__name__)
        self._python_function = python_function
        self._input_signature = _checked_signature(input_signature)
        self._autograph, self._reduce_retracing, self._options = (
            autograph,
            reduce_retracing,
            options,
        )
        self._instance = instance  # a reference to the object whose method this is, or None
        self._signature = _signature_of(python_function, instance is not None)
        self._concrete: dict[Key, ConcreteFunction] = {}
        self._traces: list[TraceEntry] = []
        self._failed_traces = 0
        self._last: Key | None = None  # the signature of the last trace
        self._called = False
        self._warned = False
        self._eager = False  # it cannot be traced
        self._convert_everything = False
        self._fast: Callable[[Any], Any] = _always_miss
        self._quick: dict[Any, Traced] = {}
        self._bound: dict[int, Function] = {}
        _ALL.add(self)

    # --- face ---

    @property
    def python_function(self) -> Callable[..., Any]:
        return self._python_function

    @property
    def input_signature(self) -> Any:
        return self._input_signature

    @property
    def function_spec(self) -> Any:
        return self._signature

    def experimental_get_tracing_count(self) -> int:
        return len(self._traces) + self._failed_traces

    def traces(self) -> list[TraceEntry]:
        """What was traced so far: signature, reason (which argument changed), seconds."""
        return list(self._traces)

    def pretty_printed_concrete_signatures(self, verbose: bool = True) -> str:
        return "\n\n".join(c.pretty_printed_signature(verbose) for c in self._concrete.values())

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        found = self._bound.get(id(instance))
        if found is None or found._instance is None or found._instance() is not instance:
            number = id(instance)
            found = Function(
                self._python_function, self._input_signature, self._autograph, self._reduce_retracing,
                _reference(instance, lambda _: self._bound.pop(number, None)), **self._options,
            )  # fmt: skip
            self._bound[number] = found
        return found

    def __repr__(self) -> str:
        return f"<gradtape Function {self.__name__} object at 0x{id(self):x}>"

    def __deepcopy__(self, memo: Any) -> Function:
        return Function(
            self._python_function, self._input_signature, self._autograph, self._reduce_retracing,
            **self._options,
        )  # fmt: skip

    # --- calls ---

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not kwargs and STATE.trace is None and not STATE.recorders:
            result = self._fast(args)
            if result is not MISS:
                return result
        return self._call_in_full(args, kwargs)

    def _call_in_full(self, args: Any, kwargs: Any) -> Any:
        if settings.functions_eagerly:
            self._fast = _always_miss
            return self._run_python(args, kwargs)
        if STATE.seen and STATE.trace is None:
            args, kwargs = self._canonical(args, kwargs)
            traced = self._concrete.get(self._key(args, kwargs))
            return self._run_eagerly(args, kwargs, traced and traced._seeds)
        if self._eager:
            self._fast = _always_miss
            return self._run_eagerly(args, kwargs)
        by_name = bool(kwargs)
        given, quick = args, None if by_name else plain_key(args)
        if quick is not None:
            traced = self._quick.get(quick)
            if traced is not None:
                return traced.call(list(args), args)
        args, kwargs = self._canonical(args, kwargs)
        try:
            concrete = self._concrete_for(args, kwargs)
            result = concrete.call_with(args, kwargs)
        except CannotTrace as reason:
            result = self._run_eagerly(args, kwargs)  # an error of the user's own comes from here
            self._cannot_trace(reason)
            return result
        except OperatorNotAllowedInGraphError:
            if not self._autograph or self._convert_everything:
                raise
            # It may be in a function that could not be seen from this one.
            self._convert_everything = True
            concrete = self._concrete_for(args, kwargs)
            result = concrete.call_with(args, kwargs)
        if quick is not None and len(args) == len(given):
            self._quick[quick] = concrete.specialised(args, kwargs)
        if not STATE.recorders and STATE.trace is None and not by_name:
            self._fast = concrete.fast_path(given, args) or _always_miss
        return result

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """The function for one signature: tensors, or `tf.TensorSpec`s in their place."""
        if self._input_signature is not None and not args and not kwargs:
            args = self._input_signature
        args, kwargs = self._canonical(args, kwargs)
        return self._concrete_for(args, kwargs)

    def _run_eagerly(self, args: Any, kwargs: Any, seeds: FunctionSeeds | None = None) -> Any:
        """The function of Python, with the random numbers of a traced one."""
        own = self.__dict__.setdefault("_seeds", FunctionSeeds(SEEDS.global_seed))
        with SEEDS.inside(own if seeds is None else seeds):
            return self._run_python(args, kwargs)

    def _run_python(self, args: Any, kwargs: Any) -> Any:
        if self._instance is not None:
            args = (self._instance(), *args)
        return to_tensors(self._python_function(*args, **kwargs))

    def _cannot_trace(self, reason: CannotTrace) -> None:
        self._eager = True
        warnings.warn(
            f"The function {self.__name__!r} cannot be compiled and runs eagerly: {reason}.{reason.place}",
            RuntimeWarning,
            stacklevel=4,
        )

    # --- signatures ---

    def _canonical(self, args: Any, kwargs: Any) -> tuple[Any, Any]:
        """The arguments by position, with defaults; arrays as tensors; raises TypeError where they do not fit."""
        if self._signature is not None:
            try:
                bound = self._signature.bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(
                    f"{self.__name__}() {error}. Received: args={args!r} kwargs={kwargs!r}"
                ) from None
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
        args, kwargs = map_leaves(_as_argument, args, kwargs)
        if self._input_signature is not None:
            args, kwargs = self._fit(args, kwargs)
        return args, kwargs

    def _fit(self, args: Any, kwargs: Any) -> tuple[Any, Any]:
        wanted = self._input_signature
        assert wanted is not None
        if kwargs or len(args) < len(wanted):
            raise StructureError(
                f"{self.__name__} takes {len(wanted)} arguments by its input_signature.",
                arguments=len(args) + len(kwargs),
            )
        rest = args[len(wanted) :]
        if any(isinstance(x, Tensor) for x in tree.flatten(rest)) or (
            rest
            and (self._signature is None or not _are_defaults(self._signature, len(wanted), rest))
        ):
            raise StructureError(
                f"{self.__name__} takes {len(wanted)} arguments by its input_signature.",
                arguments=len(args),
            )
        return (*[_fit(a, s, self.__name__) for a, s in zip(args, wanted)], *rest), {}

    def _key(self, args: Any, kwargs: Any) -> Key:
        key = key_of(args, kwargs)
        if self._input_signature is None:
            return key
        n = len(self._input_signature)
        return key_of((*self._input_signature, *args[n:]), kwargs)

    def _concrete_for(self, args: Any, kwargs: Any) -> ConcreteFunction:
        key = self._key(args, kwargs)
        found = self._concrete.get(key)
        if found is None:
            for known, concrete in self._concrete.items():
                if is_generalisation(known, key):
                    return concrete
            with _TRACING:
                found = self._concrete.get(key)
                if found is None:
                    found = self._trace(key, args, kwargs)
        return found

    def _trace(self, key: Key, args: Any, kwargs: Any) -> ConcreteFunction:
        last = self._last
        reason = (
            "the first call" if last is None else difference(self._names(), last, key, args, kwargs)
        )
        if self._reduce_retracing and last is not None:
            wider = generalise(last, key)
            if wider is not None:
                key = wider
        first, self._called = not self._called, True
        concrete = ConcreteFunction(self, key, args, kwargs)
        begin = time.perf_counter()
        try:
            concrete.trace(args, kwargs, may_create=first)
        except Exception:
            self._failed_traces += 1
            raise
        if concrete.created:  # as TensorFlow: once to make the variables, once to use them
            self._traces.append(
                TraceEntry(
                    concrete.text,
                    "the first call (it makes variables)",
                    time.perf_counter() - begin,
                )
            )
            begin = time.perf_counter()
            concrete.trace(args, kwargs, may_create=False)
        self._traces.append(TraceEntry(concrete.text, reason, time.perf_counter() - begin))
        self._last = key
        self._concrete[key] = concrete
        if len(self._traces) > WARN_AFTER and not self._warned:
            self._warned = True
            _log.warning(
                "%d out of the last %d calls to %r triggered tf.function retracing. The last one: %s. Tracing is "
                "expensive; `fn.traces()` lists all.", len(self._traces), len(self._traces), self, reason,
            )  # fmt: skip
        return concrete

    def _positional(self) -> tuple[list[str], str]:
        """The names of the arguments by position, and of what takes the rest of them."""
        if self._signature is None:
            return [], "args"
        parameters = self._signature.parameters.values()
        names = [p.name for p in parameters if p.kind <= p.POSITIONAL_OR_KEYWORD]
        return names, next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "args")

    def _names(self) -> list[str]:
        return [] if self._signature is None else list(self._signature.parameters)

    def converted(self, args: tuple[Any, ...] = ()) -> Callable[..., Any]:
        """The Python function with its control flow on tensors made into operations.  args: it is called with."""
        function = self._python_function
        if self._instance is not None:
            function = functools.partial(function, self._instance())
        if self._autograph and CONVERTERS:
            function = CONVERTERS[0](function, args, self._convert_everything)
        return function


def _always_miss(args: Any) -> Any:
    return MISS


@contextmanager
def seen() -> Iterator[None]:
    """Inside, functions run in Python, operation by operation, drawing what they draw when they are traced."""
    STATE.seen += 1  # not what it was before: those who look may end in any order
    for function in list(_ALL):
        function._fast = _always_miss
    try:
        yield
    finally:
        STATE.seen -= 1


def _reference(instance: Any, when_gone: Callable[[Any], Any]) -> Callable[[], Any]:
    """A weak reference, so that a method does not keep its object; a strong one where there are no weak ones."""
    try:
        return weakref.ref(instance, when_gone)
    except TypeError:
        return lambda: instance


def _signature_of(function: Callable[..., Any], method: bool) -> inspect.Signature | None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    return (
        signature.replace(parameters=list(signature.parameters.values())[1:])
        if method
        else signature
    )


def _are_defaults(signature: inspect.Signature, n: int, rest: Any) -> bool:
    defaults = [p.default for p in signature.parameters.values()][n:]
    return len(defaults) >= len(rest) and all(d is r for d, r in zip(defaults, rest))


def _as_argument(x: Any) -> Any:
    return convert(x) if isinstance(x, np.ndarray | np.generic) else x


def _checked_signature(signature: Any) -> tuple[Any, ...] | None:
    if signature is None:
        return None
    if not isinstance(signature, list | tuple):
        raise TypeError(
            f"input_signature must be a tuple or a list of tf.TensorSpecs. Received: {signature!r}"
        )
    for spec in tree.flatten(signature):
        if not hasattr(spec, "dtype") or not hasattr(spec, "shape"):
            raise TypeError(
                "input_signature must be made of tf.TensorSpecs: tf.TensorSpec(shape, dtype) for each argument. "
                f"Received: {spec!r}"
            )
    return tuple(signature)


def _fit(value: Any, spec: Any, name: str) -> Any:
    """An argument that its TensorSpec allows."""

    def leaf(s: Any, x: Any) -> Any:
        if not hasattr(s, "shape") or isinstance(s, Variable):
            return x
        if isinstance(x, TensorSpec):
            return x
        tensor = (
            x
            if isinstance(x, Tensor)
            else convert(x, None if isinstance(x, Variable) else s.dtype.np)
        )
        if not TensorShape(s.shape).is_compatible_with(tensor.shape) or tensor.dtype != s.dtype:
            raise StructureError(
                f"{name}: the argument does not fit the input_signature: expected {s!r}.",
                argument=tensor,
            )
        return tensor

    if not tree.is_nested(spec):
        return leaf(spec, value)
    return tree.map_structure(leaf, spec, value)


def to_tensors(value: Any) -> Any:
    """Results of a function: Python numbers and arrays become tensors, variables their values; the rest stays."""

    def leaf(x: Any) -> Any:
        if isinstance(x, bool | int | float | complex | np.ndarray | np.generic | Variable):
            return convert(x)
        return x

    return tree.map_structure(leaf, value)


@export("function")
def function(
    func: Callable[..., Any] | None = None,
    input_signature: Any = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    experimental_implements: Any = None,
    experimental_autograph_options: Any = None,
    experimental_attributes: Any = None,
    experimental_relax_shapes: Any = None,
    experimental_compile: Any = None,
    experimental_follow_type_hints: Any = None,
) -> Any:
    """Decorator (with or without arguments) of a function on tensors: traced into a graph, and compiled.

    The function runs once for each signature: dtypes and shapes of its tensors, values of its Python arguments.  Then
    its graph runs, with the same results.  What only the Python function does (printing, appending to a list) happens
    when it is traced.
    input_signature: tf.TensorSpecs; a size of None takes any.  autograph: `if`, `while` and `for` on tensors become
    part of the graph.  reduce_retracing: sizes that change between calls become None.  jit_compile: accepted; functions
    are compiled where there is a compiler.
    What cannot be traced runs eagerly, with one warning that names the line.
    Raises TypeError for arguments that do not fit, ValueError for variables made on a later call.

    >>> @tf.function
    ... def double(x):
    ...     return 2.0 * x
    >>> float(double(tf.constant(3.0)))
    6.0
    """
    reduce = bool(reduce_retracing or experimental_relax_shapes)

    def decorate(f: Callable[..., Any]) -> Function:
        return Function(f, input_signature, autograph, reduce, jit_compile=jit_compile)

    return decorate if func is None else decorate(func)
