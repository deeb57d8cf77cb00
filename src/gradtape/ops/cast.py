"""Between dtypes; complex numbers and their parts."""

import numpy as np

from gradtape.base.dtypes import DTYPES, as_dtype
from gradtape.base.errors import ArgumentError, UnimplementedError
from gradtape.core.card import Arg, Elementwise, Op, S

INEXACT = "fVc"
HALF, FLOAT, DOUBLE = np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64)
COMPLEX64, COMPLEX128 = np.dtype(np.complex64), np.dtype(np.complex128)


class Cast(Elementwise):
    """The same values in another dtype.  x: any but string[...] -> dtype[...].   dy/dx = 1 between floats and complex

    Floats to integers: towards 0; beyond the range as x86 does (the lowest int32 or int64, low bits of it for
    narrower ones). Complex to real drops the imaginary part. bool: whether it differs from 0.
    Raises UnimplementedError for strings, TypeError for what is no dtype.

    >>> tf.cast([1.8, -1.8], tf.int32).numpy()
    array([ 1, -1], dtype=int32)
    """

    public = ("cast", "dtypes.cast")
    uniform = False
    samples = (
        S("3,4", dtype=DOUBLE),
        S("3", dtype=np.dtype(np.int32)),
        S(Arg("3", -5, 5, "int32"), dtype=DOUBLE),
    )

    def api(op, x, dtype, name=None):
        wanted = as_dtype(dtype)
        if getattr(x, "dtype", None) is wanted:
            return x
        return op(x, dtype=wanted.np)

    def kernel(x, *, dtype):
        if x.dtype.kind == "O" or dtype.kind == "O":
            names = DTYPES[x.dtype].name, DTYPES[dtype].name
            if names[0] == names[1]:
                return x
            raise UnimplementedError(None, None, f"Cast {names[0]} to {names[1]} is not supported")
        return convert(x, dtype)

    def vjp(F, g, y, x, *, dtype):
        source = F.dtype(x)
        if source.kind in INEXACT and dtype.kind in INEXACT:
            return (F.cast(g, dtype=source),)
        return (None,)

    def jvp(F, t, y, x, *, dtype):
        if F.dtype(x).kind in INEXACT and dtype.kind in INEXACT:
            return F.cast(t[0], dtype=dtype)
        return None

    def scalar(b, x, *, dtype):
        return b.cast(x, b.dtype, dtype)


def convert(x, dtype):
    """`x` in another dtype, as a C++ cast on x86 does it."""
    source, kind = x.dtype, dtype.kind
    if source == dtype:
        return x
    if source.kind == "c" and kind != "c":
        x = x.real
        source = x.dtype
    if kind == "b":
        return np.asarray(x != np.zeros((), source))
    if source.kind in "fV" and kind in "iu":
        if source.itemsize == 2:
            x = x.astype(FLOAT)
        if dtype.itemsize < 4:
            return x.astype(np.int32).astype(dtype)
        if dtype == np.uint32:
            return x.astype(np.int64).astype(dtype)
        return x.astype(dtype)
    if source == DOUBLE and (dtype == HALF or kind == "V"):
        return x.astype(FLOAT).astype(dtype)
    if kind == "V" and source.kind in "iu":
        return x.astype(FLOAT).astype(dtype)
    return x.astype(dtype)


class Complex(Elementwise):
    """A complex number of its parts.  real, imag: float32 or float64[...] -> complex64 or complex128[...].

    >>> tf.complex([1.0], [2.0]).numpy()
    array([1.+2.j], dtype=complex64)
    """

    public = ("complex", "dtypes.complex")
    takes = "f"
    samples = (S("3,4", "3,4"), S("3,4", "4"))

    def kernel(real, imag):
        if real.dtype == HALF:
            raise TypeError("float16")
        z = np.empty(np.broadcast_shapes(real.shape, imag.shape), np.result_type(real, COMPLEX64))
        z.real, z.imag = real, imag
        return z

    def vjp(F, g, z, real, imag):
        return (lambda: F.real(g)), (lambda: F.imag(g))

    def jvp(F, t, z, real, imag):
        zero = F.const(0, like=real)
        return F.complex(zero if t[0] is None else t[0], zero if t[1] is None else t[1])


