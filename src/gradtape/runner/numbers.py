"""Printed text, taken apart into numbers and the rest, and two such texts set side by side.

Two numbers agree when they are within the largest of: one unit of the stored number's last printed
digit, `rtol` relative and `atol` absolute.  It is stricter in two cases, where a unit would hide a
true difference: integers must be equal, and so must, but for rtol and atol, numbers such as `2.`,
whose zeros NumPy cut off.  The rest must be equal to the letter, whitespace and line breaks too;
only the padding beside numbers may differ, and where NumPy breaks a row of an array between two of
them, and both only when some number has another count of digits.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

RTOL = 1e-6
ATOL = 1e-8

_NUMBER = re.compile(
    r"""(?<![\w.])                                  # not within a name such as DenseLayer1
        (?P<number>[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|inf(?:inity)?|nan))
        (?!(?!j\b)[A-Za-z_0-9]|\.\d)               # nor the beginning of one, but for 2j""",
    re.VERBOSE | re.IGNORECASE,
)
_TIME = r"\d+(?:\.\d+)?(?:s|ms|us|µs)"
_VOLATILE = re.compile(
    rf"\bat 0x[0-9a-fA-F]+"  # an address
    rf"|(?<=- )(?:ETA: [\d:]+s?|{_TIME})(?: {_TIME}/\w+)?(?= |$)",  # a progress bar's time
    re.MULTILINE,
)

_WITHIN_ROW = re.compile(r",?\s+")  # between two numbers of one row of an array


@dataclass
class Mismatch:
    """One place where two texts differ: a number beyond its tolerance, or the text between."""

    kind: str
    stored: str
    ours: str
    difference: float | None = None
    allowed: float | None = None

    def __str__(self) -> str:
        if self.kind == "number":
            return (
                f"stored {self.stored}, here {self.ours}: "
                f"they differ by {self.difference:.3g}, allowed {self.allowed:.1g}"
            )
        return f"stored {clip(self.stored)}, here {clip(self.ours)}"


@dataclass
class TextComparison:
    """Two texts set side by side.

    numbers: how many pairs of numbers were compared; identical: how many are printed alike.
    largest: the largest difference between two numbers, inf where only one is finite.
    """

    numbers: int = 0
    identical: int = 0
    largest: float = 0.0
    mismatches: list[Mismatch] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        return not self.mismatches

    def add(self, other: TextComparison) -> None:
        self.numbers += other.numbers
        self.identical += other.identical
        self.largest = max(self.largest, other.largest)
        self.mismatches += other.mismatches


def split(text: str) -> tuple[list[str], list[str]]:
    """The numbers of a text and the texts around them, one more than numbers.

    >>> from gradtape.runner.numbers import split
    >>> split("DenseLayer1 [ 0.5 -3.]")
    (['0.5', '-3.'], ['DenseLayer1 [ ', ' ', ']'])
    """
    numbers, rest, at = [], [], 0
    for match in _NUMBER.finditer(text):
        rest.append(text[at : match.start()])
        numbers.append(match.group("number"))
        at = match.end()
    rest.append(text[at:])
    return numbers, rest


def unit(number: str) -> float:
    """One unit of the last printed digit; 0 for integers and for `2.`.

    >>> from gradtape.runner.numbers import unit
    >>> unit("0.25"), unit("3.1e-05"), unit("7"), unit("7.")
    (0.01, 1e-06, 0.0, 0.0)
    """
    mantissa, _, exponent = number.lower().partition("e")
    _, point, decimals = mantissa.partition(".")
    if not exponent and (not point or not decimals):
        return 0.0
    return float(f"1e{int(exponent or 0) - len(decimals)}")


def compare(stored: str, ours: str, rtol: float = RTOL, atol: float = ATOL) -> TextComparison:
    """Set two texts side by side, number by number.

    stored, ours: printed text; trailing line breaks do not count.
    """
    result = TextComparison()
    stored, ours = _settle(stored), _settle(ours)
    if stored == ours:
        result.numbers = result.identical = len(split(stored)[0])
        return result
    (numbers, rest), (our_numbers, our_rest) = split(stored), split(ours)
    if len(numbers) != len(our_numbers):
        result.mismatches.append(_first_difference(stored, ours))
        return result
    repadded = any(len(a) != len(b) for a, b in zip(numbers, our_numbers))
    for text, our_text in zip(rest, our_rest):
        if text != our_text and not (repadded and _pad(text) == _pad(our_text)):
            result.mismatches.append(_first_difference(text, our_text))
    for number, our_number in zip(numbers, our_numbers):
        result.numbers += 1
        if number == our_number:
            result.identical += 1
            continue
        difference, allowed = _distance(number, our_number), tolerance(number, rtol, atol)
        result.largest = max(result.largest, difference)
        if difference > allowed:
            result.mismatches.append(Mismatch("number", number, our_number, difference, allowed))
    return result


def tolerance(number: str, rtol: float, atol: float) -> float:
    """How far a number may be off.  A hair is added for the rounding of the decimal digits."""
    value = float(number)
    if not math.isfinite(value) or _is_integer(number):
        return 0.0
    return max(unit(number), rtol * abs(value), atol) * (1 + 1e-9)


def _is_integer(number: str) -> bool:
    return not any(mark in number.lower() for mark in ".en")


def _distance(stored: str, ours: str) -> float:
    if _is_integer(stored) and _is_integer(ours):
        return float(abs(int(stored) - int(ours)))
    if _is_integer(stored) != _is_integer(ours):
        return math.inf  # an integer has become a float, or the other way round
    a, b = float(stored), float(ours)
    if math.isnan(a) or math.isnan(b):
        return 0.0 if math.isnan(a) and math.isnan(b) else math.inf
    if math.isinf(a) or math.isinf(b):
        return 0.0 if a == b else math.inf
    return abs(a - b)


def _settle(text: str) -> str:
    """Without what each run changes: addresses, times in progress bars; and final newlines."""
    return _VOLATILE.sub("*", text).rstrip("\n")


def _pad(text: str) -> str:
    if _WITHIN_ROW.fullmatch(text):
        return text.strip()
    return re.sub(r" +", " ", text).strip(" ")


def _first_difference(stored: str, ours: str) -> Mismatch:
    """The first lines that differ."""
    a, b = stored.split("\n"), ours.split("\n")
    for i in range(max(len(a), len(b))):
        left, right = a[i] if i < len(a) else "", b[i] if i < len(b) else ""
        if left != right or (i >= len(a)) != (i >= len(b)):
            return Mismatch("text", left, right)
    return Mismatch("text", stored, ours)


def clip(text: str, width: int = 60) -> str:
    """A text as one quoted line of at most `width` characters."""
    return repr(text if len(text) <= width else text[: width - 1] + "…")
