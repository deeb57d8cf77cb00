"""The two ends of a gradient: the targets and sources that a user names, and the cotangents given for the targets."""

from __future__ import annotations

import logging
from typing import Any

from gradtape.base import tree
from gradtape.base.dtypes import DIFFERENTIABLE, DIFFERENTIABLE_KINDS
from gradtape.base.errors import ArgumentError, StructureError
from gradtape.core.context import STATE
from gradtape.core.convert import convert
from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable

_log = logging.getLogger("gradtape")


class SourceError(StructureError, AttributeError):
    """A source that is no tensor; TensorFlow fails on its missing attributes."""


def source_of(source: Any) -> Any:
    """The tensor or variable that a user's source stands for."""
    if type(source) is Variable and source._buffer.dtype.kind in DIFFERENTIABLE_KINDS:
        return source
    if isinstance(source, Variable):
        source = source._base
    elif not isinstance(source, Tensor):
        raise SourceError(
            "The sources of a gradient must be tensors or variables that the tape has seen.",
            source=source,
        )
    if source.dtype.np not in DIFFERENTIABLE:
        _log.warning(
            "The dtype of the source tensor must be floating (e.g. tf.float32) when calling GradientTape.gradient, "
            "got tf.%s", source.dtype.name,
        )  # fmt: skip
    return source


def targets_of(target: Any) -> list[Any]:
    if target is None or isinstance(target, int | float | str):
        raise SourceError(
            "`target` must be a tensor, a variable, or a nest of them.", target=target
        )
    return [target_of(t) for t in tree.flatten(target)]


def target_of(target: Any) -> Any:
    """The tensor or variable that a user's target stands for."""
    if isinstance(target, Variable):
        return target._base if STATE.trace is None else STATE.trace.read(target)
    return target if isinstance(target, Tensor) else convert(target)


def seeds_of(output_gradients: Any, targets: list[Any]) -> list[Any]:
    if output_gradients is None:
        return [None] * len(targets)
    seeds = [None if g is None else convert(g) for g in tree.flatten(output_gradients)]
    if len(seeds) != len(targets):
        raise ArgumentError(
            "output_gradients needs one entry per target.",
            targets=len(targets),
            output_gradients=len(seeds),
        )
    for seed, target in zip(seeds, targets):
        if seed is not None and seed._value.shape != target._value.shape:
            raise ArgumentError(
                "output_gradients must have the shape of their target.",
                target=target,
                output_gradient=seed,
            )
        if seed is not None and seed._value.dtype != target._value.dtype:
            raise ArgumentError(
                "output_gradients must have the dtype of their target.",
                target=target,
                output_gradient=seed,
            )
    return seeds
