"""What is seen of a step: its weights, its gradients, its tape."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from gradtape.base.errors import ArgumentError
from gradtape.base.quiet import quiet
from gradtape.core.slices import IndexedSlices
from gradtape.core.variable import Variable
from gradtape.insight.naming import given_name
from gradtape.insight.source import visible_names
from gradtape.keras.optimizers.pairs import distinct

RECORD_BYTES = 900  # of a record of a tape beside the arrays: tuples, tensors, attributes


class Weights:
    """The variables that are recorded, with their names and layers.

    given: variables, a dict of them by name, a model or layer, or None: whatever gradients are asked for.
    """

    def __init__(self, given: Any = None):
        self.variables: list[Variable] = []
        self.names: list[str] = []
        self.layer_of: list[str] = []
        self.anything = given is None
        self._places: dict[int, int] = {}
        self._model: Any = None
        if given is not None:
            self.watch(given)

    def watch(self, given: Any) -> None:
        if hasattr(type(given), "trainable_variables"):
            self._model, self.anything = given, False
            self.refresh()
            return
        named = given.items() if isinstance(given, Mapping) else [("", v) for v in _several(given)]
        called = visible_names()
        for name, variable in named:
            if not isinstance(variable, Variable):
                raise ArgumentError(
                    "A recorder takes variables, a dict of them by name, a layer or a model.",
                    weights=variable,
                )
            self.add(variable._base, name or given_name(variable) or called.get(id(variable), ""))

    def refresh(self) -> None:
        """A model may have got weights since."""
        if self._model is not None and getattr(self._model, "built", True):
            for variable in self._model.trainable_variables:
                self.add(variable._base)

    def add(self, variable: Variable, name: str = "") -> int:
        """The place of a variable, which is added where it is new."""
        place = self._places.get(id(variable))
        if place is not None:
            return place
        name = name or given_name(variable) or visible_names().get(id(variable), "")
        name = name or variable.name.partition(":")[0]
        count, unique = 1, name
        while unique in self.names:
            unique, count = f"{name}_{count}", count + 1
        self._places[id(variable)] = len(self.variables)
        self.variables.append(variable)
        self.names.append(unique)
        self.layer_of.append(unique.rpartition("/")[0] or unique)
        return len(self.variables) - 1

    def place(self, source: Any) -> int | None:
        """The place of a source of a gradient; None where it is not recorded."""
        if not isinstance(source, Variable):
            return None
        found = self._places.get(id(source))
        if found is None:
            self.refresh()
            found = self._places.get(id(source))
        if found is None and self.anything and source.trainable:
            found = self.add(source)
        return found

    def belong(self, layers: Mapping[int, str]) -> None:
        """The layers' names, by the ids of their variables."""
        for place, variable in enumerate(self.variables):
            self.layer_of[place] = layers.get(id(variable), self.layer_of[place])


class Call(NamedTuple):
    """A call of `tape.gradient`, with a tape of its own."""

    tape: Any
    targets: list[Any]
    sources: list[Any]
    seeds: list[Any]


def kept_tape(tape: Any) -> Any:
    """A tape of the same records, which stays as it is whatever becomes of the user's."""
    kept = copy.copy(tape)
    kept._records, kept._persistent = list(tape._records), True
    kept._watched, kept._leaves, kept._kept = (
        set(tape._watched),
        set(tape._leaves),
        list(tape._kept),
    )
    kept._variables = dict(tape._variables)
    kept._reads = {owner: list(reads) for owner, reads in tape._reads.items()}
    kept._active = False
    return kept


def bytes_of(tape: Any) -> int:
    """About how many bytes a tape keeps alive."""
    arrays: dict[int, int] = {}
    for _, _, inputs, output, _ in tape._records:
        for tensor in (*inputs, *(output if type(output) is tuple else (output,))):
            arrays[id(tensor._value)] = tensor._value.nbytes
    return sum(arrays.values()) + RECORD_BYTES * (len(tape._records) + len(tape.trail.asides) + 2)


def dense_gradient(gradient: Any, variable: Variable, whole: int) -> tuple[Any, Any]:
    """A gradient as an array (None where it is large and sparse), and its entries that are given."""
    if gradient is None:
        return None, None
    if not isinstance(gradient, IndexedSlices):
        array = gradient._value
        return array, array
    rows = distinct(gradient)
    values = rows.values
    shape = variable._value.shape
    if int(np.prod(shape)) > whole:
        return None, values
    array = np.zeros(shape, values.dtype)
    array[rows.indices] = values
    return array, values


def loss_of(targets: Iterable[Any], seeds: Iterable[Any]) -> float:
    """The number whose gradient was taken: the sum of all entries, each times its seed."""
    total = 0.0
    with quiet():
        for target, seed in zip(targets, seeds):
            value = target._value.astype(np.float64)
            total += float(value.sum() if seed is None else (value * seed._value).sum())
    return total


def _several(given: Any) -> list[Any]:
    alone = isinstance(given, Variable | str) or not isinstance(given, Iterable)
    return [given] if alone else list(given)
