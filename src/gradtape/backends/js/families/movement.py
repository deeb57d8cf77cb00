"""Moved elements.  What goes where is learnt from the card's own kernel, run on numbers of places.

The result is cut into boxes in which the source's place is a sum of strides: a loop nest each.  Where that would be
many boxes, a table of places is kept instead.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradtape.backends.js.numbers import array_of, spelled
from gradtape.backends.js.places import row_major, walk
from gradtape.backends.js.writer import Writer
from gradtape.base.quiet import quiet
from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Equation, Value

BOXES = 24  # more: a table
ALIASES = frozenset((
    "reshape", "expand_dims", "squeeze", "identity", "stop_gradient", "ensure_shape", "conj", "real",
))  # fmt: skip
KNOWN = ("shape_of", "size", "rank", "zeros_like", "ones_like")
MOVES = frozenset((
    "transpose", "broadcast_to", "tile", "repeat", "roll", "reverse", "concat", "stack", "unstack", "split", "slice",
    "pad", "matrix_diag", "matrix_diag_part", "matrix_set_diag", "matrix_band_part", "tensor_diag", "tensor_diag_part",
    "einsum_diagonal", "einsum_spread", "strided_slice", "strided_slice_grad",
))  # fmt: skip


class Box(NamedTuple):
    """A part of a result: start and shape; source: number of the input (-1: the fill), the place there, strides."""

    start: tuple[int, ...]
    shape: tuple[int, ...]
    source: int
    base: int
    strides: tuple[int, ...]


def alias(w: Writer, e: Equation) -> None:
    w.alias(e.outputs[0], e.inputs[0])


def checked(w: Writer, e: Equation) -> None:
    """check_numerics: the same value, or an error."""
    x = e.inputs[0]
    message = str(e.attrs["message"]).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    with walk(w, x.shape, row_major(x.shape)) as (at,):
        w.line(
            f'if (!(Math.abs({w.read(x, at)}) < Infinity)) throw new RangeError("{message} : Tensor had Inf or NaN");'
        )
    alias(w, e)


def in_range(w: Writer, e: Equation) -> None:
    """Labels that are to be in [0, n)."""
    x = e.inputs[0]
    with walk(w, x.shape, row_major(x.shape)) as (at,):
        w.line(f"{w.helper('place_in')}({w.read(x, at)}, {e.attrs['n']});")


def known(w: Writer, e: Equation) -> None:
    """What depends on shapes alone."""
    x, y = e.inputs[0], e.outputs[0]
    found = REGISTRY[e.op].kernel(np.zeros(x.shape, x.dtype), **e.attrs)
    w.env[y] = w.known(np.asarray(found, y.dtype))


def origins(e: Equation) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """For each result (number of the input or -1, place in it, the fill's numbers)."""
    card = REGISTRY[e.op]
    sizes = [v.aval.size for v in e.inputs]
    firsts = np.cumsum([1, *sizes])
    ids = [
        f + np.arange(n, dtype=np.float64).reshape(v.shape)
        for f, n, v in zip(firsts, sizes, e.inputs)
    ]
    shift = float(firsts[-1] + 1)
    with quiet():
        runs = [
            card.kernel(*xs, **e.attrs)
            for xs in (
                ids,
                [x + shift for x in ids],
                [np.zeros(v.shape, v.dtype) for v in e.inputs],
            )
        ]
    runs = [r if card.multi else (r,) for r in runs]
    found = []
    for here, moved, fill in zip(*runs):
        kept = np.asarray(moved) != np.asarray(here)
        number = np.where(kept, here, 0).astype(np.int64)
        source = np.searchsorted(firsts[1:], number, side="right")
        source = np.where(kept, source, -1)
        place = np.where(kept, number - firsts[np.maximum(source, 0)], 0)
        found.append((source, place, np.asarray(fill)))
    return found


def _cuts(source: np.ndarray, place: np.ndarray, fill: np.ndarray, axis: int) -> list[int]:
    """Where along an axis a new box has to begin."""
    n = source.shape[axis]
    rows = [np.moveaxis(a, axis, 0).reshape(n, -1) for a in (source, place, fill)]
    cuts, start = [0], 0
    for k in range(1, n):
        same = (rows[0][k] == rows[0][start]).all() and _equal(rows[2][k], rows[2][start])
        if same and k > start + 1:
            same = bool((rows[1][k] - rows[1][k - 1] == rows[1][start + 1] - rows[1][start]).all())
        if not same:
            cuts.append(k)
            start = k
    return cuts


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    return a.tobytes() == b.tobytes()


def boxes_of(source: np.ndarray, place: np.ndarray, fill: np.ndarray) -> list[Box] | None:
    """A result as boxes, None where they are many."""
    shape = source.shape
    constant = np.where(source < 0, fill, np.zeros((), fill.dtype))
    cuts: list[list[int]] = []
    count = 1
    for axis in range(len(shape)):
        cuts.append(_cuts(source, place, constant, axis))
        count *= len(cuts[-1])
        if count > BOXES:
            return None
    found = []
    for index in np.ndindex(*[len(c) for c in cuts]):
        start = tuple([c[i] for c, i in zip(cuts, index)])
        ends = [(*c, n)[i + 1] for c, i, n in zip(cuts, index, shape)]
        size = tuple([e - s for s, e in zip(start, ends)])
        base = int(place[start])
        strides = []
        for axis, n in enumerate(size):
            there = list(start)
            there[axis] += 1
            strides.append(int(place[tuple(there)]) - base if n > 1 else 0)
        found.append(Box(start, size, int(source[start]), base, tuple(strides)))
    return found if all(_holds(b, source, place, constant) for b in found) else None


def _holds(box: Box, source: np.ndarray, place: np.ndarray, fill: np.ndarray) -> bool:
    part = tuple([slice(s, s + n) for s, n in zip(box.start, box.shape)])
    grid = np.indices(box.shape)
    want = box.base + sum((g * s for g, s in zip(grid, box.strides)), np.zeros(box.shape, np.int64))
    values = fill[part]
    return bool(
        (source[part] == box.source).all()
        and (place[part] == want).all()
        and (box.source >= 0 or values.tobytes() == values.reshape(-1)[:1].tobytes() * values.size)
    )


def move(w: Writer, e: Equation) -> None:
    for y, (source, place, fill) in zip(e.outputs, origins(e)):
        _put(w, e, y, source, place, fill)


def _put(w: Writer, e: Equation, y: Value, source: Any, place: Any, fill: Any) -> None:
    if not y.aval.size:
        w.array(y)
        return
    boxes = boxes_of(source, place, fill)
    if boxes is None:
        _by_table(w, e, y, source, place, fill)
        return
    steps = row_major(y.shape)
    for box in boxes:
        first = sum(s * i for s, i in zip(steps, box.start))
        if box.source < 0:
            number = spelled(y.dtype, fill[box.start])
            with walk(w, box.shape, steps, bases=[first]) as (to,):
                w.store(y, to, number)
            continue
        x = e.inputs[box.source]
        if len(boxes) == 1 and y.aval.size == x.aval.size and box.strides == _dense(y.shape, steps):
            w.alias(y, x)
            return
        with walk(w, box.shape, steps, box.strides, bases=[first, box.base]) as (to, at):
            w.store(y, to, w.element(x, at))


def _dense(shape: tuple[int, ...], steps: list[int]) -> tuple[int, ...]:
    return tuple([0 if n == 1 else s for n, s in zip(shape, steps)])


def _by_table(w: Writer, e: Equation, y: Value, source: Any, place: Any, fill: Any) -> None:
    """By a table of places, input by input; what is filled keeps its number from the start."""
    flat, places, size = source.reshape(-1), place.reshape(-1), y.aval.size
    w.begin(y)
    name = w.ref(y).name
    constant = np.where(flat < 0, fill.reshape(-1), np.zeros((), fill.dtype)).astype(y.dtype)
    if constant.any():
        w.line(f"{name}.set({w.table(constant)});")
    for k, x in enumerate(e.inputs):
        if (flat == k).all():
            table = w.table(places.astype(np.int32))
            with w.loop(size) as i:
                w.store(y, i, w.element(x, f"{table}[{i}]"))
            continue
        to = np.flatnonzero(flat == k).astype(np.int32)
        if to.size:
            targets, table = w.table(to), w.table(places[to].astype(np.int32))
            with w.loop(to.size) as i:
                w.store(y, f"{targets}[{i}]", w.element(x, f"{table}[{i}]"))


def bring_home(w: Writer, e: Equation) -> None:
    """mirror_pad_grad: each element is added to the place that it mirrors."""
    x, y = e.inputs[0], e.outputs[0]
    ids = np.arange(y.aval.size, dtype=np.float64).reshape(y.shape)
    places = REGISTRY["pad"].kernel(ids, **e.attrs, constant_values=0).astype(np.int32)
    w.begin(y, "0")
    table, b = w.table(places.reshape(-1)), w.builder(y.dtype)
    if w.ref(y).scalar:
        with w.loop(x.aval.size) as i:
            w.store(y, "0", b.add(w.ref(y).name, w.element(x, i)))
        return
    with w.loop(x.aval.size) as i:
        at = w.put(f"{table}[{i}]")
        w.store(y, at, b.add(w.read(y, at), w.element(x, i)))


RAW = {"int64": "BigInt64Array", "uint64": "BigUint64Array"}


def bitcast(w: Writer, e: Equation) -> None:
    """The same bits read as another dtype."""
    x, y = e.inputs[0], e.outputs[0]
    kinds = [RAW.get(v.dtype.name) or array_of(v.dtype) for v in (x, y)]
    name = w.given(y)
    w.line(f"{w.helper('bitcast')}({w.spilled(x)}, {kinds[0]}, {kinds[1]}, {name});")
    w.taken(y)


TABLE = {
    **dict.fromkeys(ALIASES, alias),
    **dict.fromkeys(KNOWN, known),
    **dict.fromkeys(MOVES, move),
    "assigned": lambda w, e: w.alias(e.outputs[0], e.inputs[1]),
    "random_gamma": lambda w, e: w.alias(e.outputs[0], e.inputs[1]),
    "bitcast": bitcast,
    "check_numerics": checked,
    "in_range": in_range,
    "mirror_pad_grad": bring_home,
}
