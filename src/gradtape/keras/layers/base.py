"""What the layers of this package share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradtape.base.dtypes import as_dtype
from gradtape.base.exports import EXPORTS as TF
from gradtape.core.tensor import Symbolic
from gradtape.keras.engine.layer import Layer
from gradtape.keras.engine.nest import flatten


def in_mode(training: Any, function: Callable[[Any], Any]) -> Any:
    """function(training); where the mode is a tensor of a traced function, a choice made when it runs."""
    if not isinstance(training, Symbolic):
        return function(training)
    return TF["cond"](TF["cast"](training, "bool"), lambda: function(True), lambda: function(False))


class BuiltIn(Layer):
    """A layer of the library: its output has the layer's dtype, or that of an input which is not cast."""

    def _output_dtype(self, inputs: Any) -> Any:
        return as_dtype(self.compute_dtype or flatten(inputs)[0].dtype)


class Passing(BuiltIn):
    """A layer whose output has the dtype of its input (floating inputs are cast to the layer's)."""

    def _output_dtype(self, inputs: Any) -> Any:
        kind = flatten(inputs)[0].dtype
        own = as_dtype(self.compute_dtype) if self.compute_dtype else kind
        return own if self._autocast and kind.is_floating and own.is_floating else kind


class SameShape(Passing):
    """A layer whose output has the shape of its input."""

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
