"""Names and numbers in LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.insight.render.numbers import short

DIGITS = 4

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "−": "-", "×": r"$\times$", "÷": r"$\div$", "Σ": r"$\Sigma$", "²": "$^2$", "ʸ": "$^y$", "√": r"$\surd$",
    "∂": r"$\partial$", "·": r"$\cdot$", "→": r"$\to$", "†": r"$\dagger$", "|": r"\textbar{}",
}  # fmt: skip

_NAME = re.compile(r"(.*?)([0-9₀-₉]*)((?:\[[0-9,]+\])*)\Z", re.S)
_PLAIN_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def escaped(text: str) -> str:
    """Text with LaTeX's special characters spelled out; letters that plain LaTeX lacks become "?"."""
    return "".join(_SPECIAL.get(c, c if c.isascii() or c.isalpha() else "?") for c in text)


def parts_of(name: str, index: Sequence[int]) -> tuple[str, str, str]:
    """A name's letters, what stands below them, and the index behind, where digits stand below.

    "w" with (0, 1) -> ("w", "0,1", ""); "h₁" with (0, 1) -> ("h", "1", "[0,1]").
    """
    found = _NAME.match(name)
    assert found is not None
    letters, digits, entries = found.groups()
    if not letters:
        letters, digits = name, ""
    inner = [e.strip("[]") for e in re.findall(r"\[[0-9,]+\]", entries)]
    if index:
        inner.append(",".join(map(str, index)))
    if digits or len(inner) > 1:
        return letters, digits.translate(_PLAIN_DIGITS), "".join(f"[{i}]" for i in inner)
    return letters, "".join(inner), ""


def symbol(name: str, index: Sequence[int] = ()) -> str:
    """A name in mathematics: "w" with (0, 1) -> w_{0,1}."""
    letters, below, behind = parts_of(name, index)
    single = len(letters) == 1 and letters.isalpha() and letters.isascii()
    font = "mathrm" if re.fullmatch(r"[\w/. ]+", letters) else "text"
    shown = letters if single else rf"\{font}{{{escaped(letters)}}}"
    return (f"{shown}_{{{below}}}" if below else shown) + behind


def number(value: Any, digits: int | None = DIGITS) -> str:
    """A number in mathematics: 1.2 \\cdot 10^{-7}."""
    if np.asarray(value).dtype.kind == "b":
        return r"\mathrm{true}" if value else r"\mathrm{false}"
    text = short(value, digits or 9)
    if "inf" in text:
        return text.replace("inf", r"\infty")
    if text == "nan":
        return r"\mathrm{nan}"
    mantissa, e, power = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{power}}}" if e else text
