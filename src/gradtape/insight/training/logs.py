"""What a recorder kept, as TensorBoard's event files.

loss, learning_rate                                         scalars
weight_norm/LAYER, gradient_norm/LAYER, update_ratio/LAYER  scalars
weights/NAME, gradients/NAME, activations/LAYER             histograms
flags                                                       texts
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from gradtape.insight.training.statistics import Summary
from gradtape.insight.training.step import Step
from gradtape.keras.callbacks.event_files import EventFile, histogram, scalar, text

BETWEEN_FLUSHES = 5.0  # seconds, while a long loop runs


class Logs:
    """Event files written step by step."""

    def __init__(self, log_dir: Any):
        self._file = EventFile(log_dir)
        self._flushed = time.monotonic()

    def step(self, step: Step) -> None:
        """Everything of a step."""
        self._file.add(step.index, [scalar("loss", step.loss), *values_of(step)])
        if time.monotonic() - self._flushed > BETWEEN_FLUSHES:
            self.flush()

    def flush(self) -> None:
        self._file.flush()
        self._flushed = time.monotonic()


def write_logs(
    log_dir: Any, steps: Iterable[Step], losses: tuple[Sequence[int], Sequence[float]]
) -> str:
    """The losses of all steps, and everything of those that are kept; gives the file's path."""
    with EventFile(log_dir) as file:
        for index, loss in zip(*losses):
            file.add(index, [scalar("loss", loss)])
        for step in steps:
            file.add(step.index, values_of(step))
    return str(file.path)


def values_of(step: Step) -> list[bytes]:
    """All of a step but its loss."""
    values = []
    if step.learning_rate is not None:
        values.append(scalar("learning_rate", step.learning_rate))
    norms = {what: step.layer_norms(what) for what in ("weight", "gradient", "update")}
    for what in ("weight", "gradient"):
        values += [scalar(f"{what}_norm/{layer}", norm) for layer, norm in norms[what].items()]
    for layer, norm in norms["weight"].items():
        if norm > 0:
            values.append(scalar(f"update_ratio/{layer}", norms["update"][layer] / norm))
    for name, found in step.statistics.items():
        values += [_histogram(f"weights/{name}", found.weight)]
        if found.gradient is not None:
            values += [_histogram(f"gradients/{name}", found.gradient)]
    values += [_histogram(f"activations/{layer}", s) for layer, s in step.activations.items()]
    return values + [text("flags", str(flag)) for flag in step.flags]


def _histogram(tag: str, summary: Summary) -> bytes:
    finite = summary.size - summary.nonfinite
    if not finite:
        return histogram(tag, (0.0, 1.0), (0,), 0.0, 0.0)
    return histogram(tag, summary.edges, summary.counts, summary.mean * finite, summary.norm**2)
