"""A graph as text: the same graph gives the same text.

{ a: float32[2,3], b: float32[3] .
  c: float32[2,3] = add(a, b)
  d: float32[] = reduce_sum(c, axis=(0, 1), keepdims=False)
  return d }
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradtape.base.site import Site
from gradtape.graph.ir import Equation, Graph, Value

WIDTH = 24  # letters of a constant that is shown by value


class Names:
    """Names for values, in the order in which they are asked for: a, b, ..., z, aa, ab, ...

    With a graph, its values are named already, in the order of `text_of`.
    """

    def __init__(self, graph: Graph | None = None):
        self._names: dict[Value, str] = {}
        if graph is not None:
            _Writer(self, False).graph(graph, "")

    def __getitem__(self, value: Value) -> str:
        name = self._names.get(value)
        if name is None:
            name = self._names[value] = letters(len(self._names))
        return name


def letters(n: int) -> str:
    """a, b, ..., z, aa, ab, ..., zz, aaa, ..."""
    text = ""
    n += 1
    while n:
        n, digit = divmod(n - 1, 26)
        text = chr(97 + digit) + text
    return text


def text_of(graph: Graph, *, sites: bool = False) -> str:
    """The graph as text.  sites: each equation is followed by the user's place that it comes from."""
    return "\n".join(_Writer(Names(), sites).graph(graph, ""))


def line_of(equation: Equation, names: Names) -> str:
    """One equation, its nested graphs left out."""
    return _Writer(names, False).head(equation, [])


class _Writer:
    def __init__(self, names: Names, sites: bool):
        self.names, self.sites = names, sites
        self.constants: Mapping[Value, np.ndarray] = {}

    def typed(self, value: Value) -> str:
        return f"{self.names[value]}: {value.aval}"

    def graph(self, graph: Graph, indent: str, lead: str = "") -> list[str]:
        before = self.constants
        self.constants = {**before, **graph.constants}
        inputs = ", ".join([self.typed(v) for v in graph.inputs])
        lines = [f"{indent}{lead}{{ {inputs}{' ' if inputs else ''}."]
        inner = indent + "  "
        for value, array in graph.constants.items():
            if len(shown(array)) > WIDTH:
                lines.append(f"{inner}{self.typed(value)} = constant")
        for equation in graph.equations:
            nested: list[str] = []
            text = self.head(equation, nested, inner)
            if self.sites and equation.site is not None:
                site = Site(*equation.site)
                text += f"  # {site.filename.replace(chr(92), '/').rpartition('/')[2]}:{site.line}"
            lines.append(inner + text)
            lines += nested
        outputs = ", ".join([self.operand(v) for v in graph.outputs])
        lines.append(f"{inner}return {outputs} }}")
        self.constants = before
        return lines

    def operand(self, value: Value) -> str:
        array = self.constants.get(value)
        if array is not None:
            text = shown(array)
            if len(text) <= WIDTH:
                return text
        return self.names[value]

    def head(self, equation: Equation, nested: list[str], indent: str = "") -> str:
        operands = [self.operand(v) for v in equation.inputs]
        for name, attr in equation.attrs.items():
            graphs = _graphs(attr)
            if graphs is None:
                operands.append(f"{name}={attr_text(attr)}")
                continue
            operands.append(f"{name}=...")
            for i, graph in enumerate(graphs):
                label = f"{name}[{i}] = " if type(attr) is tuple else f"{name} = "
                nested += self.graph(graph, indent + "    ", label)
        outputs = ", ".join([self.typed(v) for v in equation.outputs])
        return f"{outputs}{' = ' if outputs else ''}{equation.op}({', '.join(operands)})"


def _graphs(attr: Any) -> tuple[Graph, ...] | None:
    if isinstance(attr, Graph):
        return (attr,)
    if type(attr) is tuple and attr and all(isinstance(g, Graph) for g in attr):
        return attr
    return None


def shown(array: np.ndarray) -> str:
    """A constant by value: `2.0:float32`, `[1, 2]:int32[2]`."""
    if array.size > 8 or array.dtype.kind == "O":
        return "." * (WIDTH + 1)
    text = " ".join(np.array2string(array, separator=", ", floatmode="unique").split())
    shape = f"[{','.join(map(str, array.shape))}]" if array.shape else ""
    return f"{text}:{array.dtype.name}{shape}"


def attr_text(attr: Any) -> str:
    if isinstance(attr, np.dtype):
        return attr.name
    if type(attr) is tuple:
        inner = ", ".join([attr_text(a) for a in attr])
        return f"({inner},)" if len(attr) == 1 else f"({inner})"
    if isinstance(attr, int | float | complex | str | bytes | bool | None.__class__):
        return repr(attr)
    if attr is ...:
        return "..."
    if type(attr).__name__ == "Aval":
        return str(attr)
    return getattr(attr, "__qualname__", None) or f"<{type(attr).__name__}>"


Graph.__str__ = text_of  # type: ignore[method-assign]
