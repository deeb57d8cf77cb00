"""Each rewrite on the smallest graph that shows it, and on the neighbour that it must leave alone."""

from __future__ import annotations

import re

import numpy as np
import pytest
from graph_text import graph_of

from gradtape.core.card import REGISTRY
from gradtape.graph.ir import Graph, aval_of
from gradtape.graph.passes import algebra, algebra_with_rounding, dead_code, optimize
from gradtape.graph.pretty import text_of
from gradtape.graph.verify import verify

# what the graph says -> what it becomes.  `a`, `b` are inputs; the last name is the result.
REWRITES = {
    # signs, ones, zeros
    "a * 1": ("f[2,3]", "multiply(a, 1.0:f)", "a"),
    "1 * a": ("f[2,3]", "multiply(1.0:f, a)", "a"),
    "a * -1": ("f[2,3]", "multiply(a, -1.0:f)", "negative(a)"),
    "a * ones": ("f[2,3]", "multiply(a, 1.0:f[2,3])", "a"),
    "small a * ones": ("f[3]", "multiply(a, 1.0:f[2,3])", "broadcast_to(a, shape=(2, 3))"),
    "integer a * 0": ("int32[3]", "multiply(a, 0:int32)", "broadcast_to(0:int32, shape=(3,))"),
    "a + -0": ("f[3]", "add(a, -0.0:f)", "a"),
    "integer a + 0": ("int32[3]", "add(a, 0:int32)", "a"),
    "complex a + -0": ("complex64[3]", "add(a, 1.0:complex64)", None),
    "a - 0": ("f[3]", "subtract(a, 0.0:f)", "a"),
    "-0 - a": ("f[3]", "subtract(-0.0:f, a)", "negative(a)"),
    "integer 0 - a": ("int32[3]", "subtract(0:int32, a)", "negative(a)"),
    "integer a - a": ("int32[]", "subtract(a, a)", "0:int32"),
    "a / 1": ("f[3]", "real_div(a, 1.0:f)", "a"),
    "a / -1": ("f[3]", "real_div(a, -1.0:f)", "negative(a)"),
    "a / 8": ("f[3]", "real_div(a, 8.0:f)", "multiply(a, 0.125:f)"),
    "half a / 4": ("float16[3]", "real_div(a, 4.0:float16)", "multiply(a, 0.25:float16)"),
    "a^1": ("f[3]", "pow(a, 1.0:f)", "a"),
    "a^2": ("f[3]", "pow(a, 2.0:f)", "square(a)"),
    "a * a": ("f[3]", "multiply(a, a)", "square(a)"),
    "max(a, a)": ("f[3]", "maximum(a, a)", "a"),
    "add_n(a)": ("f[3]", "add_n(a)", "a"),
    "add_n(a, a)": ("f[3]", "add_n(a, a)", "add(a, a)"),
    "a * c without nan": ("f[3]", "mul_no_nan(a, 3.0:f)", "multiply(a, 3.0:f)"),
    "a / c without nan": ("f[3]", "div_no_nan(a, 3.0:f)", "real_div(a, 3.0:f)"),
    "real a": ("f[3]", "real(a)", "a"),
    "conj of real a": ("f[3]", "conj(a)", "a"),
    # truth
    "a and true": ("bool[3]", "logical_and(a, True:bool)", "a"),
    "a and false": ("bool[3]", "logical_and(a, False:bool)", "broadcast_to(False:bool, shape=(3,))"),
    "a or false": ("bool[3]", "logical_or(a, False:bool)", "a"),
    "a xor false": ("bool[3]", "logical_xor(a, False:bool)", "a"),
    "a and a": ("bool[3]", "logical_and(a, a)", "a"),
    "where of one": ("f[3]", "where(True:bool, a, a)", "a"),
    "where true": ("f[3]", "where(True:bool, a, 1.0:f)", "a"),
    "where false": ("f[3]", "where(False:bool, 1.0:f, a)", "a"),
    # movement
    "identity": ("f[3]", "identity(a)", "a"),
    "stop_gradient": ("f[3]", "stop_gradient(a)", "a"),
    "ensure_shape": ("f[3]", "ensure_shape(a, shape=(None,))", "a"),
    "expand_dims": ("f[3]", "expand_dims(a, axis=1)", "reshape(a, shape=(3, 1))"),
    "squeeze": ("f[3,1]", "squeeze(a, axis=())", "reshape(a, shape=(3,))"),
    "reshape to own shape": ("f[3]", "reshape(a, shape=(3,))", "a"),
    "reshape with -1": ("f[2,3]", "reshape(a, shape=(-1,))", "reshape(a, shape=(6,))"),
    "transpose of nothing": ("f[2,3]", "transpose(a, perm=(0, 1))", "a"),
    "transpose of a row": ("f[1,3]", "transpose(a, perm=(1, 0))", "reshape(a, shape=(3, 1))"),
    "broadcast to own shape": ("f[3]", "broadcast_to(a, shape=(3,))", "a"),
    "broadcast that adds 1": ("f[3]", "broadcast_to(a, shape=(1, 3))", "reshape(a, shape=(1, 3))"),
    "cast to own dtype": ("f[3]", "cast(a, dtype=float32)", "a"),
    "zeros_like": ("f[3]", "zeros_like(a, dtype=None)", "broadcast_to(0.0:f, shape=(3,))"),
    "ones_like": ("f[]", "ones_like(a, dtype=float64)", "1.0:float64"),
    "shape": ("f[2,3]", "shape_of(a, out_type=int32)", "[2, 3]:int32[2]"),
    "size": ("f[2,3]", "size(a, out_type=int32)", "6:int32"),
    "tile once": ("f[2,3]", "tile(a, multiples=(1, 1))", "a"),
    "tile a row": ("f[1,3]", "tile(a, multiples=(4, 1))", "broadcast_to(a, shape=(4, 3))"),
    "roll by 0": ("f[3]", "roll(a, shift=(0,), axis=(0,))", "a"),
    "reverse of 1": ("f[1,3]", "reverse(a, axis=(0,))", "a"),
    "concat of one": ("f[3]", "concat(a, axis=0)", "a"),
    "stack of one": ("f[3]", "stack(a, axis=0)", "reshape(a, shape=(1, 3))"),
    "slice of all": ("f[3]", "slice(a, begin=(0,), size=(3,))", "a"),
    "x[:]": ("f[3]", "strided_slice(a, spec=((None, None, None),))", "a"),
    "pad by nothing": ("f[3]", "pad(a, paddings=((0, 0),), mode='CONSTANT', constant_values=0)", "a"),
    "max over 1": ("f[1,3]", "reduce_max(a, axis=(0,), keepdims=False)", "reshape(a, shape=(3,))"),
    "sum over 1": ("int32[3,1]", "reduce_sum(a, axis=(1,), keepdims=True)", "a"),
    "prod over nothing": ("f[3]", "reduce_prod(a, axis=(), keepdims=False)", "a"),
}  # fmt: skip

