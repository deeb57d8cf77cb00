"""Signatures of concrete functions as TensorFlow prints them."""

from __future__ import annotations

from typing import Any

from gradtape.base import tree
from gradtape.core.specs import TensorSpec


def summary(name: str, names: list[str], args: Any, kwargs: Any) -> str:
    """`f(x, y=1.0)`: Python values stand in the head."""
    parts = []
    for i, value in enumerate(args):
        own = names[i] if i < len(names) else f"arg{i + 1}"
        parts.append(own if _holds_spec(value) else f"{own}={value}")
    if kwargs:
        parts.append("*")
        parts += [k if _holds_spec(v) else f"{k}={v}" for k, v in sorted(kwargs.items())]
    return f"{name}({', '.join(parts)})"


def details(names: list[str], args: Any, kwargs: Any, results: Any) -> str:
    """The lines below: what the arguments and the results are."""
    lines: list[str] = []
    for i, value in enumerate(args):
        if _holds_spec(value):
            lines += _described(names[i] if i < len(names) else f"arg{i + 1}", value)
    for name, value in sorted(kwargs.items()):
        if _holds_spec(value):
            lines += _described(name, value)
    if lines:
        lines.insert(0, "  Args:")
    lines.append("  Returns:")
    if isinstance(results, TensorSpec) or not tree.is_nested(results):
        lines.append(f"    {_spec_text(results)}")
    else:
        lines += _nest(results, "    ")
    return "\n".join(lines)


def _holds_spec(value: Any) -> bool:
    return any(isinstance(x, TensorSpec) for x in tree.flatten(value))


def _described(name: str, value: Any) -> list[str]:
    if isinstance(value, TensorSpec):
        return [f"    {name}: {_spec_text(value)}"]
    return _nest(value, f"    {name}: ")


def _nest(value: Any, head: str) -> list[str]:
    """A nest with numbered places, and a line for each place."""
    specs = [x for x in tree.flatten(value) if isinstance(x, TensorSpec)]
    places = iter(range(1, len(specs) + 1))
    shown = tree.map_structure(
        lambda x: _Place(next(places)) if isinstance(x, TensorSpec) else x, value
    )
    return [f"{head}{shown}", *[f"      <{i}>: {_spec_text(s)}" for i, s in enumerate(specs, 1)]]


def _spec_text(spec: Any) -> str:
    if isinstance(spec, TensorSpec):
        return f"{spec.dtype.name} Tensor, shape={spec.shape}"
    return repr(spec)


class _Place:
    def __init__(self, number: int):
        self.number = number

    def __repr__(self) -> str:
        return f"<{self.number}>"
