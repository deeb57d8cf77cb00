"""Folds along axes, and running folds.

Sums and products of floats are added up in float64 and rounded once; those of integers wrap around at each step.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.backends.js.numbers import FLOAT32, spelled
from gradtape.backends.js.places import blocks, row_major, walk
from gradtape.backends.js.writer import Writer
from gradtape.graph.ir import Equation, Value


def _start(op: str, dtype: np.dtype[Any]) -> str:
    if op in ("reduce_any", "reduce_all"):
        return "true" if op == "reduce_all" else "false"
    if op in ("reduce_max", "reduce_min"):
        if dtype.kind == "f":
            return "-Infinity" if op == "reduce_max" else "Infinity"
        info = np.iinfo(dtype)
        return str(info.min if op == "reduce_max" else info.max)
    return "1" if op == "reduce_prod" else "0"


def _step(w: Writer, op: str, dtype: np.dtype[Any], total: str, x: str) -> None:
    """The statement that takes one more element into a total."""
    if op == "reduce_any":
        w.line(f"if ({x}) {total} = true;")
    elif op == "reduce_all":
        w.line(f"if (!{x}) {total} = false;")
    elif op in ("reduce_max", "reduce_min"):
        sign = ">" if op == "reduce_max" else "<"
        nan = f" || {x} !== {x}" if dtype.kind == "f" else ""
        w.line(f"if ({x} {sign} {total}{nan}) {total} = {x};")
    elif dtype.kind == "f":
        w.line(f"{total} {'*' if op == 'reduce_prod' else '+'}= {x};")
    else:
        b = w.builder(dtype)
        w.line(f"{total} = {b.mul(total, x) if op == 'reduce_prod' else b.add(total, x)};")


def _end(w: Writer, e: Equation, total: str, n: int) -> str:
    dtype = e.inputs[0].dtype
    if e.op == "reduce_mean":
        if dtype.kind == "f":
            total = f"{total} / {n}"
        elif n:
            total = f"Math.trunc({total} / {n}) + 0"
    return f"f({total})" if dtype == FLOAT32 and e.op not in ("reduce_max", "reduce_min") else total


def fold(w: Writer, e: Equation) -> None:
    """A reduction: loops over the kept axes, in them loops over the folded ones."""
    x, y = e.inputs[0], e.outputs[0]
    axis = tuple([a % len(x.shape) for a in e.attrs["axis"]])
    kept = [a for a in range(len(x.shape)) if a not in axis]
    steps = row_major(x.shape)
    outer, inner = [x.shape[a] for a in kept], [x.shape[a] for a in axis]
    n = int(np.prod(inner, dtype=np.int64))
    w.begin(y)
    if not y.aval.size:
        return
    with walk(w, outer, row_major(outer), [steps[a] for a in kept]) as (to, base):
        total = w.name("s")
        w.line(f"let {total} = {_start(e.op, x.dtype)};")
        with walk(w, inner, [steps[a] for a in axis], bases=[base]) as (at,):
            _step(w, e.op, x.dtype, total, w.read(x, at))
        w.store(y, to, _end(w, e, total, n))


def running(w: Writer, e: Equation) -> None:
    """cumsum, cumprod, cumulative_logsumexp: one loop along the axis."""
    x, y = e.inputs[0], e.outputs[0]
    axis, exclusive, reverse = e.attrs["axis"], e.attrs["exclusive"], e.attrs["reverse"]
    before, n, behind = blocks(x.shape, axis)
    w.begin(y)
    if not y.aval.size:
        return
    with w.loops((before, behind)) as (i, j):
        total = w.name("s")
        logs = e.op == "cumulative_logsumexp"
        least = spelled(x.dtype, np.finfo(x.dtype).min) if logs and exclusive else "-Infinity"
        w.line(f"let {total} = {least if logs else '1' if e.op == 'cumprod' else '0'};")
        head = (n - 1, "-1", "--") if reverse else (0, n, "++")
        k = w.name("i")
        test = f"{k} >= 0" if reverse else f"{k} < {n}"
        with w.block(f"for (let {k} = {head[0]}; {test}; {k}{head[2]})"):
            at = w.put(f"({i} * {n} + {k}) * {behind} + {j}" if behind > 1 else f"{i} * {n} + {k}")
            if exclusive:
                old = w.read(x, at)
                w.store(y, at, _rounded(y, total))
                _add(w, e.op, x, total, old)
            else:
                _add(w, e.op, x, total, w.read(x, at))
                w.store(y, at, _rounded(y, total))


def _rounded(y: Value, total: str) -> str:
    return f"f({total})" if y.dtype == FLOAT32 else total


def _add(w: Writer, op: str, x: Value, total: str, item: str) -> None:
    if op == "cumulative_logsumexp":
        w.line(f"{total} = {w.helper('logaddexp')}({total}, {item});")
    else:
        _step(w, "reduce_prod" if op == "cumprod" else "reduce_sum", x.dtype, total, item)


TABLE = {
    **dict.fromkeys(
        ("reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_prod", "reduce_any", "reduce_all"), fold
    ),
    **dict.fromkeys(("cumsum", "cumprod", "cumulative_logsumexp"), running),
}  # fmt: skip
