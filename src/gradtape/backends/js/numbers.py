"""Dtypes and numbers as JavaScript has them.

float32 and float64 are Numbers (float32 rounded by `Math.fround` after each operation), bools are booleans in local
variables and 0 or 1 in memory.  Integers up to 32 bits are Numbers, exact.  64-bit integers are Numbers too, in a
Float64Array: exact up to 2^53 in size, beyond rounded to float64; they wrap around as 64-bit integers do.
"""

from __future__ import annotations

import base64
import math
from functools import cache
from typing import Any

import numpy as np

FLOAT32, FLOAT64, BOOL = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.bool_)
ARRAYS = {
    "float32": "Float32Array", "float64": "Float64Array", "bool": "Uint8Array",
    "int8": "Int8Array", "int16": "Int16Array", "int32": "Int32Array", "int64": "Float64Array",
    "uint8": "Uint8Array", "uint16": "Uint16Array", "uint32": "Uint32Array", "uint64": "Float64Array",
}  # fmt: skip
FEW = 16  # numbers that are written out without asking what is shorter


@cache
def known(dtype: np.dtype[Any]) -> bool:
    """Whether JavaScript computes with numbers of this dtype here."""
    return dtype.name in ARRAYS


def array_of(dtype: np.dtype[Any]) -> str:
    """The typed array that holds numbers of the dtype."""
    return ARRAYS[dtype.name]


def spelled(dtype: np.dtype[Any], value: Any) -> str:
    """The number `value`, rounded to the dtype, as JavaScript reads it."""
    if dtype == BOOL:
        return "true" if value else "false"
    if dtype.kind == "f":
        return real(float(dtype.type(value)))
    return str(int(value))


def real(x: float) -> str:
    """A float64 as its shortest decimal."""
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "Infinity" if x > 0 else "-Infinity"
    text = repr(x)
    return text[:-2] if text.endswith(".0") else text


def item(dtype: np.dtype[Any], value: Any) -> str:
    """One element of a typed array: what is assigned to it is rounded, so that the shortest decimal will do."""
    if dtype == BOOL:
        return "1" if value else "0"
    if dtype == FLOAT32 and math.isfinite(value):
        text = str(value)
        return text[:-2] if text.endswith(".0") else text
    return spelled(dtype, value)


def constant(array: np.ndarray) -> str:
    """An expression for a typed array with these numbers."""
    kind, flat = array_of(array.dtype), np.ascontiguousarray(array).reshape(-1)
    if not flat.size:
        return f"new {kind}(0)"
    if flat.size > FEW and flat.tobytes() == flat[:1].tobytes() * flat.size:
        filled = item(array.dtype, flat[0])
        return f"new {kind}({flat.size})" + ("" if filled == "0" else f".fill({filled})")
    written = f"{kind}.of({', '.join([item(array.dtype, x) for x in flat])})"
    if flat.size <= FEW:
        return written
    held = flat.astype(np.float64) if kind == "Float64Array" else flat
    text = base64.b64encode(held.astype(held.dtype.newbyteorder("<")).tobytes()).decode()
    packed = f'unpacked("{text}", {kind})'
    return packed if len(packed) < len(written) else written
