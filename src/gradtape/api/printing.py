"""`tf.print`: values as TensorFlow's own formatter writes them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from gradtape.api import nest
from gradtape.api.later import each_run
from gradtape.base.exports import export
from gradtape.core.tensor import Tensor

_MARK = "\ue000\ue001"  # stands for a tensor in a nest; of private-use characters, as wide as "{}"
_LOGS = {
    "info": logging.INFO, "warn": logging.WARNING, "warning": logging.WARNING, "error": logging.ERROR,
}  # fmt: skip


class _Placeholder:
    def __repr__(self) -> str:
        return _MARK


def number_text(value: Any) -> str:
    """One element: floats with the fewest digits of 6 or 9 (15 or 17) that give the value back."""
    if isinstance(value, np.bool_ | bool):
        return str(int(value))
    if isinstance(value, bytes):
        return f'"{value.decode(errors="replace")}"'
    if isinstance(value, np.complexfloating | complex):
        return "?"  # so does TensorFlow
    if isinstance(value, np.integer):
        return str(int(value))
    exact, short = (17, 15) if isinstance(value, np.float64) else (9, 6)
    number = float(value)
    if np.isnan(number) or np.isinf(number):
        return str(number)
    text = f"{number:.{short}g}"
    same = float(text) == number if exact == 17 else np.float32(text) == np.float32(number)
    return text if same else f"{number:.{exact}g}"


def tensor_text(array: np.ndarray, summarize: int = 3) -> str:
    """An array in brackets, without commas; of each axis the first and last `summarize` entries (-1: all)."""
    if array.ndim == 0:
        return number_text(array[()])
    n = len(array)
    if array.size == 0:
        return "[]" if n == 0 else "[" + "\n" * (array.ndim - 1) + " ...]"
    lines = [tensor_text(array[i, ...], summarize) for i in _shown(n, summarize)]
    if summarize >= 0 and 2 * summarize < n:
        lines.insert(summarize, "...")
    if array.ndim == 1:
        return f"[{' '.join(lines)}]"
    body = ("\n" * (array.ndim - 1)).join(lines)
    return (
        "["
        + "\n".join(f" {line}" if line and i else line for i, line in enumerate(body.split("\n")))
        + "]"
    )


def _shown(n: int, summarize: int) -> list[int]:
    if summarize < 0 or 2 * summarize >= n:
        return list(range(n))
    return [*range(summarize), *range(n - summarize, n)]


def argument_text(value: Any, summarize: int) -> str:
    """One argument of `tf.print`: text as it is, tensors formatted, all else as Python prints it."""
    if isinstance(value, str):
        return value
    if _is_tensor(value):
        return tensor_text(_array(value), summarize)
    tensors: list[Any] = []

    def mark(leaf: Any) -> Any:
        if _is_tensor(leaf):
            tensors.append(leaf)
            return _Placeholder()
        return leaf

    def walk(structure: Any) -> Any:
        if not nest.is_nested(structure):
            return mark(structure)
        return nest.rebuild(structure, [walk(v) for _, v in nest.children(structure)])

    marked = walk(value)
    with np.printoptions(legacy="1.25"):
        text = import_module("pprint").pformat(marked)  # on first use: it brings in much
    for tensor in tensors:  # pprint sorts dicts by key, and so does the walk
        text = text.replace(_MARK, tensor_text(_array(tensor), summarize), 1)
    return text


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor) or hasattr(value, "_as_tensor")


def _array(value: Any) -> np.ndarray:
    return value._value


def _emit(text: str, output_stream: Any) -> None:
    if isinstance(output_stream, str):
        if output_stream.startswith("file://"):
            with open(output_stream.removeprefix("file://"), "a", encoding="utf-8") as file:
                file.write(text)
            return
        raise ValueError(
            f"Unsupported output stream, logging level, or file.{output_stream}. Supported streams are sys.stdout, "
            "sys.stderr, logging functions, and 'file://<path>'."
        )
    if hasattr(output_stream, "write"):
        output_stream.write(text)
        return
    level = _LOGS.get(getattr(output_stream, "__name__", ""))
    if level is None:
        raise ValueError(
            f"Unsupported output stream, logging level, or file.{output_stream}. Supported streams are sys.stdout, "
            "sys.stderr, logging functions, and 'file://<path>'."
        )
    write: Callable[[str], Any] = output_stream
    write(text.rstrip("\n"))


@export("print")
@each_run(always=True)
def print_(*inputs: Any, **kwargs: Any) -> None:
    """Print values: tensors in TensorFlow's own form, nests as Python writes them.

    output_stream: sys.stderr (default), sys.stdout, a logging function, or "file://path" (appended to).
    summarize: how many of the first and last entries of each axis are shown (3; -1 for all).  sep: " ".
    end: a new line.
    Raises ValueError for another stream or keyword.

    >>> import sys
    >>> tf.print("x:", tf.range(10), tf.constant(1 / 3), output_stream=sys.stdout)
    x: [0 1 2 ... 7 8 9] 0.333333343
    """
    output_stream = kwargs.pop("output_stream", sys.stderr)
    kwargs.pop("name", None)
    summarize = kwargs.pop("summarize", 3)
    sep = kwargs.pop("sep", " ")
    end = kwargs.pop("end", "\n")
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments for tf.print: {kwargs}")
    summarize = 3 if summarize is None else int(summarize)
    _emit(sep.join(argument_text(value, summarize) for value in inputs) + end, output_stream)
