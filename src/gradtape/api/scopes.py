"""Name scopes, and what stays of graphs in eager TensorFlow: control dependencies, init_scope, group."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gradtape.base.exports import export
from gradtape.core.context import STATE
from gradtape.core.convert import convert
from gradtape.graph.tracer import outside


@export("name_scope")
class name_scope:  # noqa: N801 - TensorFlow's name
    """`with tf.name_scope("layer"): ...`: variables made inside are called "layer/...".

    A name that ends in "/" replaces the scope, others are put behind it; an empty one leaves all scopes.
    Raises ValueError for what is no text.

    >>> with tf.name_scope("a") as scope:
    ...     print(scope, tf.Variable(1.0, name="v").name)
    a/ a/v:0
    """

    def __init__(self, name: str):
        if not isinstance(name, str):
            raise ValueError("name for name_scope must be a string.")
        self._name = name
        self._before: list[str] = []

    @property
    def name(self) -> str:
        """The name as given."""
        return self._name

    def __enter__(self) -> str:
        before, name = STATE.scope, self._name
        self._before.append(before)
        if not name:
            STATE.scope = ""
        elif name.endswith("/"):
            STATE.scope = name
        else:
            STATE.scope = f"{before}{name}/"
        return STATE.scope

    def __exit__(self, *exc: object) -> None:
        STATE.scope = self._before.pop()


@export("get_current_name_scope")
def get_current_name_scope() -> str:
    """The name scope, without the last slash; empty outside of all."""
    return STATE.scope.rstrip("/")


@export("control_dependencies")
@contextmanager
def control_dependencies(control_inputs: Any) -> Iterator[None]:
    """Inside, operations run after `control_inputs`: eagerly they do anyway.  Functions among them are called."""
    for item in control_inputs or ():
        if callable(item) and not hasattr(item, "_value"):
            item()
    yield


@export("init_scope")
@contextmanager
def init_scope() -> Iterator[None]:
    """Inside, operations run at once and tapes do not record: for making the state of a layer."""
    with outside():
        yield


@export("group")
def group(*inputs: Any, **kwargs: Any) -> None:
    """Operations that ran eagerly have run: nothing is left to group.  Raises ValueError for an unknown keyword."""
    kwargs.pop("name", None)
    if kwargs:
        raise ValueError(f"Unknown keyword arguments: {', '.join(kwargs)}")


@export("tuple")
def tuple_(tensors: Any, control_inputs: Any = None, name: str | None = None) -> list[Any]:
    """The tensors as a list; None stays.  Raises ValueError when there is none."""
    if not any(t is not None for t in tensors):
        raise ValueError(f"Must have at least one Tensor. Received: tensors={tensors}")
    return [None if t is None else convert(t) for t in tensors]


@export("no_op")
def no_op(name: str | None = None) -> None:
    """Does nothing."""


@export("executing_eagerly", "compat.v1.executing_eagerly")
def executing_eagerly() -> bool:
    """Whether operations run at once: False while a function is traced."""
    return STATE.trace is None


@export("inside_function")
def inside_function() -> bool:
    """Whether a function is being traced."""
    return STATE.trace is not None


@export("get_logger")
def get_logger() -> logging.Logger:
    """The logger named "tensorflow"."""
    return logging.getLogger("tensorflow")


@export("variable_creator_scope")
@contextmanager
def variable_creator_scope(variable_creator: Callable[..., Any]) -> Iterator[None]:
    """Not used by gradtape: raises ValueError, as variables are made by their class alone."""
    raise ValueError(
        "gradtape has no variable creators. Make the variable with tf.Variable(...) where it is needed."
    )
    yield
