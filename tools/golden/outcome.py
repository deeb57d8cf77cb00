"""Outcomes as plain trees, their storage, and when two are equal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

TOLERANCE = {"float32": 2e-6, "float64": 1e-12, "complex64": 2e-6, "complex128": 1e-12}
HALVES = ("float16", "bfloat16")


@dataclass(frozen=True)
class Scaled:
    """A value with `s`, the largest absolute term summed into each of its entries."""

    value: Any
    s: Any


@dataclass(frozen=True)
class Text:
    """A text whose floats are computed: they are compared within the tolerance of float32."""

    text: str


def raised(function: Any, *words: str) -> Any:
    """What calling `function` raises: the class, and which of `words` its text holds; or what it returns."""
    try:
        return ["returned", function()]
    except Exception as error:
        return plain_error(error, words)


def plain_error(error: BaseException, words: tuple[str, ...] = ()) -> dict[str, Any]:
    text = str(error).lower()
    return {
        "!raises": [k.__name__ for k in type(error).__mro__ if k is not object],
        "says": [w for w in words if w.lower() in text],
    }


@dataclass
class Array:
    """A leaf: which class held it, dtype name, values (bits for bfloat16) and perhaps `s`."""

    kind: str
    dtype: str
    value: Any
    s: Any = None


def plain(value: Any) -> Any:
    """A tree of dicts, lists, texts, numbers and `Array`s that says all of an outcome."""
    if isinstance(value, Exception):
        return plain_error(value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return Array("float", "float64", np.float64(value))
    if isinstance(value, bytes):
        return {"!bytes": value.decode("latin-1")}
    if isinstance(value, Text):
        return {"!text": value.text}
    if isinstance(value, Scaled):
        leaf = plain(value.value)
        leaf.s = np.broadcast_to(np.asarray(numpy_of(value.s), np.float64), leaf.value.shape)
        return leaf
    if isinstance(value, Mapping):
        if "!raises" in value:
            return dict(value)
        return {"!dict": [[plain(k), plain(v)] for k, v in value.items()]}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {"!named": type(value).__name__, "values": [plain(v) for v in value]}
    if isinstance(value, tuple):
        return {"!tuple": [plain(v) for v in value]}
    if isinstance(value, list) or type(value).__name__ in ("ListWrapper", "_ListWrapper"):
        return [plain(v) for v in value]
    return plain_object(value)


def plain_object(value: Any) -> Any:
    kind = kind_of(value)
    if kind == "DType":
        return {"!dtype": value.name}
    if kind == "TensorShape":
        return {"!shape": None if value.rank is None else list(value.as_list())}
    if kind == "IndexedSlices":
        return {"!slices": [plain(value.values), plain(value.indices)]}
    if kind == "TensorSpec":
        return {"!spec": [plain(value.shape), plain(value.dtype), value.name]}
    if kind == "Tensor" and symbolic(value):
        return {"!symbolic": [plain(value.shape), plain(value.dtype)]}
    if isinstance(value, type):
        return {"!class": value.__name__.removesuffix("_")}  # NumPy 1 says bool_
    array = numpy_of(value)
    if array.dtype.name == "object":
        return {
            "!strings": [s.decode() if isinstance(s, bytes) else str(s) for s in array.flat],
            "of": list(array.shape),
        }
    name = array.dtype.name
    return Array(kind, name, array.view(np.uint16) if name == "bfloat16" else array)


def kind_of(value: Any) -> str:
    """The public class of a value, whatever its private class is called."""
    names = {k.__name__ for k in type(value).__mro__}
    for kind in (
        "IndexedSlices",
        "DType",
        "TensorShape",
        "TensorSpec",
        "Variable",
        "Tensor",
        "ndarray",
    ):
        if kind in names or f"Base{kind}" in names:
            return kind
    if isinstance(value, np.generic):
        return "scalar"
    return type(value).__name__


def symbolic(value: Any) -> bool:
    """Whether a tensor stands for a value that is computed later."""
    return not hasattr(value, "numpy") or "Symbolic" in {k.__name__ for k in type(value).__mro__}


def numpy_of(value: Any) -> Any:
    return np.asarray(value.numpy() if hasattr(value, "numpy") else value)


class Store:
    """Arrays of one family, end to end, one long array for each dtype."""

    def __init__(self) -> None:
        self.parts: dict[str, list[Any]] = {}
        self.length: dict[str, int] = {}

    def put(self, tree: Any) -> Any:
        """The tree with each array as [kind, dtype, shape, offset, ...]."""
        if isinstance(tree, Array):
            entry = [tree.kind, tree.dtype, list(np.shape(tree.value)), self.add(tree.value)]
            if tree.s is not None:
                entry.append(self.add(np.asarray(tree.s, np.float32)))
            return {"@": entry}
        if isinstance(tree, dict):
            return {k: self.put(v) for k, v in tree.items()}
        if isinstance(tree, list):
            return [self.put(v) for v in tree]
        return tree

    def add(self, array: Any) -> int:
        key = array.dtype.name
        at = self.length.get(key, 0)
        self.parts.setdefault(key, []).append(np.ravel(array))
        self.length[key] = at + array.size
        return at

    def arrays(self) -> dict[str, Any]:
        return {key: np.concatenate(parts) for key, parts in sorted(self.parts.items())}


def take(tree: Any, arrays: Any) -> Any:
    """The inverse of `Store.put`."""
    if isinstance(tree, list):
        return [take(v, arrays) for v in tree]
    if not isinstance(tree, dict):
        return tree
    if "@" not in tree:
        return {k: take(v, arrays) for k, v in tree.items()}
    kind, dtype, shape, at, *rest = tree["@"]
    size = int(np.prod(shape))
    key = "uint16" if dtype == "bfloat16" else dtype
    value = arrays[key][at : at + size].reshape(shape)
    s = arrays["float32"][rest[0] : rest[0] + size].reshape(shape) if rest else None
    return Array(kind, dtype, value, s)


def differences(want: Any, got: Any, at: str = "") -> list[str]:
    """Where two outcomes differ, in words; nothing when they are equal."""
    if isinstance(want, Array) and isinstance(got, Array):
        return [f"{at or 'result'}: {text}" for text in array_differences(want, got)]
    if isinstance(want, dict) and "!raises" in want:
        return error_differences(want, got, at)
    if isinstance(want, dict) and isinstance(got, dict) and want.keys() == got.keys():
        if "!text" in want:
            return text_differences(want["!text"], got["!text"], at)
        return [d for k in want for d in differences(want[k], got[k], f"{at}{k}.")]
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        return [
            d for i, (w, g) in enumerate(zip(want, got)) for d in differences(w, g, f"{at}{i}.")
        ]
    if type(want) is type(got) and want == got:
        return []
    return [f"{at or 'result'}: TensorFlow {brief(want)}, here {brief(got)}"]


def brief(tree: Any) -> str:
    if isinstance(tree, Array):
        return f"{tree.kind} {tree.dtype}{list(np.shape(tree.value))}"
    return repr(tree)[:1500]


def error_differences(want: dict[str, Any], got: Any, at: str) -> list[str]:
    """What is raised here must be caught by TensorFlow's class and hold the words that TensorFlow's text holds."""
    if not (isinstance(got, dict) and "!raises" in got):
        return [f"{at or 'result'}: TensorFlow raises {want['!raises'][0]}, here {brief(got)}"]
    missing = [w for w in want["says"] if w not in got["says"]]
    if want["!raises"][0] not in got["!raises"]:
        return [f"{at or 'result'}: TensorFlow raises {want['!raises'][0]}, here {got['!raises']}"]
    return [f"{at or 'result'}: the error does not say {missing}"] if missing else []


def array_differences(want: Array, got: Array) -> list[str]:
    if (want.kind, want.dtype, np.shape(want.value)) != (got.kind, got.dtype, np.shape(got.value)):
        return [f"TensorFlow {brief(want)}, here {brief(got)}"]
    w, g = np.asarray(want.value), np.asarray(got.value)
    if want.dtype in TOLERANCE:
        bad = ~close(w, g, TOLERANCE[want.dtype], want.s)
    elif want.dtype in HALVES:
        bad = ~close_half(w, g, want.dtype)
    else:
        bad = w != g
    if not bad.any():
        return []
    i = tuple(np.argwhere(bad)[0])
    shown = (values(w, want.dtype)[i], values(g, want.dtype)[i])
    where = f" at {[int(k) for k in i]}" if i else ""
    return [
        f"{int(bad.sum())} of {bad.size} entries differ{where}: TensorFlow {shown[0]!s}, here {shown[1]!s}"
    ]


def values(bits: Any, dtype: str) -> Any:
    """bfloat16's bits as float32; other arrays as they are."""
    if dtype != "bfloat16":
        return bits
    return (np.asarray(bits, np.uint32) << 16).astype(np.uint32).view(np.float32)


