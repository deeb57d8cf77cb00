"""How a graph is executed: by compiled code where there is a compiler, else by NumPy, kernel after kernel."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from gradtape.backends.interpreted import Interpreted
from gradtape.base.config import settings
from gradtape.graph.ir import Graph
from gradtape.graph.passes import optimize
from gradtape.graph.passes.sweeps import loops


def executable_of(graph: Graph, donate: Mapping[int, int] | None = None) -> Any:
    """The graph made ready to run.  donate: inputs whose buffer an output may take over."""
    native = settings.backend == "llvm" and find_spec("llvmlite") is not None
    graph = optimize(graph, reorder=native)  # machine code adds in an order of its own anyway
    if native:
        expanded = loops(graph)
        graph = graph if expanded is graph else optimize(expanded, reorder=True)
        runtime = import_module("gradtape.backends.llvm.runtime")  # llvmlite costs its import
        with suppress(NotImplementedError):
            return runtime.compile_graph(graph, dict(donate or {}))
    return Interpreted(graph)
