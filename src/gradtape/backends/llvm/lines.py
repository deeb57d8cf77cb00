"""Instructions as the lines of text that they become: half of `llvmlite`'s time goes into spelling them."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def _line_class() -> Any:
    from llvmlite import ir

    class Line(ir.Instruction):
        """One instruction, spelled when it is made.  Its operands cannot be replaced."""

        def __init__(self, block: Any, kind: Any, text: str):
            self.parent, self.type = block, kind
            name = self._name = block.scope.register("", deduplicate=True)
            self.opname, self.operands, self.flags, self.metadata = "line", (), [], {}
            self._reference = f'%"{name}"'
            self._line = f"{self._reference} = {text}"

        def __str__(self) -> str:
            return self._line

        def get_reference(self) -> str:
            return self._reference

    return Line


def line(builder: Any, kind: Any, text: str) -> Any:
    """The value of type `kind` that the instruction `text` gives, at the builder's place."""
    found = _line_class()(builder.block, kind, text)
    builder._insert(found)
    return found
