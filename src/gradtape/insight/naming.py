"""What the wires of a recording are called: as the user's code calls them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradtape.core.variable import Variable
from gradtape.insight.recording import unique_names
from gradtape.insight.source import Spelling, place_of, spelling_of

if TYPE_CHECKING:
    from gradtape.insight.reading import Draft


def name_wires(draft: Draft, visible: Mapping[int, str]) -> list[str]:
    """A name per wire, "" where there is none.

    A variable's own name comes first, if the user gave it one; then what the code calls the result of the operation or
    its operand; then the name under which the user's frames, `visible` (name by id), hold the object.
    """
    names: list[str] = [""] * len(draft.kinds)
    for wire, (kind, owner) in enumerate(zip(draft.kinds, draft.owners)):
        if kind == "variable":
            names[wire] = given_name(owner)
    spelled: dict[Any, Spelling] = {}
    for _, _, _, _, site, _ in draft.gates:
        key = _key(site)
        if key not in spelled:
            spelled[key] = spelling_of(place_of(site))
    for card, _, inputs, outputs, site, within in draft.gates:
        key = _key(site)
        spelling = spelled[key]
        ends = draft.inner.isdisjoint(outputs)
        called = not within.names and is_the_call(card, spelling)
        if (ends or called) and spelling.result and len(outputs) == 1:
            _put(names, draft.wire_of[outputs[0]], spelling.result)
        if called:
            for slot, name in zip(inputs, spelling.operands):
                if draft.kinds[draft.wire_of[slot]] != "computed":
                    _put(names, draft.wire_of[slot], name)
            by_keyword = dict(spelling.keywords)
            for slot, parameter in zip(inputs, card.parameters):
                if draft.kinds[draft.wire_of[slot]] != "computed":
                    _put(names, draft.wire_of[slot], by_keyword.get(parameter, ""))
    for wire, owner in enumerate(draft.owners):
        _put(names, wire, visible.get(id(owner), "") if owner is not None else "")
    for wire, (kind, owner) in enumerate(zip(draft.kinds, draft.owners)):
        if kind == "variable":
            _put(names, wire, owner.name.partition(":")[0])
    return unique_names(names)


def _key(site: Any) -> Any:
    return (id(site[0]), site[1]) if site else None


def _put(names: list[str], wire: int, name: str) -> None:
    if not names[wire] and name:
        names[wire] = name


def given_name(variable: Any) -> str:
    """The name that the user gave a variable, or ""."""
    name = variable.name.partition(":")[0] if isinstance(variable, Variable) else ""
    return "" if name == "Variable" else name


def is_the_call(card: Any, spelling: Spelling) -> bool:
    """Whether the operation is the one that the code spells there, not one inside of a function called there."""
    if not spelling.operands and not spelling.keywords:
        return False
    if not spelling.function:
        return bool(card.operators) or card.family == "Movement"
    return any(name.rpartition(".")[2] == spelling.function for name in card.public)
