"""What two calls of a traced function must share, and what it was that differed."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.base import tree
from gradtape.base.dtypes import as_dtype
from gradtape.base.shapes import TensorShape
from gradtape.core.specs import TensorSpec
from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable

PLAIN = (bool, int, float, complex, str, bytes, type(None))


class AnyType:
    """The type of a Python value, told but not compared: 1, 1.0 and True are one value to TensorFlow."""

    __slots__ = ("__name__",)

    def __init__(self, kind: type):
        self.__name__ = kind.__name__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AnyType)

    def __hash__(self) -> int:
        return 0


class Key:
    """The signature of a call: its structure, and for each leaf a description that compares by value."""

    __slots__ = ("structure", "leaves", "_hash")

    def __init__(self, structure: Any, leaves: tuple[Any, ...]):
        self.structure, self.leaves = structure, leaves
        self._hash = hash((structure, leaves))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Key)
            and self.structure == other.structure
            and self.leaves == other.leaves
        )


def plain_key(values: tuple[Any, ...]) -> Any:
    """Types of values that are all tensors, by position, the quick way; None for others."""
    parts = []
    for t in values:
        if type(t) is not Tensor:
            return None
        value = t._value
        parts.append((value.dtype, value.shape))
    return tuple(parts)


def structure_of(value: Any) -> Any:
    """The containers of a nest, without the leaves."""
    if isinstance(value, dict):
        return (type(value), tuple((k, structure_of(value[k])) for k in sorted(value, key=str)))
    if isinstance(value, tree.CONTAINERS):
        return (type(value), tuple(structure_of(v) for v in value))
    return None


def describe(leaf: Any) -> Any:
    """The description of a leaf: dtype and shape of a tensor, value of a Python number, identity of the rest."""
    if isinstance(leaf, Variable):
        buffer = leaf._base._buffer
        return ("variable", buffer.dtype, buffer.shape, leaf.trainable)
    if isinstance(leaf, Tensor):
        return ("tensor", leaf._value.dtype, tuple(map(int, leaf._value.shape)))
    if isinstance(leaf, TensorSpec):
        shape = leaf.shape
        return ("tensor", leaf.dtype.np, None if shape.rank is None else tuple(shape.as_list()))
    if isinstance(leaf, np.ndarray | np.generic):
        return ("tensor", as_dtype(leaf.dtype).np, tuple(leaf.shape))
    if isinstance(leaf, PLAIN):
        return ("value", AnyType(type(leaf)), leaf if leaf == leaf else "nan")
    try:
        hash(leaf)
    except TypeError:
        return ("object", id(leaf))
    try:
        return ("object", weakref.ref(leaf))
    except TypeError:
        return ("value", type(leaf), leaf)


def key_of(args: Any, kwargs: Any) -> Key:
    leaves = tree.flatten(args) + tree.flatten(kwargs)
    described = [describe(x) for x in leaves]
    variables: dict[int, int] = {}
    for place, leaf in enumerate(leaves):
        if isinstance(leaf, Variable):  # the same variable twice is another call than two variables
            first = variables.setdefault(id(leaf._base), place)
            described[place] = (*described[place], first)
    return Key((structure_of(args), structure_of(kwargs)), tuple(described))


def difference(names: list[str], old: Key, new: Key, args: Any, kwargs: Any) -> str:
    """Which argument made a new trace necessary, and what to do: one sentence."""
    if old.structure != new.structure or len(old.leaves) != len(new.leaves):
        return "the structure of the arguments changed"
    place = next((i for i, (a, b) in enumerate(zip(old.leaves, new.leaves)) if a != b), None)
    if place is None:
        return "nothing in the arguments changed"
    name = _argument_at(place, names, args, kwargs)
    a, b = old.leaves[place], new.leaves[place]
    text = f"{name}: {_words(a)} -> {_words(b)}"
    if a[0] == b[0] == "value" and isinstance(b[2], int | float):
        return f"{text}; pass it as a tensor: tf.constant({b[2]!r})"
    if a[0] == b[0] == "tensor" and a[1] == b[1]:
        return f"{text}; use reduce_retracing=True, or an input_signature with None for the sizes that change"
    return text


def _argument_at(place: int, names: list[str], args: Any, kwargs: Any) -> str:
    start = 0
    for index, value in enumerate(args):
        n = len(tree.flatten(value))
        if start <= place < start + n:
            return f"argument {index} `{names[index] if index < len(names) else '*args'}`"
        start += n
    for name in sorted(kwargs):
        n = len(tree.flatten(kwargs[name]))
        if start <= place < start + n:
            return f"argument `{name}`"
        start += n
    return "an argument"


def _words(leaf: Any) -> str:
    kind = leaf[0]
    if kind == "tensor":
        shape = "any shape" if leaf[2] is None else f"shape {TensorShape(leaf[2])}"
        return f"{as_dtype(leaf[1]).name} tensor of {shape}"
    if kind == "value":
        return f"Python {leaf[1].__name__} {leaf[2]!r}"
    if kind == "variable":
        return "a variable"
    return f"an object {leaf[1]!r}" if isinstance(leaf[1], int) else f"{leaf[1]()!r}"


def is_generalisation(general: Key, key: Key) -> bool:
    """Whether a trace for `general`, whose sizes may be None, serves calls of `key`."""
    if general.structure != key.structure or len(general.leaves) != len(key.leaves):
        return False
    return all(a == b or _covers(a, b) for a, b in zip(general.leaves, key.leaves))


def _covers(a: Any, b: Any) -> bool:
    if a[0] != "tensor" or b[0] != "tensor" or a[1] != b[1]:
        return False
    if a[2] is None:
        return True
    return (
        b[2] is not None
        and len(a[2]) == len(b[2])
        and all(m is None or m == n for m, n in zip(a[2], b[2]))
    )


def generalise(old: Key, new: Key) -> Key | None:
    """The key that covers both, with None for the sizes that differ; None where more than sizes differ."""
    if old.structure != new.structure or len(old.leaves) != len(new.leaves):
        return None
    leaves = []
    for a, b in zip(old.leaves, new.leaves):
        if a == b:
            leaves.append(a)
        elif a[0] == b[0] == "tensor" and a[1] == b[1]:
            if a[2] is None or b[2] is None or len(a[2]) != len(b[2]):
                leaves.append(("tensor", a[1], None))
            else:
                leaves.append(
                    ("tensor", a[1], tuple(m if m == n else None for m, n in zip(a[2], b[2])))
                )
        else:
            return None
    return Key(new.structure, tuple(leaves))


def map_leaves(function: Callable[..., Any], args: Any, kwargs: Any) -> tuple[Any, Any]:
    """`function` on every leaf of the arguments."""
    flat = [function(x) for x in tree.flatten(args)]
    flat_kwargs = [function(x) for x in tree.flatten(kwargs)]
    return tree.pack(args, flat) if args else args, tree.pack(
        kwargs, flat_kwargs
    ) if kwargs else kwargs
