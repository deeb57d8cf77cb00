"""Arithmetic: sums, products, quotients, powers."""

import numpy as np

from gradtape.base.errors import ShapeError
from gradtape.core.card import Elementwise, S

NUMBERS = "fVciu"


class Add(Elementwise):
    """Sum with broadcasting.  x, y: number[...] -> number[...].   z = x + y;  dz/dx = 1, dz/dy = 1

    >>> tf.add([1.0, 2.0], 3.0).numpy()
    array([4., 5.], dtype=float32)
    """

    public = ("add", "math.add")
    operators = ("__add__", "__radd__")
    tf_name = "AddV2"
    takes = NUMBERS + "O"
    samples = (S("3,4", "3,4"), S("3,4", "4"), S("", "2,3"), S("2,1,3", "4,1"))

    def kernel(x, y):
        return np.add(x, y)

    def vjp(F, g, z, x, y):
        return g, g

    def scalar(b, x, y):
        return b.add(x, y)

    def xla(lax, x, y):
        return lax.add(x, y)

    def latex(z, x, y):
        return "1", "1"


class Subtract(Elementwise):
    """Difference with broadcasting.  x, y: number[...] -> number[...].   z = x - y;  dz/dx = 1, dz/dy = -1"""

    public = ("subtract", "math.subtract")
    operators = ("__sub__", "__rsub__")
    tf_name = "Sub"
    takes = NUMBERS
    samples = (S("3,4", "3,4"), S("3,4", "4"), S("", "2,3"), S("2,1,3", "4,1"))

    def kernel(x, y):
        return np.subtract(x, y)

    def vjp(F, g, z, x, y):
        return g, -g

    def scalar(b, x, y):
        return b.sub(x, y)

    def xla(lax, x, y):
        return lax.sub(x, y)

    def latex(z, x, y):
        return "1", "-1"


class Multiply(Elementwise):
    """Product with broadcasting.  x, y: number[...] -> number[...].   z = x y;  dz/dx = y, dz/dy = x"""

    public = ("multiply", "math.multiply")
    operators = ("__mul__", "__rmul__")
    tf_name = "Mul"
    takes = NUMBERS
    samples = (S("3,4", "3,4"), S("3,4", "4"), S("", "2,3"), S("2,1,3", "4,1"))

    def kernel(x, y):
        return np.multiply(x, y)

    def vjp(F, g, z, x, y):
        return (lambda: g * F.conj(y)), (lambda: g * F.conj(x))

    def scalar(b, x, y):
        return b.mul(x, y)

    def xla(lax, x, y):
        return lax.mul(x, y)

    def latex(z, x, y):
        return y, x


class Negative(Elementwise):
    """Negation.  x: number[...] -> number[...].   y = -x;  dy/dx = -1"""

    public = ("negative", "math.negative")
    operators = ("__neg__",)
    tf_name = "Neg"
    takes = NUMBERS
    samples = (S("3,4"), S(""))

    def kernel(x):
        return np.negative(x)

    def vjp(F, g, y, x):
        return (-g,)

    def scalar(b, x):
        return b.neg(x)

    def xla(lax, x):
        return lax.neg(x)

    def latex(y, x):
        return ("-1",)


class Square(Elementwise):
    """Square.  x: number[...] -> number[...].   y = x^2;  dy/dx = 2x"""

    public = ("square", "math.square")
    takes = NUMBERS
    samples = (S("3,4"), S(""))

    def kernel(x):
        return np.square(x)

    def vjp(F, g, y, x):
        return (g * (F.const(2, like=x) * F.conj(x)),)

    def scalar(b, x):
        return b.mul(x, x)

    def xla(lax, x):
        return lax.mul(x, x)

    def latex(y, x):
        return (f"2 {x}",)


class AddN(Elementwise):
    """Sum of tensors of one shape.  inputs: number[...] each -> number[...].   dy/dx_i = 1

    Raises ValueError for no inputs, InvalidArgumentError for two shapes or dtypes.

    >>> tf.add_n([[1, 2], [3, 4], [5, 6]]).numpy()
    array([ 9, 12], dtype=int32)
    """

    public = ("add_n", "math.add_n")
    takes = NUMBERS + "O"
    samples = (S("3,4", "3,4", "3,4"), S("2"))

    def api(op, inputs, name=None):
        inputs = list(inputs)
        if not inputs:
            raise ValueError(
                "Inputs must be an iterable of at least one Tensor with the same dtype and shape."
            )
        return op(*inputs)

    def kernel(*inputs):
        for x in inputs:
            if x.shape != inputs[0].shape:
                raise ShapeError(
                    f"Inputs to operation AddN must have the same size and shape. Input 0: {list(inputs[0].shape)} "
                    f"!= another input: {list(x.shape)}."
                )
        total = inputs[0]
        for x in inputs[1:]:
            total = np.add(total, x)
        return total

    def vjp(F, g, y, *inputs):
        return (g,) * len(inputs)

    def scalar(b, *inputs):
        total = inputs[0]
        for x in inputs[1:]:
            total = b.add(total, x)
        return total
