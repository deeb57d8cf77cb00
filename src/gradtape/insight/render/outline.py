"""What all renderings show, in their order: sections, the lines of code, steps, and the sentences between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradtape.insight.derivation.making import Derivation
from gradtape.insight.derivation.steps import (
    ForwardStep,
    GivenStep,
    LayerStep,
    RoundingStep,
    Step,
    Tensor,
)
from gradtape.insight.render.numbers import fixed, short
from gradtape.insight.render.printing import Names
from gradtape.insight.source import Place


@dataclass
class Group:
    """Steps that stand at one line of code."""

    place: Place | None
    steps: list[Step] = field(default_factory=list)


def given(derivation: Derivation) -> list[GivenStep]:
    return [s for s in derivation.steps if isinstance(s, GivenStep)]


def forward(derivation: Derivation) -> list[Group]:
    return _grouped(s for s in derivation.steps if is_forward(s))


def backward(derivation: Derivation) -> list[Group]:
    return _grouped(
        s
        for s in derivation.steps
        if not is_forward(s) and not isinstance(s, GivenStep | RoundingStep)
    )


def rounding(derivation: Derivation) -> list[RoundingStep]:
    return [s for s in derivation.steps if isinstance(s, RoundingStep)]


def is_forward(step: Step) -> bool:
    return isinstance(step, ForwardStep) or (isinstance(step, LayerStep) and not step.backward)


def _grouped(steps: Iterator[Step]) -> list[Group]:
    """Neighbours at one line of code together; a sum over paths stays where the last path ended."""
    groups: list[Group] = []
    for step in steps:
        key = None if step.place is None else step.place[:2]
        last = groups[-1] if groups else None
        if last is None or (
            step.place is not None and (last.place is None or last.place[:2] != key)
        ):
            groups.append(Group(step.place))
        groups[-1].steps.append(step)
    return groups


def where(place: Place) -> str:
    """ "train.py:12"; of a notebook "cell 3:2"."""
    return place.spot


def about(tensor: Tensor) -> str:
    """ "float32[32,10], norm 3.1, 3 of 320 entries"."""
    text = f"{tensor.dtype}[{','.join(map(str, tensor.shape))}]"
    if tensor.norm == tensor.norm:
        text += f", norm {short(tensor.norm)}"
    if tensor.shown < tensor.size:
        text += f", {tensor.shown} of {tensor.size:,} entries"
    return text


def cell(value: Any, digits: int | None) -> str:
    from gradtape.insight.render.numbers import exact

    return exact(value) if digits is None else short(value, digits)


_SAID = 8


def sentences(steps: Sequence[RoundingStep]) -> list[str]:
    """What rounding did, in words: of many gradients of those alone that come out otherwise."""
    if len(steps) <= _SAID:
        return [explained(s) for s in steps]
    other = [s for s in steps if fixed(s.exact, s.decimals) != fixed(s.carried, s.decimals)]
    same = len(steps) - len(other)
    found = [explained(s) for s in other[:_SAID]]
    if len(other) > _SAID:
        found.append(f"{len(other) - _SAID} more come out otherwise.")
    return [*found, f"{same} come out the same either way."]


def explained(step: RoundingStep) -> str:
    """In words, what rounding did to a gradient."""
    d = step.decimals
    name = Names().show(step.lines[0].name)
    end, carried = fixed(step.exact, d), fixed(step.carried, d)
    if end == carried:
        text = f"{name} is {end} either way"
        if not step.added:
            return text + ": rounding changes nothing."
        return f"{text}, though rounding moved it by {short(step.added, 2)} on the way."
    text = (
        f"{name} is {short(step.exact)}, which is {end} when it is rounded once, at the end. Carrying rounded numbers "
        f"on gives {carried}: rounding added {short(step.added, 2)}."
    )
    if step.causes:
        c = step.causes[0]
        text += (
            f" Most came in at {c.title}, where {Names().show(c.name)} = {short(c.before)} became {fixed(c.after, d)}"
            f" ({short(c.effect, 2)} in the end)."
        )
    return text