PAIRS = {
    "-(-a)": ("f[3]", ["negative(a)", "negative(b)"], "a"),
    "-(a * c)": ("f[3]", ["multiply(a, 3.0:f)", "negative(b)"], "multiply(a, -3.0:f)"),
    "(-a) * c": ("f[3]", ["negative(a)", "multiply(b, 3.0:f)"], "multiply(a, -3.0:f)"),
    "(-a) / c": ("f[3]", ["negative(a)", "real_div(b, 3.0:f)"], "real_div(a, -3.0:f)"),
    "a + (-b)": ("f[3]", ["negative(a)", "add(a, b)"], "subtract(a, a)"),
    "a - (-b)": ("f[3]", ["negative(a)", "subtract(a, b)"], "add(a, a)"),
    "square(-a)": ("f[3]", ["negative(a)", "square(b)"], "square(a)"),
    "abs(-a)": ("f[3]", ["negative(a)", "abs(b)"], "abs(a)"),
    "abs(abs(a))": ("f[3]", ["abs(a)", "abs(b)"], "abs(a)"),
    "not not a": ("bool[3]", ["logical_not(a)", "logical_not(b)"], "a"),
    "where(not a)": ("bool[3]", ["logical_not(a)", "where(b, True:bool[3], a)"], "where(a, a, True:bool)"),
    "reshape twice": ("f[6]", ["reshape(a, shape=(2, 3))", "reshape(b, shape=(3, 2))"], "reshape(a, shape=(3, 2))"),
    "reshape back": ("f[6]", ["reshape(a, shape=(2, 3))", "reshape(b, shape=(6,))"], "a"),
    "transpose back": ("f[2,3]", ["transpose(a, perm=(1, 0))", "transpose(b, perm=None)"], "a"),
    "transpose twice": ("f[2,3,4]", ["transpose(a, perm=(1, 2, 0))", "transpose(b, perm=(1, 0, 2))"],
                        "transpose(a, perm=(2, 1, 0))"),
    "broadcast twice": ("f[3]", ["broadcast_to(a, shape=(2, 3))", "broadcast_to(b, shape=(4, 2, 3))"],
                        "broadcast_to(a, shape=(4, 2, 3))"),
    "broadcast of a row": ("f[]", ["broadcast_to(a, shape=(2, 3))", "reshape(b, shape=(6,))"],
                           "broadcast_to(a, shape=(6,))"),
    "reverse twice": ("f[3]", ["reverse(a, axis=(0,))", "reverse(b, axis=(-1,))"], "a"),
    "cast there and back": ("int32[3]", ["cast(a, dtype=float64)", "cast(b, dtype=int32)"], "a"),
    "cast on": ("float16[3]", ["cast(a, dtype=float32)", "cast(b, dtype=float64)"], "cast(a, dtype=float64)"),
    "cast a truth": ("bool[3]", ["cast(a, dtype=int32)", "cast(b, dtype=float32)"], "cast(a, dtype=float32)"),
    "matmul of a transposed": ("f[3,3]", ["transpose(a, perm=(1, 0))",
                                          "matmul(b, a, transpose_a=False, transpose_b=False)"],
                               "matmul(a, a, transpose_a=True, transpose_b=False)"),
    "matmul of two transposed": ("f[3,3]", ["transpose(a, perm=(1, 0))",
                                            "matmul(b, b, transpose_a=True, transpose_b=False)"],
                                 "matmul(a, a, transpose_a=False, transpose_b=True)"),
    "a + broadcast": ("f[3]", ["broadcast_to(2.5:f, shape=(3,))", "multiply(a, b)"], "multiply(a, 2.5:f)"),
    "max of repeats": ("f[3]", ["broadcast_to(a, shape=(4, 3))", "reduce_max(b, axis=(0,), keepdims=True)"],
                       "reshape(a, shape=(1, 3))"),
}  # fmt: skip

