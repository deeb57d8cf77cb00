"""Rows folded by the segment that each belongs to."""

from __future__ import annotations

import math

import numpy as np

from gradtape.backends.js.families.gather import ADD, Combine, combined, index, zero
from gradtape.backends.js.writer import Writer
from gradtape.graph.ir import Equation

HOW: dict[str, Combine] = {
    "segment_sum": ADD,
    "segment_mean": ADD,
    "segment_prod": lambda b, old, new: b.mul(old, new),
    "segment_max": lambda b, old, new: b.max(old, new),
    "segment_min": lambda b, old, new: b.min(old, new),
}


def _start(e: Equation) -> str:
    dtype = e.inputs[0].dtype
    if e.op in ("segment_max", "segment_min"):
        info = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
        return str(info.min if e.op == "segment_max" else info.max)
    return "1" if e.op == "segment_prod" else "0"


def fold(w: Writer, e: Equation) -> None:
    (data, ids), y = e.inputs, e.outputs[0]
    sorted_ids = e.attrs["num_segments"] is None
    n, r = y.shape[0], math.prod(y.shape[1:])
    w.begin(y, _start(e))
    counts = w.buffer(np.dtype(np.int32), n)
    w.line(f"{counts}.fill(0);")
    with w.loop(ids.aval.size) as i:
        if not sorted_ids:
            w.line(f"if ({w.element(ids, i)} < 0) continue;")
        at = index(w, ids, i, n)
        w.line(f"{counts}[{at}]++;")
        with w.loop(r) as q:
            combined(w, y, f"{at} * {r} + {q}", w.read(data, f"{i} * {r} + {q}"), HOW[e.op])
    if e.op == "segment_mean" or (sorted_ids and e.op in ("segment_max", "segment_min")):
        with w.loops((n, r)) as (k, q):
            at = f"{k} * {r} + {q}"
            if e.op != "segment_mean":
                w.line(f"if ({counts}[{k}] !== 0) continue;")
                w.store(y, at, "0")
            else:
                b = w.builder(y.dtype)
                share = f"{w.read(y, at)} / Math.max({counts}[{k}], 1)"
                w.store(
                    y,
                    at,
                    b.put(f"Math.floor({share})") if y.dtype.kind in "iu" else b.rounded(share),
                )


def pick(w: Writer, e: Equation) -> None:
    """segment_gather: for each id the row that it names, 0 for negative ones."""
    (rows, ids), y = e.inputs, e.outputs[0]
    n, r = rows.shape[0], math.prod(rows.shape[1:])
    w.begin(y, zero(y))
    if not n or not y.aval.size:
        return
    with w.loop(ids.aval.size) as i:
        w.line(f"if ({w.element(ids, i)} < 0) continue;")
        at = index(w, ids, i, n)
        with w.loop(r) as q:
            w.store(y, f"{i} * {r} + {q}", w.element(rows, f"{at} * {r} + {q}"))


TABLE = {**dict.fromkeys(HOW, fold), "segment_gather": pick}
