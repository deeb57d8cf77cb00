"""The texts and tones of a recording's wires, each worked out once: tensors may be large, and views many."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from gradtape.insight.circuit import figures
from gradtape.insight.recording import Recording, Wire


class Captions:
    """value, gradient: what stands above and below a wire.  about: all of a wire, for hovering, in full."""

    def __init__(
        self, recording: Recording, decimals: int | None = None, gradients: bool = True
    ) -> None:
        self.recording = recording
        self.decimals = decimals
        self.gradients = gradients
        self._known: dict[
            tuple[str, int], tuple[Any, Any]
        ] = {}  # arrays are kept, so that ids stay theirs

    def _once(self, what: str, thing: Any, make: Any) -> Any:
        key = what, id(thing)
        if key not in self._known:
            self._known[key] = thing, make()
        return self._known[key][1]

    @cached_property
    def reference(self) -> float:
        """The largest magnitude of all gradients."""
        arrays = [w.gradient for w in self.recording.wires]
        arrays += [part for gate in self.recording.gates for part in gate.parts]
        return max([figures.largest(a) for a in arrays], default=0.0)

    def value(self, wire: int) -> str:
        array = self.recording.wires[wire].value
        return self._once("value", array, lambda: figures.value_text(array, self.decimals))

    def gradient(self, wire: int) -> str:
        return self.part(self.recording.wires[wire].gradient)

    def part(self, gradient: np.ndarray | None) -> str:
        """The text of a gradient: of a wire, or of one branch of it."""
        if gradient is None or not self.gradients:
            return ""
        return self._once("part", gradient, lambda: figures.gradient_text(gradient, self.decimals))

    def tone(self, gradient: np.ndarray | None) -> tuple[str, int]:
        """The sign and the strength of a gradient, as classes of colour and width."""
        if gradient is None or not self.gradients:
            return "none", 0
        return self._once("tone", gradient, lambda: self._tone(gradient))

    def _tone(self, gradient: np.ndarray) -> tuple[str, int]:
        return figures.tone(gradient), figures.strength(figures.largest(gradient), self.reference)

    def norm(self, array: np.ndarray) -> float:
        return self._once("norm", array, lambda: figures.norm(array))

    def about(self, wire: int) -> str:
        """Name, kind, type, value and gradient, a line each."""
        found = self.recording.wires[wire]
        return self._once("about", found, lambda: self._about(found))

    def _about(self, wire: Wire) -> str:
        kind = {"input": "watched tensor, ", "computed": ""}.get(wire.kind, f"{wire.kind}, ")
        dims = ",".join(map(str, wire.shape))
        name = f"{wire.name}: " if wire.name else ""
        lines = [
            f"{name}{kind}{wire.dtype.name}[{dims}]",
            f"value {figures.value_text(wire.value)}",
        ]
        if wire.gradient is not None:
            lines.append(f"gradient {figures.gradient_text(wire.gradient)}")
        return "\n".join(lines)
