"""What executes a graph: native code, through LLVM.  `protocol` says what executables have in common."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradtape.backends.protocol import Executable
    from gradtape.graph.ir import Graph


def compile_graph(graph: Graph, donate: Mapping[int, int] | None = None) -> Executable:
    """An executable of a graph: machine code where that can be had, else its NumPy kernels.

    donate: input -> output that takes over its buffer (see `protocol.Executable` for what that asks of the caller).
    """
    if native_code() and not _holds_objects(graph):
        from gradtape.backends.llvm.runtime import compile_graph as compile_native

        return compile_native(graph, donate)
    from gradtape.backends.interpreted import InterpretedExecutable

    return InterpretedExecutable(graph, donate)


@cache
def native_code() -> bool:
    """Whether machine code can be made and called in this interpreter."""
    import importlib.util
    import sys

    if importlib.util.find_spec("llvmlite") is None or sys.implementation.name != "cpython":
        return False
    from gradtape.backends.llvm.native import layout_known

    return layout_known()


def _holds_objects(graph: Graph) -> bool:
    """Whether strings occur: arrays of objects, which only Python may copy."""
    from gradtape.graph.ir import graphs_in

    values = [*graph.inputs, *graph.constants, *graph.outputs]
    for equation in graph.equations:
        values += equation.outputs
        if any(_holds_objects(held) for held in graphs_in(equation.attrs)):
            return True
    return any(v.dtype.hasobject for v in values)
