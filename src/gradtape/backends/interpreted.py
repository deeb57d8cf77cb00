"""Executables without machine code: one NumPy kernel after the other.  For where LLVM cannot be had, and for strings."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gradtape.backends.protocol import check_donations, undonated
from gradtape.graph.ir import Aval, Graph


class InterpretedExecutable:
    """A graph run by its kernels.  See `protocol.Executable`."""

    mode = "interpreted"

    def __init__(self, graph: Graph, donate: Mapping[int, int] | None = None):
        self.graph, self.donate = graph, dict(donate or {})
        check_donations(graph, self.donate)
        self._undonated = undonated(graph, self.donate)

    @staticmethod
    def new_buffer(aval: Aval) -> np.ndarray:
        return np.empty(aval.shape, aval.dtype)

    def run(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        return self.graph.run(*arrays)

    def call(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        found = self.graph.run(*arrays)
        # An output may be an input's own array, or a view of one that is about to be written.
        new = {o: np.array(found[o]) for o in self.donate.values()}
        kept = tuple([np.array(found[o]) if self.donate else found[o] for o in self._undonated])
        for i, o in self.donate.items():
            arrays[i][...] = new[o]
        return kept
