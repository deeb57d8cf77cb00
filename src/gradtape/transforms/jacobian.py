"""Jacobians: one backward pass for a whole batch of cotangents."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.base import tree
from gradtape.base.dtypes import DIFFERENTIABLE
from gradtape.base.errors import ShapeError, TapeError
from gradtape.base.quiet import quiet
from gradtape.core import backward as back
from gradtape.core.bind import RAW, RECORDED
from gradtape.core.context import STATE
from gradtape.core.ends import source_of, target_of
from gradtape.core.slices import IndexedSlices
from gradtape.core.tape import (
    JACOBIANS,
    GradientTape,
    UnconnectedGradients,
    place,
)
from gradtape.core.tensor import Tensor
from gradtape.transforms.batching import Batch, Batched

BLOCK_BYTES = 256 * 2**20  # cotangents alive at one time in a block of rows


def pull_back(tape: GradientTape, target: Any, sources: list[Any], seeds: np.ndarray) -> list[Any]:
    """Cotangents [k, *source.shape] of the sources for k `seeds` [k, *target.shape]; None where unconnected."""
    widest = max([r[3]._value.nbytes for r in tape._records if type(r[3]) is not tuple], default=1)
    rows = max(1, BLOCK_BYTES // max(1, widest))
    inside = RECORDED if STATE.recorders or STATE.trace is not None else RAW
    F = Batched(inside)
    blocks = []
    for start in range(0, len(seeds), rows):
        block = seeds[start : start + rows]
        cotangents = {id(target): Batch(inside, inside.lift(block))}
        with quiet():
            found = tape.pull(cotangents, sources, F)
        blocks.append([_whole(F, c, len(block)) for c in found])
    if not blocks:
        return [None for _ in sources]
    return [_join(inside, parts) for parts in zip(*blocks)]


def _whole(F: Batched, c: Any, k: int) -> Any:
    if c is None:
        return None
    if isinstance(c, IndexedSlices):
        c = back.dense(c, F)
    if type(c) is Batch:
        return c.inner
    return F.inside.broadcast_to(c, shape=(k, *F.inside.shape(c)))


def _join(F: Any, parts: Any) -> Any:
    if parts[0] is None:
        return None
    return parts[0] if len(parts) == 1 else F.concat(*parts, axis=0)


def _begin(tape: GradientTape, name: str) -> None:
    if tape._used_at is not None and not tape._persistent:
        raise TapeError(
            "A non-persistent GradientTape can only be used to compute one set of gradients "
            f"(or jacobians). It was used at {place(tape._used_at)}. Use tf.GradientTape(persistent=True)."
        )
    if tape._active and not tape._persistent:
        tape._pop()


def _end(tape: GradientTape) -> None:
    if not tape._persistent:
        tape._finish()


def jacobian(tape: GradientTape, target: Any, sources: Any, unconnected: Any) -> Any:
    """d target[i] / d source[j], shape target.shape + source.shape, for each source."""
    unconnected = UnconnectedGradients(unconnected)
    _begin(tape, "jacobian")
    flat = [source_of(s) for s in tree.flatten(sources)]
    y = target_of(target)
    shape, size = y._value.shape, y._value.size
    found: list[Any] = [None] * len(flat)
    if y._value.dtype in DIFFERENTIABLE:
        seeds = np.eye(size, dtype=y._value.dtype).reshape(size, *shape)
        found = pull_back(tape, y, flat, seeds)
    if unconnected is UnconnectedGradients.RAISE:
        tape.check_connected(y, flat, found)
    result = [_shaped(c, shape, s, unconnected) for c, s in zip(found, flat)]
    _end(tape)
    return tree.pack(sources, result)


def _shaped(c: Any, lead: tuple[int, ...], source: Any, unconnected: UnconnectedGradients) -> Any:
    shape = (*lead, *source._value.shape)
    if c is None:
        if unconnected is UnconnectedGradients.NONE:
            return None
        return Tensor(np.zeros(shape, source._value.dtype))
    if isinstance(c, Tensor):
        return RECORDED.reshape(c, shape=shape)
    return Tensor(np.asarray(c).reshape(shape))


def batch_jacobian(tape: GradientTape, target: Any, source: Any, unconnected: Any) -> Any:
    """d target[b, i] / d source[b, j], shape [b, target..., source...]."""
    unconnected = UnconnectedGradients(unconnected)
    y, x = target_of(target), source_of(source)
    if y._value.ndim < 1 or x._value.ndim < 1 or y._value.shape[0] != x._value.shape[0]:
        raise ShapeError(
            "Need first dimension of target shape and source shape to match.", target=y, source=x
        )
    _begin(tape, "batch_jacobian")
    b, inner = y._value.shape[0], y._value.shape[1:]
    k = int(np.prod(inner, dtype=np.int64))
    seeds = np.zeros((k, b, k), y._value.dtype)
    seeds[np.arange(k), :, np.arange(k)] = 1
    (c,) = pull_back(tape, y, [x], seeds.reshape(k, *y._value.shape))
    if unconnected is UnconnectedGradients.RAISE:
        tape.check_connected(y, [x], [c])
    _end(tape)
    shape = (b, *inner, *x._value.shape[1:])
    if c is None:
        if unconnected is UnconnectedGradients.NONE:
            return None
        return Tensor(np.zeros(shape, x._value.dtype))
    perm = (1, 0, *range(2, x._value.ndim + 1))
    if isinstance(c, Tensor):
        return RECORDED.reshape(RECORDED.transpose(c, perm=perm), shape=shape)
    return Tensor(np.ascontiguousarray(np.transpose(c, perm)).reshape(shape))


JACOBIANS["jacobian"] = jacobian
JACOBIANS["batch_jacobian"] = batch_jacobian
