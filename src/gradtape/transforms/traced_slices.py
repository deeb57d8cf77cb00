"""`v[i].assign(x)` in a traced function: the variable's new value is the old one with some elements replaced."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.card import PUBLIC
from gradtape.core.context import STATE
from gradtape.core.convert import convert
from gradtape.core.variable import UnreadVariable
from gradtape.graph.traced import Traced
from gradtape.lib import indexing


class TracedSlice(Traced):
    """A slice of a variable in a traced function: a tensor that can be assigned."""

    __slots__ = ()

    def assign(self, value: Any, name: str | None = None) -> Any:
        """Write the elements of the slice.  value: of its dtype; it broadcasts.  Returns the variable."""
        return self._write(convert(value, self._value.dtype))

    def assign_add(self, delta: Any, name: str | None = None) -> Any:
        """Add to the elements of the slice."""
        return self._write(self._now() + convert(delta, self._value.dtype))

    def assign_sub(self, delta: Any, name: str | None = None) -> Any:
        """Subtract from the elements of the slice."""
        return self._write(self._now() - convert(delta, self._value.dtype))

    def _now(self) -> Any:
        variable, key = self._origin
        return indexing.getitem(STATE.trace.read(variable), key)

    def _write(self, value: Any) -> Any:
        variable, key = self._origin
        whole = STATE.trace.read(variable)
        shape = [int(n) for n in whole._value.shape]
        places = STATE.trace.constant(np.arange(whole._value.size, dtype=np.int32).reshape(shape))
        chosen = PUBLIC["reshape"](indexing.getitem(places, key), [-1, 1])
        sizes = [int(n) for n in self._value.shape]
        updates = PUBLIC["reshape"](PUBLIC["broadcast_to"](value, sizes), [-1])
        flat = PUBLIC["tensor_scatter_nd_update"](PUBLIC["reshape"](whole, [-1]), chosen, updates)
        variable._store(PUBLIC["reshape"](flat, shape)._value)
        return UnreadVariable(variable)


def as_slice(variable: Any, key: Any, tensor: Any) -> Any:
    """`tensor`, which is `variable[key]`, as one that can be assigned."""
    tensor.__class__ = TracedSlice
    tensor._origin = variable, key
    return tensor


indexing._TRACED_SLICE[0] = as_slice
