"""How numbers are written: the one place that decides."""

from __future__ import annotations

from typing import Any

import numpy as np

MINUS = "\N{MINUS SIGN}"


def exact(value: Any) -> str:
    """As many digits as tell the number from its neighbours in its dtype; sympy reads it. -0 is 0."""
    x: Any = np.asarray(value)[()]
    if x.dtype.kind == "b":
        return str(bool(x))
    if x.dtype.kind in "iu":
        return str(int(x))
    if x.dtype.kind == "c":
        return f"{exact(x.real)} + {exact(x.imag)}*I"
    if x.dtype.kind not in "fV":
        return str(x)
    number = float(x)
    if np.isnan(number):
        return "nan"
    if np.isinf(number):
        return "oo" if number > 0 else "-oo"
    if number == 0:
        return "0.0"
    return str(x) if x.dtype.kind == "f" else repr(number)


def short(value: Any, digits: int = 4) -> str:
    """A few significant digits, for the eye: "0.1966", "1.2e-07"."""
    x: Any = np.asarray(value)[()]
    if x.dtype.kind == "c":
        sign = "-" if x.imag < 0 else "+"
        return f"{short(x.real, digits)} {sign} {short(abs(x.imag), digits)}i"
    if x.dtype.kind not in "fV":
        return exact(x)
    number = float(x)
    if not np.isfinite(number):
        return exact(x).replace("oo", "inf")
    if number == 0:
        return "0"
    text = f"{number:.{digits}g}"
    mantissa, e, power = text.partition("e")
    if e:
        return f"{_stripped(mantissa)}e{int(power)}"
    return _stripped(text)


def fixed(value: Any, decimals: int) -> str:
    """Rounded to decimals, all of them shown: "-0.20"."""
    x: Any = np.asarray(value)[()]
    if x.dtype.kind == "c":
        sign = "-" if x.imag < 0 else "+"
        return f"{fixed(x.real, decimals)} {sign} {fixed(abs(x.imag), decimals)}i"
    number = float(x)
    if not np.isfinite(number):
        return exact(number).replace("oo", "inf")
    text = f"{float(np.round(number, decimals)) + 0.0:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _stripped(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