def close(w: Any, g: Any, tolerance: float, s: Any = None) -> Any:
    """Which entries agree to tolerance · max(|value|, s); s: the largest finite entry when it is not known."""
    if np.iscomplexobj(w):
        finite = np.isfinite(w) & np.isfinite(g)
        same = np.array(close(w.real, g.real, tolerance, s) & close(w.imag, g.imag, tolerance, s))
        with np.errstate(all="ignore"):
            near = np.abs(w - g) <= tolerance * scale_of(w, s)
        return np.where(finite, near, same)
    with np.errstate(all="ignore"):
        near = np.abs(w.astype(np.float64) - g) <= tolerance * scale_of(w, s)
    same = (w == g) | (np.isnan(w) & np.isnan(g))
    return same | (near & np.isfinite(w) & np.isfinite(g))


def scale_of(w: Any, s: Any) -> Any:
    magnitude = np.abs(np.where(np.isfinite(w), w, 0)).astype(np.float64)
    if s is None:
        return magnitude.max(initial=0.0)
    return np.maximum(magnitude, s)


def close_half(w: Any, g: Any, dtype: str) -> Any:
    """Which entries are at most one unit in the last place apart."""
    wf, gf = (np.asarray(values(x, dtype), np.float32) for x in (w, g))
    ordered = [np.asarray(x).view(np.int16).astype(np.int32) for x in (w, g)]
    ordered = [np.where(o < 0, -32768 - o, o) for o in ordered]
    both_nan = np.isnan(wf) & np.isnan(gf)
    finite = np.isfinite(wf) & np.isfinite(gf)
    return both_nan | (wf == gf) | (finite & (np.abs(ordered[0] - ordered[1]) <= 1))


NUMBER = re.compile(r"[ \t]*[-+]?(?:\d+\.\d*(?:e[-+]?\d+)?|\.\d+|\d+e[-+]?\d+)[ \t]*")


def text_differences(want: str, got: str, at: str) -> list[str]:
    """Texts are equal to the letter but for the digits of their floats."""
    if want == got:
        return []
    if NUMBER.sub("#", want) != NUMBER.sub("#", got):
        return [f"{at or 'text'}: TensorFlow {want!r}, here {got!r}"]
    for w, g in zip(NUMBER.findall(want), NUMBER.findall(got)):
        digits = w.strip().partition("e")[0].partition(".")[2]
        step = 1.001 * 10.0 ** -len(digits) if "e" not in w else 0.0
        if abs(float(w) - float(g)) > max(2e-6 * abs(float(w)), step):
            return [f"{at or 'text'}: TensorFlow {w.strip()}, here {g.strip()} in {got!r}"]
    return []
