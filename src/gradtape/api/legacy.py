"""Gradients of graphs: they belong to traced functions."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from gradtape.base import tree
from gradtape.base.exports import export
from gradtape.core.context import STATE
from gradtape.core.tape import UnconnectedGradients
from gradtape.transforms.symbolic_gradients import symbolic_gradients, symbolic_hessian


@export("AggregationMethod")
class AggregationMethod(IntEnum):
    """How gradients are summed up in graphs; without meaning here."""

    ADD_N = 0
    DEFAULT = 0
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


@export("gradients")
def gradients(ys: Any, xs: Any, grad_ys: Any = None, name: str = "gradients", gate_gradients: bool = False,
              aggregation_method: Any = None, stop_gradients: Any = None,
              unconnected_gradients: Any = UnconnectedGradients.NONE) -> Any:  # fmt: skip
    """The gradients of the sum of `ys` by each of `xs`, in a traced function: a list, with None where there is no way.

    grad_ys: cotangents of the ys.  stop_gradients: tensors through which nothing flows.
    Raises RuntimeError outside of traced functions, as in TensorFlow: use `tf.GradientTape`.
    """
    if STATE.trace is not None:
        if grad_ys is not None:
            grad_ys = tree.flatten(grad_ys)
        return symbolic_gradients(
            tree.flatten(ys), tree.flatten(xs), grad_ys, unconnected_gradients,
            tree.flatten(stop_gradients or []),
        )  # fmt: skip
    raise RuntimeError(
        "tf.gradients is not supported when eager execution is enabled. Use tf.GradientTape instead."
    )


@export("hessians")
def hessians(ys: Any, xs: Any, gate_gradients: bool = False, aggregation_method: Any = None,
             name: str = "hessians") -> Any:  # fmt: skip
    """The second derivatives of `ys` by each of `xs`, in a traced function: a list.

    Raises RuntimeError outside of traced functions, as in TensorFlow: use two nested tapes.
    """
    if STATE.trace is not None:
        (y,) = tree.flatten(ys)
        return [symbolic_hessian(y, x) for x in tree.flatten(xs)]
    raise RuntimeError(
        "tf.gradients is not supported when eager execution is enabled. Use tf.GradientTape instead: two nested ones, "
        "and outer.jacobian(inner.gradient(y, x), x)."
    )
