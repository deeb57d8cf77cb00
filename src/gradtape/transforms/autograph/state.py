"""What branches and loops carry: the values of the user's names, as flat lists of tensors and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradtape.base import tree
from gradtape.core.convert import convert
from gradtape.core.slices import IndexedSlices
from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable

NUMBERS = (bool, int, float, complex, np.ndarray, np.generic)


class Undefined:
    """Stands for a name without a value."""

    __slots__ = ("symbol_name",)

    def __init__(self, symbol_name: str):
        self.symbol_name = symbol_name

    def read(self) -> Any:
        raise UnboundLocalError(f"'{self.symbol_name}' is used before assignment")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise UnboundLocalError(f"'{self.symbol_name}' is used before assignment")

    def __repr__(self) -> str:
        return self.symbol_name


class UndefinedReturnValue:
    """Stands for the result of a function that has not returned yet."""


def ld(value: Any) -> Any:
    """The value of a name that is read."""
    return value.read() if type(value) is Undefined else value


def ldu(load: Any, name: str) -> Any:
    """The value of an attribute or item, or `Undefined`."""
    try:
        return load()
    except (KeyError, AttributeError, NameError, IndexError, TypeError):
        return Undefined(name)


def is_missing(value: Any) -> bool:
    return value is None or type(value) in (Undefined, UndefinedReturnValue)


def leaf_tensors(leaf: Any) -> list[Any] | None:
    """The tensors of a leaf; None where it is something else."""
    if isinstance(leaf, Tensor):
        return [leaf]
    if isinstance(leaf, Variable):
        return [leaf._as_tensor()]
    if isinstance(leaf, NUMBERS) and not (isinstance(leaf, np.ndarray) and leaf.dtype.kind == "O"):
        return [convert(leaf)]
    if isinstance(leaf, IndexedSlices):
        return [convert(leaf)]
    flow = getattr(leaf, "_flow_tensors", None)
    return None if flow is None else flow()


def tensors_of(value: Any) -> list[Any]:
    """All tensors in a value, in order."""
    found: list[Any] = []
    for leaf in tree.flatten(value):
        found += leaf_tensors(leaf) or []
    return found


def rebuilt(template: Any, tensors: Iterator[Any]) -> Any:
    """The value with other tensors; what is no tensor stays."""
    leaves = []
    for leaf in tree.flatten(template):
        if hasattr(leaf, "_with_flow"):
            leaves.append(leaf._with_flow(tensors))
        elif leaf_tensors(leaf) is not None:
            leaves.append(next(tensors))
        else:
            leaves.append(leaf)
    return tree.pack(template, leaves)


def frozen(value: Any) -> Any:
    """The value as it is now: containers are copied, for a branch may change them."""
    return tree.pack(value, tree.flatten(value)) if tree.is_nested(value) else value


def same_structure(a: Any, b: Any) -> bool:
    if tree.is_nested(a) != tree.is_nested(b):
        return False
    if not tree.is_nested(a):
        return True
    if isinstance(a, dict) and isinstance(b, dict):
        return set(a) == set(b) and all(same_structure(a[k], b[k]) for k in a)
    if isinstance(a, dict) or isinstance(b, dict) or type(a) is not type(b) or len(a) != len(b):
        return False
    return all(same_structure(x, y) for x, y in zip(a, b))
