"""Algebra that changes no bit of a result: no rounding, no NaN, no signed zero.

Each rule says in its docstring what it turns into what.  `SUMS` holds those that add the terms of a sum in another
order, `ROUNDING` those that change a rounding (or the sign of a zero); they are used only when asked for.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradtape.graph.ir import Aval, Equation, Graph, Value
from gradtape.graph.passes.broadcast import BROADCAST
from gradtape.graph.passes.movement import MOVEMENT
from gradtape.graph.passes.products import PRODUCTS
from gradtape.graph.passes.rewrite import Rewriter, Table, rewrite

ARITHMETIC = Table()
SUMS = Table()
ROUNDING = Table()
on = ARITHMETIC.on
rounding = ROUNDING.on
FLOATS = "fV"
INTS = "iu"
BOOL = np.dtype(np.bool_)
CALCULATED = frozenset(("float32", "float64"))


def number(r: Rewriter, value: Value) -> Any:
    """The one number of a real constant, as a Python number; None where there is none."""
    only = r.uniform(value)
    if only is None or only.dtype.kind in "cOb":
        return None
    return only.item() if only.dtype.kind != "V" else float(only)


def is_plus_zero(x: Any) -> bool:
    return x is not None and x == 0 and math.copysign(1.0, x) > 0


def is_minus_zero(x: Any) -> bool:
    return type(x) is float and x == 0 and math.copysign(1.0, x) < 0


def negated(r: Rewriter, value: Value) -> Value | None:
    """a, where value = -a."""
    maker = r.maker(value, "negative")
    return None if maker is None else maker.inputs[0]


def minus_constant(r: Rewriter, value: Value) -> Value:
    return r.constant(np.asarray(np.negative(r.constants[value])))


def like(r: Rewriter, e: Equation, op: str, *inputs: Value) -> Value:
    """`op` on `inputs`, with the type of e's result."""
    return r.emit(op, inputs, {}, e.outputs[0].aval, e)


@on("multiply")
def times_one(r: Rewriter, e: Equation) -> Any:
    """x * 1 -> x;  x * -1 -> -x;  integers: x * 0 -> 0.   Not for complex numbers, where 0 * inf comes in."""
    aval = e.outputs[0].aval
    if aval.dtype.kind == "c":
        return None
    for x, y in (e.inputs, e.inputs[::-1]):
        c = number(r, y)
        if c is None:
            continue
        if c == 1:
            return r.shaped(x, aval.shape, e)
        if c == -1:
            return r.shaped(r.emit("negative", (x,), {}, x.aval, e), aval.shape, e)
        if c == 0 and aval.dtype.kind in INTS:
            return r.shaped(r.constant(np.zeros((), aval.dtype)), aval.shape, e)
    return None


@on("multiply", "real_div")
def two_signs(r: Rewriter, e: Equation) -> Any:
    """(-x) * (-y) -> x * y;  (-x) / (-y) -> x / y;  (-x) * c -> x * (-c);  (-x) / c -> x / (-c)"""
    x, y = e.inputs
    if y.aval.dtype.kind in "cu" or (e.op == "real_div" and y.aval.dtype.kind in INTS):
        return None
    a, b = negated(r, x), negated(r, y)
    if a is not None and b is not None:
        return like(r, e, e.op, a, b)
    if a is not None and y in r.constants:
        return like(r, e, e.op, a, minus_constant(r, y))
    if b is not None and x in r.constants:
        return like(r, e, e.op, minus_constant(r, x), b)
    return None


@on("negative")
def minus(r: Rewriter, e: Equation) -> Any:
    """-(-x) -> x;  -(x * c) -> x * (-c)"""
    x = e.inputs[0]
    a = negated(r, x)
    if a is not None:
        return a
    product = r.maker(x, "multiply")
    if product is None or x.aval.dtype.kind not in "fVi":
        return None
    for a, c in (product.inputs, product.inputs[::-1]):
        if c in r.constants and c.aval.size == 1:
            return like(r, e, "multiply", a, minus_constant(r, c))
    return None


@on("add")
def plus_zero(r: Rewriter, e: Equation) -> Any:
    """x + (-0.0) -> x;  integers: x + 0 -> x;  x + (-y) -> x - y   (x + 0.0 is not x where x is -0.0)"""
    aval = e.outputs[0].aval
    kind = aval.dtype.kind
    if kind == "O":
        return None
    for x, y in (e.inputs, e.inputs[::-1]):
        c = number(r, y)
        if c is not None and c == 0 and (kind in INTS or is_minus_zero(c)):
            return r.shaped(x, aval.shape, e)
        a = negated(r, y)
        if a is not None:
            return like(r, e, "subtract", x, a)
    return None


