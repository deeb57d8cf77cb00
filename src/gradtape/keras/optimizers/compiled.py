"""Steps of `optimizer.jit_compile = True` outside of traced functions: one call of machine code for all variables."""

from __future__ import annotations

from typing import Any

from gradtape.core.context import recorders
from gradtape.core.convert import convert
from gradtape.core.slices import IndexedSlices
from gradtape.core.tensor import Tensor
from gradtape.graph.traced import CannotTrace
from gradtape.graph.tracer import Trace
from gradtape.transforms.concrete import Traced

_ARGUMENTS = ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema", "ema_momentum",
              "ema_overwrite_frequency")  # fmt: skip


class CompiledSteps:
    """The steps of an optimizer, traced for each set of variables and for each value of its arguments."""

    def __init__(self, optimizer: Any):
        self._optimizer = optimizer
        self._programs: dict[Any, Traced | None] = {}

    def __deepcopy__(self, memo: Any) -> None:
        return None  # a copy of the optimizer traces anew

    def __reduce__(self) -> Any:
        return type(None), ()

    def take(self, pairs: list[tuple[Any, Any]]) -> bool:
        """Take one step on the variables; False where it cannot be traced, and nothing was done."""
        pairs = [(g if isinstance(g, IndexedSlices) else convert(g), v) for g, v in pairs]
        tensors = [t for g, _ in pairs for t in _parts(g)]
        key = (
            tuple([(id(v._base), type(g)) for g, v in pairs]),
            tuple([(t._value.shape, t._value.dtype) for t in tensors]),
            tuple([getattr(self._optimizer, n) for n in (*_ARGUMENTS, *self._optimizer.hyperparameters)]),
            id(self._optimizer._learning_rate),
        )  # fmt: skip
        if key not in self._programs:
            try:
                self._programs[key] = self._trace(pairs)
            except CannotTrace:
                self._programs[key] = None
        program = self._programs[key]
        if program is None:
            return False
        program.call(tensors, ())
        return True

    def _trace(self, pairs: list[tuple[Any, Any]]) -> Traced:
        trace = Trace(None, "apply_gradients")
        with trace.active(), recorders(()):
            stand_in = lambda t: trace.placeholder(t._value.shape, t._value.dtype)
            given = []
            for g, v in pairs:
                if isinstance(g, IndexedSlices):
                    given.append(
                        (IndexedSlices(stand_in(g.values), stand_in(g.indices), g.dense_shape), v)
                    )
                else:
                    given.append((stand_in(g), v))
            self._optimizer._take_step(given)
        n = sum(len(_parts(g)) for g, _ in pairs)
        return Traced(trace, n, [], (), {})


def _parts(g: Any) -> list[Tensor]:
    return [convert(g.values), convert(g.indices)] if isinstance(g, IndexedSlices) else [g]
