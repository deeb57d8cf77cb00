"""Constants and variables, their values, and functions between the tensors of a model."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.base.dtypes import as_dtype
from gradtape.core.tensor import Symbolic, Tensor
from gradtape.core.variable import Variable
from gradtape.keras.engine.input_layer import Input
from gradtape.keras.engine.model import Model
from gradtape.keras.engine.nest import map_structure
from gradtape.keras.engine.policy import floatx
from gradtape.keras.functions import tf


def _kind(dtype: Any) -> Any:
    return as_dtype(floatx() if dtype is None else dtype)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Tensor:
    """A tensor; in Keras's float type when no dtype is given."""
    return tf.constant(value, _kind(dtype), shape)


def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Any:
    """A variable; in Keras's float type when no dtype is given."""
    return Variable(value, dtype=_kind(dtype), name=name, constraint=constraint)


def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """A variable of zeros; a tensor where it has no elements."""
    return _filled(tf.zeros(shape, _kind(dtype)), name)


def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """A variable of ones; a tensor where it has no elements."""
    return _filled(tf.ones(shape, _kind(dtype)), name)


def _filled(value: Any, name: str | None) -> Any:
    return variable(value, value.dtype, name) if all(value.shape) else value


def eye(size: int, dtype: Any = None, name: str | None = None) -> Any:
    """A variable: the identity matrix."""
    return variable(tf.eye(size, dtype=_kind(dtype)), dtype, name)


def zeros_like(x: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Zeros of x's shape."""
    return tf.zeros_like(x, dtype)


def ones_like(x: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Ones of x's shape."""
    return tf.ones_like(x, dtype)


def placeholder(
    shape: Any = None,
    ndim: int | None = None,
    dtype: Any = None,
    sparse: bool = False,
    name: str | None = None,
    ragged: bool = False,
) -> Any:
    """A symbolic input of a model; `shape` includes the batch."""
    if not shape and ndim:
        shape = (None,) * ndim
    return Input(batch_shape=tuple(shape or ()), dtype=_kind(dtype), name=name)


def is_keras_tensor(x: Any) -> bool:
    """Whether it is symbolic.  Raises ValueError for what is no tensor."""
    if not isinstance(x, Tensor | Variable | Symbolic):
        raise ValueError(
            f"Unexpectedly found an instance of type `{type(x)}`. Expected a symbolic tensor instance."
        )
    return isinstance(x, Symbolic)


def is_sparse(tensor: Any) -> bool:
    """False: there are no sparse tensors."""
    return False


def to_dense(tensor: Any) -> Any:
    """The tensor, which is dense."""
    return tensor


def int_shape(x: Any) -> tuple[int | None, ...] | None:
    """The shape as a tuple; None where it is unknown."""
    shape = getattr(x, "shape", None)
    if shape is None or getattr(shape, "rank", 0) is None:
        return None
    return tuple(shape)


def ndim(x: Any) -> int:
    """The number of axes."""
    return len(x.shape)


def shape(x: Any) -> Any:
    """The shape as an int32 tensor."""
    return tf.shape(x)


def dtype(x: Any) -> str:
    """The name of the dtype."""
    return as_dtype(x.dtype).name


def count_params(x: Any) -> int:
    """The number of elements."""
    return math.prod(x.shape)


def cast(x: Any, dtype: Any) -> Any:
    """x in another dtype."""
    return tf.cast(x, dtype)


def cast_to_floatx(x: Any) -> Any:
    """x in Keras's float type: a tensor of a tensor, a NumPy array of anything else."""
    if isinstance(x, Tensor | Variable | Symbolic):
        return tf.cast(x, floatx())
    return np.asarray(x, as_dtype(floatx()).np)


def get_value(x: Any) -> Any:
    """The value of a tensor or variable as NumPy gives it; anything else as it is."""
    return x.numpy() if isinstance(x, Tensor | Variable) else x


eval = get_value


def batch_get_value(tensors: Any) -> list[Any]:
    """The values of several."""
    return [get_value(x) for x in tensors]


def set_value(x: Any, value: Any) -> None:
    """Assign to a variable.  Raises ValueError for another shape."""
    x.assign(np.asarray(value, as_dtype(x.dtype).np))


def batch_set_value(tuples: Any) -> None:
    """Assign to several: (variable, value) pairs."""
    for x, value in tuples:
        set_value(x, value)


def update(x: Any, new_x: Any) -> Any:
    """x.assign(new_x)."""
    return x.assign(new_x)


def update_add(x: Any, increment: Any) -> Any:
    """x.assign_add(increment)."""
    return x.assign_add(increment)


def update_sub(x: Any, decrement: Any) -> Any:
    """x.assign_sub(decrement)."""
    return x.assign_sub(decrement)


def moving_average_update(x: Any, value: Any, momentum: Any) -> Any:
    """x becomes momentum * x + (1 - momentum) * value."""
    momentum, value = tf.cast(momentum, x.dtype), tf.cast(value, x.dtype)
    return x.assign_sub((x - value) * (1 - momentum))


def print_tensor(x: Any, message: str = "", summarize: int = 3) -> Any:
    """Print a message and the tensor, with `summarize` elements at each end; gives the tensor."""
    tf.print(message, x, output_stream=sys.stdout, summarize=summarize)
    return x


def function(
    inputs: Any, outputs: Any, updates: Any = None, name: str | None = None, **kwargs: Any
) -> Callable[[Any], Any]:
    """A function from the values of a model's inputs to those of tensors inside of it, as NumPy arrays.

    >>> x = tf.keras.Input((2,))
    >>> f = tf.keras.backend.function([x], [x * 2.0])
    >>> f([np.ones((1, 2), "float32")])
    [array([[2., 2.]], dtype=float32)]
    """
    if kwargs:
        raise ValueError(
            f"Session keyword arguments are not supported during eager execution. You passed: {kwargs}"
        )
    if updates:
        raise ValueError(
            f"`updates` argument is not supported during eager execution. You passed: {updates}"
        )
    model = Model(inputs=inputs, outputs=outputs)
    alone = isinstance(outputs, list) and len(outputs) == 1

    def values(model_inputs: Any) -> Any:
        found = model(model_inputs)
        return map_structure(get_value, [found] if alone else found)

    return values


def gradients(loss: Any, variables: Any) -> Any:
    """`tf.gradients`: in traced functions.  Raises RuntimeError outside of them, where tf.GradientTape is the way."""
    return tf.gradients(loss, variables)


def stop_gradient(variables: Any) -> Any:
    """The values, through which no gradient flows."""
    if isinstance(variables, list | tuple):
        return [tf.stop_gradient(x) for x in variables]
    return tf.stop_gradient(variables)


def name_scope(name: str) -> Any:
    """`with name_scope("a"):` puts `a/` before the names of new variables."""
    return tf.name_scope(name)


__all__ = [
    "batch_get_value", "batch_set_value", "cast", "cast_to_floatx", "constant", "count_params", "dtype", "eval", "eye",
    "function", "get_value", "gradients", "int_shape", "is_keras_tensor", "is_sparse",
    "moving_average_update", "name_scope", "ndim", "ones", "ones_like", "placeholder", "print_tensor", "set_value",
    "shape", "stop_gradient", "to_dense", "update", "update_add", "update_sub", "variable", "zeros", "zeros_like",
]  # fmt: skip
