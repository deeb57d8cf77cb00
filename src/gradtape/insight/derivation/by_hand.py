"""What rounding every intermediate number does to the gradients, as steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gradtape.insight.derivation.expression import Symbol
from gradtape.insight.derivation.steps import Line, RoundedNumber, RoundingStep
from gradtape.insight.derivation.words import titles
from gradtape.insight.recording import Recording
from gradtape.insight.rounding import Cause, Rounded


def rounding_steps(
    recording: Recording, rounded: Rounded, names: Sequence[str], entries: Any
) -> Iterator[RoundingStep]:
    """One step per entry of a source: exact, by hand, and which roundings did it."""
    for d in rounded.differences():
        symbol = entries.symbol(d.wire, d.index, True)
        exact = recording.wires[d.wire].gradient
        assert exact is not None
        carried = rounded.wires[d.wire].gradient
        assert carried is not None
        line = Line(symbol, exact[d.index], rounded=carried[d.index])
        causes = tuple([_cause(recording, names, c) for c in d.causes])
        yield RoundingStep(
            "rounding", "", None, d.wire, -1, (line,), None, d.exact, d.carried, rounded.decimals, causes
        )  # fmt: skip


def _cause(recording: Recording, names: Sequence[str], cause: Cause) -> RoundedNumber:
    number, position = cause.event
    if position < 0:
        wire, gate = number, recording.maker(number)
    else:
        gate = recording.gates[number]
        wire = gate.inputs[position]
    symbol = Symbol(names[wire], (), cause.after, position >= 0)
    title = "" if gate is None else titles(recording, gate)
    return RoundedNumber(symbol, title, cause.before, cause.after, cause.effect)
