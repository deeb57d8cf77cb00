"""A layer's short way: called with one tensor of a kind that was checked before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradtape.base.site import user_site
from gradtape.core.context import STATE
from gradtape.core.tensor import Tensor
from gradtape.core.trail import begun, ended
from gradtape.keras.engine.context import CALL, LOSSES_SEEN, get_mask
from gradtape.keras.engine.nest import flatten


class ShortWay:
    """What a layer's call comes to once its checks are known to pass."""

    _own: bool

    _seen_dtype: Any = None
    _seen_shape: Any = None
    _fast: Callable[[Any], Any]

    def _in_mode(self, x: Any, training: Any) -> Any:
        """The short way, with the mode given."""
        if training is None:
            return self._placed(x) if STATE.recorders else self._fast(x)
        outer, CALL.training = CALL.training, training
        try:
            return self._placed(x) if STATE.recorders else self._fast(x)
        finally:
            CALL.training = outer

    def _placed(self, x: Any) -> Any:
        """The short way while something records: inside layers of ours, what is recorded stands for the user's call."""
        site = STATE.site
        if (site is None) is not self._own:
            return self._noted(x)
        STATE.site = user_site(3) if self._own else None
        try:
            return self._noted(x)
        finally:
            STATE.site = site

    def _noted(self, x: Any) -> Any:
        """The short way; tapes learn which of their records are this layer's."""
        starts = begun()
        try:
            return self._fast(x)
        finally:
            ended(self, starts)

    def _learn_short_way(self, spec: Any, inputs: Tensor, outputs: Any) -> None:
        state = self.__dict__
        if (
            self._activity_regularizer is not None
            or not self.built
            or inputs._value.ndim == 0
            or (self._supports_masking and any(get_mask(x) is not None for x in flatten(outputs)))
            or (self._input_spec is None and inputs._value.ndim == 1)
        ):
            return
        kind = type(self)
        if kind._leaf_call is not None and kind.call is kind._leaf_call:
            state["_fast"] = self._fast_training if spec.training else self.call
        elif spec.training:
            state["_fast"] = self._fast_outer
        else:
            state["_fast"] = self._fast_plain
        state["_seen_dtype"] = inputs._value.dtype
        state["_seen_shape"] = inputs._value.shape[1:]

    def _fast_training(self, x: Any) -> Any:
        training = CALL.training
        if training is None:
            training = self._default_training(self._call_spec)
        return self.call(x, training=training)

    def _fast_outer(self, x: Any) -> Any:
        state = CALL
        stack = state.stack
        outer = training = state.training
        if outer is None:
            training = self._default_training(self._call_spec)
        if LOSSES_SEEN[0] and not stack:
            self._clear_losses()
        stack.append(self)
        state.training = training
        try:
            return self.call(x, training=training)
        finally:
            state.training = outer
            stack.pop()

    def _fast_plain(self, x: Any) -> Any:
        stack = CALL.stack
        if LOSSES_SEEN[0] and not stack:
            self._clear_losses()
        stack.append(self)
        try:
            return self.call(x)
        finally:
            stack.pop()