class Real(Elementwise):
    """Real part.  input: complex[...] -> float[...]; real numbers as they are.   dy/dRe = 1"""

    public = ("math.real",)
    takes = "fVciub"
    warns = False
    samples = (S("3,4"), S(Arg("3", dtype="complex128")))

    def kernel(input):
        return input.real if input.dtype.kind == "c" else input

    def vjp(F, g, y, x):
        return (F.cast(g, dtype=F.dtype(x)),)

    def scalar(b, input):
        return input


class Imag(Elementwise):
    """Imaginary part.  input: complex[...] -> float[...]; 0 for real numbers.   dy/dIm = 1"""

    public = ("math.imag",)
    takes = "fVciub"
    warns = False
    samples = (S(Arg("3", dtype="complex128")),)

    def kernel(input):
        return input.imag if input.dtype.kind == "c" else np.zeros_like(input)

    def vjp(F, g, y, x):
        if F.dtype(x).kind != "c":
            return (None,)
        return (lambda: F.complex(F.const(0, like=g), g),)

    def scalar(b, input):
        return b.const(0)


class Conj(Elementwise):
    """Complex conjugate.  x: number[...] -> same; real numbers as they are."""

    public = ("math.conj",)
    takes = "fVciu"
    warns = False
    samples = (S("3,4"), S(Arg("3", dtype="complex128")))

    def kernel(x):
        return np.conj(x) if x.dtype.kind == "c" else x

    def vjp(F, g, y, x):
        return (F.conj(g),)

    def jvp(F, t, y, x):
        return F.conj(t[0])

    def scalar(b, x):
        return x


class Angle(Elementwise):
    """Argument of a complex number, in radians.  input: complex[...] -> float[...]; 0 or pi for real numbers."""

    public = ("math.angle",)
    takes = "fVc"
    samples = (S(Arg("3", dtype="complex128")),)

    def kernel(input):
        if input.dtype.kind == "c":
            return np.angle(input)
        return np.where(input < 0, np.asarray(np.pi, input.dtype), np.zeros((), input.dtype))

    def vjp(F, g, y, x):
        if F.dtype(x).kind != "c":
            return (None,)
        wide = F.dtype(x)
        z = F.reciprocal(F.complex(F.imag(x), F.real(x)))
        return (-F.cast(g, dtype=wide) * z,)

    def scalar(b, input):
        return b.select(b.lt(input, b.const(0)), b.const(np.pi), b.const(0))


class Bitcast(Op):
    """The same bits read as another dtype.  input: number[...] -> type[...]

    A narrower dtype adds a last axis; a wider one takes the last axis away.
    Raises InvalidArgumentError when the last axis is not the ratio of the sizes.
    """

    public = ("bitcast",)
    takes = "fVciu"
    warns = False
    samples = (S("3", dtype=np.dtype(np.int64)),)
    no_gradient = "bits have no derivative"

    def api(op, input, type, name=None):
        return op(input, dtype=as_dtype(type).np)

    def kernel(x, *, dtype):
        a, b = x.dtype.itemsize, dtype.itemsize
        if a == b:
            return np.ascontiguousarray(x).view(dtype).reshape(x.shape)
        if a > b:
            return np.ascontiguousarray(x).reshape(*x.shape, 1).view(dtype)
        if x.ndim == 0 or x.shape[-1] != b // a:
            raise ArgumentError(
                f"Cannot bitcast from {DTYPES[x.dtype].name} to {DTYPES[dtype].name}: the last axis must have "
                f"{b // a} elements.", input=x,
            )  # fmt: skip
        return np.ascontiguousarray(x).view(dtype).reshape(x.shape[:-1])
