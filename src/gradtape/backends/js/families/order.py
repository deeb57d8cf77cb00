"""Where the largest are; sorting; products of vectors of three."""

from __future__ import annotations

import math

from gradtape.backends.js.places import blocks
from gradtape.backends.js.writer import Writer
from gradtape.graph.ir import Equation


def place(w: Writer, e: Equation) -> None:
    """argmax, argmin: the first of equals; nan is passed over."""
    x, y = e.inputs[0], e.outputs[0]
    before, n, behind = blocks(x.shape, e.attrs["axis"] % len(x.shape))
    sign, worst = (">", "-Infinity") if e.op == "argmax" else ("<", "Infinity")
    w.begin(y)
    with w.loops((before, behind)) as (i, j):
        first = w.read(x, f"{i} * {n * behind} + {j}")
        best, at = w.name("s"), w.name("n")
        w.line(f"let {best} = {first} !== {first} ? {worst} : {first}, {at} = 0;")
        with w.loop(n, start=1) as k:
            item = w.read(x, f"({i} * {n} + {k}) * {behind} + {j}")
            w.line(f"if ({item} {sign} {best}) {{ {best} = {item}; {at} = {k}; }}")
        w.store(y, f"{i} * {behind} + {j}", at)


def arg_order(w: Writer, e: Equation) -> None:
    y = e.outputs[0]
    _sorted(w, e, y.shape[-1], bool(e.attrs["descending"]), w.given(y))
    w.taken(y)


def _sorted(w: Writer, e: Equation, k: int, descending: bool, places: str) -> None:
    x = e.inputs[0]
    n, name, sort = x.shape[-1], w.spilled(x), w.helper("sort_places")
    down = "true" if descending else "false"
    with w.loop(math.prod(x.shape[:-1])) as i:
        w.line(f"{sort}({name}, {i} * {n}, {n}, {down}, {places}, {i} * {k}, {k});")


def top_k(w: Writer, e: Equation) -> None:
    (x,), (values, places) = e.inputs, e.outputs
    n, k = x.shape[-1], e.attrs["k"]
    order = w.given(places)
    _sorted(w, e, k, True, order)
    w.begin(values)
    with w.loops((math.prod(x.shape[:-1]), k)) as (i, j):
        w.store(values, f"{i} * {k} + {j}", w.element(x, f"{i} * {n} + {order}[{i} * {k} + {j}]"))
    w.taken(places)


def in_top_k(w: Writer, e: Equation) -> None:
    (targets, predictions), y = e.inputs, e.outputs[0]
    n, name = predictions.shape[1], w.spilled(predictions)
    w.begin(y)
    with w.loop(targets.aval.size) as i:
        target = w.element(targets, i)
        w.store(y, i, f"{w.helper('in_top_k')}({name}, {i} * {n}, {n}, {target}, {e.attrs['k']})")


def searchsorted(w: Writer, e: Equation) -> None:
    (sequence, values), y = e.inputs, e.outputs[0]
    n, m, name = sequence.shape[-1], values.shape[-1], w.spilled(sequence)
    right = "true" if e.attrs["side"] == "right" else "false"
    w.begin(y)
    with w.loops((math.prod(values.shape[:-1]), m)) as (i, j):
        at = f"{i} * {m} + {j}"
        w.store(
            y,
            at,
            f"{w.helper('insertion')}({name}, {i} * {n}, {n}, {w.element(values, at)}, {right})",
        )


def unique(w: Writer, e: Equation) -> None:
    (x,), names = e.inputs, [w.given(y) for y in e.outputs]
    w.line(f"{w.helper('distinct')}({w.spilled(x)}, {x.aval.size}, {', '.join(names)});")
    for y in e.outputs:
        w.taken(y)


def invert(w: Writer, e: Equation) -> None:
    """The permutation that undoes one."""
    x, y = e.inputs[0], e.outputs[0]
    w.begin(y)
    with w.loop(x.aval.size) as i:
        at = w.put(f"{w.helper('place_in')}({w.element(x, i)}, {x.aval.size})")
        w.store(y, at, i)


def cross(w: Writer, e: Equation) -> None:
    (x, y), z = e.inputs, e.outputs[0]
    b = w.builder(z.dtype)
    w.begin(z)
    with w.loop(z.aval.size // 3) as i:
        p, q = ([w.read(v, f"{i} * 3 + {k}") for k in range(3)] for v in (x, y))
        for k in range(3):
            m, n = (k + 1) % 3, (k + 2) % 3
            w.store(z, f"{i} * 3 + {k}", b.sub(b.mul(p[m], q[n]), b.mul(p[n], q[m])))


TABLE = {
    "argmax": place, "argmin": place, "arg_order": arg_order, "top_k": top_k, "in_top_k": in_top_k,
    "searchsorted": searchsorted, "unique": unique, "invert_permutation": invert, "cross": cross,
}  # fmt: skip
