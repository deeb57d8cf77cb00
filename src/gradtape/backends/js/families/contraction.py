"""Sums of products: matrix products, products over named axes.  Floats are added up in float64 and rounded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from gradtape.backends.js.numbers import FLOAT32
from gradtape.backends.js.places import place, row_major, walk
from gradtape.backends.js.writer import Writer
from gradtape.graph.ir import Equation, Value

Strides = Mapping[str, int]
ROW = 8  # elements: shorter rows are not worth a buffer


def product(
    w: Writer, x: Value, y: Value, z: Value, kept: str, summed: str, size: Mapping[str, int],
    strides: Sequence[Strides], plus: Callable[[str, str], str] | None = None,
) -> None:  # fmt: skip
    """z[kept] = sum over `summed` of x y.  strides: of x, y, by label;  plus(total, place): what becomes of the sum."""
    b = w.builder(z.dtype)
    w.begin(z)
    if not z.aval.size:
        return
    if b.floating and plus is None and _in_rows(kept, summed, size, strides):
        _rows(w, x, y, z, kept, summed, size, strides)
        return
    outer, inner = [size[c] for c in kept], [size[c] for c in summed]
    of_outer, of_inner = (
        [[of.get(c, 0) for c in part] for of in strides] for part in (kept, summed)
    )
    with walk(w, outer, row_major(outer), *of_outer) as (to, *starts):
        total = w.name("s")
        w.line(f"let {total} = 0;")
        with walk(w, inner, *of_inner, bases=starts) as (p, q):
            if b.floating:
                w.line(f"{total} += {w.element(x, p)} * {w.element(y, q)};")
            else:
                w.line(f"{total} = {b.add(total, b.mul(w.read(x, p), w.read(y, q)))};")
        found = f"f({total})" if z.dtype == FLOAT32 else total
        w.store(z, to, found if plus is None else plus(total, to))


def _in_rows(kept: str, summed: str, size: Mapping[str, int], strides: Sequence[Strides]) -> bool:
    """Whether y lies by rows of the result, so that its rows are better added up than its columns."""
    of_x, of_y = strides
    if not kept or not summed or size[kept[-1]] < ROW or size[summed[-1]] < 2:
        return False
    return of_y.get(kept[-1]) == 1 and not of_x.get(kept[-1]) and of_y.get(summed[-1]) != 1


def _rows(
    w: Writer, x: Value, y: Value, z: Value, kept: str, summed: str, size: Mapping[str, int],
    strides: Sequence[Strides],
) -> None:  # fmt: skip
    """Row by row of the result: rows of y, each times an element of x, are added up in float64."""
    n = size[kept[-1]]
    outer, inner = [size[c] for c in kept[:-1]], [size[c] for c in summed]
    of_outer, of_inner = (
        [[of.get(c, 0) for c in part] for of in strides] for part in (kept[:-1], summed)
    )
    row = w.buffer(np.dtype(np.float64), n)
    with walk(w, outer, [n * s for s in row_major(outer)], *of_outer) as (to, *starts):
        w.line(f"{row}.fill(0);")
        with walk(w, inner, *of_inner, bases=starts) as (p, q):
            factor = w.read(x, p)
            with w.loop(n) as k:
                w.line(f"{row}[{k}] += {factor} * {w.element(y, place([k], [1], q))};")
        with w.loop(n) as k:
            w.store(z, place([k], [1], to), f"{row}[{k}]")


LETTERS = "abcdefgh"


def matmul(w: Writer, e: Equation) -> None:
    """matmul, and gemm: c + alpha a b."""
    x, y = e.inputs[-3:-1] if e.op == "gemm" else e.inputs
    z = e.outputs[0]
    rank = len(z.shape)
    batch = LETTERS[: rank - 2]
    size: dict[str, int] = dict(zip(f"{batch}nm", z.shape))
    size["k"] = x.shape[-2 if e.attrs["transpose_a"] else -1]

    def labels(v: Value, last: str) -> dict[str, int]:
        names = batch[rank - len(v.shape) :] + last
        return {c: s for c, s, n in zip(names, row_major(v.shape), v.shape) if n != 1}

    of_x = labels(x, "kn" if e.attrs["transpose_a"] else "nk")
    of_y = labels(y, "mk" if e.attrs["transpose_b"] else "km")
    plus = _onto(w, e) if e.op == "gemm" else None
    product(w, x, y, z, f"{batch}nm", "k", size, (of_x, of_y), plus)


def _onto(w: Writer, e: Equation) -> Callable[[str, str], str]:
    b, c, alpha = w.builder(e.outputs[0].dtype), e.inputs[0], e.inputs[-1]

    def plus(total: str, at: str) -> str:
        return b.add(w.read(c, at), b.mul(w.element(alpha, "0"), b.rounded(total)))

    return plus


def einsum(w: Writer, e: Equation) -> None:
    names, kept = e.attrs["equation"].split("->")
    labels = names.split(",")
    size: dict[str, int] = {}
    strides = []
    for v, own in zip(e.inputs, labels):
        size.update(zip(own, v.shape))
        strides.append(dict(zip(own, row_major(v.shape))))
    summed = "".join([c for c in dict.fromkeys("".join(labels)) if c not in kept])
    x, y = e.inputs
    product(w, x, y, e.outputs[0], kept, summed, size, strides)


TABLE = {"matmul": matmul, "gemm": matmul, "einsum": einsum}
