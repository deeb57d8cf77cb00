"""Numbers and tensors as short text: what stands on a wire."""

from __future__ import annotations

from typing import Any

import numpy as np

_FEW = 4  # tensors of so many entries are written out
_LONGEST = 16  # characters


def number(x: Any, decimals: int | None = None) -> str:
    """A number with a true minus sign: three significant digits, or `decimals`; -0 as 0."""
    if isinstance(x, bool | np.bool_):
        return "true" if x else "false"
    if isinstance(x, int | np.integer):
        return str(int(x)).replace("-", "−")
    if isinstance(x, complex | np.complexfloating):
        imaginary = number(x.imag, decimals)
        sign = "" if imaginary.startswith("−") else "+"
        return f"{number(x.real, decimals)}{sign}{imaginary}i"
    x = float(x)
    if x != x or x in (float("inf"), float("-inf")):
        text = str(x).replace("inf", "∞")
    elif decimals is not None and abs(x) < 1e7:
        text = f"{x:.{decimals}f}"
        if not text.strip("-0."):
            text = text.lstrip("-")
    else:
        text = f"{x:.3g}"
        if x == 0:
            text = "0"
        if "e" in text:
            mantissa, exponent = text.split("e")
            text = f"{mantissa}e{int(exponent)}"
    return text.replace("-", "−")


def shape_text(shape: tuple[int, ...]) -> str:
    """2×3; a vector's shape is (3), the empty shape "scalar"."""
    return f"({shape[0]})" if len(shape) == 1 else "×".join(map(str, shape)) or "scalar"


def norm(array: np.ndarray) -> float:
    """The Euclidean norm, summed in float64."""
    magnitudes = np.abs(_wide(array))
    return float(np.sqrt(np.sum(magnitudes * magnitudes)))


def _wide(array: np.ndarray) -> np.ndarray:
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64, copy=False)


def few(array: np.ndarray, decimals: int | None = None) -> str:
    """A small tensor written out, [0.73 0.27], or "" where that would be long."""
    if array.size > _FEW or array.ndim > 2 or array.size == 0:
        return ""
    if array.ndim == 2 and 1 not in array.shape:
        text = f"[{' '.join([_row(r, decimals) for r in array])}]"
    else:
        text = _row(array.reshape(-1), decimals)
    return text if len(text) <= _LONGEST else ""


def _row(row: np.ndarray, decimals: int | None) -> str:
    return f"[{' '.join([number(x, decimals) for x in row])}]"


def value_text(array: np.ndarray, decimals: int | None = None) -> str:
    """One entry: the number. A few: [0.73 0.27]. Many: 2×3 ‖1.42‖."""
    if array.size == 1:
        return number(array.reshape(-1)[0], decimals)
    if array.dtype.kind in "OSU" or array.size == 0:
        return shape_text(array.shape)
    text = few(array, decimals)
    if text:
        return text
    if array.dtype.kind == "b":
        return f"{shape_text(array.shape)} bool"
    return f"{shape_text(array.shape)} ‖{number(norm(array), decimals)}‖"


def gradient_text(array: np.ndarray | None, decimals: int | None = None) -> str:
    """As the value, but its shape is known: ‖0.31‖. "" where there is none."""
    if array is None:
        return ""
    if array.size == 1:
        return number(array.reshape(-1)[0], decimals)
    return few(array, decimals) or f"‖{number(norm(array), decimals)}‖"


def tone(array: np.ndarray | None) -> str:
    """The sign of a gradient: "plus", "minus", "mixed", "zero"; "none" where there is none; "bad" if not finite."""
    if array is None or (array.dtype.kind not in "fc" and array.dtype.name != "bfloat16"):
        return "none"
    array = _wide(array)
    if not np.isfinite(array).all():
        return "bad"
    if not array.any():
        return "zero"
    if array.dtype.kind == "c":
        return "mixed"
    if (array >= 0).all():
        return "plus"
    return "minus" if (array <= 0).all() else "mixed"


def largest(array: np.ndarray | None) -> float:
    """The largest magnitude of the finite entries."""
    if array is None or not array.size:
        return 0.0
    magnitudes = np.abs(_wide(array))
    return float(np.max(magnitudes, where=np.isfinite(magnitudes), initial=0.0))


def strength(magnitude: float, reference: float) -> int:
    """0 to 4: how strong a gradient is beside the strongest of the picture."""
    if magnitude <= 0 or reference <= 0:
        return 0
    ratio = magnitude / reference
    return 4 if ratio >= 0.5 else 3 if ratio >= 0.1 else 2 if ratio >= 0.01 else 1
