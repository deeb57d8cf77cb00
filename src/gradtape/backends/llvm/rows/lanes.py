"""Small tensors in registers: each row of a tensor is one SSA vector.

A tensor of shape (..., n) is a list of rows `<n x T>` (T alone where n is 1), leading axes flattened in C order; a
scalar is one row of one lane.  Bools are i1.  All movement is one thing here: `pick`, which makes rows out of lanes
of other rows by shuffles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import llvmlite.ir as ir
import numpy as np

from gradtape.backends.llvm.scalar import ScalarBuilder

I32 = ir.IntType(32)
PACKED = 64  # bytes of a vector that narrow rows share
BOOL = np.dtype(bool)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A tensor in registers.  `rows`: one SSA value per row."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    rows: tuple[Any, ...]

    @property
    def columns(self) -> int:
        return self.shape[-1] if self.shape else 1

    @property
    def size(self) -> int:
        return len(self.rows) * self.columns


def element_type(dtype: np.dtype[Any]) -> ir.Type:
    if dtype.kind == "b":
        return ir.IntType(1)
    if dtype.kind == "f":
        return ir.FloatType() if dtype.itemsize == 4 else ir.DoubleType()
    return ir.IntType(8 * dtype.itemsize)


def row_type(dtype: np.dtype[Any], columns: int) -> ir.Type:
    kind = element_type(dtype)
    return kind if columns == 1 else ir.VectorType(kind, columns)


def literal(dtype: np.dtype[Any], value: Any) -> Any:
    """`value` as llvmlite takes it in constants."""
    if dtype.kind == "f":
        return float(value)
    return int(value)


def constant_row(dtype: np.dtype[Any], values: Any) -> ir.Constant:
    """A row of known values."""
    kind = element_type(dtype)
    parts = [ir.Constant(kind, literal(dtype, v)) for v in values]
    return parts[0] if len(parts) == 1 else ir.Constant(ir.VectorType(kind, len(parts)), parts)


def row_count(shape: Sequence[int]) -> int:
    n = 1
    for m in shape[:-1]:
        n *= m
    return n


class _Shuffle(ir.instructions.ShuffleVector):
    """A shuffle in whose mask -1 stands for any lane, which llvmlite's own class does not take."""

    def __init__(self, block: ir.Block, a: Any, b: Any, lanes: Sequence[int]):
        text = ", ".join(["i32 poison" if k < 0 else f"i32 {k}" for k in lanes])
        mask: Any = ir.Constant(ir.VectorType(I32, len(lanes)), ir.Undefined)
        mask._get_reference = lambda: f"<{text}>"
        ir.Instruction.__init__(
            self, block, ir.VectorType(a.type.element, len(lanes)), "shufflevector", [a, b, mask]
        )


