"""`tf.debugging.enable_check_numerics`: every operation's result is looked at."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.base.errors import InvalidArgumentError
from gradtape.base.exports import export
from gradtape.base.site import where
from gradtape.core.context import EXPLANATIONS, STATE


class NumericsGuard:
    """A recorder that raises for the first Inf or NaN, with the operation's name and the user's line."""

    passive = True

    def record(
        self, card: Any, attrs: dict[str, Any], inputs: tuple[Any, ...], output: Any
    ) -> None:
        outputs = output if isinstance(output, tuple) else (output,)
        for place, tensor in enumerate(outputs):
            value = tensor._value
            if value.dtype.kind not in "fVc" or np.isfinite(value).all():
                continue
            nan, inf = int(np.isnan(value).sum()), int(np.isinf(value).sum())
            first = EXPLANATIONS["nonfinite"](card, [t._value for t in inputs], value)
            words = " and ".join(w for w, n in (("Infinity", inf), ("NaN", nan)) if n)
            raise InvalidArgumentError(
                None, None,
                f"\n\n!!! Detected {words} in output {place} of eagerly-executing op \"{card.tf_name}\" (# of outputs: "
                f"{len(outputs)}) !!!\n  dtype: {tensor.dtype}\n  shape: {tensor.shape}\n  # of NaN: {nan}, "
                f"of Inf: {inf}\n  inputs: {len(inputs)}\n  first: {first}" + where(4),
            )  # fmt: skip

    def variable_read(self, variable: Any, tensor: Any) -> None:
        """A read computes nothing."""


@export("debugging.enable_check_numerics")
def enable_check_numerics(stack_height_limit: int = 30, path_length_limit: int = 50) -> None:
    """From now on, in this thread, an operation that gives Inf or NaN raises InvalidArgumentError.

    >>> tf.debugging.enable_check_numerics()
    >>> tf.debugging.disable_check_numerics()
    """
    if not any(isinstance(r, NumericsGuard) for r in STATE.recorders):
        STATE.recorders = (NumericsGuard(), *STATE.recorders)


@export("debugging.disable_check_numerics")
def disable_check_numerics() -> None:
    """Undo `enable_check_numerics`."""
    STATE.recorders = tuple(r for r in STATE.recorders if not isinstance(r, NumericsGuard))


_FILTERING = [True]


@export("debugging.enable_traceback_filtering")
def enable_traceback_filtering() -> None:
    """Accepted; an error already names the user's line."""
    _FILTERING[0] = True


@export("debugging.disable_traceback_filtering")
def disable_traceback_filtering() -> None:
    """Accepted; tracebacks are never cut."""
    _FILTERING[0] = False


@export("debugging.is_traceback_filtering_enabled")
def is_traceback_filtering_enabled() -> bool:
    """The setting as it was given."""
    return _FILTERING[0]
