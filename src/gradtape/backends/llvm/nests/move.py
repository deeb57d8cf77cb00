"""Elements moved: copies between two ways of walking memory.

`moved(ctx, ...)` copies a block of any rank, given the strides of both sides: whole rows where both walk neighbours,
one number repeated where the source stands still, squares turned around in registers where the source's neighbours lie
along another axis.  Elements are moved as bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from llvmlite import ir

from gradtape.backends.llvm.context import I32, I64, Context
from gradtape.backends.llvm.nests.copies import copy_flat
from gradtape.backends.llvm.nests.memory import constant_vector, mask_below, splat, store

NS_PER_BYTE = 0.06
SIDE = 16  # of a square that is turned around, at the most


@dataclass(frozen=True)
class Block:
    """Sizes, and how many elements further the next one is, in the target and in the source."""

    sizes: tuple[int, ...]
    target: tuple[int, ...]
    source: tuple[int, ...]

    @property
    def count(self) -> int:
        return math.prod(self.sizes)

    def tidy(self) -> Block:
        """Without axes of length 1, and with neighbours joined that both sides walk as one."""
        dims = [d for d in zip(self.sizes, self.target, self.source) if d[0] != 1]
        joined: list[tuple[int, int, int]] = []
        for n, t, s in dims:
            if joined:
                m, before_t, before_s = joined[-1]
                if before_t == t * n and before_s == s * n:
                    joined[-1] = (m * n, t, s)
                    continue
            joined.append((n, t, s))
        sizes, target, source = zip(*joined) if joined else ((), (), ())
        return Block(tuple(sizes), tuple(target), tuple(source))


def bits(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The integer that holds an element's bits."""
    return np.dtype(f"i{dtype.itemsize}")


def movable(dtype: np.dtype[Any]) -> bool:
    return dtype.kind != "O" and dtype.itemsize in (1, 2, 4, 8)


def contiguous(shape: Sequence[int]) -> tuple[int, ...]:
    """The strides of an array in row-major order, in elements."""
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return tuple(reversed(strides))


def shifted(ctx: Context, pointer: ir.Value, offset: int, dtype: np.dtype[Any]) -> ir.Value:
    """The pointer, some elements further."""
    kind = ir.IntType(8 * dtype.itemsize)
    return ctx.at(pointer, ctx.index(offset), kind) if offset else pointer


def moved(
    ctx: Context,
    source: ir.Value,
    target: ir.Value,
    dtype: np.dtype[Any],
    block: Block,
    alone: bool = False,
) -> None:
    """Copies a block.  The two sides do not overlap.  alone: by this thread."""
    if block.count == 0:
        return
    dtype, block = bits(dtype), block.tidy()
    if not block.sizes:
        copy_flat(ctx, source, target, dtype, 1)
        return
    if len(block.sizes) == 1 and block.target == block.source == (1,):
        copy_flat(ctx, source, target, dtype, block.sizes[0])
        return
    cost = block.count / block.sizes[0] * dtype.itemsize * NS_PER_BYTE * 2

    def part(
        inner: Context, pointers: Sequence[ir.Value], begin: Any, end: Any, number: Any
    ) -> None:
        rows = replace(block, sizes=(block.sizes[0], *block.sizes[1:]))
        _Mover(inner, dtype, rows).run(pointers[0], pointers[1], begin, end)

    if alone:
        part(ctx, [source, target], 0, block.sizes[0], 0)
    else:
        ctx.parallel(block.sizes[0], cost, [source, target], part, SIDE, "move")


