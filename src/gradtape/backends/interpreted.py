"""The backend without a compiler: NumPy kernels, one after the other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gradtape.graph.ir import Aval, Graph


class Interpreted:
    """A graph run by NumPy kernels.  It writes into no array that it is given."""

    door = None

    def __init__(self, graph: Graph):
        self.graph = graph
        self.donate: Mapping[int, int] = {}

    def run(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        """All outputs: each a buffer of its own, neither an input nor a constant."""
        found = self.graph.run(*arrays)
        given = {id(a) for a in (*arrays, *self.graph.constants.values())}
        result = []
        for array in found:
            if id(array) in given or array.base is not None:
                array = array.copy()
            given.add(id(array))
            result.append(array)
        return tuple(result)

    call = run

    @staticmethod
    def new_buffer(aval: Aval) -> np.ndarray:
        return np.empty(aval.shape, aval.dtype)
