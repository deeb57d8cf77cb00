"""The shortest way from a call of a traced function to its machine code.

A call like the last one is the rule: positional tensors, the same Python values, the same variables.  For it a Python
function is written that does nothing else: it hands the arrays to the door of the compiled code, which itself checks
their types.  Whatever does not fit gives `MISS`, and the call goes the long way.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.core.tensor import Tensor
from gradtape.core.variable import Variable
from gradtape.transforms.signature import PLAIN

MISS = object()
LARGE_BYTES = (
    4 * 2**20
)  # of a result whose memory is worth keeping: fresh pages cost more than filling them


class Spare:
    """Memory for one large result of a function: that of one of its last two, once nobody has it any more.

    Two, since a loop holds the last result while it asks for the next.
    """

    __slots__ = ("shape", "dtype", "older", "newer")

    def __init__(self, shape: tuple[int, ...], dtype: Any):
        self.shape, self.dtype = shape, dtype
        self.older: np.ndarray | None = None
        self.newer: np.ndarray | None = None

    def __call__(self) -> np.ndarray:
        found = self.older
        # Held by `self`, by `found`, and by the question itself: tensors, views and other threads would be more.
        if found is None or sys.getrefcount(found) != 3:
            found = np.empty(self.shape, self.dtype)
        self.older, self.newer = self.newer, found
        return found


def take_over(variable: Any, new_buffer: Callable[..., np.ndarray], aval: Any) -> None:
    """Give a variable a buffer that nobody else can see, so that compiled code may write into it."""
    own = new_buffer(aval)
    np.copyto(own, variable._buffer)
    variable._buffer, variable._read_tensor, variable._lent = own, None, False


def fast_path(args: tuple[Any, ...], traced: Any, executable: Any) -> Callable[..., Any] | None:
    """The function for calls like this one; None where there can be none."""
    if executable.door is None or traced.rebind or len(traced.undonated_writes):
        return None
    scope: dict[str, Any] = {
        "Tensor": Tensor, "new": Tensor.__new__, "MISS": MISS, "door": executable.door, "empty": np.empty,
        "take_over": take_over, "new_buffer": executable.new_buffer, "pack": traced.pack,
    }  # fmt: skip
    n = len(args)
    lines = ["def fast(args):", f"    if len(args) != {n}:", "        return MISS"]
    if n:
        lines.append(f"    {', '.join(f'a{k}' for k in range(n))}, = args")
    operands = []
    for k, arg in enumerate(args):
        if type(arg) is Tensor:
            lines += [f"    if type(a{k}) is not Tensor:", "        return MISS"]
            operands.append(f"a{k}._value")
            continue
        if isinstance(arg, list | tuple | dict | Variable | np.ndarray | np.generic):
            return None
        scope[f"c{k}"] = arg
        if isinstance(arg, PLAIN):
            scope[f"t{k}"] = type(arg)
            lines.append(f"    if a{k} is not c{k} and (type(a{k}) is not t{k} or a{k} != c{k}):")
        else:
            lines.append(f"    if a{k} is not c{k}:")
        lines.append("        return MISS")
    if len(operands) != traced.n_arguments:
        return None
    for k, variable in enumerate(traced.variables):
        scope[f"v{k}"] = variable
        place = traced.n_arguments + k
        if place in executable.donate:
            scope[f"w{k}"] = traced.graph.inputs[place].aval
            lines += [f"    if v{k}._lent:", f"        take_over(v{k}, new_buffer, w{k})"]
        operands.append(f"v{k}._buffer")
    outputs = []
    for k in range(traced.n_outputs):
        aval = traced.graph.outputs[k].aval
        if aval.nbytes >= LARGE_BYTES and aval.dtype.kind != "O":
            scope[f"spare{k}"] = Spare(aval.shape, aval.dtype)
            lines.append(f"    o{k} = spare{k}()")
        else:
            scope[f"s{k}"], scope[f"d{k}"] = aval.shape, aval.dtype
            lines.append(f"    o{k} = empty(s{k}, d{k})")
        outputs.append(f"o{k}")
    lines += [
        f"    if door({', '.join([*operands, *outputs])}) is not None:",
        "        return MISS",
    ]
    for name in outputs:
        lines += [f"    r{name} = new(Tensor)", f"    r{name}._value = {name}"]
    results = ", ".join(f"r{name}" for name in outputs)
    if type(traced.result) in (list, tuple, dict) or hasattr(traced.result, "_fields"):
        lines.append(f"    return pack([{results}])")
    elif not outputs:
        lines.append("    return pack([])")
    else:
        lines.append(
            f"    return {outputs and results}"
            if type(traced.result) is int
            else f"    return pack([{results}])"
        )
    exec("\n".join(lines), scope)
    return scope["fast"]
