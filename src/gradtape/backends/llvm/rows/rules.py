"""How the operations that are not elementwise become code on rows.

A rule is `rule(emitter, equation, inputs) -> outputs` (`Rows` each).  Movements need no rule of their own: the card's
kernel moves the numbers of the places, and the places say what is to be picked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.backends.llvm.rows.lanes import BOOL, Lanes, Rows, constant_row
from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Equation

Rule = Callable[[Any, Equation, Sequence[Rows]], Sequence[Rows]]
RULES: dict[str, Rule] = {}

# Cards that move elements about and do nothing else, whatever they are.
MOVES = frozenset(
    ("reshape", "expand_dims", "squeeze", "broadcast_to", "transpose", "identity", "stop_gradient", "tile", "repeat",
     "roll", "reverse", "concat", "stack", "unstack", "split", "slice", "strided_slice", "ensure_shape")
)  # fmt: skip
FILLING = frozenset(("pad", "strided_slice_grad"))  # and those that put a number around them


def rule(*names: str) -> Callable[[Rule], Rule]:
    def enter(function: Rule) -> Rule:
        for name in names:
            RULES[name] = function
        return function

    return enter


def moved_places(equation: Equation) -> tuple[list[np.ndarray], Any]:
    """For each output the places of its elements in the inputs, counted through (-1: the number given beside)."""
    card, attrs, start, places = REGISTRY[equation.op], dict(equation.attrs), 0, []
    fill: Any = 0
    for value in equation.inputs:
        places.append(np.arange(start, start + value.aval.size).reshape(value.shape))
        start += value.aval.size
    if equation.op == "pad" and attrs["mode"] == "CONSTANT":
        fill, attrs["constant_values"] = attrs["constant_values"], -1
    if equation.op == "strided_slice_grad":
        return [card.kernel(places[0] + 1, **attrs) - 1], 0
    found = card.kernel(*places, **attrs)
    return [np.asarray(f) for f in (found if card.multi else (found,))], fill


def move(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    places, fill = moved_places(equation)
    return [e.pick(inputs, p, fill) for p in places]


def _add(b: Any, x: Any, y: Any) -> Any:
    return b.add(x, y)


def _max(b: Any, x: Any, y: Any) -> Any:
    return b.max(x, y)


def _min(b: Any, x: Any, y: Any) -> Any:
    return b.min(x, y)


def _mul(b: Any, x: Any, y: Any) -> Any:
    return b.mul(x, y)


def _or(b: Any, x: Any, y: Any) -> Any:
    return b.ir.or_(x, y)


def _and(b: Any, x: Any, y: Any) -> Any:
    return b.ir.and_(x, y)


def lowest(dtype: np.dtype[Any]) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def highest(dtype: np.dtype[Any]) -> Any:
    return np.inf if dtype.kind == "f" else np.iinfo(dtype).max


def total(e: Lanes, x: Rows, axis: Sequence[int], keepdims: bool) -> Rows:
    # -0.0 added changes nothing, not even the sign of a zero; the sum of no elements is 0.
    identity = -0.0 if x.dtype.kind == "f" and x.size else 0
    return e.reduce(x, axis, keepdims, _add, identity)


def largest(e: Lanes, x: Rows, axis: Sequence[int], keepdims: bool) -> Rows:
    return e.reduce(x, axis, keepdims, _max, lowest(x.dtype), idempotent=True)


def times(e: Lanes, x: Rows, y: Rows) -> Rows:
    return e.map(_mul, x.dtype, x.dtype, x, y)


def plus(e: Lanes, x: Rows, y: Rows) -> Rows:
    return e.map(_add, x.dtype, x.dtype, x, y)


def minus(e: Lanes, x: Rows, y: Rows) -> Rows:
    return e.map(lambda b, x, y: b.sub(x, y), x.dtype, x.dtype, x, y)


def over(e: Lanes, x: Rows, y: Rows) -> Rows:
    return e.map(lambda b, x, y: b.div(x, y), x.dtype, x.dtype, x, y)


def exp(e: Lanes, x: Rows) -> Rows:
    return e.map_packed(lambda b, x: b.exp(x), x.dtype, x.dtype, x)


def log(e: Lanes, x: Rows) -> Rows:
    return e.map_packed(lambda b, x: b.log(x), x.dtype, x.dtype, x)


def _axis(equation: Equation) -> tuple[int, ...]:
    return tuple(equation.attrs["axis"])


@rule("reduce_sum")
def _reduce_sum(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    return [total(e, inputs[0], _axis(equation), equation.attrs["keepdims"])]


@rule("reduce_mean")
def _reduce_mean(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    (x,) = inputs
    y = total(e, x, _axis(equation), equation.attrs["keepdims"])
    n = x.size // max(y.size, 1)
    return [over(e, y, e.full((), x.dtype, n)) if n != 1 else y]


@rule("reduce_max")
def _reduce_max(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    return [largest(e, inputs[0], _axis(equation), equation.attrs["keepdims"])]


@rule("reduce_min")
def _reduce_min(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    (x,) = inputs
    return [e.reduce(x, _axis(equation), equation.attrs["keepdims"], _min, highest(x.dtype), True)]


@rule("reduce_prod")
def _reduce_prod(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    return [e.reduce(inputs[0], _axis(equation), equation.attrs["keepdims"], _mul, 1)]


@rule("reduce_any")
def _reduce_any(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    return [e.reduce(inputs[0], _axis(equation), equation.attrs["keepdims"], _or, False)]


@rule("reduce_all")
def _reduce_all(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    return [e.reduce(inputs[0], _axis(equation), equation.attrs["keepdims"], _and, True)]


@rule("l2_loss")
def _l2_loss(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    (x,) = inputs
    y = total(e, times(e, x, x), range(len(x.shape)), False)
    return [over(e, y, e.full((), x.dtype, 2))]


@rule("reduce_logsumexp")
def _reduce_logsumexp(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    (x,) = inputs
    axis, keepdims = _axis(equation), equation.attrs["keepdims"]
    top = largest(e, x, axis, True)
    top = e.map(lambda b, t: b.select(b.isfinite(t), t, b.const(0)), x.dtype, x.dtype, top)
    y = log(e, total(e, exp(e, minus(e, x, top)), axis, keepdims))
    return [plus(e, y, top if keepdims else e.reshape(top, y.shape))]


@rule("matmul")
def _matmul(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    a, b = inputs
    attrs = equation.attrs
    if len(a.shape) == 2 == len(b.shape):
        return [e.matmul(a, b, attrs["transpose_a"], attrs["transpose_b"])]
    # Batched: one product after the other.
    outer = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    rows: list[Any] = []
    batches = [
        np.broadcast_to(np.arange(int(np.prod(x.shape[:-2]))).reshape(x.shape[:-2]), outer).reshape(-1)
        for x in (a, b)
    ]  # fmt: skip
    for i, j in zip(*batches):
        one = Rows(a.shape[-2:], a.dtype, a.rows[i * a.shape[-2] : (i + 1) * a.shape[-2]])
        two = Rows(b.shape[-2:], b.dtype, b.rows[j * b.shape[-2] : (j + 1) * b.shape[-2]])
        rows += e.matmul(one, two, attrs["transpose_a"], attrs["transpose_b"]).rows
    return [Rows(equation.outputs[0].shape, a.dtype, tuple(rows))]


@rule("affine")
def _affine(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    x, w, b = inputs
    flat = Rows((len(x.rows), x.columns), x.dtype, x.rows)
    y = e.matmul(flat, w, False, False)
    return [plus(e, Rows(equation.outputs[0].shape, x.dtype, y.rows), b)]


@rule("bias_add")
def _bias_add(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    return [plus(e, *inputs)]


@rule("add_n")
def _add_n(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    y = inputs[0]
    for x in inputs[1:]:
        y = plus(e, y, x)
    return [y]


def _exponentials(e: Lanes, x: Rows, axis: int) -> tuple[Rows, Rows, Rows]:
    """x less its largest, the exponentials of that, and their sum."""
    shifted = minus(e, x, largest(e, x, (axis,), True))
    p = exp(e, shifted)
    return shifted, p, total(e, p, (axis,), True)


@rule("softmax")
def _softmax(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    _, p, whole = _exponentials(e, inputs[0], equation.attrs["axis"])
    return [over(e, p, whole)]


@rule("log_softmax")
def _log_softmax(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    shifted, _, whole = _exponentials(e, inputs[0], equation.attrs["axis"])
    return [minus(e, shifted, log(e, whole))]


@rule("softmax_cross_entropy_with_logits")
def _softmax_cross_entropy(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    x, labels = inputs
    axis = equation.attrs["axis"]
    shifted, p, whole = _exponentials(e, x, axis)
    terms = times(e, labels, minus(e, log(e, whole), shifted))
    return [total(e, terms, (axis,), False), minus(e, over(e, p, whole), labels)]


def is_index(e: Lanes, index: Any, dtype: np.dtype[Any], n: int) -> Any:
    """The lanes of `<n x i1>` whose number is `index`."""
    b = e.scalar(dtype, n)
    return b.eq(e.splat_scalar(index, n), constant_row(dtype, range(n)))


def outside(e: Lanes, index: Any, dtype: np.dtype[Any], n: int) -> Any:
    """Whether an index lies outside of [0, n)."""
    unsigned = e.scalar(np.dtype(f"u{dtype.itemsize}"), 1)
    return unsigned.ge(index, unsigned.const(n))


@rule("sparse_softmax_cross_entropy_with_logits")
def _sparse_cross_entropy(e: Any, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    x, labels = inputs
    n = x.columns
    shifted, p, whole = _exponentials(e, x, -1)
    b = e.scalar(x.dtype, n)
    zero, one = constant_row(x.dtype, [0] * n), constant_row(x.dtype, [1] * n)
    picked, hot = [], []
    for k, row in enumerate(shifted.rows):
        label = e.element(labels, *divmod(k, labels.columns))
        e.refuse_if(outside(e, label, labels.dtype, n))
        if n == 1:
            picked.append(row)
            hot.append(one)
            continue
        mine = is_index(e, label, labels.dtype, n)
        hot.append(b.select(mine, one, zero))
        none = constant_row(x.dtype, [-0.0] * n)
        picked.append(e.across(b.select(mine, row, none), n, x.dtype, _add, -0.0, False))
    loss = minus(e, log(e, whole), Rows(whole.shape, x.dtype, tuple(picked)))
    slope = minus(e, over(e, p, whole), Rows(x.shape, x.dtype, tuple(hot)))
    return [e.reshape(loss, labels.shape), slope]


@rule("gather")
def _gather(e: Any, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    """Along axis 0, by indices that are not known: a choice between all rows."""
    x, indices = inputs
    n = x.shape[0]
    each = len(x.rows) // n if len(x.shape) > 1 else 1
    rows: list[Any] = []
    for k in range(indices.size):
        index = e.element(indices, *divmod(k, indices.columns))
        e.refuse_if(outside(e, index, indices.dtype, n))
        if len(x.shape) == 1:
            if n == 1:
                rows.append(x.rows[0])
                continue
            mine = is_index(e, index, indices.dtype, n)
            none = constant_row(x.dtype, [-0.0 if x.dtype.kind == "f" else 0] * n)
            chosen = e.b.select(mine, x.rows[0], none)
            join = _or if x.dtype == BOOL else _add
            rows.append(e.across(chosen, n, x.dtype, join, -0.0, False))
            continue
        b = e.scalar(indices.dtype, 1)
        block = list(x.rows[:each])
        for i in range(1, n):
            mine = b.eq(index, b.const(i))
            block = [e.b.select(mine, x.rows[i * each + r], block[r]) for r in range(each)]
        rows += block
    if len(x.shape) > 1:
        return [Rows(equation.outputs[0].shape, x.dtype, tuple(rows))]
    flat = Rows((len(rows), 1), x.dtype, tuple(rows))
    return [e.reshape(flat, equation.outputs[0].shape)]


@rule("unsorted_rows_sum")
def _unsorted_rows_sum(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    values, indices = inputs
    n = equation.attrs["shape"][0]
    if len(values.shape) == 1:
        values = e.reshape(values, (values.size, 1))
    each = len(values.rows) // max(indices.size, 1)
    b, s = e.scalar(indices.dtype, 1), e.scalar(values.dtype, values.columns)
    zero = s.const(0)
    rows = [zero] * (n * each)
    for k in range(indices.size):
        index = e.element(indices, *divmod(k, indices.columns))
        for i in range(n):
            mine = b.eq(index, b.const(i))
            for r in range(each):
                more = s.add(rows[i * each + r], values.rows[k * each + r])
                rows[i * each + r] = s.select(mine, more, rows[i * each + r])
    y = Rows((n * each, values.columns), values.dtype, tuple(rows))
    return [e.reshape(y, equation.outputs[0].shape)]


@rule("one_hot")
def _one_hot(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    (indices,) = inputs
    depth, dtype = equation.attrs["depth"], equation.attrs["dtype"]
    on = constant_row(dtype, [equation.attrs["on_value"]] * depth)
    off = constant_row(dtype, [equation.attrs["off_value"]] * depth)
    rows = []
    for k in range(indices.size):
        index = e.element(indices, *divmod(k, indices.columns))
        rows.append(e.b.select(is_index(e, index, indices.dtype, depth), on, off))
    return [Rows(equation.outputs[0].shape, dtype, tuple(rows))]


@rule("zeros_like")
def _zeros_like(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    out = equation.outputs[0]
    return [e.full(out.shape, out.dtype, 0)]


@rule("ones_like")
def _ones_like(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    out = equation.outputs[0]
    return [e.full(out.shape, out.dtype, 1)]


@rule("argmax", "argmin")
def _arg(e: Lanes, equation: Equation, inputs: Sequence[Rows]) -> list[Rows]:
    """The first of the best along the last axis, lane by lane."""
    (x,) = inputs
    out, largest_wanted = equation.outputs[0], equation.op == "argmax"
    b, s = e.scalar(x.dtype, 1), e.scalar(out.dtype, 1)
    if x.dtype.kind == "f":  # nan is passed over
        worst = -np.inf if largest_wanted else np.inf
        x = e.map(lambda b, x: b.select(b.isnan(x), b.const(worst), x), x.dtype, x.dtype, x)
    found = []
    for row in range(len(x.rows)):
        best, place = e.element(x, row, 0), s.const(0)
        for column in range(1, x.columns):
            other = e.element(x, row, column)
            better = b.lt(best, other) if largest_wanted else b.lt(other, best)
            best, place = b.select(better, other, best), s.select(better, s.const(column), place)
        found.append(place)
    return [e.reshape(Rows((len(found), 1), out.dtype, tuple(found)), out.shape)]