class _Mover:
    def __init__(self, ctx: Context, dtype: np.dtype[Any], block: Block):
        self.ctx, self.b, self.dtype, self.block = ctx, ctx.b, dtype, block
        self.kind = ir.IntType(8 * dtype.itemsize)
        self.turning: int | None = None
        last = len(block.sizes) - 1
        if block.target[last] == 1 and block.source[last] not in (0, 1) and dtype.itemsize >= 2:
            along = [k for k in range(last) if block.source[k] == 1]
            if along and min(block.sizes[along[0]], block.sizes[last]) >= 4:
                self.turning = along[0]

    def run(self, source: ir.Value, target: ir.Value, begin: Any, end: Any) -> None:
        self._level(0, source, target, begin, end)

    def _step(self, pointer: ir.Value, index: ir.Value, stride: int) -> ir.Value:
        if stride == 0:
            return pointer
        if stride != 1:
            index = self.b.mul(index, ir.Constant(I64, stride))
        return self.ctx.at(pointer, index, self.kind)

    def _level(self, depth: int, source: ir.Value, target: ir.Value, begin: Any, end: Any) -> None:
        block, last = self.block, len(self.block.sizes) - 1
        if depth == last:
            self._row(source, target, begin, end)
            return
        if depth == self.turning:
            if depth == last - 1:
                self._turned(source, target, begin, end)
            else:  # the axes between come first
                self._between(depth + 1, depth, source, target, begin, end)
            return
        with self.ctx.loop(end, begin) as i:
            self._level(
                depth + 1,
                self._step(source, i, block.source[depth]),
                self._step(target, i, block.target[depth]),
                0,
                block.sizes[depth + 1],
            )

    def _between(
        self, depth: int, turning: int, source: ir.Value, target: ir.Value, begin: Any, end: Any
    ) -> None:
        block, last = self.block, len(self.block.sizes) - 1
        if depth == last:
            self._turned(source, target, begin, end)
            return
        with self.ctx.loop(block.sizes[depth]) as i:
            self._between(
                depth + 1, turning, self._step(source, i, block.source[depth]),
                self._step(target, i, block.target[depth]), begin, end,
            )  # fmt: skip

    # the innermost axis

    def _row(self, source: ir.Value, target: ir.Value, begin: Any, end: Any) -> None:
        block, n = self.block, self.block.sizes[-1]
        step_t, step_s = block.target[-1], block.source[-1]
        if step_t == step_s == 1 and (begin, end) == (0, n):
            copy_flat(self.ctx, source, target, self.dtype, n)
        elif step_t == 1 and step_s == 0:
            self._repeated(source, target, begin, end)
        else:
            with self.ctx.loop(end, begin) as i:
                x = self.b.load(
                    self._step(source, i, step_s), typ=self.kind, align=self.dtype.itemsize
                )
                self.b.store(x, self._step(target, i, step_t), align=self.dtype.itemsize)

    def _repeated(self, source: ir.Value, target: ir.Value, begin: Any, end: Any) -> None:
        lanes = self.ctx.lanes(self.dtype)
        while lanes > 1 and lanes >= 2 * self.block.sizes[-1]:
            lanes //= 2
        x = splat(self.b, self.b.load(source, typ=self.kind, align=self.dtype.itemsize), lanes)
        limit = self.ctx.index(end)
        with self.ctx.loop(end, begin, lanes) as j:
            mask = (
                mask_below(self.b, j, limit, lanes)
                if self.block.sizes[-1] % lanes and lanes > 1
                else None
            )
            store(self.ctx, self.dtype, x, self._step(target, j, 1), lanes, mask)

    # two axes exchanged

    def _turned(self, source: ir.Value, target: ir.Value, begin: Any, end: Any) -> None:
        """target[i * t + j] = source[i + j * s]: squares in registers, the edges one by one."""
        assert self.turning is not None
        t, s = self.block.target[self.turning], self.block.source[-1]
        rows, columns = self.block.sizes[self.turning], self.block.sizes[-1]
        side = min(SIDE, self.ctx.lanes(self.dtype))
        while side > 1 and (side > rows or side > columns):
            side //= 2
        whole = columns // side * side
        whole_rows = rows // side * side
        limit = self._least(end, whole_rows)
        with self.ctx.loop(limit, begin, side) as i:
            from_i, to_i = self._step(source, i, 1), self._step(target, i, t)
            with self.ctx.loop(whole, 0, side) as j:
                self._square(self._step(from_i, j, s), self._step(to_i, j, 1), side, s, t)
            if whole < columns:
                with self.ctx.loop(columns, whole) as j:
                    self._column(self._step(from_i, j, s), self._step(to_i, j, 1), side, t)
        if whole_rows < rows:
            start = self._most(begin, whole_rows)
            with self.ctx.loop(end, start) as i, self.ctx.loop(columns) as j:
                place = self._step(self._step(source, i, 1), j, s)
                x = self.b.load(place, typ=self.kind, align=self.dtype.itemsize)
                self.b.store(
                    x, self._step(self._step(target, i, t), j, 1), align=self.dtype.itemsize
                )

    def _least(self, end: Any, n: int) -> Any:
        if isinstance(end, int):
            return min(end, n)
        limit = ir.Constant(I64, n)
        return self.b.select(self.b.icmp_signed("<", end, limit), end, limit)

    def _most(self, begin: Any, n: int) -> Any:
        if isinstance(begin, int):
            return max(begin, n)
        limit = ir.Constant(I64, n)
        return self.b.select(self.b.icmp_signed(">", begin, limit), begin, limit)

    def _column(self, source: ir.Value, target: ir.Value, side: int, t: int) -> None:
        with self.ctx.loop(side) as k:
            x = self.b.load(self._step(source, k, 1), typ=self.kind, align=self.dtype.itemsize)
            self.b.store(x, self._step(target, k, t), align=self.dtype.itemsize)

    def _square(self, source: ir.Value, target: ir.Value, side: int, s: int, t: int) -> None:
        kind = ir.VectorType(self.kind, side)
        lines = [
            self.b.load(
                self._step(source, self.ctx.index(k), s), typ=kind, align=self.dtype.itemsize
            )
            for k in range(side)
        ]
        for k, x in enumerate(turned(self.b, lines)):
            self.b.store(x, self._step(target, self.ctx.index(k), t), align=self.dtype.itemsize)


def turned(b: ir.IRBuilder, lines: Sequence[ir.Value]) -> list[ir.Value]:
    """n vectors of n lanes with rows and columns exchanged: log2(n) rounds of exchanges at growing distance."""
    lines, n, h = list(lines), len(lines), 1
    while h < n:
        low = [k if not k & h else n + k - h for k in range(n)]
        high = [k + h if not k & h else n + k for k in range(n)]
        for i in range(n):
            if not i & h:
                x, y = lines[i], lines[i + h]
                lines[i] = b.shuffle_vector(x, y, constant_vector(I32, low))
                lines[i + h] = b.shuffle_vector(x, y, constant_vector(I32, high))
        h *= 2
    return lines


Lower = Callable[[Context, Any], None]
__all__ = ["Block", "Lower", "contiguous", "movable", "moved", "shifted", "turned"]
