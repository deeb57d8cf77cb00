"""How a graph is executed: by compiled code where there is a compiler, else by NumPy, kernel after kernel."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from gradtape.graph.ir import Graph


class Executable(Protocol):
    def run(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]: ...


class Interpreted:
    """A graph run by NumPy kernels."""

    def __init__(self, graph: Graph):
        self.graph = graph

    def run(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        found = self.graph.run(*arrays)
        given = {id(a) for a in (*arrays, *self.graph.constants.values())}
        # What goes out is the caller's alone: not an input, and not the same buffer twice.
        result = []
        for array in found:
            if id(array) in given or array.base is not None:
                array = array.copy()
            given.add(id(array))
            result.append(array)
        return tuple(result)


def executable_of(graph: Graph) -> Executable:
    return Interpreted(graph)


# Set by the front door: the compiler's `compile_graph`, or None.
COMPILER: list[Callable[..., Any]] = []


def backend() -> str:
    """ "llvm" or "numpy", by the environment variable GRADTAPE_BACKEND."""
    return os.environ.get("GRADTAPE_BACKEND", "llvm")
