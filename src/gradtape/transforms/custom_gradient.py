"""Functions with a gradient of their own, and functions computed again on the way back."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from gradtape.base import tree
from gradtape.base.exports import export
from gradtape.core.card import PUBLIC, Opaque
from gradtape.core.context import STATE, record, recorders
from gradtape.core.convert import convert
from gradtape.core.tape import GradientTape
from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable
from gradtape.graph.ir import Aval
from gradtape.transforms.staging import bind_typed, body


class CustomGradient(Opaque):
    """A call of a function with its own gradient.   dL/dx = grad_fn(dL/dy)"""

    multi = True

    def kernel(*xs, grad_fn):
        raise TypeError("A function with a custom gradient is recorded by its call.")

    def vjp(F: Any, g: Any, y: Any, *xs: Any, grad_fn: Any) -> Any:  # pyright: ignore[reportSelfClsParameterName]
        return tuple(F.user(grad_fn, *g))


class SparseCustomGradient(CustomGradient):
    """The same with None for the results that nothing depends on, where `grad_fn` takes it.   dL/dx = grad_fn(dL/dy)"""

    optional_cotangents = True


class VariableWatcher:
    """Notes which variables are read."""

    passive = True

    def __init__(self) -> None:
        self.variables: dict[int, Any] = {}

    def record(self, card: Any, attrs: Any, inputs: Any, output: Any) -> None:
        pass

    def watches(self, tensors: Any) -> bool:
        return False

    def variable_read(self, variable: Any, tensor: Any) -> None:
        if variable.trainable:
            self.variables[id(variable)] = variable


def call_recorded(
    inputs: tuple[Any, ...], outputs: list[Any], grad_fn: Callable[..., Any], optional: bool = False
) -> list[Any]:
    """`outputs` as fresh tensors whose gradients to `inputs` are what `grad_fn` says.

    `grad_fn.again`, where there is one, computes the outputs from other inputs: to check the gradient.

    optional: it is given None for the results that nothing depends on.
    """
    if STATE.trace is None:
        fresh = tuple(Tensor(y._value) for y in outputs)
    else:
        with recorders(()):
            fresh = tuple(PUBLIC["identity"](y) for y in outputs)
    if STATE.recorders:
        card = SparseCustomGradient if optional else CustomGradient
        record(card, {"grad_fn": grad_fn}, inputs, fresh)
    return list(fresh)


def call_of_users(
    inputs: tuple[Any, ...], outputs: list[Any], grad_fn: Callable[..., Any]
) -> list[Any]:
    """`call_recorded`; in a traced function an equation that holds the gradient as a graph.

    Whoever differentiates the graph finds it there.
    """
    if STATE.trace is None:
        return call_recorded(inputs, outputs, grad_fn)
    given: list[int] = []

    def way_back(*upstream: Any) -> list[Any]:
        found = grad_fn(*upstream)
        given.extend(i for i, c in enumerate(found) if c is not None)
        return [convert(c) for c in found if c is not None]

    sub = body(way_back, outputs, getattr(grad_fn, "of", "") or "custom_gradient")
    types = tuple([Aval(tuple([int(n) for n in y._value.shape]), y._value.dtype) for y in outputs])
    attrs = {
        "graph": sub.graph(),
        "types": types,
        "n_arguments": len(inputs),
        "given": tuple(given),
    }
    return bind_typed("custom_rule", (*outputs, *inputs, *sub.captures), attrs, types)


@export("custom_gradient")
def custom_gradient(f: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """Decorator: `f(*args)` returns `(result, grad)`, and `grad(*upstream)` gives the gradients of the args.

    When `f` reads trainable variables, `grad` takes `variables=` too and returns
    `(gradients of the args, gradients of the variables)`.
    Raises TypeError when variables are read and `grad` does not take them, ValueError for a wrong number of gradients.

    >>> @tf.custom_gradient
    ... def clipped(x):
    ...     return x, lambda upstream: tf.clip_by_value(upstream, -1.0, 1.0)
    """
    if f is None:
        return custom_gradient

    @functools.wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        watcher = VariableWatcher()
        flat = [convert(a) for a in tree.flatten(args)]
        given = {id(a._base) for a in tree.flatten(args) if isinstance(a, Variable)}
        # Tapes see what `f` computes, for its gradient may look at it: a second order goes through there.
        with recorders((*[r for r in STATE.recorders if r.passive], watcher)):
            plain = tree.pack(args, flat) if args else args
            result, grad = f(*plain, **kwargs)
        outputs = [convert(y) for y in tree.flatten(result)]
        variables = [v for key, v in watcher.variables.items() if key not in given]
        takes = _takes_variables(grad)
        if variables and not takes:
            raise TypeError(
                "The function reads trainable variables, so its grad function must take a keyword "
                f"argument `variables`. Variables: {', '.join(v.name for v in variables)}."
            )

        def grad_fn(*upstream: Any) -> list[Any]:
            if takes and variables:
                of_args, of_variables = grad(*upstream, variables=variables)
            else:
                of_args, of_variables = grad(*upstream), []
            found = list(of_args) if isinstance(of_args, list | tuple) else [of_args]
            if len(found) != len(flat):
                raise ValueError(
                    f"custom_gradient function expected to return {len(flat)} gradients, one for each "
                    f"argument. Received: {len(found)}"
                )
            return [g if g is None else convert(g) for g in (*found, *of_variables)]

        def again(*inputs: Any) -> list[Any]:
            plain = tree.pack(args, inputs[: len(flat)]) if args else args
            return [convert(y) for y in tree.flatten(f(*plain, **kwargs)[0])]

        grad_fn.again = again  # type: ignore[attr-defined]
        grad_fn.of = getattr(f, "__name__", "")  # type: ignore[attr-defined]
        inputs = (*flat, *[v._as_tensor() for v in variables])
        return tree.pack(result, call_of_users(inputs, outputs, grad_fn))

    return decorated


def _takes_variables(grad: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(grad).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(p.name == "variables" or p.kind == p.VAR_KEYWORD for p in parameters)


@export("recompute_grad")
def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, whose intermediate results are not kept: they are computed again for the gradient."""

    @functools.wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        watcher = VariableWatcher()
        flat = [convert(a) for a in tree.flatten(args)]
        with recorders((watcher,)):
            result = f(*(tree.pack(args, flat) if args else args), **kwargs)
        outputs = [convert(y) for y in tree.flatten(result)]
        variables = list(watcher.variables.values())

        def grad_fn(*upstream: Any) -> list[Any]:
            with GradientTape() as tape:
                tape.watch(flat)
                again = f(*(tree.pack(args, flat) if args else args), **kwargs)
            seeds = list(upstream)
            return tape.gradient(tree.flatten(again), [*flat, *variables], output_gradients=seeds)

        def once_more(*inputs: Any) -> list[Any]:
            plain = tree.pack(args, inputs[: len(flat)]) if args else args
            return [convert(y) for y in tree.flatten(f(*plain, **kwargs))]

        grad_fn.again = once_more  # type: ignore[attr-defined]
        grad_fn.of = getattr(f, "__name__", "")  # type: ignore[attr-defined]
        inputs = (*flat, *[v._as_tensor() for v in variables])
        return tree.pack(result, call_of_users(inputs, outputs, grad_fn))

    return decorated


@export("grad_pass_through")
def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f` whose gradient is the identity (a straight-through estimator)."""

    @functools.wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        @custom_gradient
        def through(*xs: Any) -> Any:
            def grad(*upstream: Any, variables: Any = None) -> Any:
                of_args: Any = upstream if len(upstream) != 1 else next(iter(upstream))
                return (of_args, [None] * len(variables)) if variables is not None else of_args

            return f(*xs, **kwargs), grad

        return through(*args)

    return decorated
