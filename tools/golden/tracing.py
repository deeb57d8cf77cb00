"""An eager golden case inside `tf.function`: what it draws are the function's arguments, what it returns its results.

Only its tensors pass through the graph; texts, shapes, dtypes, caught errors and the like are kept beside it.
A variable that a case makes is made once, however often the function is traced.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from golden import outcome, registry


class Drawing(registry.Rng):
    """Draws as usual and notes what it drew."""

    def __init__(self, tf: Any, seed: int, name: str) -> None:
        super().__init__(tf, seed, name)
        self.drawn: list[tuple[str, Any]] = []

    def noted(self, kind: str, tensor: Any) -> Any:
        self.drawn.append((kind, tensor))
        return tensor

    def tensor(self, *shape: int, dtype: str = "float32", **keys: Any) -> Any:
        return self.noted("tensor", super().tensor(*shape, dtype=dtype, **keys))

    def variable(self, *shape: int, dtype: str = "float32", **keys: Any) -> Any:
        return self.tf.Variable(self.noted("variable", super().tensor(*shape, dtype=dtype, **keys)))

    def integers(self, *shape: int, **keys: Any) -> Any:
        return self.noted("tensor", super().integers(*shape, **keys))


class Given(registry.Rng):
    """Gives, in the order of the draws, what stands ready."""

    def __init__(self, tf: Any, seed: int, name: str, ready: list[Any]) -> None:
        super().__init__(tf, seed, name)
        self.ready = iter(ready)

    def tensor(self, *shape: int, **keys: Any) -> Any:
        self.array(*shape, **keys)
        return next(self.ready)

    variable = tensor

    def integers(self, *shape: int, below: int, low: int = 0, dtype: str = "int32") -> Any:
        self.bits.randint(low, below, shape)
        return next(self.ready)


@dataclass
class Result:
    """A place in an outcome that a result of the function fills."""

    index: int
    variable: bool = False


@dataclass
class Slices:
    """A place that an IndexedSlices fills."""

    values: Any
    indices: Any


def run(tf: Any, one: registry.Case, seed: int) -> Any:
    """The outcome of a case inside a traced function, or the exception."""
    drawing = Drawing(tf, seed, one.id)
    begin(tf, one, drawing)
    with contextlib.suppress(Exception):
        one.function(tf, drawing, **one.keys)
    drawn = drawing.drawn
    tree: list[Any] = []
    made = MadeOnce(tf) if tf.__name__ == "tensorflow" else TracedOnce()

    def body(tensors: list[Any]) -> Any:
        made.rewind()
        given = iter(tensors)
        ready = [v if kind == "variable" else next(given) for kind, v in prepared]
        rng = Given(tf, seed, one.id, ready)
        rng.bits.randint(2**20)  # the seed
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            found = one.function(tf, rng, **one.keys)
        results: list[Any] = []
        tree[:] = [taken_out(tf, found, results)]
        return results

    try:
        begin(tf, one, registry.Rng(tf, seed, one.id))
        prepared = [(kind, tf.Variable(t) if kind == "variable" else t) for kind, t in drawn]
        tensors = [t for kind, t in prepared if kind == "tensor"]
        with made:
            results = tf.function(body, autograph=False)(tensors)
        return put_back(tf, tree[0], results)
    except Exception as error:
        return error


def begin(tf: Any, one: registry.Case, rng: registry.Rng) -> None:
    tf.random.set_seed(1 + rng.bits.randint(2**20))
    if "keras" in one.family:
        tf.keras.backend.clear_session()


class MadeOnce:
    """TensorFlow traces a function that makes variables a second time: it is to find those of the first."""

    def __init__(self, tf: Any) -> None:
        self.made: list[Any] = []
        self.place = 0
        self.scope = tf.variable_creator_scope(self.create)

    def rewind(self) -> None:
        self.place = 0

    def create(self, next_creator: Callable[..., Any], **keys: Any) -> Any:
        if self.place == len(self.made):
            self.made.append(next_creator(**keys))
        self.place += 1
        return self.made[self.place - 1]

    def __enter__(self) -> None:
        self.scope.__enter__()

    def __exit__(self, *error: Any) -> None:
        self.scope.__exit__(*error)


class TracedOnce:
    """A function that makes variables is not traced a second time."""

    def rewind(self) -> None:
        """There is no second time."""

    def __enter__(self) -> None:
        from gradtape.transforms.concrete_function import ConcreteFunction

        self.trace = trace = ConcreteFunction.trace

        def once(function: Any, *args: Any, **keys: Any) -> None:
            trace(function, *args, **keys)
            function.created = []

        ConcreteFunction.trace = once

    def __exit__(self, *error: Any) -> None:
        from gradtape.transforms.concrete_function import ConcreteFunction

        ConcreteFunction.trace = self.trace


def taken_out(tf: Any, value: Any, results: list[Any]) -> Any:
    """The outcome with `Result`s in the places of its tensors, which go into `results`."""
    if isinstance(value, outcome.Scaled):
        return outcome.Scaled(taken_out(tf, value.value, results), taken_out(tf, value.s, results))
    if isinstance(value, Mapping):
        if "!raises" in value:
            return value
        return {k: taken_out(tf, v, results) for k, v in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[taken_out(tf, v, results) for v in value])
    if isinstance(value, tuple):
        return tuple([taken_out(tf, v, results) for v in value])
    if isinstance(value, list) or type(value).__name__ in ("ListWrapper", "_ListWrapper"):
        return [taken_out(tf, v, results) for v in value]
    kind = outcome.kind_of(value)
    if kind == "IndexedSlices":
        return Slices(taken_out(tf, value.values, results), taken_out(tf, value.indices, results))
    if kind == "Tensor" and outcome.symbolic(value):
        results.append(value)
        return Result(len(results) - 1)
    if kind == "Variable" and "Unread" in type(value).__name__:
        results.append(tf.convert_to_tensor(value))
        return Result(len(results) - 1, variable=True)
    return value


def put_back(tf: Any, tree: Any, results: list[Any]) -> Any:
    """The inverse of `taken_out`, with the results of the call."""
    if isinstance(tree, Result):
        found = results[tree.index]
        return tf.Variable(found) if tree.variable else found
    if isinstance(tree, Slices):
        values, indices = put_back(tf, tree.values, results), put_back(tf, tree.indices, results)
        return tf.IndexedSlices(values, indices)
    if isinstance(tree, outcome.Scaled):
        return outcome.Scaled(put_back(tf, tree.value, results), put_back(tf, tree.s, results))
    if isinstance(tree, Mapping):
        if "!raises" in tree:
            return tree
        return {k: put_back(tf, v, results) for k, v in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*[put_back(tf, v, results) for v in tree])
    if isinstance(tree, tuple):
        return tuple([put_back(tf, v, results) for v in tree])
    if isinstance(tree, list):
        return [put_back(tf, v, results) for v in tree]
    return tree
