"""Matrix products."""

import numpy as np

from gradtape.base.dtypes import as_dtype
from gradtape.base.errors import ArgumentError, DtypeError, ShapeError
from gradtape.core.card import PUBLIC, Contraction, S


class Matmul(Contraction):
    """Matrix product over the last two axes, batched (with broadcasting) over the others.

    a: number[..., n, k], b: number[..., k, m] -> number[..., n, m].   c = a b;  dL/da = g b^H, dL/db = a^H g
    transpose_a, transpose_b: the operand is transposed first; adjoint_a, adjoint_b: and conjugated.
    a_is_sparse, b_is_sparse: accepted; the result is the same. output_type: computed and given in this dtype.
    bfloat16 and float32 meet in float32.
    Half types are summed in float32 and rounded once.
    Raises InvalidArgumentError when the inner sizes differ or an operand has fewer than two axes, ValueError
    for an operand to be both transposed and conjugated.

    >>> tf.matmul([[1.0, 2.0]], [[3.0], [4.0]]).numpy()
    array([[11.]], dtype=float32)
    """

    public = ("matmul", "linalg.matmul")
    operators = ("__matmul__", "__rmatmul__")
    tf_name = "MatMul"
    takes = "fVciu"
    samples = (
        S("3,4", "4,2", transpose_a=False, transpose_b=False),
        S("4,3", "4,2", transpose_a=True, transpose_b=False),
        S("3,4", "2,4", transpose_a=False, transpose_b=True),
        S("2,3,4", "4,2", transpose_a=False, transpose_b=False),
        S("2,4,3", "1,2,4", transpose_a=True, transpose_b=True),
        S("0,4", "4,2", transpose_a=False, transpose_b=False),
    )

    def api(op, a, b, transpose_a=False, transpose_b=False, adjoint_a=False, adjoint_b=False, a_is_sparse=False,
            b_is_sparse=False, output_type=None, name=None):  # fmt: skip
        if adjoint_a or adjoint_b:
            a, transpose_a = _adjoint(a, "a", transpose_a) if adjoint_a else (a, transpose_a)
            b, transpose_b = _adjoint(b, "b", transpose_b) if adjoint_b else (b, transpose_b)
        if output_type is not None:
            output_type = as_dtype(output_type)
            a, b = PUBLIC["cast"](a, output_type), PUBLIC["cast"](b, output_type)
        elif a_is_sparse or b_is_sparse:
            a, b = _one_type(a, b)
        try:
            return op(a, b, transpose_a=bool(transpose_a), transpose_b=bool(transpose_b))
        except DtypeError:
            if {getattr(getattr(x, "dtype", None), "name", "") for x in (a, b)} != _MEET:
                raise
        return op(*_one_type(a, b), transpose_a=bool(transpose_a), transpose_b=bool(transpose_b))

    def kernel(a, b, *, transpose_a, transpose_b):
        rank = a.ndim
        if rank < 2 or b.ndim < 2:
            raise ShapeError(
                f"In[0] and In[1] ndims must be >= 2: {min(rank, b.ndim)}. For a vector use tf.linalg.matvec "
                "or tf.tensordot.", a=a, b=b,
            )  # fmt: skip
        dtype = a.dtype
        if rank == 2 == b.ndim and dtype.itemsize > 2:
            try:
                return (a.T if transpose_a else a).dot(b.T if transpose_b else b)
            except ValueError:
                raise _sizes(a, b, transpose_a, transpose_b) from None
        if dtype.itemsize == 2 and dtype.kind in "fV":
            a, b = a.astype(np.float32), b.astype(np.float32)
        if transpose_a:
            a = a.swapaxes(-1, -2)
        if transpose_b:
            b = b.swapaxes(-1, -2)
        try:
            c = a.dot(b) if rank == 2 == b.ndim else np.matmul(a, b)
        except ValueError:
            raise _sizes(a, b, transpose_a, transpose_b) from None
        return c if c.dtype is dtype else c.astype(dtype)

    def vjp(F, g, y, a, b, *, transpose_a, transpose_b):
        if not (transpose_a or transpose_b):
            return (
                lambda: F.matmul(g, F.conj(b), transpose_a=False, transpose_b=True),
                lambda: F.matmul(F.conj(a), g, transpose_a=True, transpose_b=False),
            )

        def product(x, y, tx, ty):
            return F.matmul(x, y, transpose_a=tx, transpose_b=ty)

        def of_a():
            c = F.conj(b)
            return (
                product(c, g, transpose_b, True)
                if transpose_a
                else product(g, c, False, not transpose_b)
            )

        def of_b():
            c = F.conj(a)
            return (
                product(g, c, True, transpose_a)
                if transpose_b
                else product(c, g, not transpose_a, False)
            )

        return of_a, of_b

    def shape(a, b, *, transpose_a, transpose_b):
        n, m = a[-1 if transpose_a else -2], b[-2 if transpose_b else -1]
        return (*np.broadcast_shapes(a[:-2], b[:-2]), n, m)


class Affine(Contraction):
    """The score of a dense layer.   x: float[..., n, k], w: float[k, m], b: float[m] -> float[..., n, m].

    y = x w + b;  dL/dx = g w^H, dL/dw = x^H g, dL/db = g, summed over the rows
    """

    takes = "fVc"
    samples = (S("3,4", "4,2", "2"), S("1,2", "2,5", "5"), S("2,3,4", "4,2", "2"))

    def kernel(x, w, b):
        y = Matmul.kernel(x, w, transpose_a=False, transpose_b=False)
        return np.add(y, b, y)

    def vjp(F, g, y, x, w, b):
        return (
            lambda: F.matmul(g, F.conj(w), transpose_a=False, transpose_b=True),
            lambda: F.matmul(F.conj(x), g, transpose_a=True, transpose_b=False),
            g,
        )

    def shape(x, w, b):
        return (*x[:-1], w[-1])


class Gemm(Contraction):
    """A matrix product added to what is there.   c: float[..., n, m], a, b: as for matmul, alpha: float[].

    y = c + alpha a b.  Only graphs hold it: an update w - lr a b becomes one call of the BLAS.
    """

    takes = "f"
    no_gradient = "it is put into graphs after differentiation"
    samples = (
        S("3,2", "3,4", "4,2", "", transpose_a=False, transpose_b=False),
        S("3,2", "4,3", "4,2", "", transpose_a=True, transpose_b=False),
        S("2,3,2", "2,3,4", "1,2,4", "", transpose_a=False, transpose_b=True),
    )

    def kernel(c, a, b, alpha, *, transpose_a, transpose_b):
        return c + alpha * Matmul.kernel(a, b, transpose_a=transpose_a, transpose_b=transpose_b)

    def shape(c, a, b, alpha, *, transpose_a, transpose_b):
        return c


def _sizes(a, b, transpose_a, transpose_b):
    return ShapeError(
        f"Matrix size-incompatible: In[0]: {list(a.shape)}, In[1]: {list(b.shape)}.", a=a, b=b,
        transpose_a=transpose_a, transpose_b=transpose_b,
    )  # fmt: skip


def _adjoint(x, name, transposed):
    if transposed:
        raise ArgumentError(f"Only one of `transpose_{name}` and `adjoint_{name}` can be True.")
    return PUBLIC["conj"](x), True


_MEET = {"bfloat16", "float32"}


def _one_type(a, b):
    """bfloat16 with float32 meet in float32: sparse operands may differ."""
    one, other = getattr(a, "dtype", None), getattr(b, "dtype", None)
    if one is not None and other is not None and one != other:
        return PUBLIC["cast"](a, np.float32), PUBLIC["cast"](b, np.float32)
    return a, b