@on("subtract")
def minus_zero(r: Rewriter, e: Equation) -> Any:
    """x - 0.0 -> x;  x - (-y) -> x + y;  -0.0 - y -> -y;  integers: 0 - y -> -y, x - x -> 0"""
    x, y = e.inputs
    aval = e.outputs[0].aval
    c = number(r, y)
    if is_plus_zero(c):
        return r.shaped(x, aval.shape, e)
    a = negated(r, y)
    if a is not None:
        return like(r, e, "add", x, a)
    c = number(r, x)
    if c is not None and c == 0 and (aval.dtype.kind in INTS or is_minus_zero(c)):
        return r.shaped(r.emit("negative", (y,), {}, y.aval, e), aval.shape, e)
    if x is y and aval.dtype.kind in INTS:
        return r.shaped(r.constant(np.zeros((), aval.dtype)), aval.shape, e)
    return None


@on("real_div")
def over_one(r: Rewriter, e: Equation) -> Any:
    """x / 1 -> x;  x / -1 -> -x;  x / 2^k -> x * 2^-k, which is the same number rounded once"""
    x, y = e.inputs
    aval = e.outputs[0].aval
    if aval.dtype.kind not in FLOATS or x.aval.dtype != aval.dtype:
        return None
    c = number(r, y)
    if c is None:
        return None
    if c == 1:
        return r.shaped(x, aval.shape, e)
    if c == -1:
        return r.shaped(r.emit("negative", (x,), {}, x.aval, e), aval.shape, e)
    if c == 0 or math.isinf(c) or math.isnan(c) or abs(math.frexp(c)[0]) != 0.5:
        return None
    return multiplied_by(r, e, x, 1.0 / c)


def multiplied_by(r: Rewriter, e: Equation, x: Value, c: float) -> Value | None:
    """x * c, where c is a normal number of x's dtype."""
    limits = np.finfo(np.float32 if x.aval.dtype.kind == "V" else x.aval.dtype)
    if not limits.tiny <= abs(c) <= limits.max:
        return None
    product = r.emit("multiply", (x, r.constant(np.asarray(c, x.aval.dtype))), {}, x.aval, e)
    return r.shaped(product, e.outputs[0].shape, e)


@on("square", "abs")
def of_minus(r: Rewriter, e: Equation) -> Any:
    """square(-x) -> square(x);  abs(-x) -> abs(x);  floats: abs(abs(x)) -> abs(x), abs(square(x)) -> square(x)"""
    x = e.inputs[0]
    a = negated(r, x)
    if a is not None:
        return like(r, e, e.op, a)
    if (
        e.op == "abs"
        and x.aval.dtype.kind in FLOATS
        and (r.maker(x, "abs") is not None or r.maker(x, "square") is not None)
    ):
        return x
    return None


@on("pow")
def known_power(r: Rewriter, e: Equation) -> Any:
    """x^1 -> x;  x^2 -> square(x), as the kernel computes it for an exponent of one element"""
    x, y = e.inputs
    if y.aval.size != 1 or len(y.shape) > len(x.shape) or x.aval.dtype.kind != "f":
        return None
    c = number(r, y)
    if c == 1:
        return x
    return like(r, e, "square", x) if c == 2 else None


@on("multiply")
def square_of(r: Rewriter, e: Equation) -> Any:
    """x * x -> square(x)   (real numbers)"""
    x, y = e.inputs
    return like(r, e, "square", x) if x is y and x.aval.dtype.kind != "c" else None


@on("maximum", "minimum", "logical_and", "logical_or")
def twice_the_same(r: Rewriter, e: Equation) -> Any:
    """max(x, x) -> x;  min(x, x) -> x;  x and x -> x;  x or x -> x"""
    return e.inputs[0] if e.inputs[0] is e.inputs[1] else None


