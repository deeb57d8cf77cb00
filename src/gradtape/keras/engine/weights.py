"""The weights of a layer: made, counted, read and set."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from gradtape.base.dtypes import as_dtype
from gradtape.core.variable import Variable
from gradtape.keras import constraints, initializers, regularizers
from gradtape.keras.engine.policy import Policy, global_policy
from gradtape.keras.engine.randomness import real_random
from gradtape.keras.engine.tracking import Tracked


class Weights(Tracked):
    """`add_weight`, `get_weights`, `set_weights`, `count_params`."""

    name: str
    dtype: str | None
    built: bool
    _dtype_policy: Policy
    _weight_losses: list[Any]
    _initial_weights: Any

    def _set_dtype_policy(self, dtype: Any) -> None:
        raise NotImplementedError

    def add_weight(
        self, name: str | None = None, shape: Any = None, dtype: Any = None, initializer: Any = None,
        regularizer: Any = None, trainable: bool | None = None, constraint: Any = None, use_resource: Any = None,
        synchronization: Any = None, aggregation: Any = None, **kwargs: Any,
    ) -> Variable:  # fmt: skip
        """A new weight, tracked and named `<layer>/<name>`.

        shape: () when None. initializer: name, object or function of (shape, dtype); glorot uniform when None.
        """
        kwargs.pop("partitioner", None)
        for keyword in kwargs:
            if keyword not in (
                "collections",
                "experimental_autocast",
                "caching_device",
                "getter",
                "layout",
            ):
                raise TypeError(f"Unknown keyword argument: {keyword}")
        shape = () if shape is None else shape
        kind = as_dtype(dtype or self.dtype or global_policy().name)
        if self._dtype_policy.variable_dtype is None:
            self._set_dtype_policy(kind.name)
        initializer = initializers.get(initializer)
        if initializer is None:
            if kind.is_floating:
                initializer = initializers.get("glorot_uniform")
            elif kind.is_integer or kind.is_bool:
                initializer = initializers.get("zeros")
            else:
                raise ValueError(
                    f"An initializer for variable {name} of type {kind!r} is required for layer {self.name}. Received: "
                    f"{initializer}"
                )
        value = initializer if not callable(initializer) else initializer(shape, dtype=kind)
        variable = Variable(
            value, trainable=True if trainable is None else trainable, dtype=kind, shape=shape,
            name=name, constraint=constraints.get(constraint),
        )  # fmt: skip
        regularizer = regularizers.get(regularizer)
        if regularizer is not None:
            self._weight_losses.append(partial(regularizer, variable))
        self._track_variable(variable)
        return variable

    def count_params(self) -> int:
        """The number of numbers in the weights.  Raises ValueError for a layer that is not built."""
        if not self.built and not getattr(self, "_is_graph_network", False):
            raise ValueError(
                f"You tried to call `count_params` on layer {self.name}, but the layer isn't built. You can build it "
                f"manually via: `{self.name}.build(batch_input_shape)`."
            )
        return sum(
            int(np.prod(w.shape.as_list(), dtype=np.int64))
            for w in {id(w): w for w in self.weights}.values()
        )

    def get_weights(self) -> list[Any]:
        """The values of all weights as NumPy arrays."""
        return [np.array(w._value) for w in self.weights]

    def set_weights(self, weights: Any) -> None:
        """Set all weights from arrays, as `get_weights` gives them.  Raises ValueError for another number or shape."""
        own = self.weights
        weights = list(weights)
        if len(own) != len(weights):
            raise ValueError(
                f'You called `set_weights(weights)` on layer "{self.name}" with a weight list of '
                f"length {len(weights)}, "
                f"but the layer was expecting {len(own)} weights. Provided weights: {str(weights)[:50]}..."
            )
        for variable, value in zip(own, weights):
            shape = tuple(getattr(value, "shape", ()))
            if not variable.shape.is_compatible_with(shape):
                raise ValueError(
                    f"Layer {self.name} weight shape {variable.shape} is not compatible with provided weight shape "
                    f"{shape}."
                )
        for variable, value in zip(own, weights):
            variable.assign(np.asarray(value, variable._value.dtype))
        for layer in self._flatten_layers():
            layer.finalize_state()

    def _set_initial_weights(self) -> None:
        """The weights that the layer was given when it was made, once it is built."""
        values, self.__dict__["_initial_weights"] = self._initial_weights, None
        with real_random():
            self.set_weights(values)

    def finalize_state(self) -> None:
        """Called after the weights were set."""
