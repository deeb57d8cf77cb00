"""The explanation of a step that was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradtape.insight.training.watching import Call


def explanation_of(call: Call, options: Mapping[str, Any]) -> Any:
    """What `tf.explain` gives for a call of `tape.gradient`."""
    from gradtape.insight.explanation import explain

    seeds = None if all(seed is None for seed in call.seeds) else list(call.seeds)
    target = call.targets[0] if len(call.targets) == 1 else list(call.targets)
    if seeds is not None and len(seeds) == 1:
        (seeds,) = seeds
    return explain(call.tape, target, list(call.sources), output_gradients=seeds, **options)
