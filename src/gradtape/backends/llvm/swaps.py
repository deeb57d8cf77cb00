"""The swaps of a random permutation as machine code: they depend on each other, so NumPy cannot make them at once."""

from __future__ import annotations

import ctypes

import numpy as np

from gradtape.backends.llvm.engine import compile_ir
from gradtape.random import sampling

_IR = """
define void @swaps(ptr %order, ptr %steps, i64 %n) {
entry:
  %some = icmp sgt i64 %n, 0
  br i1 %some, label %turn, label %end
turn:
  %i = phi i64 [0, %entry], [%next, %turn]
  %step_at = getelementptr i64, ptr %steps, i64 %i
  %step = load i64, ptr %step_at
  %j = add i64 %i, %step
  %a_at = getelementptr i64, ptr %order, i64 %i
  %b_at = getelementptr i64, ptr %order, i64 %j
  %a = load i64, ptr %a_at
  %b = load i64, ptr %b_at
  store i64 %b, ptr %a_at
  store i64 %a, ptr %b_at
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %turn, label %end
end:
  ret void
}
"""


def install() -> None:
    """Let permutations be made by machine code from now on."""
    if sampling.SWAPS:
        return
    compiled = compile_ir(_IR)
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    function = kind(compiled.address("swaps"))

    def swap(order: np.ndarray, steps: np.ndarray) -> None:
        """order[i], order[i + steps[i]] = order[i + steps[i]], order[i], for i = 0, 1, ...; both int64[n]."""
        if steps.size and (steps.min() < 0 or (np.arange(steps.size) + steps).max() >= order.size):
            raise IndexError("a swap beyond the end")
        function(order.ctypes.data, steps.ctypes.data, steps.size)

    swap.compiled = compiled  # type: ignore[attr-defined]  # its code lives as long as the function
    sampling.SWAPS.append(swap)
