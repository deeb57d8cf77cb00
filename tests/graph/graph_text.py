"""Graphs from the text that `text_of` gives, so that tests read as the rewrites they are about."""

from __future__ import annotations

import ast
import re
from typing import Any

import ml_dtypes
import numpy as np

from gradtape.graph.ir import Aval, Equation, Graph, Value

TYPE = re.compile(r"(\w+)\[([\d,]*)\]$")
CONSTANT = re.compile(r"(.+):(\w+)(?:\[([\d,]*)\])?$")
EQUATION = re.compile(r"(?:(.*?) = )?(\w+)\((.*)\)$")
INFINITE = {"inf": np.inf, "-inf": -np.inf, "nan": np.nan}


def graph_of(text: str, functions: dict[str, Any] | None = None) -> Graph:
    """The graph of a text.  functions: what the names after `function=` mean."""
    lines = [line.strip() for line in text.strip().splitlines()]
    graph, rest = _graph(lines, functions or {})
    assert not rest, rest
    return graph


def _graph(lines: list[str], functions: dict[str, Any]) -> tuple[Graph, list[str]]:
    head = lines[0]
    assert head.startswith("{") and head.endswith("."), head
    env: dict[str, Value] = {}
    inputs = tuple([_new(env, part) for part in pieces(head[1:-1])])
    constants: dict[Value, np.ndarray] = {}
    equations: list[Equation] = []
    lines = lines[1:]
    while not lines[0].startswith("return"):
        line, lines = lines[0], lines[1:]
        found = EQUATION.match(line)
        assert found, line
        nested: dict[str, list[Graph]] = {}
        while lines and re.match(r"\w+(\[\d\])? = \{", lines[0]):
            label, _, first = lines[0].partition(" = ")
            graph, lines = _graph([first, *lines[1:]], functions)
            nested.setdefault(label.partition("[")[0], []).append(graph)
        operands, attrs = [], {}
        for part in pieces(found[3]):
            name = re.match(r"(\w+)=(.*)$", part)
            if name is None:
                operands.append(_operand(part, env, constants))
            elif name[1] in nested:
                graphs = nested[name[1]]
                attrs[name[1]] = (
                    graphs[0] if name[1] in ("cond", "body", "graph") else tuple(graphs)
                )
            else:
                attrs[name[1]] = attr(name[2], functions)
        outputs = tuple([_new(env, part) for part in pieces(found[1] or "")])
        equations.append(Equation(found[2], tuple(operands), attrs, outputs))
    last = lines[0].removeprefix("return").removesuffix("}")
    outputs = tuple([_operand(part, env, constants) for part in pieces(last)])
    return Graph(inputs, tuple(equations), outputs, constants), lines[1:]


def _new(env: dict[str, Value], text: str) -> Value:
    name, _, kind = text.partition(": ")
    env[name] = value = Value(aval(kind))
    return value


def aval(text: str) -> Aval:
    found = TYPE.match(text)
    assert found, text
    return Aval(tuple([int(n) for n in found[2].split(",") if n]), dtype(found[1]))


def dtype(name: str) -> np.dtype[Any]:
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def _operand(text: str, env: dict[str, Value], constants: dict[Value, np.ndarray]) -> Value:
    if text in env:
        return env[text]
    found = CONSTANT.match(text)
    assert found, text
    shape = tuple([int(n) for n in (found[3] or "").split(",") if n])
    number = INFINITE[found[1]] if found[1] in INFINITE else ast.literal_eval(found[1])
    array = np.broadcast_to(np.asarray(number).astype(dtype(found[2])), shape).copy()
    value = Value(Aval(shape, array.dtype))
    constants[value] = array
    return value


def attr(text: str, functions: dict[str, Any]) -> Any:
    if text in functions:
        return functions[text]
    if TYPE.match(text.strip("(),")):
        return tuple([aval(part) for part in pieces(text.strip("()"))])
    try:
        return ast.literal_eval(text)
    except ValueError:
        return dtype(text)


def pieces(text: str) -> list[str]:
    """The parts between commas that stand in no brackets."""
    found, depth, part = [], 0, ""
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            found.append(part)
            part = ""
        else:
            part += letter
    found.append(part)
    return [p.strip() for p in found if p.strip()]