# Left as they are: the result would have another bit somewhere.
STAY = {
    "a + 0 (of -0 it is 0)": ("f[3]", "add(a, 0.0:f)"),
    "a - -0": ("f[3]", "subtract(a, -0.0:f)"),
    "0 - a": ("f[3]", "subtract(0.0:f, a)"),
    "a * 0": ("f[3]", "multiply(a, 0.0:f)"),
    "a - a": ("f[3]", "subtract(a, a)"),
    "a / a": ("f[3]", "real_div(a, a)"),
    "a / 3": ("f[3]", "real_div(a, 3.0:f)"),
    "a / 2^k with a subnormal inverse": ("f[3]", "real_div(a, 1.7014118346046923e+38:f)"),
    "complex a * 1": ("complex64[3]", "multiply(a, 1.0:complex64)"),
    "complex a / 1": ("complex64[3]", "real_div(a, 1.0:complex64)"),
    "bfloat16 a^2": ("bfloat16[3]", "pow(a, 2.0:bfloat16)"),
    "mul_no_nan by 0": ("f[3]", "mul_no_nan(a, 0.0:f)"),
    "real part": ("complex64[3]", "real(a)"),
    "check_numerics": ("f[3]", "check_numerics(a, message='x')"),
    "x[::-1]": ("f[3]", "strided_slice(a, spec=((None, None, -1),))"),
    "logsumexp over 1": ("f[1]", "reduce_logsumexp(a, axis=(0,), keepdims=False)"),
    "complex mean over 1": ("complex64[1]", "reduce_mean(a, axis=(0,), keepdims=False)"),
    "a sum": ("f[3]", "reduce_sum(a, axis=(0,), keepdims=False)"),
}  # fmt: skip


