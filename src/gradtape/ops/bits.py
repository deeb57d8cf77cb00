"""Integers as rows of bits."""

import numpy as np

from gradtape.core.card import Arg, Elementwise, S

WHY = "bits have no derivative"
PAIR = (S(Arg("3,4", 0, 9, "int32"), Arg("4", 0, 9, "int32")),)


class BitwiseAnd(Elementwise):
    """Bits set in both.  x, y: integer[...] -> same"""

    public = ("bitwise.bitwise_and",)
    takes = "iu"
    warns = False
    samples = PAIR
    no_gradient = WHY

    def kernel(x, y):
        return np.bitwise_and(x, y)

    def scalar(b, x, y):
        return b.and_(x, y)


class BitwiseOr(Elementwise):
    """Bits set in either.  x, y: integer[...] -> same"""

    public = ("bitwise.bitwise_or",)
    takes = "iu"
    warns = False
    samples = PAIR
    no_gradient = WHY

    def kernel(x, y):
        return np.bitwise_or(x, y)

    def scalar(b, x, y):
        return b.or_(x, y)


class BitwiseXor(Elementwise):
    """Bits set in one but not both.  x, y: integer[...] -> same"""

    public = ("bitwise.bitwise_xor",)
    takes = "iu"
    warns = False
    samples = PAIR
    no_gradient = WHY

    def kernel(x, y):
        return np.bitwise_xor(x, y)

    def scalar(b, x, y):
        return b.xor(x, y)


class Invert(Elementwise):
    """All bits turned over.  x: integer[...] -> same"""

    public = ("bitwise.invert",)
    takes = "iu"
    warns = False
    samples = (S(Arg("3", 0, 9, "int32")),)
    no_gradient = WHY

    def kernel(x):
        return np.invert(x)

    def scalar(b, x):
        return b.invert(x)


class LeftShift(Elementwise):
    """x 2^y without the bits that leave the width.  x, y: integer[...] -> same.  y is kept within the width."""

    public = ("bitwise.left_shift",)
    takes = "iu"
    samples = PAIR
    no_gradient = WHY

    def kernel(x, y):
        return np.left_shift(x, _within(x, y))

    def scalar(b, x, y):
        return b.shift_left(x, _within_width(b, y))


class RightShift(Elementwise):
    """floor(x / 2^y).  x, y: integer[...] -> same.  y is kept within the width; signed numbers keep their sign."""

    public = ("bitwise.right_shift",)
    takes = "iu"
    samples = PAIR
    no_gradient = WHY

    def kernel(x, y):
        return np.right_shift(x, _within(x, y))

    def scalar(b, x, y):
        return b.shift_right(x, _within_width(b, y))


def _within(x, y):
    return np.clip(y, 0, 8 * x.dtype.itemsize - 1).astype(y.dtype)


def _within_width(b, y):
    return b.min(b.max(y, b.const(0)), b.const(8 * b.dtype.itemsize - 1))
