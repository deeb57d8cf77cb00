"""The functions as methods of the builder."""

from __future__ import annotations

from typing import Any

from gradtape.backends.llvm.mathfn import exponential, logarithm


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
