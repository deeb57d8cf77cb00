"""Broadcasts: an elementwise operation takes its small inputs as they are, and what is large late stays small long."""

from __future__ import annotations

from typing import Any

from gradtape.base.shapes import broadcast_shape
from gradtape.graph.ir import Aval, Equation, Value
from gradtape.graph.passes.rewrite import Rewriter, Table, with_inputs

BROADCAST = Table()

# Operations whose inputs broadcast, and whose elements depend on nothing but the elements at their place.  Not `pow`,
# whose kernel looks at the size of the exponent; not `add_n` and those whose shapes must agree; not of complex numbers,
# whose products NumPy rounds one way alone and another way among several.
BROADCASTING = (
    "add", "subtract", "multiply", "real_div", "div_no_nan", "mul_no_nan", "maximum", "minimum", "where",
    "squared_difference", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and",
    "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor", "floor_div", "floor_mod",
    "truncate_div", "truncate_mod", "atan2", "xlogy", "xlog1py", "xdivy", "complex",
)  # fmt: skip
UNARY = (
    "negative", "square", "exp", "expm1", "log", "log1p", "sigmoid", "tanh", "softplus", "log_sigmoid", "relu",
    "relu6", "sqrt", "rsqrt", "reciprocal", "abs", "sign", "sin", "cos", "tan", "asin", "acos", "atan", "sinh",
    "cosh", "asinh", "acosh", "atanh", "floor", "ceil", "round", "rint", "erf", "erfc", "cast", "real", "imag", "conj",
    "logical_not", "is_nan", "is_inf", "is_finite", "elu", "selu", "silu", "softsign", "lgamma", "digamma",
)  # fmt: skip


def source(r: Rewriter, value: Value) -> Value:
    """What `value` repeats: the input of a broadcast, the one number of a constant; otherwise itself."""
    maker = r.maker(value, "broadcast_to")
    if maker is not None:
        return maker.inputs[0]
    if value in r.constants and value.aval.shape and value.aval.size != 1:
        only = r.uniform(value)
        if only is not None:
            return r.constant(only)
    return value


@BROADCAST.on(*BROADCASTING)
def implicit(r: Rewriter, e: Equation) -> Any:
    """x + broadcast(y) -> x + y;  broadcast(x) + broadcast(y) -> broadcast(x + y)"""
    inputs = e.inputs
    out = e.outputs[0].aval
    if not out.size or out.dtype.kind == "c":
        return None
    sources = [source(r, v) for v in inputs]
    for v, s in zip(inputs, sources):
        if v is not s:
            break
    else:
        return None
    shape = broadcast_shape([v.aval.shape for v in sources])
    if shape is None:
        return None
    if shape == out.shape:
        return r.add(with_inputs(fresh(e), tuple(sources)))[0]
    small = r.emit(e.op, tuple(sources), e.attrs, Aval(shape, out.dtype), e)
    return r.shaped(small, out.shape, e)


@BROADCAST.on(*UNARY)
def of_repeated(r: Rewriter, e: Equation) -> Any:
    """f(broadcast(x)) -> broadcast(f(x))"""
    maker = r.maker(e.inputs[0], "broadcast_to")
    if maker is None or not e.outputs[0].aval.size or e.inputs[0].dtype.kind == "c":
        return None
    x = maker.inputs[0]
    small = r.emit(e.op, (x,), e.attrs, Aval(x.aval.shape, e.outputs[0].aval.dtype), e)
    return r.shaped(small, e.outputs[0].shape, e)


def fresh(e: Equation) -> Equation:
    """The same equation with results of its own."""
    return Equation(e.op, e.inputs, e.attrs, tuple([Value(v.aval) for v in e.outputs]), e.site)
