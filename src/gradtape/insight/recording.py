"""What a tape recorded, as data: every wire with its value and its gradient, every gate with what it sent back.

    x ---(wire)--- [ gate ] ---(wire)--- y

Values stand on wires; a gate computes its output wires from its input wires by one card. Recordings are immutable and
independent of the tape. All explanations read them: the derivation, the circuit, the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from gradtape.core.card import Op
from gradtape.insight.source import Place

Index = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Wire:
    """A value and its gradient.

    name: in the user's code, or "".  kind: "variable", "input" (a watched tensor), "constant" or "computed".
    value: read only.  gradient: d target / d wire, of the value's shape; None where the target does not depend on it.
    trainable: whether it is a variable's that training changes.
    """

    index: int
    name: str
    kind: str
    value: np.ndarray
    gradient: np.ndarray | None = None
    trainable: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.value.dtype


@dataclass(frozen=True, eq=False)
class Gate:
    """outputs = card(inputs, **attrs), all by the indices of their wires.

    place: the user's line.  layers: the Keras layers it ran in, outermost first; calls: which call of each it was.
    parts: what the gate adds to each input's gradient (of the input's shape, broadcasting undone), or None.
    """

    index: int
    card: type[Op]
    attrs: Mapping[str, Any]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    place: Place | None = None
    layers: tuple[str, ...] = ()
    parts: tuple[np.ndarray | None, ...] = ()
    calls: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        """The card's name; of a function that is one gate the function's own, where it has one."""
        program, rule = self.attrs.get("program"), self.attrs.get("grad_fn")
        graph = self.attrs.get("graph") if self.card.name == "custom_rule" else None
        known = graph if program is None else program.graph
        name = getattr(rule, "of", "") if known is None else known.name
        if name.isidentifier():
            return name
        return self.card.name if program is None else "function"


@dataclass(frozen=True, eq=False)
class Recording:
    """All wires and gates of a computation, the gates in their order.

    targets, sources: indices of wires.  seeds: the cotangents of the targets.
    notes: remarks for the reader (something was left out, something is as it is).
    """

    wires: tuple[Wire, ...]
    gates: tuple[Gate, ...]
    targets: tuple[int, ...]
    sources: tuple[int, ...]
    seeds: tuple[np.ndarray, ...]
    notes: tuple[str, ...] = ()
    _makers: dict[int, Gate] = field(default_factory=dict, repr=False)
    _users: dict[int, list[tuple[Gate, int]]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for gate in self.gates:
            for wire in gate.outputs:
                self._makers[wire] = gate
            for position, wire in enumerate(gate.inputs):
                self._users.setdefault(wire, []).append((gate, position))

    def maker(self, wire: int) -> Gate | None:
        """The gate that computes a wire; None for variables, inputs and constants."""
        return self._makers.get(wire)

    def uses(self, wire: int) -> list[tuple[Gate, int]]:
        """The gates that a wire goes into, with its position among their inputs."""
        return list(self._users.get(wire, ()))

    def named(self, name: str) -> Wire:
        """The wire of a name.  Raises KeyError, with the names there are."""
        for wire in self.wires:
            if wire.name == name:
                return wire
        names = ", ".join(w.name for w in self.wires if w.name)
        raise KeyError(f"There is no wire named {name!r}. There are: {names or 'none'}.")


def source(shape: Sequence[int], at: Index) -> Index:
    """The entry of an input of a broadcast that stands at an entry of the result."""
    behind = at[len(at) - len(shape) :] if shape else ()
    return tuple([0 if n == 1 else i for i, n in zip(behind, shape)])


def reached(shape: Sequence[int], result: Sequence[int], index: Index) -> list[Index]:
    """The entries of a broadcast's result at which an entry of an input stands."""
    return list(product(*reached_axes(shape, result, index)))


def reached_axes(shape: Sequence[int], result: Sequence[int], index: Index) -> list[range]:
    """The same, as a range per axis."""
    lead = len(result) - len(shape)
    axes = [range(n) for n in result[:lead]]
    for n, m, i in zip(shape, result[lead:], index):
        axes.append(range(m) if n == 1 != m else range(i, i + 1))
    return axes


def frozen(array: np.ndarray) -> np.ndarray:
    """A view that cannot be written."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


def unique_names(names: Sequence[str]) -> list[str]:
    """Names that occur more than once get numbers: h₁, h₂."""
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    seen: dict[str, int] = {}
    result = []
    for name in names:
        if name and counts[name] > 1:
            seen[name] = seen.get(name, 0) + 1
            name = f"{name}{str(seen[name]).translate(SUBSCRIPTS)}"
        result.append(name)
    return result


SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
