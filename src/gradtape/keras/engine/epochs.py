"""Epochs over arrays in a few calls."""

from __future__ import annotations

import time
from contextlib import suppress
from importlib import import_module
from typing import Any

import numpy as np

from gradtape.base.config import settings
from gradtape.core.tensor import Tensor
from gradtape.keras.callbacks.base import ProgbarLogger
from gradtape.keras.engine.data import DataHandler
from gradtape.keras.engine.loops import INDEX, can_loop
from gradtape.keras.engine.nest import flatten
from gradtape.keras.engine.steps import Step
from gradtape.transforms.concrete import Traced

BETWEEN_NEWS = 0.05  # seconds between two movements of the progress bar


def announce(function: Any, steps: int | None) -> None:
    """Tell the function of a kind of step how many are to come."""
    step = getattr(function, "step", None)
    if step is not None:
        step.expect(steps)


class EpochLoop:
    """Epochs over arrays, each a few calls of a loop.  The callbacks hear of the last batch of each call."""

    def __init__(self, step: Step, handler: DataHandler, callbacks: Any, mode: str):
        self._step, self._handler, self._callbacks, self._mode = step, handler, callbacks, mode
        self._arrays: Any = handler.arrays
        self._whole_batches = self._arrays.n // self._arrays.batch_size
        self._heard = bool(callbacks._batch[mode])
        self._seconds = 0.0  # of a step
        self._data: list[Any] | None = None

    @classmethod
    def of(
        cls, function: Any, handler: DataHandler, callbacks: Any, mode: str, epochs: int
    ) -> EpochLoop | None:
        """The loop for these data, where there can be one and it pays off."""
        steps = handler.inferred_steps
        announce(function, None if steps is None else steps * epochs)
        step = getattr(function, "step", None)
        listeners = getattr(callbacks, "_batch", {}).get(mode)
        if step is None or not step.compiled or not step.traces or listeners is None:
            return None
        if any(type(c) is not ProgbarLogger for c in listeners) or handler.arrays is None:
            return None
        made = cls(step, handler, callbacks, mode)
        return made if made._whole_batches > 1 else None

    def epoch(self) -> Any:
        """Run one epoch; gives what the last step gave, or None where there can be no loop."""
        size = self._arrays.batch_size
        loop = self._program()
        if loop is None:
            return None
        if settings.backend == "llvm":
            with suppress(ImportError):
                import_module("gradtape.backends.llvm.swaps").install()
        order = self._arrays.order()
        rows = np.arange(self._arrays.n, dtype=INDEX) if order is None else order
        assert self._data is not None
        first, outputs = 0, None
        while first < self._whole_batches:
            last = min(first + self._chunk(first), self._whole_batches)
            self._tell("begin", first, None)
            begin = time.perf_counter()
            places = [Tensor(np.asarray(n, INDEX)) for n in (first, last)]
            outputs = self._step.run(loop, [*self._data, Tensor(rows), *places], last - first)
            self._seconds = (time.perf_counter() - begin) / (last - first)
            self._tell("end", last - 1, outputs)
            if self._heard and not self._averages_stay(outputs):
                self._seconds = np.inf
            first = last
        if first * size < self._arrays.n:
            self._tell("begin", first, None)
            outputs = self._step(self._handler.batch(rows[first * size :]))
            self._tell("end", first, outputs)
        return outputs

    def _program(self) -> Traced | None:
        batch = self._handler.batch(slice(0, self._arrays.batch_size))
        step = self._step.program(batch)
        if step is None:
            return None
        if not can_loop(step):
            return None
        if self._data is None:
            whole = flatten(self._handler.batch(slice(None)))
            self._data = [t for t in whole if isinstance(t, Tensor)]
        return self._step.loop(step, self._data, self._arrays.batch_size)

    def _chunk(self, first: int) -> int:
        """How many steps the next call runs: all, or some for the progress bar to move."""
        if not self._heard:
            return self._whole_batches
        if first == 0 or self._seconds <= 0:
            return 1
        return max(1, int(BETWEEN_NEWS / self._seconds))

    def _averages_stay(self, outputs: Any) -> bool:
        """Whether the progress bar shows values as they are; else it must hear of each step."""
        names = {m.name for m in self._step.model.metrics}
        return isinstance(outputs, dict) and set(outputs) <= names

    def _tell(self, when: str, batch: int, outputs: Any) -> None:
        getattr(self._callbacks, f"on_{self._mode}_batch_{when}")(batch, outputs)
