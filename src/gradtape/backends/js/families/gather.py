"""Elements picked by, or put at, places that integers name.  A place outside of its axis is an error."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from gradtape.backends.js.places import blocks, row_major
from gradtape.backends.js.writer import Writer
from gradtape.graph.ir import Equation, Value

Combine = Callable[[Any, str, str], str]
ADD: Combine = lambda b, old, new: b.add(old, new)
UPDATE: Combine = lambda b, old, new: new


def index(w: Writer, indices: Value, at: str, n: int) -> str:
    """One index, which has to be in [0, n)."""
    return w.put(f"{w.helper('place_in')}({w.element(indices, at)}, {n})")


def combined(w: Writer, y: Value, at: str, text: str, how: Combine = ADD) -> None:
    """An element of a result, and one more that goes there."""
    if how is UPDATE:
        w.store(y, at, text)
        return
    b = w.builder(y.dtype)
    where = w.put(at) if not at.isidentifier() and not at.isdigit() else at
    w.store(y, where, how(b, w.read(y, where), text))


def copied(w: Writer, y: Value, x: Value) -> None:
    """A result that starts as x."""
    if y.aval.size == 1:
        w.begin(y, w.element(x, "0"))
        return
    w.begin(y)
    w.line(f"{w.ref(y).name}.set({w.ref(x).name});")


def zero(y: Value) -> str:
    return "false" if y.dtype.kind == "b" else "0"


def _sizes(shape: tuple[int, ...], indices: Value, axis: int, batch_dims: int) -> list[int]:
    """(batch, middle, length of the axis, rest, indices per batch)"""
    axis %= len(shape)
    batch_dims += len(indices.shape) if batch_dims < 0 else 0
    parts = (shape[:batch_dims], shape[batch_dims:axis], (shape[axis],), shape[axis + 1 :])
    return [*[math.prod(p) for p in parts], math.prod(indices.shape[batch_dims:])]


def gather(w: Writer, e: Equation) -> None:
    (x, indices), y = e.inputs, e.outputs[0]
    b, m, n, r, k = _sizes(x.shape, indices, e.attrs["axis"], e.attrs["batch_dims"])
    w.begin(y)
    if not y.aval.size:
        return
    with w.loops((b, k)) as (i, j):
        at = index(w, indices, f"{i} * {k} + {j}", n)
        with w.loops((m, r)) as (p, q):
            row = f"({i} * {m} + {p})"
            w.store(
                y,
                f"({row} * {k} + {j}) * {r} + {q}",
                w.element(x, f"({row} * {n} + {at}) * {r} + {q}"),
            )


def gather_grad(w: Writer, e: Equation) -> None:
    (g, indices), y = e.inputs, e.outputs[0]
    b, m, n, r, k = _sizes(e.attrs["shape"], indices, e.attrs["axis"], e.attrs["batch_dims"])
    w.begin(y, zero(y))
    with w.loops((b, k)) as (i, j):
        at = index(w, indices, f"{i} * {k} + {j}", n)
        with w.loops((m, r)) as (p, q):
            row = f"({i} * {m} + {p})"
            combined(
                w,
                y,
                f"({row} * {n} + {at}) * {r} + {q}",
                w.read(g, f"({row} * {k} + {j}) * {r} + {q}"),
            )


def rows_sum(w: Writer, e: Equation) -> None:
    (values, indices), y = e.inputs, e.outputs[0]
    width = math.prod(y.shape[1:])
    w.begin(y, zero(y))
    with w.loop(indices.aval.size) as i:
        at = index(w, indices, i, y.shape[0])
        with w.loop(width) as q:
            combined(w, y, f"{at} * {width} + {q}", w.read(values, f"{i} * {width} + {q}"))


def put_row(w: Writer, e: Equation) -> None:
    (buffer, place, row), y = e.inputs, e.outputs[0]
    width = row.aval.size
    copied(w, y, buffer)
    at = index(w, place, "0", buffer.shape[0])
    with w.loop(width) as q:
        w.store(y, f"{at} * {width} + {q}", w.element(row, q))


def boolean_mask(w: Writer, e: Equation) -> None:
    """The elements where the mask is true; backwards, zeros into which they are put."""
    (x, mask), y = e.inputs, e.outputs[0]
    back = e.op == "boolean_mask_grad"
    shape = e.attrs["shape"] if back else x.shape
    axis = e.attrs["axis"] % len(shape)
    before, n, r = blocks((*shape[:axis], mask.aval.size, *shape[axis + len(mask.shape) :]), axis)
    picked = (x if back else y).shape[axis]
    w.begin(y, zero(y))
    found = w.name("n")
    w.line(f"let {found} = 0;")
    with w.loop(n) as j, w.block(f"if ({_truth(w, mask, j)})"):
        with w.loops((before, r)) as (i, q):
            whole, part = (
                f"({i} * {n} + {j}) * {r} + {q}",
                f"({i} * {picked} + {found}) * {r} + {q}",
            )
            w.store(y, *((whole, w.element(x, part)) if back else (part, w.element(x, whole))))
        w.line(f"{found}++;")
    w.line(f"{w.helper('same_count')}({found}, {picked});")


def _truth(w: Writer, mask: Value, at: str) -> str:
    text = w.element(mask, at)
    return text if mask.dtype.kind == "b" else f"{text} !== 0"


def _nd(w: Writer, indices: Value, shape: tuple[int, ...], p: str, batch_dims: int = 0) -> str:
    """The place that row p of the indices names in an array of `shape`."""
    depth = indices.shape[-1]
    steps = row_major(shape)
    terms = []
    if batch_dims:
        each = math.prod(indices.shape[batch_dims:-1])
        block = math.prod(shape[batch_dims:])
        terms.append(f"Math.floor({p} / {each}) * {block}")
    for j in range(depth):
        n, step = shape[batch_dims + j], steps[batch_dims + j]
        terms.append(f"{index(w, indices, f'{p} * {depth} + {j}', n)} * {step}")
    return w.put(" + ".join(terms) or "0")


def _rows(indices: Value) -> int:
    return math.prod(indices.shape[:-1])


def gather_nd(w: Writer, e: Equation) -> None:
    (x, indices), y, batch_dims = e.inputs, e.outputs[0], e.attrs["batch_dims"]
    r = math.prod(x.shape[batch_dims + indices.shape[-1] :])
    w.begin(y)
    if not y.aval.size:
        return
    with w.loop(_rows(indices)) as p:
        base = _nd(w, indices, x.shape, p, batch_dims)
        with w.loop(r) as q:
            w.store(y, f"{p} * {r} + {q}", w.element(x, f"{base} + {q}"))


def gather_nd_grad(w: Writer, e: Equation) -> None:
    (g, indices), y = e.inputs, e.outputs[0]
    w.begin(y, zero(y))
    _scatter(w, y, indices, g, ADD, e.attrs["batch_dims"])


def _scatter(
    w: Writer, y: Value, indices: Value, updates: Value, how: Combine, batch_dims: int = 0
) -> None:
    r = math.prod(y.shape[batch_dims + indices.shape[-1] :])
    if not updates.aval.size:
        return
    with w.loop(_rows(indices)) as p:
        base = _nd(w, indices, y.shape, p, batch_dims)
        with w.loop(r) as q:
            combined(w, y, f"{base} + {q}", w.read(updates, f"{p} * {r} + {q}"), how)


def scatter_nd(w: Writer, e: Equation) -> None:
    (indices, updates), y = e.inputs, e.outputs[0]
    w.begin(y, zero(y))
    _scatter(w, y, indices, updates, ADD)


HOW: dict[str, Combine] = {
    "tensor_scatter_nd_add": ADD,
    "tensor_scatter_nd_sub": lambda b, old, new: b.sub(old, new),
    "tensor_scatter_nd_max": lambda b, old, new: b.max(old, new),
    "tensor_scatter_nd_min": lambda b, old, new: b.min(old, new),
    "tensor_scatter_nd_update": UPDATE,
}


def tensor_scatter(w: Writer, e: Equation) -> None:
    (tensor, indices, updates), y = e.inputs, e.outputs[0]
    copied(w, y, tensor)
    _scatter(w, y, indices, updates, HOW[e.op])


def partition(w: Writer, e: Equation) -> None:
    """Slices into lists by the number that each has; backwards, from the lists to where they came from."""
    back = e.op == "partition_grad"
    numbers = e.inputs[0] if back else e.inputs[1]
    lists = e.inputs[1:] if back else e.outputs
    whole = e.outputs[0] if back else e.inputs[0]
    r = math.prod(whole.shape[len(numbers.shape) :])
    for y in e.outputs:
        w.begin(y, zero(y))
    counts = []
    for _ in lists:
        counts.append(w.name("n"))
        w.line(f"let {counts[-1]} = 0;")
    with w.loop(numbers.aval.size) as p:
        number = index(w, numbers, p, len(lists))
        for k, (part, count) in enumerate(zip(lists, counts)):
            with w.block(f"if ({number} === {k})"):
                with w.loop(r) as q:
                    here, there = f"{p} * {r} + {q}", f"{count} * {r} + {q}"
                    if back:
                        w.store(whole, here, w.element(part, there))
                    else:
                        w.store(part, there, w.element(whole, here))
                w.line(f"{count}++;")
    for part, count in zip(lists, counts):
        w.line(f"{w.helper('same_count')}({count}, {part.shape[0]});")


def stitch(w: Writer, e: Equation) -> None:
    n, y = e.attrs["n"], e.outputs[0]
    r = math.prod(y.shape[1:])
    w.begin(y, zero(y))
    for indices, data in zip(e.inputs[:n], e.inputs[n:]):
        with w.loop(indices.aval.size) as p:
            at = index(w, indices, p, y.shape[0])
            with w.loop(r) as q:
                w.store(y, f"{at} * {r} + {q}", w.element(data, f"{p} * {r} + {q}"))


def one_hot(w: Writer, e: Equation) -> None:
    x, y, a = e.inputs[0], e.outputs[0], e.attrs
    axis = a["axis"] % (len(x.shape) + 1)
    before, n, behind = blocks(y.shape, axis)
    b = w.builder(y.dtype)
    w.begin(y)
    with w.loops((before, n, behind)) as (i, k, j):
        hit = f"{w.element(x, f'{i} * {behind} + {j}')} === {k}"
        to = f"({i} * {n} + {k}) * {behind} + {j}"
        w.store(y, to, f"{hit} ? {b.const(a['on_value'])} : {b.const(a['off_value'])}")


def last_axis(w: Writer, e: Equation) -> None:
    """take_last, put_last: elements of the last axis by index, row by row."""
    (x, indices), y = e.inputs, e.outputs[0]
    put = e.op == "put_last"
    n, k = (y if put else x).shape[-1], indices.shape[-1]
    w.begin(y, zero(y))
    with w.loops((math.prod(indices.shape[:-1]), k)) as (i, j):
        at = index(w, indices, f"{i} * {k} + {j}", n)
        whole, part = f"{i} * {n} + {at}", f"{i} * {k} + {j}"
        if put:
            combined(w, y, whole, w.read(x, part))
        else:
            w.store(y, part, w.element(x, whole))


def where_true(w: Writer, e: Equation) -> None:
    """The coordinates of the elements that are not 0."""
    x, y = e.inputs[0], e.outputs[0]
    rank = len(x.shape)
    w.begin(y)
    found = w.name("n")
    w.line(f"let {found} = 0;")
    with w.loop(x.aval.size) as i, w.block(f"if ({_truth(w, x, i)})"):
        with w.block(f"if ({found} < {y.shape[0]})"):
            for axis, (n, step) in enumerate(zip(x.shape, row_major(x.shape))):
                w.store(y, f"{found} * {rank} + {axis}", f"Math.floor({i} / {step}) % {n}")
        w.line(f"{found}++;")
    w.line(f"{w.helper('same_count')}({found}, {y.shape[0]});")


TABLE = {
    "gather": gather, "gather_grad": gather_grad, "unsorted_rows_sum": rows_sum, "put_row": put_row,
    "boolean_mask": boolean_mask, "boolean_mask_grad": boolean_mask, "gather_nd": gather_nd,
    "gather_nd_grad": gather_nd_grad, "scatter_nd": scatter_nd, **dict.fromkeys(HOW, tensor_scatter),
    "dynamic_partition": partition, "partition_grad": partition, "dynamic_stitch": stitch, "one_hot": one_hot,
    "take_last": last_axis, "put_last": last_axis, "where_true": where_true,
}  # fmt: skip
