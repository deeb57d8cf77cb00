"""The functions as methods of the builder."""

from __future__ import annotations

from typing import Any

from gradtape.backends.llvm.mathfn import (
    error,
    exponential,
    hyperbolic,
    inverse,
    logarithm,
    power,
    trigonometric,
)


class MathMethods:
    """Mixed into `ScalarBuilder`: each takes and gives values of the builder's floating dtype."""

    def exp(self, x: Any) -> Any:
        return exponential.exp(self, x)

    def expm1(self, x: Any) -> Any:
        return exponential.expm1(self, x)

    def sigmoid(self, x: Any) -> Any:
        return exponential.sigmoid(self, x)

    def tanh(self, x: Any) -> Any:
        return exponential.tanh(self, x)

    def sinh(self, x: Any) -> Any:
        return exponential.sinh(self, x)

    def cosh(self, x: Any) -> Any:
        return exponential.cosh(self, x)

    def log(self, x: Any) -> Any:
        return logarithm.log(self, x)

    def log1p(self, x: Any) -> Any:
        return logarithm.log1p(self, x)

    def sin(self, x: Any) -> Any:
        return trigonometric.sin(self, x)

    def cos(self, x: Any) -> Any:
        return trigonometric.cos(self, x)

    def tan(self, x: Any) -> Any:
        return trigonometric.tan(self, x)

    def asin(self, x: Any) -> Any:
        return inverse.asin(self, x)

    def acos(self, x: Any) -> Any:
        return inverse.acos(self, x)

    def atan(self, x: Any) -> Any:
        return inverse.atan(self, x)

    def atan2(self, y: Any, x: Any) -> Any:
        return inverse.atan2(self, y, x)

    def asinh(self, x: Any) -> Any:
        return hyperbolic.asinh(self, x)

    def acosh(self, x: Any) -> Any:
        return hyperbolic.acosh(self, x)

    def atanh(self, x: Any) -> Any:
        return hyperbolic.atanh(self, x)

    def erf(self, x: Any) -> Any:
        return error.erf(self, x)

    def erfc(self, x: Any) -> Any:
        return error.erfc(self, x)

    def pow(self, x: Any, y: Any) -> Any:
        return power.pow(self, x, y)