class Lanes:
    """Emits code on `Rows` at the place where `b` stands."""

    def __init__(self, b: Any):
        self.b = b
        self._scalars: dict[tuple[Any, int], ScalarBuilder] = {}
        self._elements: dict[tuple[int, int], Any] = {}
        self._keep: list[Any] = []

    def moved(self) -> None:
        """The builder stands in another block: what was taken apart before is not to be used again."""
        self._elements.clear()
        self._keep.clear()

    def scalar(self, dtype: np.dtype[Any], lanes: int) -> ScalarBuilder:
        key = (dtype, lanes)
        found = self._scalars.get(key)
        if found is None:
            found = self._scalars[key] = ScalarBuilder(self.b, dtype, lanes)
        return found

    # -- making rows

    def constant(self, array: np.ndarray) -> Rows:
        flat = np.ascontiguousarray(array).reshape(row_count(array.shape), -1)
        rows = tuple([constant_row(array.dtype, row) for row in flat])
        return Rows(array.shape, array.dtype, rows)

    def full(self, shape: tuple[int, ...], dtype: np.dtype[Any], value: Any) -> Rows:
        row = constant_row(dtype, [value] * (shape[-1] if shape else 1))
        return Rows(shape, dtype, (row,) * row_count(shape))

    def element(self, x: Rows, row: int, column: int) -> Any:
        """One element."""
        value = x.rows[row]
        if x.columns == 1:
            return value
        key = (id(value), column)
        found = self._elements.get(key)
        if found is None:
            found = self.b.extract_element(value, I32(column))
            self._elements[key] = found
            self._keep.append(value)
        return found

    def splat(self, x: Rows, row: int, column: int, lanes: int) -> Any:
        """One element in all lanes."""
        if lanes == 1:
            return self.element(x, row, column)
        value: Any = x.rows[row]
        if x.columns == 1:
            return self.splat_scalar(value, lanes)
        parts = value.constant if isinstance(value, ir.Constant) else None
        if isinstance(parts, list | tuple):
            return ir.Constant(ir.VectorType(parts[column].type, lanes), [parts[column]] * lanes)
        return self.shuffle(value, value, [column] * lanes)

    def splat_scalar(self, value: Any, lanes: int) -> Any:
        if lanes == 1:
            return value
        kind = ir.VectorType(value.type, lanes)
        if isinstance(value, ir.Constant):
            return ir.Constant(kind, [value] * lanes)
        first = self.b.insert_element(ir.Constant(kind, ir.Undefined), value, I32(0))
        return self.shuffle(first, first, [0] * lanes)

    def shuffle(self, a: Any, b: Any, lanes: Sequence[int]) -> Any:
        """Lanes of two vectors of one type: those of `b` count on from those of `a`; -1 is any.  Scalar for one."""
        if len(lanes) == 1:
            n = a.type.count
            return self.b.extract_element(a if lanes[0] < n else b, I32(lanes[0] % n))
        second = ir.Constant(a.type, ir.Undefined) if a is b else b
        instruction = _Shuffle(self.b.block, a, second, lanes)
        self.b._insert(instruction)
        return instruction

    # -- movement

    def pick(self, sources: Sequence[Rows], indices: np.ndarray, fill: Any = 0) -> Rows:
        """out[i] = sources[indices[i]], the elements of all sources counted through; -1 stands for `fill`."""
        dtype, shape = sources[0].dtype, indices.shape
        if indices.size == 0:
            return Rows(shape, dtype, tuple([None] * row_count(shape)))
        places: list[tuple[Rows, int]] = []
        starts = [0]
        for source in sources:
            starts.append(starts[-1] + source.size)
            places.append((source, starts[-2]))
        made: dict[bytes, Any] = {}
        rows = []
        flat = indices.reshape(row_count(shape), -1)
        for wanted in flat:
            key = wanted.tobytes()
            if key not in made:
                lanes: list[tuple[Rows, int, int] | None] = []
                for k in wanted.tolist():
                    if k < 0:
                        lanes.append(None)
                        continue
                    at = int(np.searchsorted(starts, k, "right")) - 1
                    source, start = places[at]
                    lanes.append((source, *divmod(k - start, source.columns)))
                made[key] = self._row_of(lanes, dtype, fill)
            rows.append(made[key])
        return Rows(shape, dtype, tuple(rows))

    def _row_of(self, lanes: list[tuple[Rows, int, int] | None], dtype: Any, fill: Any) -> Any:
        n = len(lanes)
        if n == 1:
            return constant_row(dtype, [fill]) if lanes[0] is None else self.element(*lanes[0])
        groups: dict[int, tuple[Any, int, list[tuple[int, int]]]] = {}
        for place, lane in enumerate(lanes):
            if lane is None:
                continue
            source, row, column = lane
            value = source.rows[row]
            groups.setdefault(id(value), (value, source.columns, []))[2].append((place, column))
        whole = len([lane for lane in lanes if lane is not None]) == n
        if len(groups) == 1 and whole:
            ((value, columns, pairs),) = groups.values()
            wanted = [column for _, column in pairs]
            if columns == 1:
                return self.splat_scalar(value, n)
            if columns == n and wanted == list(range(n)):
                return value
            return self.shuffle(value, value, wanted)
        total = None if whole else constant_row(dtype, [fill] * n)
        for value, columns, pairs in groups.values():
            total = self._blend(total, value, columns, pairs, n)
        return total if total is not None else constant_row(dtype, [fill] * n)

    def _blend(
        self, total: Any, value: Any, columns: int, pairs: list[tuple[int, int]], n: int
    ) -> Any:
        """`total` with some lanes of `value` put at some places: (place, lane) each."""
        if columns == 1:
            if len(pairs) == 1:
                if total is None:
                    total = ir.Constant(ir.VectorType(value.type, n), ir.Undefined)
                return self.b.insert_element(total, value, I32(pairs[0][0]))
            value, columns = self.splat_scalar(value, n), n
        mask = [-1] * n
        if total is None:
            for place, lane in pairs:
                mask[place] = lane
            if columns == n and all(place == lane for place, lane in pairs):
                return value
            return self.shuffle(value, value, mask)
        if columns != n:
            for place, lane in pairs:
                mask[place] = lane
            value = self.shuffle(value, value, mask)
            pairs = [(place, place) for place, _ in pairs]
        mask = list(range(n))
        for place, lane in pairs:
            mask[place] = n + lane
        return self.shuffle(total, value, mask)

    def reshape(self, x: Rows, shape: tuple[int, ...]) -> Rows:
        if (x.columns == (shape[-1] if shape else 1)) and len(x.rows) == row_count(shape):
            return Rows(shape, x.dtype, x.rows)
        return self.pick([x], np.arange(x.size).reshape(shape))

    def broadcast(self, x: Rows, shape: tuple[int, ...]) -> Rows:
        if x.shape == shape:
            return x
        return self.pick([x], np.broadcast_to(np.arange(x.size).reshape(x.shape), shape))

    # -- arithmetic

    def map(
        self, rule: Callable[..., Any], dtype: np.dtype[Any], out: np.dtype[Any], *xs: Rows
    ) -> Rows:
        """rule(scalar builder of `dtype`, *rows), row by row, after broadcasting."""
        shape = np.broadcast_shapes(*[x.shape for x in xs])
        xs = tuple([self.broadcast(x, shape) for x in xs])
        lanes = shape[-1] if shape else 1
        done: dict[tuple[int, ...], Any] = {}
        rows = []
        for parts in zip(*[x.rows for x in xs]):
            key = tuple(map(id, parts))
            if key not in done:
                done[key] = rule(self.scalar(dtype, lanes), *parts) if lanes else None
            rows.append(done[key])
        return Rows(shape, out, tuple(rows))

    def map_packed(
        self, rule: Callable[..., Any], dtype: np.dtype[Any], out: np.dtype[Any], *xs: Rows
    ) -> Rows:
        """`map` for a rule of many instructions: narrow rows share a vector."""
        shape = np.broadcast_shapes(*[x.shape for x in xs])
        xs = tuple([self.broadcast(x, shape) for x in xs])
        columns = shape[-1] if shape else 1
        places: dict[tuple[int, ...], int] = {}
        order = [
            places.setdefault(tuple(map(id, parts)), len(places))
            for parts in zip(*[x.rows for x in xs])
        ]
        n = len(places)
        each = min(n, PACKED // max(dtype.itemsize * columns, 1))
        if each < 2 or not columns:
            return self.map(rule, dtype, out, *xs)
        first = [order.index(k) for k in range(n)]
        made: list[Any] = []
        for start in range(0, n, each):
            block = first[start : start + each]
            flat = (len(block) * columns,)
            parts = [
                self.reshape(Rows((len(block), columns), x.dtype, tuple([x.rows[k] for k in block])), flat)
                for x in xs
            ]  # fmt: skip
            y = self.map(rule, dtype, out, *parts)
            made += self.reshape(y, (len(block), columns)).rows
        return Rows(shape, out, tuple([made[k] for k in order]))

    def reduce(
        self,
        x: Rows,
        axis: Sequence[int],
        keepdims: bool,
        join: Callable[[ScalarBuilder, Any, Any], Any],
        identity: Any,
        idempotent: bool = False,
    ) -> Rows:
        """Folds axes by `join`, in a fixed tree."""
        axis = tuple([a % len(x.shape) for a in axis]) if x.shape else ()
        kept = tuple([1 if a in axis else n for a, n in enumerate(x.shape)])
        final = kept if keepdims else tuple([n for a, n in enumerate(x.shape) if a not in axis])
        if x.size == 0:
            return self.full(final, x.dtype, identity)
        rows, last = x.rows, len(x.shape) - 1
        outer = [a for a in axis if a != last]
        if outer:
            places = np.arange(len(rows)).reshape(x.shape[:-1])
            order = [a for a in range(last) if a not in outer] + outer
            n = int(np.prod([x.shape[a] for a in outer]))
            groups = places.transpose(order).reshape(-1, n)
            b = self.scalar(x.dtype, x.columns)
            rows = tuple([self._tree([rows[k] for k in group], b, join) for group in groups])
        if last in axis and x.columns > 1:
            rows = tuple(
                [self.across(row, x.columns, x.dtype, join, identity, idempotent) for row in rows]
            )
            middle = (*[1 if a in outer else x.shape[a] for a in range(last)], 1)
        else:
            middle = tuple([1 if a in axis else n for a, n in enumerate(x.shape)])
        return self.reshape(Rows(middle, x.dtype, rows), final)

    def _tree(self, parts: list[Any], b: ScalarBuilder, join: Callable[..., Any]) -> Any:
        while len(parts) > 1:
            half = (len(parts) + 1) // 2
            parts = [
                join(b, parts[k], parts[half + k]) if half + k < len(parts) else parts[k]
                for k in range(half)
            ]
        return parts[0]

    def across(
        self,
        row: Any,
        lanes: int,
        dtype: np.dtype[Any],
        join: Callable[..., Any],
        identity: Any,
        idempotent: bool,
    ) -> Any:
        """All lanes of a row folded into one element."""
        while lanes > 1:
            half = (lanes + 1) // 2
            low = self.shuffle(row, row, list(range(half)))
            if lanes % 2 == 0:
                high = self.shuffle(row, row, list(range(half, lanes)))
            elif idempotent:
                high = self.shuffle(row, row, [*range(half, lanes), 0][:half])
            else:
                rest = constant_row(dtype, [identity] * lanes)
                high = self.shuffle(row, rest, [*range(half, lanes), lanes][:half])
            row = join(self.scalar(dtype, half), low, high)
            lanes = half
        return row

    def matmul(self, a: Rows, b: Rows, transpose_a: bool, transpose_b: bool) -> Rows:
        """The product of two matrices."""
        n, k = a.shape[::-1] if transpose_a else a.shape
        m = b.shape[0] if transpose_b else b.shape[1]
        s = self.scalar(a.dtype, m)
        if k == 0:
            return self.full((n, m), a.dtype, 0)
        if m == 1 and k > 3 and not transpose_a:
            column = self.reshape(b, (k,)).rows[0]
            wide = self.scalar(a.dtype, k)
            rows = [
                self.across(
                    wide.mul(row, column), k, a.dtype, lambda s, x, y: s.add(x, y), -0.0, False
                )
                for row in a.rows
            ]
            return Rows((n, m), a.dtype, tuple(rows))
        if transpose_b:
            b = self.pick([b], np.arange(b.size).reshape(b.shape).T)
        rows = []
        for i in range(n):
            total = None
            for j in range(k):
                left = self.splat(a, j, i, m) if transpose_a else self.splat(a, i, j, m)
                if total is None:
                    total = s.mul(left, b.rows[j])
                elif a.dtype.kind == "f":
                    total = s.fma(left, b.rows[j], total)
                else:
                    total = s.add(total, s.mul(left, b.rows[j]))
            rows.append(total)
        return Rows((n, m), a.dtype, tuple(rows))
