"""Random graphs: arithmetic, comparisons, sums, products, movement, losses, gathers, branches and loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradtape.graph.ir import Equation, Graph, Value

from .graphs import Builder

UNARY = ["negative", "square", "abs", "sigmoid", "tanh", "relu", "exp", "softplus", "sign", "floor"]
BINARY = ["add", "subtract", "multiply", "maximum", "minimum", "squared_difference"]
COMPARE = ["less", "less_equal", "greater", "equal", "not_equal"]


class Random:
    """Grows a graph by one random equation after another.  `sizes`: lengths of axes to choose from."""

    def __init__(
        self, rng: np.random.Generator, dtype: Any, sizes: tuple[int, ...], depth: int = 0
    ):
        self.rng, self.dtype, self.sizes, self.depth = rng, np.dtype(dtype), sizes, depth
        self.g = Builder()
        self.values: list[Value] = []

    def pick(self, *, rank: int | None = None, kind: str | None = None) -> Value | None:
        kind = kind or self.dtype.kind
        found = [
            v
            for v in self.values
            if v.dtype.kind == kind and (rank is None or len(v.shape) == rank)
        ]
        # Later ones more often: long chains.
        return found[-1 - int(len(found) * self.rng.random() ** 2)] if found else None

    def size(self) -> int:
        return int(self.rng.choice(self.sizes))

    def add(self, *values: Value) -> None:
        for value in values:
            if value.dtype.kind == "f":  # keeps numbers small
                value = self.g("tanh", value) if self.rng.random() < 0.3 else value
            self.values.append(value)

    def grow(self) -> None:
        ways = [self.unary, self.binary, self.binary, self.reduce, self.matmul, self.movement, self.movement,
                self.compare, self.where, self.join, self.cut]  # fmt: skip
        if self.dtype.kind == "f":
            ways += [self.softmax, self.loss, self.gather]
        if self.depth < 1:
            ways += [self.branch, self.loop]
        ways[self.rng.integers(len(ways))]()

    def unary(self) -> None:
        x = self.pick()
        if x is not None:
            names = (
                UNARY if self.dtype.kind == "f" else ["negative", "square", "abs", "relu", "sign"]
            )
            name = str(self.rng.choice(names))
            if name in ("exp", "square") and self.dtype.kind == "f":
                x = self.g("tanh", x)
            self.add(self.g(name, x))

    def binary(self) -> None:
        x = self.pick()
        partners = [
            v
            for v in self.values
            if x is not None and v.dtype == x.dtype and _broadcasts(v.shape, x.shape)
        ]
        if x is not None and partners:
            y = partners[self.rng.integers(len(partners))]
            pair = (x, y) if self.rng.random() < 0.5 else (y, x)
            self.add(self.g(str(self.rng.choice(BINARY)), *pair))

    def compare(self) -> None:
        x = self.pick()
        if x is not None:
            # Not a number that arithmetic on either side of a rounding comes to.
            y = (
                self.g.constant(0.1234567, self.dtype)
                if self.dtype.kind == "f"
                else self.g("sign", x)
            )
            self.add(self.g(str(self.rng.choice(COMPARE)), x, y))

    def where(self) -> None:
        mask = self.pick(kind="b")
        if mask is not None:
            pairs = [
                v for v in self.values if v.dtype == self.dtype and _broadcasts(v.shape, mask.shape)
            ]
            if pairs:
                x, y = pairs[self.rng.integers(len(pairs))], pairs[self.rng.integers(len(pairs))]
                if _broadcasts(x.shape, y.shape):
                    self.add(self.g("where", mask, x, y))

    def reduce(self) -> None:
        x = self.pick()
        if x is None or not x.shape:
            return
        axis = tuple(a for a in range(len(x.shape)) if self.rng.random() < 0.6) or (0,)
        names = ["reduce_sum", "reduce_max", "reduce_min"]
        names += ["reduce_mean", "reduce_logsumexp"] if self.dtype.kind == "f" else []
        keepdims = bool(self.rng.random() < 0.5)
        self.add(self.g(str(self.rng.choice(names)), x, axis=axis, keepdims=keepdims))

    def matmul(self) -> None:
        x = self.pick(rank=2)
        if x is None:
            return
        n = self.size()
        ta, tb = bool(self.rng.random() < 0.5), bool(self.rng.random() < 0.5)
        k = x.shape[0] if ta else x.shape[1]
        y = self.g.constant(0.5 * self.rng.standard_normal((n, k) if tb else (k, n)), self.dtype)
        if self.dtype.kind == "f" or self.dtype.kind == "i":
            self.add(self.g("matmul", x, y, transpose_a=ta, transpose_b=tb))

    def movement(self) -> None:
        x = self.pick()
        if x is None:
            return
        way, rank = self.rng.integers(7), len(x.shape)
        if way == 0:
            self.add(self.g("reshape", x, shape=(x.aval.size,)))
        elif way == 1 and rank >= 2:
            self.add(self.g("transpose", x, perm=tuple(int(p) for p in self.rng.permutation(rank))))
        elif way == 2 and rank < 3:
            self.add(self.g("expand_dims", x, axis=int(self.rng.integers(rank + 1))))
        elif way == 3 and rank < 3:
            n = self.size()
            if x.aval.size * n < 3000:
                self.add(self.g("broadcast_to", x, shape=(n, *x.shape)))
        elif way == 4 and rank:
            paddings = tuple(
                (int(self.rng.integers(2)), int(self.rng.integers(2))) for _ in x.shape
            )
            self.add(self.g("pad", x, paddings=paddings, mode="CONSTANT", constant_values=0))
        elif way == 5 and rank:
            self.add(self.g("reverse", x, axis=(rank - 1,)))
        elif way == 6 and rank:
            self.add(self.g("tile", x, multiples=(1,) * (rank - 1) + (2,)))

    def join(self) -> None:
        x = self.pick()
        if x is not None and x.shape and x.aval.size < 1000:
            self.add(
                self.g(
                    "concat", x, self.g("negative", x), axis=int(self.rng.integers(len(x.shape)))
                )
            )

    def cut(self) -> None:
        x = self.pick()
        if x is not None and x.shape and min(x.shape) > 0:
            spec = tuple(
                (None, None, -1) if self.rng.random() < 0.3 else (0, max(1, n - 1), 1)
                for n in x.shape
            )
            self.add(self.g("strided_slice", x, spec=spec))

    def softmax(self) -> None:
        x = self.pick()
        if x is not None and x.shape:
            name = str(self.rng.choice(["softmax", "log_softmax"]))
            self.add(self.g(name, x, axis=int(self.rng.integers(-1, len(x.shape)))))

    def loss(self) -> None:
        x = self.pick(rank=2)
        if x is not None:
            labels = self.g.constant(self.rng.integers(0, x.shape[1], x.shape[0]), np.int64)
            self.add(*self.g("sparse_softmax_cross_entropy_with_logits", x, labels))

    def gather(self) -> None:
        x = self.pick()
        if x is not None and x.shape and x.aval.size < 500:
            indices = self.g.constant(self.rng.integers(0, x.shape[0], 3), np.int32)
            self.add(self.g("gather", x, indices, axis=0, batch_dims=0))

    def inner(self, values: list[Value], outputs: list[Value], extra: int = 0) -> Graph:
        """A graph from values like `values` to values like `outputs` (which are among them)."""
        inner = Random(self.rng, self.dtype, self.sizes, self.depth + 1)
        if extra:
            inner.values.append(inner.g.input((), np.int32))
        fresh = {v: inner.g.input(v.shape, v.dtype) for v in values}
        inner.values += fresh.values()
        for _ in range(int(self.rng.integers(2, 7))):
            inner.grow()
        found = []
        for v in outputs:
            same = [w for w in inner.values if w.aval == v.aval]
            found.append(same[-1 - int(len(same) * self.rng.random() ** 3)])
        if extra:
            counter = inner.g.inputs[0]
            found.insert(0, inner.g("add", counter, inner.g.constant(1, np.int32)))
        return inner.g.graph(*found)

    def operands(self) -> list[Value]:
        found: list[Value] = []
        for _ in range(3):
            v = self.pick()
            if v is not None and v not in found:
                found.append(v)
        return found

    def branch(self) -> None:
        values = self.operands()
        mask = self.pick(kind="b")
        if not values or mask is None:
            return
        if mask.shape:
            axis = tuple(range(len(mask.shape)))
            mask = self.g("reduce_any", mask, axis=axis, keepdims=False)
        branches = (self.inner(values, values[:2]), self.inner(values, values[:2]))
        outputs = tuple([Value(v.aval) for v in values[:2]])
        self.g.equations.append(Equation("cond", (mask, *values), {"branches": branches}, outputs))
        self.add(*outputs)

    def loop(self) -> None:
        values = self.operands()
        if not values:
            return
        n = int(self.rng.integers(len(values)))
        body = self.inner(values, values[n:], extra=1)
        # The counter comes first in the body's graph; the loop's order is constants, counter, carried.
        order = (*body.inputs[1 : 1 + n], body.inputs[0], *body.inputs[1 + n :])
        body = Graph(order, body.equations, body.outputs, body.constants)
        cond = Builder()
        for v in values[:n]:
            cond.input(v.shape, v.dtype)
        counter = cond.input((), np.int32)
        for v in values[n:]:
            cond.input(v.shape, v.dtype)
        turns = int(self.rng.integers(0, 4))
        test = cond.graph(cond("less", counter, cond.constant(turns, np.int32)))
        start = self.g.constant(0, np.int32)
        outputs = tuple([Value(v.aval) for v in (start, *values[n:])])
        attrs = {"cond": test, "body": body, "n_constants": n, "limit": None}
        self.g.equations.append(
            Equation("while", (*values[:n], start, *values[n:]), attrs, outputs)
        )
        self.add(*outputs[1:])


def _broadcasts(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    try:
        return math.prod(np.broadcast_shapes(a, b)) < 3000
    except ValueError:
        return False


def random_graph(
    seed: int, dtype: Any, sizes: tuple[int, ...], length: int
) -> tuple[Graph, list[np.ndarray]]:
    """A graph and arrays for it.  Some outputs are inputs, constants, or named twice."""
    rng = np.random.default_rng(seed)
    program = Random(rng, dtype, sizes)
    arrays = []
    for rank in (2, 1, 2, 0, 3):
        shape = tuple(program.size() for _ in range(rank))
        program.values.append(program.g.input(shape, dtype))
        draw = (
            rng.standard_normal(shape) if program.dtype.kind == "f" else rng.integers(-3, 4, shape)
        )
        arrays.append(np.asarray(draw, dtype))
    for _ in range(length):
        program.grow()
    values = program.values
    outputs = [values[-1 - int(len(values) * rng.random() ** 2)] for _ in range(3)]
    return program.g.graph(*outputs, values[-1]), arrays
