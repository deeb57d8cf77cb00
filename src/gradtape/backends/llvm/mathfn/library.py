"""The C library's function for the few lanes that vector code of our own does not serve."""

from __future__ import annotations

from typing import Any


def beyond(b: Any, name: str, x: Any, y: Any, edge: float) -> Any:
    """y, but the C library's `name` of x in the lanes where |x| >= edge, x finite (float64).

    A call of a function of the same module: the code around it stays without branches.
    """
    return b.ir.call(_function(b, name, edge), [x, y])


def _function(b: Any, name: str, edge: float) -> Any:
    from llvmlite import ir

    from gradtape.backends.llvm.scalar import ScalarBuilder

    module = b.ir.module
    full = f"{name}_beyond_{b.lanes}"
    if full in module.globals:
        return module.globals[full]
    function = ir.Function(module, ir.FunctionType(b.type, [b.type, b.type]), full)
    function.linkage = "internal"
    function.attributes.add("noinline")
    one = ir.DoubleType()
    libm = module.globals.get(name) or ir.Function(module, ir.FunctionType(one, [one]), name)
    entry, slow, done = (function.append_basic_block(n) for n in ("entry", "slow", "done"))
    x, y = function.args

    at = ir.IRBuilder(entry)
    e = ScalarBuilder(at, b.dtype, b.lanes)
    size = e.abs(x)
    far = at.and_(e.ge(size, e.const(edge)), e.isfinite(x))
    bits = ir.IntType(b.lanes)
    mask = far if b.lanes == 1 else at.bitcast(far, bits)
    some = at.icmp_unsigned("!=", mask, ir.Constant(bits, 0))
    at.cbranch(some, slow, done)

    at = ir.IRBuilder(slow)
    z = y
    if b.lanes == 1:
        z = at.call(libm, [x])
    for lane in range(b.lanes if b.lanes > 1 else 0):
        place = ir.Constant(ir.IntType(32), lane)
        value = at.call(libm, [at.extract_element(x, place)])
        z = at.insert_element(z, value, place)
    z = at.select(far, z, y)
    at.branch(done)

    at = ir.IRBuilder(done)
    result = at.phi(b.type)
    result.add_incoming(y, entry)
    result.add_incoming(z, slow)
    at.ret(result)
    return function
