"""Functions that generated programs call, as JavaScript text: a program carries those that it uses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from gradtape.backends.js.numbers import real
from gradtape.base.special import tables

_HEAD = re.compile(r"^(?:function|const) (\w+)", re.MULTILINE)


@cache
def functions() -> dict[str, str]:
    """The text of each function, by name; and the coefficients that they use."""
    found: dict[str, str] = {}
    for path in sorted(Path(__file__).parent.glob("*.js")):
        for part in path.read_text(encoding="utf-8").split("\n\n"):
            head = _HEAD.search(part)
            if head is not None:
                found[head.group(1)] = part.strip()
    for name, numbers in vars(tables).items():
        if isinstance(numbers, tuple):
            found[name] = f"const {name} = [{', '.join(map(real, numbers))}];"
    return found


def text_of(names: Iterable[str]) -> str:
    """The text of functions and of all that they call, in an order in which they can be evaluated."""
    known, wanted, order = functions(), set(), []

    def want(name: str) -> None:
        if name in wanted:
            return
        wanted.add(name)
        for used in dict.fromkeys(re.findall(r"\w+", known[name])):
            if used in known and used != name:
                want(used)
        order.append(known[name])

    for name in sorted(names):
        want(name)
    return "\n".join(order)
