"""Twelve elementwise operations on a long vector and the gradient: mul, add, tanh, mul, sigmoid, add,
relu, square, mul, exp of a bounded value, add, sum.

What no program can do without, for each float: reading x and writing its gradient (8 bytes, as a plain
copy does), and one tanh, one sigmoid and one exp: the gradient needs no others. The rooms whose names
begin with `bound` measure a plain copy and the three functions in several ways in the same run.
"""

from __future__ import annotations

import numpy as np

A, B, C, D, E, G = 1.5, 0.25, 2.0, -0.4, 0.5, 1.0  # what is multiplied and added, in order


def data(n: int) -> np.ndarray:
    """x: float32[n], normal."""
    return np.random.default_rng(7).standard_normal(n, np.float32)
