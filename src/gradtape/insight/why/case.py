"""One question: the target and the source as the user gave them, and what is known around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from gradtape.base.dtypes import DIFFERENTIABLE
from gradtape.core.variable import Variable
from gradtape.insight.source import Place, place_of
from gradtape.insight.why.here import Here
from gradtape.insight.why.net import Net
from gradtape.insight.why.reason import Reason, quoted


@dataclass(eq=False)
class Case:
    tape: Any
    net: Net
    here: Here
    source: Any
    name: str  # of the source
    targets: list[Any] = field(default_factory=list)

    @cached_property
    def target_name(self) -> str:
        if not self.here.target_text and self.targets:
            return self.here.name_of(self.targets[0])
        return self.here.target_text

    @property
    def shown(self) -> str:
        return quoted(self.name, "the source")

    @property
    def shown_target(self) -> str:
        return quoted(self.target_name, "the target")

    @property
    def opened(self) -> Place | None:
        """Where the tape was opened last."""
        opened = self.tape.trail.opened
        return place_of(opened[-1]) if opened else None

    @cached_property
    def sources(self) -> set[int]:
        """The slots of the source."""
        return self.net.slots_of(self.source)

    @cached_property
    def ends(self) -> list[int]:
        """The slots of the targets."""
        found: list[int] = []
        for target in self.targets:
            if isinstance(target, Variable):
                found += self.net.slots_of(target)
            else:
                found.append(self.net.of_tensor(target, "constant"))
        return found

    @cached_property
    def floating_ends(self) -> list[int]:
        values = self.net.values
        return [s for s in self.ends if values[s] is not None and values[s].dtype in DIFFERENTIABLE]

    @cached_property
    def pulled(self) -> tuple[dict[int, Any], Any]:
        """Cotangents by slot, and what each gate adds to each of its inputs."""
        ends = self.floating_ends
        seeds = [np.ones(self.net.values[s].shape, self.net.values[s].dtype) for s in ends]
        return self.net.pulled(ends, seeds)

    @cached_property
    def on_path(self) -> set[int]:
        """All that lies on a way from the source to the target."""
        return self.net.reached(self.sources) & self.net.needed(self.ends)

    def reason(self, code: str, message: str, fix: str = "", **more: Any) -> Reason:
        if message.startswith("the "):
            message = "T" + message[1:]
        return Reason(code, message, fix, variable=self.name, **more)
