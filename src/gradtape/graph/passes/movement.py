"""Movement: reshapes, transposes, broadcasts, cuts and joins that do nothing, or do twice what can be done once."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Equation
from gradtape.graph.passes.rewrite import Rewriter, Table

MOVEMENT = Table()
on = MOVEMENT.on


@on("identity", "stop_gradient")
def nothing(r: Rewriter, e: Equation) -> Any:
    """identity(x) -> x;  stop_gradient(x) -> x"""
    return e.inputs[0]


@on("custom_rule")
def as_they_are(r: Rewriter, e: Equation) -> Any:
    """custom_rule(y, ...) -> y"""
    return e.inputs[: len(e.outputs)]


@on("assigned")
def assigned(r: Rewriter, e: Equation) -> Any:
    """assigned(old, new) -> new"""
    return e.inputs[1]


@on("ensure_shape")
def ensured(r: Rewriter, e: Equation) -> Any:
    """ensure_shape(x, shape) -> x   where the shape fits"""
    x, shape = e.inputs[0], e.attrs["shape"]
    if shape is None:
        return x
    fits = len(shape) == len(x.shape) and all(n is None or n == m for n, m in zip(shape, x.shape))
    return x if fits else None


@on("expand_dims", "squeeze")
def as_reshape(r: Rewriter, e: Equation) -> Any:
    """expand_dims(x), squeeze(x) -> reshape(x)"""
    return r.reshaped(e.inputs[0], e.outputs[0].shape, e)


@on("reshape")
def reshape_once(r: Rewriter, e: Equation) -> Any:
    """reshape(x, own shape) -> x;  reshape(reshape(x)) -> reshape(x);  reshape(x, (-1,)) -> reshape(x, (n,))"""
    x = e.inputs[0]
    shape = e.outputs[0].shape
    if x.aval.shape == shape:
        return x
    inner = r.maker(x, "reshape")
    if inner is not None:
        return r.reshaped(inner.inputs[0], shape, e)
    wide = r.maker(x, "broadcast_to")
    if wide is not None:
        a = wide.inputs[0]
        if a.aval.size == 1:  # every element is the one
            return r.shaped(r.reshaped(a, (), e), shape, e)
    return None if e.attrs["shape"] == shape else r.reshaped(x, shape, e)


@on("transpose")
def transpose_once(r: Rewriter, e: Equation) -> Any:
    """transpose(x, (0, 1)) -> x;  transpose(transpose(x)) -> transpose(x);  only axes of length 1 move -> reshape"""
    x = e.inputs[0]
    shape, rank = x.aval.shape, len(x.aval.shape)
    given = e.attrs["perm"]
    perm = tuple(range(rank))[::-1] if given is None else tuple([p % rank for p in given])
    inner = r.maker(x, "transpose")
    if inner is not None:
        x = inner.inputs[0]
        first = inner.attrs["perm"]
        first = tuple(range(rank))[::-1] if first is None else tuple([p % rank for p in first])
        perm = tuple([first[p] for p in perm])
        shape = x.aval.shape
    elif perm == given:
        long = [p for p in perm if shape[p] != 1]
        if long != sorted(long):
            return None
    long = [p for p in perm if shape[p] != 1]
    if long == sorted(long):
        return r.reshaped(x, e.outputs[0].shape, e)
    return r.emit("transpose", (x,), {"perm": perm}, e.outputs[0].aval, e)


@on("broadcast_to")
def broadcast_once(r: Rewriter, e: Equation) -> Any:
    """broadcast(x, own shape) -> x;  broadcast(broadcast(x)) -> broadcast(x);  only axes of length 1 come -> reshape"""
    x = e.inputs[0]
    shape = e.outputs[0].shape
    if x.aval.shape == shape:
        return x
    if x.aval.size == e.outputs[0].aval.size and x.aval.size:
        return r.reshaped(x, shape, e)
    inner = r.maker(x, "broadcast_to")
    if inner is not None:
        return r.shaped(inner.inputs[0], shape, e)
    # A constant that is one number already needs no axes of its own.
    only = r.uniform(x) if x.aval.shape else None
    return None if only is None else r.shaped(r.constant(only), shape, e)


@on("zeros_like", "ones_like")
def likes(r: Rewriter, e: Equation) -> Any:
    """zeros_like(x) -> broadcast(0);  ones_like(x) -> broadcast(1)"""
    aval = e.outputs[0].aval
    if aval.dtype.kind == "O":
        return None
    number = np.zeros((), aval.dtype) if e.op == "zeros_like" else np.ones((), aval.dtype)
    return r.shaped(r.constant(number), aval.shape, e)


@on("shape_of", "size", "rank")
def known_shape(r: Rewriter, e: Equation) -> Any:
    """shape_of(x), size(x), rank(x) -> constants"""
    x = e.inputs[0]
    dtype = e.outputs[0].aval.dtype
    fact = {"shape_of": x.shape, "size": x.aval.size, "rank": len(x.shape)}[e.op]
    return r.constant(np.array(fact, dtype))


@on("tile")
def tiled(r: Rewriter, e: Equation) -> Any:
    """tile(x, ones) -> x;  tile(x) -> broadcast(x)   where only axes of length 1 are repeated"""
    x, multiples = e.inputs[0], e.attrs["multiples"]
    if all(n == 1 for n in multiples):
        return x
    if all(m == 1 or n == 1 for n, m in zip(multiples, x.shape)):
        return r.shaped(x, e.outputs[0].shape, e)
    return None


@on("roll")
def rolled(r: Rewriter, e: Equation) -> Any:
    """roll(x, 0) -> x"""
    return None if any(e.attrs["shift"]) else e.inputs[0]


@on("reverse")
def reversed_once(r: Rewriter, e: Equation) -> Any:
    """reverse(x, no axis longer than 1) -> x;  reverse(reverse(x, a), a) -> x"""
    x = e.inputs[0]
    axes = {a % len(x.shape) for a in e.attrs["axis"]}
    if all(x.shape[a] == 1 for a in axes):
        return x
    inner = r.maker(x, "reverse")
    if inner is not None and {a % len(x.shape) for a in inner.attrs["axis"]} == axes:
        return inner.inputs[0]
    return None


@on("concat", "stack")
def joined(r: Rewriter, e: Equation) -> Any:
    """concat(x) -> x;  stack(x) -> reshape(x);  concat(split(x)) -> x;  stack(unstack(x)) -> x"""
    xs = e.inputs
    if len(xs) == 1:
        return r.reshaped(xs[0], e.outputs[0].shape, e)
    cut = r.maker(xs[0], "split" if e.op == "concat" else "unstack")
    if cut is None or cut.outputs != xs:
        return None
    whole = cut.inputs[0]
    rank = len(whole.shape)
    return whole if cut.attrs["axis"] % rank == e.attrs["axis"] % rank else None


@on("split", "unstack")
def cut(r: Rewriter, e: Equation) -> Any:
    """split(x) into one -> x;  unstack(x) into one -> reshape(x);  split(concat(x)) -> x;  unstack(stack(x)) -> x"""
    x, outs = e.inputs[0], e.outputs
    if len(outs) == 1:
        return (r.reshaped(x, outs[0].shape, e),)
    join = r.maker(x, "concat" if e.op == "split" else "stack")
    if join is None or len(join.inputs) != len(outs):
        return None
    rank = len(x.shape)
    if join.attrs["axis"] % rank != e.attrs["axis"] % rank:
        return None
    same = all(v.aval == w.aval for v, w in zip(join.inputs, outs))
    return join.inputs if same else None


@on("slice", "strided_slice")
def sliced(r: Rewriter, e: Equation) -> Any:
    """slice(x) of all of x -> x"""
    x = e.inputs[0]
    if e.outputs[0].shape != x.shape:
        return None
    if e.op == "strided_slice" and not all(
        part is ... or (type(part) is tuple and part[2] in (None, 1)) for part in e.attrs["spec"]
    ):
        return None
    return x


@on("pad")
def padded(r: Rewriter, e: Equation) -> Any:
    """pad(x) by nothing -> x"""
    return e.inputs[0] if e.outputs[0].shape == e.inputs[0].shape else None


@on("matmul")
def transposed_factor(r: Rewriter, e: Equation) -> Any:
    """matmul(transpose(a), b) -> matmul(a, b, transpose_a)   where the last two axes are swapped"""
    flags = [e.attrs["transpose_a"], e.attrs["transpose_b"]]
    inputs = list(e.inputs)
    for i, v in enumerate(e.inputs):
        turn = r.maker(v, "transpose")
        if turn is not None and swaps_last(turn):
            inputs[i] = turn.inputs[0]
            flags[i] = not flags[i]
    if tuple(inputs) == e.inputs:
        return None
    attrs = {**e.attrs, "transpose_a": flags[0], "transpose_b": flags[1]}
    return r.emit("matmul", tuple(inputs), attrs, e.outputs[0].aval, e)


def swaps_last(e: Equation) -> bool:
    rank = len(e.inputs[0].shape)
    perm = e.attrs["perm"]
    if perm is None:
        return rank == 2
    return rank >= 2 and tuple([p % rank for p in perm]) == (*range(rank - 2), rank - 1, rank - 2)


# --- reductions -------------------------------------------------------------------------------------------------------


@on(
    "reduce_sum",
    "reduce_mean",
    "reduce_max",
    "reduce_min",
    "reduce_prod",
    "reduce_any",
    "reduce_all",
)
def of_single(r: Rewriter, e: Equation) -> Any:
    """max, min, product, any, all over axes of length 1 -> reshape;  sum, mean -> reshape, added to where sums start"""
    x, op = e.inputs[0], e.op
    shape = x.aval.shape
    for a in e.attrs["axis"]:
        if shape[a] != 1:
            return None
    dtype = x.aval.dtype
    if not x.aval.size:
        return None
    if dtype.kind == "c" and op in ("reduce_prod", "reduce_mean"):
        return None  # a product or quotient with 1 + 0j: nan where there is an infinity
    if dtype.kind in "iu" and dtype.itemsize == 8 and op == "reduce_mean":
        return None  # the quotient is taken in float64
    y = r.reshaped(x, e.outputs[0].shape, e)
    if dtype.kind in "fVc" and op in ("reduce_sum", "reduce_mean"):
        start = r.constant(start_of_sums(dtype))
        return r.emit("add", (y, start), {}, y.aval, e)
    return y


@cache
def start_of_sums(dtype: np.dtype[Any]) -> np.ndarray:
    """0 or -0: what the sum of a single -0 comes to."""
    zero = np.negative(np.zeros((1,), dtype))
    return np.asarray(REGISTRY["reduce_sum"].kernel(zero, axis=(0,), keepdims=False))


@on("reduce_max", "reduce_min", "reduce_any", "reduce_all")
def of_repeats(r: Rewriter, e: Equation) -> Any:
    """max(broadcast(x)) -> x   where only repeats are folded"""
    x = e.inputs[0]
    wide = r.maker(x, "broadcast_to")
    if wide is None or not x.aval.size:
        return None
    a = wide.inputs[0]
    extra = len(x.shape) - len(a.shape)
    axes = [axis % len(x.shape) for axis in e.attrs["axis"]]
    if any(axis >= extra and a.shape[axis - extra] != 1 for axis in axes):
        return None
    kept: list[int] = []
    for axis in range(len(x.shape)):
        n = a.shape[axis - extra] if axis >= extra else 1
        if axis not in axes:
            kept.append(n)
        elif e.attrs["keepdims"]:
            kept.append(1)
    small = r.reshaped(a, tuple(kept), e)
    return r.shaped(small, e.outputs[0].shape, e)
