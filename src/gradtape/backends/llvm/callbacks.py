"""Equations that Python does in the midst of machine code: on views of the buffers, by the card's NumPy kernel."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from gradtape.base.quiet import quiet
from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Aval, Equation

MOST_VIEWS = 64


class Callback:
    """Called with the address of a list of addresses: the operands' buffers, then the results'.

    Kernels get read-only views.  The user's functions (`host`) get arrays of their own, which they may keep.
    """

    def __init__(self, equation: Callable[[], Equation]):
        self._given = equation
        self._views: dict[tuple[int, int], np.ndarray] = {}

    @cached_property
    def equation(self) -> Equation:
        return self._given()

    @cached_property
    def avals(self) -> list[Aval]:
        return [v.aval for v in (*self.equation.inputs, *self.equation.outputs)]

    @property
    def card(self) -> Any:
        return REGISTRY[self.equation.op]

    def __call__(self, place: int) -> None:
        equation, n = self.equation, len(self.equation.inputs)
        pointers = (ctypes.c_size_t * len(self.avals)).from_address(place)
        arrays = [self.view(k, pointers[k]) for k in range(len(self.avals))]
        operands, targets = arrays[:n], arrays[n:]
        if equation.op == "host":
            operands = [a.copy() for a in operands]
            found = self.card.kernel(*operands, **equation.attrs)
        else:
            with quiet():
                found = self.card.kernel(*operands, **equation.attrs)
        results = list(found) if self.card.multi else [found]
        if len(results) != len(targets):
            raise ValueError(
                f"{equation.op}: expected {len(targets)} results. Received: {len(results)}"
            )
        for target, result, value in zip(targets, results, equation.outputs):
            result = np.asarray(result)
            if result.shape != value.shape or result.dtype != value.dtype:
                raise TypeError(
                    f"{equation.op}: expected a result of {value.aval}. "
                    f"Received: {result.dtype.name}{list(result.shape)}"
                )
            target[...] = result

    def view(self, k: int, address: int) -> np.ndarray:
        """The array that lies at an address; in a steady state the same ones come again and again."""
        key = (k, address)
        found = self._views.get(key)
        if found is None:
            found = array_at(address, self.avals[k])
            if k < len(self.equation.inputs):
                found.flags.writeable = False
            if len(self._views) >= MOST_VIEWS:
                self._views.clear()
            self._views[key] = found
        return found


def array_at(address: int, aval: Aval) -> np.ndarray:
    """An array over memory that belongs to somebody else."""
    if not aval.nbytes:
        return np.empty(aval.shape, aval.dtype)
    memory: Any = (ctypes.c_uint8 * aval.nbytes).from_address(address)
    return np.frombuffer(memory, np.uint8).view(aval.dtype).reshape(aval.shape)
