"""What the page may say: small JSON objects, each checked to the last key before anything is done with it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from gradtape.lab.exhibits import Exhibit
from gradtape.lab.points import DATA_SETS
from gradtape.lab.trainer import OPTIMIZERS

MESSAGE_BYTES = 64 * 1024  # the server closes the connection on a longer one
STEPS_AT_ONCE = 1000
RATES = (1e-6, 100.0)
PACES = (1, 1000)  # steps a second


class MessageError(ValueError):
    """A message that is not as it should be; its text goes back to the page."""


@dataclass(frozen=True)
class Message:
    """A message that was found good: what to do, and with what."""

    do: str
    value: Any = None
    name: str = ""


def parse(text: str, exhibit: Exhibit) -> Message:
    """The message in a text.

    text: JSON, one of
        {"do": "start" | "pause" | "undo" | "reset" | "explain"}
        {"do": "step", "count": 1 … 1000}
        {"do": "rate", "value": 1e-6 … 100}     the learning rate
        {"do": "pace", "value": 1 … 1000}       steps a second, while it runs
        {"do": "optimizer", "name": …}          of `OPTIMIZERS`
        {"do": "data", "name": …}               of `DATA_SETS`, where the exhibit has data in the plane
        {"do": "set", "name": …, "value": …}    a dial or a weight of the exhibit, in its range

    Raises MessageError that says what was expected: for what is no JSON, no object, has keys too many or too few, a key
    twice, a value of another type (True is no number), out of range, NaN or infinite.
    """
    try:
        data = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except MessageError:
        raise
    except (ValueError, RecursionError):
        raise MessageError("expected a JSON object") from None
    if not isinstance(data, dict):
        raise MessageError("expected a JSON object")
    do = data.pop("do", None)
    reader = READERS.get(do) if isinstance(do, str) else None
    if reader is None:
        raise MessageError(f'expected "do" to be one of {", ".join(READERS)}')
    keys, read = reader
    if data.keys() != set(keys):
        wanted = " and ".join(f'"{key}"' for key in keys) or "nothing else"
        raise MessageError(f'expected {wanted} beside "do": "{do}"')
    return read(do, data, exhibit)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MessageError("expected each key once")
    return found


def _no_constant(text: str) -> Any:
    raise MessageError("expected finite numbers")


def _plain(do: str, data: dict[str, Any], exhibit: Exhibit) -> Message:
    return Message(do)


def _step(do: str, data: dict[str, Any], exhibit: Exhibit) -> Message:
    return Message(do, whole(data["count"], "count", 1, STEPS_AT_ONCE))


def _rate(do: str, data: dict[str, Any], exhibit: Exhibit) -> Message:
    return Message(do, number(data["value"], "value", *RATES))


def _pace(do: str, data: dict[str, Any], exhibit: Exhibit) -> Message:
    return Message(do, whole(data["value"], "value", *PACES))


def _optimizer(do: str, data: dict[str, Any], exhibit: Exhibit) -> Message:
    return Message(do, name=choice(data["name"], "name", OPTIMIZERS))


def _data(do: str, data: dict[str, Any], exhibit: Exhibit) -> Message:
    if not exhibit.planar:
        raise MessageError("this network has no data sets to choose from")
    return Message(do, name=choice(data["name"], "name", DATA_SETS))


def _set(do: str, data: dict[str, Any], exhibit: Exhibit) -> Message:
    names = [dial.name for dial in (*exhibit.dials, *exhibit.free)]
    if not names:
        raise MessageError("this network has no values to set")
    name = choice(data["name"], "name", names)
    dial = exhibit.settable(name)
    assert dial is not None
    check = whole if dial.whole else number
    return Message(do, check(data["value"], "value", dial.low, dial.high), name)


READERS = {
    "start": ((), _plain),
    "pause": ((), _plain),
    "undo": ((), _plain),
    "reset": ((), _plain),
    "explain": ((), _plain),
    "step": (("count",), _step),
    "rate": (("value",), _rate),
    "pace": (("value",), _pace),
    "optimizer": (("name",), _optimizer),
    "data": (("name",), _data),
    "set": (("name", "value"), _set),
}


def number(value: Any, key: str, low: float, high: float) -> float:
    """A finite number from `low` to `high`.  Raises MessageError."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MessageError(f'expected "{key}" to be a number')
    if isinstance(value, float) and not math.isfinite(value):
        raise MessageError(f'expected "{key}" to be a finite number')
    if not low <= value <= high:
        raise MessageError(f'expected "{key}" to be between {low:g} and {high:g}')
    return float(value)


def whole(value: Any, key: str, low: float, high: float) -> int:
    """A whole number from `low` to `high`.  Raises MessageError."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise MessageError(f'expected "{key}" to be a whole number')
    return int(number(value, key, low, high))


def choice(value: Any, key: str, names: Any) -> str:
    """One of the names.  Raises MessageError."""
    if not isinstance(value, str) or value not in names:
        raise MessageError(f'expected "{key}" to be one of {", ".join(names)}')
    return value
