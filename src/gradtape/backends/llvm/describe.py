"""Graphs as text, so that the code of a graph which was compiled before is found on disk without being written again.

Two graphs of one description get the same code, called in the same way.  What the code has to be called with (slots,
size of the arena, constants) is kept beside it, as a text in the object file itself.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradtape.graph.ir import Equation, Graph, Value

WHOLE = (
    1 << 20
)  # bytes: larger constants are not looked into, for no code depends on what stands in them
MADE = 4096  # bytes of all constants that only the compiler knows
META = "meta"


class Indescribable(Exception):  # noqa: N818 - no error: the graph is compiled without a description
    """Something that has no text of its own."""


def describe(graph: Graph, donate: Mapping[int, int], *more: Any) -> str | None:
    """The text of a graph; None where an attribute has none."""
    describer = _Describer()
    try:
        describer.graph(graph)
        describer.put("donate", tuple(sorted(donate.items())), more)
    except Indescribable:
        return None
    return "\n".join(describer.lines)


class _Describer:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.numbers: dict[Value, int] = {}

    def put(self, *parts: Any) -> None:
        self.lines.append(" ".join(map(self.text, parts)))

    def value(self, value: Value) -> str:
        return f"%{self.numbers.setdefault(value, len(self.numbers))}:{value.aval}"

    def graph(self, graph: Graph) -> None:
        self.lines.append("{ " + " ".join(map(self.value, graph.inputs)))
        for value, array in graph.constants.items():
            self.lines.append(f"{self.value(value)} = {array_text(array)}")
        for equation in graph.equations:
            self.equation(equation)
        self.lines.append("} " + " ".join(map(self.value, graph.outputs)))

    def equation(self, equation: Equation) -> None:
        left = " ".join(map(self.value, equation.outputs))
        right = " ".join(map(self.value, equation.inputs))
        self.lines.append(f"{left} = {equation.op} {right}")
        for name, attr in sorted(equation.attrs.items()):
            if equation.op == "host" and name == "function":
                continue
            self.put(name, attr)

    def text(self, attr: Any) -> str:
        """An attribute."""
        if attr is None or attr is Ellipsis or type(attr) in (bool, int, str, bytes, complex):
            return repr(attr)
        if type(attr) is float:
            return attr.hex()
        if isinstance(attr, np.dtype):
            return attr.name
        if isinstance(attr, tuple | list):
            return f"({' '.join(map(self.text, attr))})"
        if isinstance(attr, np.ndarray | np.generic):
            return array_text(np.asarray(attr))
        if isinstance(attr, Graph):
            self.graph(attr)
            return "graph"
        raise Indescribable


def array_text(array: np.ndarray) -> str:
    if array.dtype.hasobject:
        raise Indescribable
    if array.nbytes > WHOLE:
        return f"{array.dtype.name}{list(array.shape)}"
    digest = hashlib.blake2b(np.ascontiguousarray(array).tobytes(), digest_size=16).hexdigest()
    return f"{array.dtype.name}{list(array.shape)} {digest}"


def constants_of(graph: Graph) -> list[np.ndarray]:
    """The constants of a graph and of those that it holds, in the order of its text."""
    found = list(graph.constants.values())
    for equation in graph.equations:
        for _, attr in sorted(equation.attrs.items()):
            for held in attr if type(attr) is tuple else (attr,):
                if isinstance(held, Graph):
                    found += constants_of(held)
    return found


def equations_of(graph: Graph) -> list[Equation]:
    """The equations of a graph and of those that it holds, in the order of its text."""
    found: list[Equation] = []
    for equation in graph.equations:
        found.append(equation)
        for _, attr in sorted(equation.attrs.items()):
            for held in attr if type(attr) is tuple else (attr,):
                if isinstance(held, Graph):
                    found += equations_of(held)
    return found


# -- what the code is called with, in the object file


def meta_text(graph: Graph, program: Any) -> str | None:
    """A program but for its code; None where that would be long."""
    places = {id(array): k for k, array in enumerate(constants_of(graph))}
    numbers = {id(equation): k for k, equation in enumerate(equations_of(graph))}
    constants: dict[str, Any] = {}
    size = 0
    for name, array in program.constants.items():
        if id(array) in places:
            constants[name] = places[id(array)]
            continue
        size += array.nbytes
        constants[name] = [
            array.dtype.name,
            list(array.shape),
            np.ascontiguousarray(array).tobytes().hex(),
        ]
    if size > MADE:
        return None
    return json.dumps(
        {
            "mode": program.mode, "release": program.release, "arena": program.arena_bytes,
            "slots": sorted(program.slots, key=lambda name: program.slots[name]),
            "callbacks": {name: numbers.get(id(f())) for name, f in program.callbacks.items()},
            "constants": constants,
        }
    )  # fmt: skip


def with_meta(text: str, meta: str | None) -> str:
    """Code with its description of itself: eight bytes of length, then the text."""
    body = (meta or "").encode()
    data = len(body).to_bytes(8, "little") + body
    codes = "".join(f"\\{byte:02X}" for byte in data)
    return f'{text}\n@{META} = constant [{len(data)} x i8] c"{codes}", align 8\n'


def read_meta(address: int) -> dict[str, Any] | None:
    length = ctypes.c_uint64.from_address(address).value
    if not length:
        return None
    return json.loads((ctypes.c_char * length).from_address(address + 8).raw)


def constants_from(graph: Graph, meta: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The constants that the table of found code takes, by slot name."""
    given = constants_of(graph)
    found = {}
    for name, entry in meta.items():
        if isinstance(entry, int):
            found[name] = given[entry]
        else:
            dtype, shape, text = entry
            found[name] = np.frombuffer(bytes.fromhex(text), np.dtype(dtype)).reshape(shape)
    return found
