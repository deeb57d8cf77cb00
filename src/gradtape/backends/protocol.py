"""What a backend gives: executables of graphs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from gradtape.graph.ir import Aval, Graph


class Executable(Protocol):
    """A graph made ready for arrays of its own shapes and dtypes.

    Ownership of donated inputs.  `donate` maps an input to the output that takes over its buffer: the call writes the
    new value over the old one.  Whoever calls promises that it alone holds that array (made by `new_buffer`) and that
    nobody looks at the old value again: no tensor, view or other thread.  Where that does not hold, copy the
    array into a new buffer first and give that away.  After an error the donated arrays hold their old values, or,
    where the graph calls Python in its midst or is interrupted in a loop, those of the last whole turn.
    """

    graph: Graph
    donate: Mapping[int, int]
    # door(*inputs, *fresh): the shortest way, where there is one.  Arrays of exactly the graph's types in C order,
    # donated ones writeable; `fresh` for the outputs that nothing is donated to.  None: all is done.  Else nothing was
    # written (another call is under way in its memory, an array does not fit, the kernels have an error to raise):
    # use `call`.
    door: Callable[..., Any] | None

    def run(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        """All outputs, from arrays of any layout; donated inputs are copied first, never written."""
        ...

    def call(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        """The outputs that are not donated to, as new arrays; donated inputs are written in place."""
        ...

    @staticmethod
    def new_buffer(aval: Aval) -> np.ndarray:
        """An array fit to be donated: C order, aligned to a cache line, its memory its own."""
        ...


def undonated(graph: Graph, donate: Mapping[int, int]) -> list[int]:
    """The outputs that get arrays of their own."""
    taken = set(donate.values())
    return [k for k in range(len(graph.outputs)) if k not in taken]


def check_donations(graph: Graph, donate: Mapping[int, int]) -> None:
    """Raises ValueError for a donation between two types, or two to one output."""
    if len(set(donate.values())) != len(donate):
        raise ValueError(f"Expected one input per output. Received: donate={dict(donate)}")
    for i, o in donate.items():
        given: Any = graph.inputs[i].aval
        taken = graph.outputs[o].aval
        if given != taken:
            raise ValueError(
                f"An input gives its buffer to an output of its own type. Received: input {i} of {given}, "
                f"output {o} of {taken}"
            )
