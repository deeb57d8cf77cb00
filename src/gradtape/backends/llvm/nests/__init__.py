"""Code for equations over buffers in memory: nests of vectorised loops, calls of the BLAS, moved elements.

    lower = lowering_of(equation)       None: the equation is left to its NumPy kernel
    lower(ctx, equation)                emits its code

`aliases(equation)`: outputs that are their input's memory.  `inplace(equation)`: those that may be written over one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module

from gradtape.backends.llvm.context import Context
from gradtape.graph.ir import Equation, Graph

Lower = Callable[[Context, Equation], None]
ROOMS = {  # room -> operations that have code of their own there: in its TABLE
    "conv": ("conv", "conv_backprop_input", "conv_backprop_filter"),
    "matmul": ("matmul", "gemm", "affine"),
    "movement": ("transpose", "slice", "strided_slice", "reverse", "split", "unstack", "broadcast_to", "tile",
                 "repeat", "concat", "stack", "pad", "strided_slice_grad", "roll", "reshape", "expand_dims",
                 "squeeze", "identity", "stop_gradient", "ensure_shape"),
    "pool": ("max_pool", "max_pool_grad", "avg_pool", "avg_pool_grad"),
    "put": ("put_row",),
    "rows": ("gather", "gather_grad", "unsorted_rows_sum", "one_hot", "argmax", "argmin", "cumsum", "cumprod"),
}  # fmt: skip
ROOM_OF = {op: room for room, ops in ROOMS.items() for op in ops}
ALIASES = frozenset(
    ("reshape", "expand_dims", "squeeze", "identity", "stop_gradient", "ensure_shape")
)


def lowering_of(equation: Equation) -> Lower | None:
    """How an equation becomes code over its operands' buffers, or None."""
    room = ROOM_OF.get(equation.op)
    if room is not None:
        found = import_module(f"{__name__}.{room}").TABLE[equation.op](equation)
        if found is not None:
            return found
    return group_lowering(equation)


def group_lowering(equation: Equation) -> Lower | None:
    """As a nest of loops: a fused group, an elementwise equation, a fold, a softmax ..."""
    from gradtape.backends.llvm.nests.nest import lower_group, nest_of

    graph = group_of(equation)
    if graph is None:
        return None
    if not any(v.aval.size for v in equation.outputs):
        return lambda ctx, equation: None
    space = nest_of(graph)
    if space is None:
        return None
    return lambda ctx, equation: lower_group(ctx, equation, graph, space)


@lru_cache(maxsize=256)
def group_of(equation: Equation) -> Graph | None:
    """An equation as a group: that of a fused one, or itself alone; None for what is no loop over elements."""
    from gradtape.core.card import REGISTRY
    from gradtape.graph.expand import FOLDS, expands
    from gradtape.graph.space import is_same

    if equation.op == "fused":
        return equation.attrs["graph"]
    op = equation.op
    if (
        op in FOLDS
        or expands(op)
        or is_same(equation)
        or REGISTRY[op].family == "Elementwise"
        or op in ("zeros_like", "ones_like")
    ):
        inputs = tuple(dict.fromkeys(equation.inputs))
        return Graph(inputs, (equation,), equation.outputs)
    return None


def nestable(graph: Graph) -> bool:
    """Whether a group can run as one nest of loops: what the fusion pass asks."""
    from gradtape.backends.llvm.nests.nest import nest_of

    return nest_of(graph) is not None


def prepared(graph: Graph) -> Graph:
    """A graph in the form that the lowerings like: taken apart, products with flags, neighbours in groups."""
    from gradtape.graph.passes.decompose import decompose
    from gradtape.graph.passes.fuse import fuse
    from gradtape.graph.passes.layout import accumulate, layout

    return fuse(accumulate(layout(decompose(graph))), nestable)


def aliases(equation: Equation) -> dict[int, int]:
    """Outputs that need no buffer and no code: output -> the input whose memory it is."""
    if equation.op in ALIASES:
        return {0: 0}
    real = equation.op in ("conj", "real") and equation.inputs[0].dtype.kind != "c"
    return {0: 0} if real else {}


def inplace(equation: Equation) -> list[tuple[int, int]]:
    """Pairs (output, input): the output may be written into the input's buffer where nobody needs the input after."""
    from gradtape.backends.llvm.nests.nest import inplace_pairs, nest_of

    if equation.op in ("gemm", "put_row"):
        return [(0, 0)]
    graph = group_of(equation)
    space = None if graph is None else nest_of(graph)
    if graph is None or space is None:
        return []
    return inplace_pairs(graph, space, equation)
