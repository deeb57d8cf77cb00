"""The complex step: where all operations are analytic, Im f(x + ih) / h is the derivative, to rounding.

No difference is taken, so nothing cancels and the step may be as small as one likes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradtape.insight.certificate.program import Run
from gradtape.insight.certificate.repetition import Repetition

STEP = 1e-40
ANALYTIC = frozenset(
    ("exp", "expm1", "log", "log1p", "sigmoid", "tanh", "add", "subtract", "multiply", "negative", "square", "add_n",
     "real_div", "pow", "sqrt", "rsqrt", "reciprocal", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh",
     "asinh", "acosh", "atanh", "reshape", "expand_dims", "squeeze", "broadcast_to", "transpose", "identity", "tile",
     "repeat", "roll", "reverse", "matrix_diag", "matrix_diag_part", "matrix_set_diag", "matrix_band_part",
     "tensor_diag", "tensor_diag_part", "einsum_diagonal", "einsum_spread", "concat", "stack", "unstack", "split",
     "slice", "pad", "bias_add", "einsum", "matmul", "affine", "strided_slice", "gather", "gather_nd", "boolean_mask",
     "tensor_scatter_nd_add", "tensor_scatter_nd_sub", "tensor_scatter_nd_update", "unsorted_rows_sum", "put_row",
     "reduce_sum", "reduce_mean", "reduce_prod", "cumsum", "cumprod", "segment_sum", "segment_mean", "where",
     "take_last", "put_last", "ensure_shape")
)  # fmt: skip


def is_analytic(run: Run) -> bool:
    """Whether all operations from real sources to real outputs are analytic; their kernels take complex numbers."""
    return (
        bool(run.steps)
        and not run.opaque
        and not run.unseen
        and all(start._value.dtype.kind == "f" for start in run.starts)
        and all(step.card.name in ANALYTIC for step in run.steps)
        and all(np.isrealobj(output._value) for output in run.outputs)
    )


def complex_step(
    repeat: Repetition,
    values: Sequence[np.ndarray],
    seeds: Sequence[np.ndarray],
    source: int,
    place: int,
) -> float:
    """The derivative by one entry of one source."""
    moved = list(values)
    entry = values[source].astype(np.complex128)
    entry.reshape(-1)[place] += 1j * STEP
    moved[source] = entry
    return float(np.imag(repeat(moved, [source]).weighted(seeds)) / STEP)