def spelled(text: str) -> str:
    """`f` for float32 keeps the tables narrow."""
    return re.sub(r"(^|:)f(?=\W|$)", r"\1float32", text)


def made(kind: str, lines: list[str]) -> Graph:
    """The graph of an input `a` and equations whose results are b, c, ..."""
    text = f"{{ a: {spelled(kind)} .\n"
    graph = graph_of(text + "return a }")
    for name, line in zip("bcd", map(spelled, lines)):
        # What the equation gives is learnt from its kernel.
        trial = graph_of(f"{text}z: float32[] = {line}\nreturn z }}")
        env = {v: np.ones(v.shape, v.dtype) for v in (*trial.inputs, *trial.constants)}
        for e in trial.equations:
            array = np.asarray(REGISTRY[e.op].kernel(*[env[v] for v in e.inputs], **e.attrs))
            env[e.outputs[0]] = array
        text += f"{name}: {aval_of(array)} = {line}\n"
        graph = graph_of(f"{text}return {name} }}")
    return graph


def result(kind: str, after: str) -> str:
    """The text of the graph that gives `after`."""
    if "(" in after:
        return text_of(made(kind, [after]))
    return text_of(graph_of(f"{{ a: {spelled(kind)} .\nreturn {spelled(after)} }}"))


@pytest.mark.parametrize("name", REWRITES)
def test_one_equation_becomes(name: str) -> None:
    kind, before, after = REWRITES[name]
    graph = made(kind, [before])
    verify(graph, thorough=True)
    found = dead_code(algebra(graph))
    verify(found, thorough=True)
    assert text_of(found) == (text_of(graph) if after is None else result(kind, after))


@pytest.mark.parametrize("name", PAIRS)
def test_two_equations_become(name: str) -> None:
    kind, before, after = PAIRS[name]
    graph = made(kind, before)
    verify(graph, thorough=True)
    found = dead_code(algebra(graph))
    verify(found, thorough=True)
    assert text_of(found) == result(kind, after)


@pytest.mark.parametrize("name", STAY)
def test_what_would_change_a_bit_stays(name: str) -> None:
    kind, before = STAY[name]
    graph = made(kind, [before])
    assert algebra(graph) is graph


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("f[3]", ["add(a, 0.0:f)"], "a"),
        ("f[3]", ["real_div(a, 5.0:f)"], "multiply(a, 0.2:f)"),
        ("f[3]", ["multiply(a, 2.5:f)", "multiply(b, 4.0:f)"], "multiply(a, 10.0:f)"),
        ("f[]", ["broadcast_to(a, shape=(4,))", "reduce_sum(b, axis=(0,), keepdims=False)"], "multiply(a, 4.0:f)"),
    ],
)  # fmt: skip
def test_what_changes_a_rounding_must_be_asked_for(
    kind: str, before: list[str], after: str
) -> None:
    graph = made(kind, before)
    assert algebra(graph) is graph
    assert text_of(dead_code(algebra_with_rounding(graph))) == result(kind, after)


def test_a_sum_over_batches_of_products_is_one_product_when_order_does_not_matter() -> None:
    graph = graph_of(
        """{ a: float32[2,3,4], b: float32[2,3,5] .
          c: float32[2,4,5] = matmul(a, b, transpose_a=True, transpose_b=False)
          d: float32[4,5] = reduce_sum(c, axis=(0,), keepdims=False)
          return d }"""
    )
    assert optimize(graph) is graph
    found = optimize(graph, reorder=True)
    verify(found, thorough=True)
    assert text_of(found) == text_of(
        graph_of(
            """{ a: float32[2,3,4], b: float32[2,3,5] .
              c: float32[6,4] = reshape(a, shape=(6, 4))
              d: float32[6,5] = reshape(b, shape=(6, 5))
              e: float32[4,5] = matmul(c, d, transpose_a=True, transpose_b=False)
              return e }"""
        )
    )
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=v.shape).astype(np.float32) for v in graph.inputs]
    assert np.allclose(graph.run(*arrays)[0], found.run(*arrays)[0], rtol=0, atol=2e-6)
