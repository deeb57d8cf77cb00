"""Convolutions and pools natively, and their gradients."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from native import Native, equation_of, graph_of

from gradtape.backends.llvm.nests import lowering_of
from gradtape.core.card import REGISTRY

RNG = np.random.default_rng(3)


def check(op, *arrays, **attrs):
    equation = equation_of(op, arrays, **attrs)
    lower = lowering_of(equation)
    assert lower is not None
    found = Native(equation, lower)(*arrays)
    wide = arrays if "pool" in op else [a.astype(np.float64) for a in arrays]
    for y, e in zip(found, graph_of(equation).run(*wide)):
        terms = max(np.abs(e[np.abs(e) < 1e30]).max(), 1)
        np.testing.assert_allclose(
            y, e, rtol=0, atol=200 * np.finfo(y.dtype).eps * terms, equal_nan=True
        )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("image", "window", "strides", "padding"),
    [
        ((2, 5, 6, 2), (3, 3, 2, 3), (1, 1), "SAME"),
        ((2, 6, 5, 2), (3, 2, 2, 3), (2, 1), "VALID"),
        ((1, 28, 28, 1), (5, 5, 1, 6), (1, 1), "SAME"),
        ((3, 14, 14, 6), (5, 5, 6, 16), (1, 1), "VALID"),
        ((2, 9, 9, 3), (3, 3, 3, 70), (2, 2), "SAME"),
        ((1, 4, 4, 4), (3, 3, 4, 6), (2, 2), ((1, 2), (0, 1))),
        ((4, 8, 8, 16), (1, 1, 16, 32), (1, 1), "SAME"),
        ((2, 33, 17, 5), (4, 2, 5, 65), (3, 2), "SAME"),
        ((2, 17, 3), (4, 3, 5), (2,), "SAME"),
        ((9, 20, 20, 8), (3, 3, 8, 24), (1, 1), "SAME"),
    ],
)
def test_convolutions_and_both_gradients(image, window, strides, padding, dtype):
    x, w = RNG.normal(size=image).astype(dtype), RNG.normal(size=window).astype(dtype)
    attrs = {"strides": strides, "padding": padding, "dilations": (1,) * len(strides)}
    g = RNG.normal(size=REGISTRY["conv"].kernel(x, w, **attrs).shape).astype(dtype)
    check("conv", x, w, **attrs)
    check("conv_backprop_input", w, g, input_shape=image, **attrs)
    check("conv_backprop_filter", x, g, filter_shape=window, **attrs)


def test_groups_and_dilations_are_left_to_the_kernel():
    x, w = np.ones((1, 4, 4, 4)), np.ones((3, 3, 2, 6))
    grouped = equation_of("conv", [x, w], strides=(1, 1), padding="SAME", dilations=(1, 1))
    wide = equation_of(
        "conv", [x, np.ones((3, 3, 4, 6))], strides=(1, 1), padding="SAME", dilations=(2, 2)
    )
    assert lowering_of(grouped) is None
    assert lowering_of(wide) is None


WINDOWS = [
    ((2, 4, 4, 2), (1, 2, 2, 1), (1, 2, 2, 1), "VALID"),
    ((3, 5, 4, 17), (1, 3, 2, 1), (1, 2, 1, 1), "SAME"),
    ((2, 7, 9, 32), (1, 3, 3, 1), (1, 2, 2, 1), "SAME"),
    ((2, 5, 2), (1, 3, 1), (1, 2, 1), ((0, 0), (1, 1), (0, 0))),
    ((5, 28, 28, 6), (1, 2, 2, 1), (1, 2, 2, 1), "SAME"),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("shape", "ksize", "strides", "padding"), WINDOWS)
def test_pools_and_their_gradients(shape, ksize, strides, padding, dtype):
    x = np.round(RNG.normal(size=shape) * 4).astype(dtype)  # with ties
    attrs = {"ksize": ksize, "strides": strides, "padding": padding, "dilations": (1,) * len(ksize)}
    y = REGISTRY["max_pool"].kernel(x, **attrs)
    g = RNG.normal(size=y.shape).astype(dtype)
    check("max_pool", x, **attrs)
    check("max_pool_grad", g, x, **attrs)
    check("avg_pool", x, **attrs)
    check("avg_pool_grad", g, input_shape=shape, **attrs)


def test_nan_loses_in_a_pool_and_keeps_its_place_in_the_gradient():
    x = RNG.normal(size=(2, 6, 6, 3)).astype(np.float32)
    x[RNG.random(x.shape) < 0.3] = np.nan
    x[0, 0, 0], x[0, 1, 1], x[1, 4:, 4:] = np.nan, np.inf, np.nan
    x[1, 0:2, 0:2] = -np.inf
    attrs = {
        "ksize": (1, 2, 2, 1),
        "strides": (1, 2, 2, 1),
        "padding": "VALID",
        "dilations": (1,) * 4,
    }
    check("max_pool", x, **attrs)
    check("max_pool_grad", RNG.normal(size=(2, 3, 3, 3)).astype(np.float32), x, **attrs)