@on("logical_and", "logical_or", "logical_xor")
def known_truth(r: Rewriter, e: Equation) -> Any:
    """x and true -> x;  x and false -> false;  x or false -> x;  x or true -> true;  x xor false -> x"""
    shape = e.outputs[0].shape
    for x, y in (e.inputs, e.inputs[::-1]):
        only = r.uniform(y)
        if only is None:
            continue
        truth = bool(only)
        if truth == (e.op == "logical_and"):
            return r.shaped(x, shape, e)
        elif e.op != "logical_xor":
            return r.shaped(r.constant(np.asarray(truth)), shape, e)
    return None


OPPOSITE = {"equal": "not_equal", "not_equal": "equal", "logical_not": ""}


@on("logical_not")
def not_not(r: Rewriter, e: Equation) -> Any:
    """not not x -> x;  not (x == y) -> x != y;  not (x != y) -> x == y   (the other comparisons differ at NaN)"""
    maker = r.makers.get(e.inputs[0])
    if maker is None or maker.op not in OPPOSITE:
        return None
    if maker.op == "logical_not":
        return maker.inputs[0]
    return like(r, e, OPPOSITE[maker.op], *maker.inputs)


@on("where")
def settled_choice(r: Rewriter, e: Equation) -> Any:
    """where(c, x, x) -> x;  where(true, x, y) -> x;  where(false, x, y) -> y;  where(not c, x, y) -> where(c, y, x)"""
    c, x, y = e.inputs
    shape = e.outputs[0].shape
    if x is y:
        return r.shaped(x, shape, e)
    only = r.uniform(c)
    if only is not None:
        return r.shaped(x if only else y, shape, e)
    turned = r.maker(c, "logical_not")
    if turned is not None:
        return like(r, e, "where", turned.inputs[0], y, x)
    return None


@on("mul_no_nan", "div_no_nan")
def no_nan(r: Rewriter, e: Equation) -> Any:
    """mul_no_nan(x, c) -> x * c;  div_no_nan(x, c) -> x / c   for a constant without zeros"""
    array = r.constants.get(e.inputs[1])
    if array is None or array.size > 4096 or (array == 0).any():
        return None
    return like(r, e, "multiply" if e.op == "mul_no_nan" else "real_div", *e.inputs)


@on("add_n")
def few_terms(r: Rewriter, e: Equation) -> Any:
    """add_n(x) -> x;  add_n(x, y) -> x + y"""
    if len(e.inputs) == 1:
        return e.inputs[0]
    return like(r, e, "add", *e.inputs) if len(e.inputs) == 2 else None


@on("conj", "real")
def part_of_real(r: Rewriter, e: Equation) -> Any:
    """real numbers: conj(x) -> x, real(x) -> x;  conj(conj(x)) -> x"""
    x = e.inputs[0]
    if x.aval.dtype.kind != "c":
        return x
    twice = r.maker(x, "conj") if e.op == "conj" else None
    return None if twice is None else twice.inputs[0]


# --- casts ------------------------------------------------------------------------------------------------------------

_DIGITS = {
    "float16": (11, 5),
    "bfloat16": (8, 8),
    "float32": (24, 8),
    "float64": (53, 11),
}  # significand, exponent


def lossless(a: np.dtype[Any], b: np.dtype[Any]) -> bool:
    """Whether every value of `a` is one of `b`."""
    if a == b:
        return True
    if a.kind == "b":
        return b.kind in "fViu"
    if a.name in _DIGITS and b.name in _DIGITS:
        return all(m <= n for m, n in zip(_DIGITS[a.name], _DIGITS[b.name]))
    if a.kind in INTS:
        bits = 8 * a.itemsize
        if b.kind == "i":
            return bits < 8 * b.itemsize  # (signed to signed too: equal widths are equal dtypes)
        if b.kind == "u":
            return a.kind == "u" and bits < 8 * b.itemsize
        return b.name in CALCULATED and bits <= _DIGITS[b.name][0]
    return False


def straight(a: np.dtype[Any], b: np.dtype[Any], c: np.dtype[Any]) -> bool:
    """Whether a -> b -> c gives what a -> c gives: a -> b loses nothing, and what follows rounds in the same way."""
    if not lossless(a, b):
        return False
    if c == a or c.kind == "b":
        return True
    if a.kind in "b":
        return c.kind in "fViu"
    if a.kind in INTS:
        return (c.kind in INTS and b.kind in INTS) or (c.name in CALCULATED and b.kind in INTS)
    return c.name in ("float32", "float64")


