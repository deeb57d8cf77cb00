"""Bits and whole numbers: the integer half of the builder."""

from __future__ import annotations

from typing import Any


class IntegerMethods:
    """Mixed into `ScalarBuilder`."""

    signed: bool
    op: Any
    const: Any
    of: Any

    def logical_and(self, x: Any, y: Any) -> Any:
        return self.op("and", x, y)

    def logical_or(self, x: Any, y: Any) -> Any:
        return self.op("or", x, y)

    def logical_xor(self, x: Any, y: Any) -> Any:
        return self.op("xor", x, y)

    def logical_not(self, x: Any) -> Any:
        return self.op("xor", x, self.of("bool").const(True))

    def and_(self, x: Any, y: Any) -> Any:
        return self.op("and", x, y)

    def or_(self, x: Any, y: Any) -> Any:
        return self.op("or", x, y)

    def xor(self, x: Any, y: Any) -> Any:
        return self.op("xor", x, y)

    def invert(self, x: Any) -> Any:
        return self.op("xor", x, self.const(-1))

    def shift_left(self, x: Any, n: Any) -> Any:
        """x 2^n; n is below the width."""
        return self.op("shl", x, n)

    def shift_right(self, x: Any, n: Any) -> Any:
        """floor(x / 2^n); n is below the width.  Signed numbers keep their sign."""
        return self.op("ashr" if self.signed else "lshr", x, n)
