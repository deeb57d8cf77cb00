"""What becomes of each card: code, parts of other cards, or a value that stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradtape.backends.js.families import (
    contraction,
    control,
    elementwise,
    gather,
    matrices,
    movement,
    order,
    reduce,
    segment,
    windows,
)
from gradtape.backends.js.numbers import known
from gradtape.backends.js.writer import Writer
from gradtape.core.card import REGISTRY
from gradtape.graph.expand import IOTA, expands
from gradtape.graph.ir import Equation, graphs_in
from gradtape.graph.passes.decompose import RULES

Lower = Callable[[Writer, Equation], None]

LINEAR_ALGEBRA = "linear algebra decompositions are computed by gradtape alone"
FIXED = {
    **dict.fromkeys(
        ("cholesky", "eig", "least_squares", "lu", "matrix_square_root", "qr", "self_adjoint_eig", "svd"),
        LINEAR_ALGEBRA,
    ),
    "host": "it calls Python",
    "custom_gradient": "it holds a Python function",
    "sparse_custom_gradient": "it holds a Python function",
    "complex": "complex numbers are computed by gradtape alone",
}  # fmt: skip

TABLE: dict[str, Lower] = {
    **reduce.TABLE,
    **movement.TABLE,
    **contraction.TABLE,
    **gather.TABLE,
    **segment.TABLE,
    **order.TABLE,
    **windows.TABLE,
    **matrices.TABLE,
    **control.TABLE,
    IOTA: elementwise.iota,
}


def lowering_of(e: Equation) -> Lower | None:
    """How an equation becomes code; None where it does not."""
    return TABLE.get(e.op) or elementwise.lowering(e)


def reason_of(e: Equation) -> str | None:
    """Why the value of an equation stays as it is, or None where it is computed."""
    for v in (*e.inputs, *e.outputs):
        if not known(v.dtype):
            return _of_dtype(v.dtype)
    if e.op in FIXED:
        return FIXED[e.op]
    if e.op == "custom_rule":
        return None  # its graph is the way back, which does not run with it
    held = [*graphs_in(e.attrs)]
    if e.op in ("call", "watched"):
        held.append(control.graph_of(e))
    for graph in held:
        for inner in graph.equations:
            reason = reason_of(inner)
            if reason is not None:
                return f"it holds {inner.op}: {reason}"
    if lowering_of(e) is None and not expands(e.op) and e.op not in RULES:
        return f"{REGISTRY[e.op].tf_name} of {e.inputs[0].dtype if e.inputs else 'nothing'} has no code"
    return None


def _of_dtype(dtype: Any) -> str:
    if dtype.kind == "c":
        return FIXED["complex"]
    if dtype.kind == "O":
        return "strings are kept by gradtape alone"
    return f"{dtype.name} is computed by gradtape alone"
