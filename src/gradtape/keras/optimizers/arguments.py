"""The arguments that all optimizers take: which may be given together."""

from __future__ import annotations

from typing import Any

_LEGACY = ("decay", "gradient_aggregator", "gradient_transformers")


def check_arguments(optimizer: Any, kwargs: dict[str, Any]) -> None:
    """Raises ValueError or TypeError for what does not fit together, or is no argument."""
    if optimizer.use_ema and not 0 <= optimizer.ema_momentum <= 1:
        raise ValueError(
            f"`ema_momentum` must be in the range [0, 1]. Received: ema_momentum={optimizer.ema_momentum}"
        )
    if (
        optimizer.use_ema
        and optimizer.ema_overwrite_frequency is not None
        and (
            not isinstance(optimizer.ema_overwrite_frequency, int)
            or optimizer.ema_overwrite_frequency < 1
        )
    ):
        raise ValueError(
            "`ema_overwrite_frequency` must be an integer > 1 or None. "
            f"Received: ema_overwrite_frequency={optimizer.ema_overwrite_frequency}"
        )
    if optimizer.clipnorm is not None and optimizer.global_clipnorm is not None:
        raise ValueError(
            "At most one of `clipnorm` and `global_clipnorm` can be set. "
            f"Received: clipnorm={optimizer.clipnorm}, global_clipnorm={optimizer.global_clipnorm}."
        )
    kwargs.pop("is_legacy_optimizer", None)
    kwargs.pop("lr", None)
    for name in kwargs:
        if name in _LEGACY:
            raise ValueError(
                f"{name} is deprecated: give `learning_rate` a schedule of tf.keras.optimizers.schedules instead."
            )
        raise TypeError(
            f"{name} is not a valid argument, kwargs should be empty for `optimizer_experimental.Optimizer`."
        )
