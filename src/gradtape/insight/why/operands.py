"""The operands of the operation that the user's line calls: their names, and where they come from."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from gradtape.insight.why.here import Here
from gradtape.insight.why.reason import at


def operands(tensors: Sequence[Any]) -> str:
    """Name, dtype and origin of each: `x` is float32 (tf.Variable(1.0) at ex.py:3), ...; "" where none is named."""
    here = Here()
    expression = here.expression
    if isinstance(expression, ast.BinOp):
        parts: list[ast.expr] = [expression.left, expression.right]
    elif isinstance(expression, ast.Call):
        parts = list(expression.args)
    else:
        return ""
    if len(parts) < len(tensors):
        return ""
    return ", ".join([_told(here, part, tensor) for part, tensor in zip(parts, tensors)])


def _told(here: Here, part: ast.expr, tensor: Any) -> str:
    text = ast.unparse(part)
    view = here.views[0]
    binding = view.source.latest(text, view.scope, view.line)
    made = ""
    if binding is not None and binding.value is not None:
        made = f" ({binding.text}{at(binding.place)})"
    return f"`{text if len(text) <= 40 else '...'}` is {tensor.dtype.name}{made}"