@on("cast")
def cast_of_cast(r: Rewriter, e: Equation) -> Any:
    """cast(x, own dtype) -> x;  cast(cast(x, b), c) -> cast(x, c)   where b holds every value of x"""
    x = e.inputs[0]
    dtype = e.outputs[0].aval.dtype
    if x.aval.dtype == dtype:
        return x
    first = r.maker(x, "cast")
    if first is None or not straight(first.inputs[0].aval.dtype, x.aval.dtype, dtype):
        return None
    return r.emit("cast", first.inputs, {"dtype": dtype}, e.outputs[0].aval, e)


# --- with sums in another order ---------------------------------------------------------------------------------------


@SUMS.on("reduce_sum")
def sum_of_products(r: Rewriter, e: Equation) -> Any:
    """sum over batches of (a' b) -> (a' b) of the batches end to end: one product, and no stack of them"""
    x = e.inputs[0]
    product = r.maker(x, "matmul")
    rank = len(x.shape)
    if product is None or rank < 3 or x.aval.dtype.name not in CALCULATED or e.attrs["keepdims"]:
        return None
    if tuple(sorted(e.attrs["axis"])) != tuple(range(rank - 2)):
        return None
    a, b = product.inputs
    if (
        not product.attrs["transpose_a"]
        or product.attrs["transpose_b"]
        or a.shape[:-2] != b.shape[:-2]
        or not x.aval.size
    ):
        return None
    rows = a.aval.size // a.shape[-1]
    flat = tuple([r.reshaped(v, (rows, v.shape[-1]), e) for v in (a, b)])
    return r.emit("matmul", flat, product.attrs, e.outputs[0].aval, e)


# --- with another rounding --------------------------------------------------------------------------------------------


@rounding("add")
def plus_any_zero(r: Rewriter, e: Equation) -> Any:
    """x + 0.0 -> x"""
    for x, y in (e.inputs, e.inputs[::-1]):
        if number(r, y) == 0:
            return r.shaped(x, e.outputs[0].shape, e)
    return None


@rounding("real_div")
def over_constant(r: Rewriter, e: Equation) -> Any:
    """x / c -> x * (1 / c)"""
    x, y = e.inputs
    c = number(r, y)
    aval = e.outputs[0].aval
    if not c or aval.dtype.name not in CALCULATED or x.aval.dtype != aval.dtype:
        return None
    return multiplied_by(r, e, x, 1.0 / c)


@rounding("multiply")
def two_constants(r: Rewriter, e: Equation) -> Any:
    """(x * a) * b -> x * (a * b)"""
    aval = e.outputs[0].aval
    for x, b in (e.inputs, e.inputs[::-1]):
        inner = r.maker(x, "multiply")
        second = r.uniform(b)
        if inner is None or second is None or aval.dtype.kind not in FLOATS:
            continue
        for y, a in (inner.inputs, inner.inputs[::-1]):
            first = r.uniform(a)
            if first is not None:
                return r.shaped(
                    r.emit(
                        "multiply",
                        (y, r.constant(np.asarray(first * second, aval.dtype))),
                        {},
                        y.aval,
                        e,
                    ),
                    aval.shape,
                    e,
                )
    return None


@rounding("reduce_sum")
def sum_of_repeats(r: Rewriter, e: Equation) -> Any:
    """sum(broadcast(x)) -> x * n   for one number x"""
    x = e.inputs[0]
    wide = r.maker(x, "broadcast_to")
    if wide is None or wide.inputs[0].aval.size != 1 or x.aval.dtype.kind not in "fVc":
        return None
    n = x.aval.size // max(e.outputs[0].aval.size, 1)
    one = r.reshaped(wide.inputs[0], (), e)
    product = r.emit(
        "multiply", (one, r.constant(np.asarray(n, x.dtype))), {}, Aval((), x.dtype), e
    )
    return r.shaped(product, e.outputs[0].shape, e)


EXACT = BROADCAST | ARITHMETIC | MOVEMENT
REORDERED = EXACT | SUMS | PRODUCTS
ALL = REORDERED | ROUNDING


def algebra(graph: Graph) -> Graph:
    """Simpler equations with the same results, bit for bit."""
    return rewrite(graph, EXACT)


def algebra_with_reordering(graph: Graph) -> Graph:
    """Simpler equations with the same results, but that sums may add their terms in another order."""
    return rewrite(graph, REORDERED)


def algebra_with_rounding(graph: Graph) -> Graph:
    """Simpler equations with the same results up to rounding and the signs of zeros."""
    return rewrite(graph, ALL)
