"""Rounding: to whole numbers, to neighbours."""

import numpy as np

from gradtape.core.card import Elementwise, S
from gradtape.ops.half import FLOATS, REALS

FLAT = "piecewise constant: TensorFlow gives None"


class Floor(Elementwise):
    """Largest whole number not above.  x: float[...] -> same.  No gradient.

    >>> tf.floor([1.7, -1.2]).numpy()
    array([ 1., -2.], dtype=float32)
    """

    public = ("floor", "math.floor")
    takes = FLOATS
    samples = (S("3,4"),)
    no_gradient = FLAT

    def kernel(x):
        return np.floor(x)

    def scalar(b, x):
        return b.floor(x)

    def xla(lax, x):
        return lax.floor(x)


class Ceil(Elementwise):
    """Smallest whole number not below.  x: float[...] -> same.  No gradient."""

    public = ("math.ceil",)
    takes = FLOATS
    samples = (S("3,4"),)
    no_gradient = FLAT

    def kernel(x):
        return np.ceil(x)

    def scalar(b, x):
        return b.ceil(x)

    def xla(lax, x):
        return lax.ceil(x)


class Round(Elementwise):
    """Nearest whole number; halves go to the even one.  x: real[...] -> same.  No gradient.

    >>> tf.round([0.5, 1.5, 2.5, -0.5]).numpy()
    array([ 0.,  2.,  2., -0.], dtype=float32)
    """

    public = ("round", "math.round")
    takes = REALS
    samples = (S("3,4"),)
    no_gradient = FLAT

    def kernel(x):
        return x if x.dtype.kind in "iu" else np.rint(x)

    def scalar(b, x):
        return b.round(x)


class Rint(Elementwise):
    """Nearest whole number; halves go to the even one.  x: float[...] -> same.  No gradient."""

    public = ("math.rint",)
    takes = FLOATS
    samples = (S("3,4"),)
    no_gradient = FLAT

    def kernel(x):
        return np.rint(x)

    def scalar(b, x):
        return b.round(x)


class NextAfter(Elementwise):
    """The neighbour of x1 in the direction of x2.  x1, x2: float32 or float64[...] -> same.   dz/dx1 = 1, dz/dx2 = 0"""

    public = ("math.nextafter",)
    takes = "f"
    samples = (S("3,4", "3,4", order=1),)

    def kernel(x1, x2):
        return np.nextafter(x1, x2)

    def vjp(F, g, z, x1, x2):
        return g, lambda: F.lift(np.zeros(F.shape(x2), F.dtype(x2)))

    def scalar(b, x1, x2):
        return b.nextafter(x1, x2)
