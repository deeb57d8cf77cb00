"""Statements of a program made shorter, and cut into functions of bearable length.

Statements outside of all blocks are `const v12 = ...;`: what is used once goes to where it is used, a result of one
element is stored where it is computed, and what another function computed is read from memory.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

CHUNK = 300  # statements of one function: much longer ones are not optimised by browsers
LONGEST = 160  # characters of a statement that others are put into
_NAME = re.compile(r"\b[tv]\d+\b")
_MADE = re.compile(r"const ([tv]\d+) = (.+);")
_PLAIN = re.compile(r"[tv]\d+|\d+(?:\.\d+)?")
_MEMORY = re.compile(r"\[|\b[abkox]\d+\b|\bplace_in\b")
_CHANGING = re.compile(r"\blet ([tv]\d+)\b")
_STATEMENT = re.compile(r"const |[bo]\d+\[")


def folded(
    lines: Sequence[str], units: Collection[int], results: Collection[str]
) -> tuple[list[str], list[int]]:
    """The statements with those inside that were used once, and where the units begin now.

    results: variables that are wanted besides.
    """
    uses = Counter([name for line in lines for name in _NAME.findall(line)])
    starts, changing = set(units), {m[1] for line in lines if (m := _CHANGING.search(line))}
    found: list[str] = []
    moved: list[int] = []
    waiting: dict[str, str] = {}

    def put(match: re.Match[str]) -> str:
        name = match[0]
        text = waiting.get(name)
        if text is None:
            return name
        del waiting[name]
        return text if _PLAIN.fullmatch(text) or _is_call(text) else f"({text})"

    for number, line in enumerate(lines):
        if number in starts:
            moved.append(len(found))
        inside = [name for name in _NAME.findall(line) if name in waiting]
        if inside:
            total = len(line) + sum([len(waiting[name]) for name in inside])
            if total <= LONGEST and _STATEMENT.match(line):
                line = _NAME.sub(put, line)
            else:
                found += [f"const {name} = {waiting.pop(name)};" for name in inside]
        made = _MADE.fullmatch(line)
        once = made and uses[made[1]] == 2 and made[1] not in results
        if (
            made
            and once
            and not _MEMORY.search(made[2])
            and changing.isdisjoint(_NAME.findall(made[2]))
        ):
            waiting[made[1]] = made[2]
        else:
            found.append(line)
    assert not waiting
    return found, moved


def _is_call(text: str) -> bool:
    """Whether a text is one call, f(...), and nothing besides."""
    head = re.match(r"[\w.]+\(", text)
    if head is None:
        return False
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == ")" and depth == 0:
            return place == len(text) - 1
    return False


def in_functions(
    lines: Sequence[str], units: Sequence[int], results: Mapping[str, str], truths: Collection[str]
) -> tuple[list[str], list[str]]:
    """Functions, and the statements that call them; or all statements, where they are few.

    results: variable -> place in memory where it is wanted.  truths: variables that are booleans.
    """
    parts, start = [], 0
    whole = len(lines) <= 2 * CHUNK
    for unit in [*units, len(lines)]:
        if unit == len(lines) or (unit - start >= CHUNK and not whole):
            parts.append(list(lines[start:unit]))
            start = unit
    made = [
        {m[1] for line in part if (m := re.match(r"(?:const|let) ([tv]\d+)\b", line))}
        for part in parts
    ]
    used = [Counter(_NAME.findall("\n".join(part))) for part in parts]
    shared: dict[str, str] = {}
    for k, names in enumerate(made):
        later = set().union(*used[k + 1 :])
        for name in sorted(names & later):
            at = None if name in truths else results.get(name)
            shared[name] = at or f"shared[{len([v for v in shared.values() if v[0] == 's'])}]"
    texts, calls = [], []
    for k, part in enumerate(parts):
        foreign = {
            name: f"({shared[name]} !== 0)" if name in truths else shared[name]
            for name in used[k] if name in shared and name not in made[k]
        }  # fmt: skip
        body, late = [], []
        for line in part:
            line = _renamed(line, foreign)
            changing = re.match(r"let ([tv]\d+)\b", line)
            if changing and changing[1] in shared:
                late.append(f"{shared[changing[1]]} = {changing[1]};")
            body += _stored(line, results, shared, used[k])
        body += late
        if len(parts) == 1:
            return [], body
        own = dict.fromkeys(_NAME.findall("\n".join(body)))
        numbers = {name: f"v{number}" for number, name in enumerate(own)}
        texts += [f"function part{k}() {{", *[_renamed(line, numbers) for line in body], "}"]
        calls.append(f"part{k}();")
    size = len([v for v in shared.values() if v[0] == "s"])
    return [f"const shared = new Float64Array({size});", *texts], calls


def _renamed(line: str, names: Mapping[str, str]) -> str:
    return _NAME.sub(lambda m: names.get(m[0], m[0]), line)


def _stored(
    line: str, results: Mapping[str, str], shared: Mapping[str, str], used: Mapping[str, int]
) -> list[str]:
    """A statement that makes a variable, and what stores it."""
    made = re.match(r"const ([tv]\d+)\b", line)
    places = [] if made is None else [results.get(made[1], ""), shared.get(made[1], "")]
    places = [p for p in dict.fromkeys(places) if p]
    if made is None or not places:
        return [line]
    whole = _MADE.fullmatch(line)
    if whole is None:
        return [line, *[f"{p} = {made[1]};" for p in places]]
    text = " = ".join([*places, whole[2]])
    return [f"{text};" if used[made[1]] == 1 else f"const {made[1]} = {text};"]
