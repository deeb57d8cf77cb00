"""The kept operations of a run once more for other values of some sources: only what depends on them, and quickly.

Where Python takes its own branches, or looks at values, this is not the program; between runs that went one way it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.base.quiet import quiet
from gradtape.insight.certificate.branches import branch_of, same_mask
from gradtape.insight.certificate.program import Run
from gradtape.insight.certificate.wide import DOUBLE_COMPLEX


class Repeated:
    """The outputs, and whether the operations went the same way as in the run that is repeated."""

    __slots__ = ("outputs", "same")

    def __init__(self, outputs: list[np.ndarray], same: bool):
        self.outputs, self.same = outputs, same

    def weighted(self, seeds: Sequence[np.ndarray]) -> Any:
        """The sum of the outputs, weighted by their cotangents."""
        total: Any = 0.0
        with quiet():
            for output, seed in zip(self.outputs, seeds):
                total = total + np.sum(np.conj(seed) * output)
        return total

    def goes_as(self, other: Any) -> bool:
        return self.same


class Repetition:
    """Repeats a run that kept its operations."""

    def __init__(self, run: Run):
        self.run = run
        self.needs: list[frozenset[int]] = []  # by operation: the sources that it depends on
        self.masks: list[Any] = []
        of: dict[int, frozenset[int]] = {id(s): frozenset([i]) for i, s in enumerate(run.starts)}
        nothing: frozenset[int] = frozenset()
        with quiet():
            for step in run.steps:
                needs = nothing.union(*[of.get(id(x), nothing) for x in step.inputs])
                outputs = step.output if step.card.multi else (step.output,)
                of.update((id(y), needs) for y in outputs)
                self.needs.append(needs)
                arrays = [x._value for x in step.inputs]
                made = [y._value for y in outputs]
                self.masks.append(branch_of(step.card.name, arrays, made, step.attrs))

    def __call__(self, values: Sequence[np.ndarray], moved: Sequence[int]) -> Repeated:
        """values: of all sources; moved: which of them are others than before. A complex step is known by its dtype."""
        run = self.run
        known: dict[int, Any] = {id(run.starts[i]): values[i] for i in moved}
        steps = any(
            values[i].dtype.kind == "c" and run.starts[i]._value.dtype.kind != "c" for i in moved
        )
        among, same = frozenset(moved), True
        with quiet():
            for step, needs, mask in zip(run.steps, self.needs, self.masks):
                if among.isdisjoint(needs):
                    continue
                arrays: list[Any] = [known.get(id(x), x._value) for x in step.inputs]
                if steps:
                    arrays = [
                        a.astype(DOUBLE_COMPLEX) if a.dtype.kind == "f" else a for a in arrays
                    ]
                found = step.card.kernel(*arrays, **step.attrs)
                outputs: Any = step.output if step.card.multi else (step.output,)
                made = []
                for value, before in zip(found if step.card.multi else (found,), outputs):
                    made.append(np.asarray(value, None if steps else before._value.dtype))
                    known[id(before)] = made[-1]
                if mask is not None and same and not steps:
                    now = branch_of(step.card.name, arrays, made, step.attrs)
                    same = now is not None and same_mask(now, mask)
        return Repeated([known.get(id(t), t._value) for t in run.outputs], same)
