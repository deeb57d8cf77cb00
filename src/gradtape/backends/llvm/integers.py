"""Bits and whole numbers: the integer half of the builder."""

from __future__ import annotations

from typing import Any


class IntegerMethods:
    """Mixed into `ScalarBuilder`."""

    ir: Any
    signed: bool

    def logical_and(self, x: Any, y: Any) -> Any:
        return self.ir.and_(x, y)

    def logical_or(self, x: Any, y: Any) -> Any:
        return self.ir.or_(x, y)

    def logical_xor(self, x: Any, y: Any) -> Any:
        return self.ir.xor(x, y)

    def logical_not(self, x: Any) -> Any:
        return self.ir.not_(x)

    def and_(self, x: Any, y: Any) -> Any:
        return self.ir.and_(x, y)

    def or_(self, x: Any, y: Any) -> Any:
        return self.ir.or_(x, y)

    def xor(self, x: Any, y: Any) -> Any:
        return self.ir.xor(x, y)

    def invert(self, x: Any) -> Any:
        return self.ir.not_(x)

    def shift_left(self, x: Any, n: Any) -> Any:
        """x 2^n; n is below the width."""
        return self.ir.shl(x, n)

    def shift_right(self, x: Any, n: Any) -> Any:
        """floor(x / 2^n); n is below the width.  Signed numbers keep their sign."""
        return (self.ir.ashr if self.signed else self.ir.lshr)(x, n)
