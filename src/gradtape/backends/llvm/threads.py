"""A second thread for large loops: `gradtape_parallel`, in machine code of its own, made once per process.

A region is a function and its parts.  The caller and one worker take parts off a common counter until none is left; the
parts depend on the loop alone, so results do not depend on who took which.  The worker is started by the first
region, looks for work a while longer and then sleeps; while it is at work for one caller, others do all
their parts themselves, so that there are never more than two threads at it.  A forked child starts with no worker.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from typing import Any

from llvmlite import ir

from gradtape.backends.llvm.engine import compile_ir, host
from gradtape.backends.llvm.native import I8, I32, I64, PTR, VOID, call_pointer, on_stack

SPINS = 4000  # looks for work before the worker sleeps: some 50 microseconds
# Fields of the pool, in bytes; each of the first three has a cache line to itself.
# OPEN: 1 while a region has parts to give, 2 once the worker has joined.  SLEEPING: the worker waits to be woken.
NEXT, OPEN, TURN, FUNCTION, OPERANDS, BOUNDS, PARTS, BUSY, READY = (
    0,
    64,
    128,
    192,
    200,
    208,
    216,
    224,
    232,
)
DONE, SLEEPING, WORK = 256, 320, 384
POOL_BYTES = 512
SIG_SETMASK = 2  # of Linux, where alone there is a worker

_lock = threading.Lock()
_made: dict[str, Any] = {}


def parallel_address() -> int:
    """Where `void gradtape_parallel(function, operands, bounds, parts)` begins."""
    with _lock:
        if "address" not in _made:
            compiled = compile_ir(str(_module()))
            # Never taken down: the worker sleeps in this code until the process ends.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(compiled))
            _made["address"] = compiled.address("gradtape_parallel")
            reset = ctypes.CFUNCTYPE(None)(compiled.address("gradtape_reset"))
            if hasattr(os, "register_at_fork"):
                os.register_at_fork(after_in_child=reset)
            if not _second_thread():
                ctypes.CFUNCTYPE(None)(compiled.address("gradtape_alone"))()
        return _made["address"]


def _second_thread() -> bool:
    """Whether a second thread is of use: two processors at least, and semaphores without names (Linux has them)."""
    if not sys.platform.startswith("linux") or os.environ.get("GRADTAPE_THREADS") == "1":
        return False
    return len(os.sched_getaffinity(0)) > 1


def _module() -> ir.Module:
    module = ir.Module(name="threads")
    module.triple = host().triple
    pool: Any = ir.GlobalVariable(module, ir.ArrayType(I8, POOL_BYTES), "pool")
    pool.initializer, pool.linkage, pool.align = ir.Constant(pool.value_type, None), "internal", 64
    _Threads(module, pool)
    return module


class _Threads:
    """Writes the functions of the pool."""

    def __init__(self, module: ir.Module, pool: Any):
        self.module, self.pool = module, pool
        self.wait = self.outside("sem_wait", I32, PTR)
        self.post = self.outside("sem_post", I32, PTR)
        self.init = self.outside("sem_init", I32, PTR, I32, I32)
        self.create = self.outside("pthread_create", I32, PTR, PTR, PTR, PTR)
        self.mask = self.outside("pthread_sigmask", I32, I32, PTR, PTR)
        self.take = self.take_parts()
        self.worker = self.write_worker()
        self.write_parallel()
        self.write_setters()

    def outside(self, name: str, result: ir.Type, *arguments: ir.Type) -> ir.Function:
        return ir.Function(self.module, ir.FunctionType(result, arguments), name)

    def function(self, name: str, result: ir.Type, *arguments: ir.Type) -> tuple[Any, Any]:
        found = ir.Function(self.module, ir.FunctionType(result, arguments), name)
        return found, ir.IRBuilder(found.append_basic_block("entry"))

    def at(self, b: Any, offset: int) -> Any:
        place: Any = b.gep(self.pool, [I64(offset)], source_etype=I8)
        place.type = PTR
        return place

    def get(self, b: Any, offset: int) -> Any:
        return b.load_atomic(self.at(b, offset), "acquire", 8, typ=I64)

    def put(self, b: Any, value: Any, offset: int) -> None:
        self.swap(b, value, offset)

    def swap(self, b: Any, value: Any, offset: int) -> Any:
        """Stores, and gives what was there before."""
        return b.atomic_rmw("xchg", self.at(b, offset), value, "seq_cst")

    def take_parts(self) -> Any:
        """void take(): parts off the counter, until there are none."""
        function, b = self.function("take", VOID)
        function.linkage = "internal"
        head, body, done = (function.append_basic_block(n) for n in ("head", "body", "done"))
        b.branch(head)
        b.position_at_end(head)
        k = b.atomic_rmw("add", self.at(b, NEXT), I64(1), "seq_cst")
        b.cbranch(b.icmp_signed("<", k, b.load(self.at(b, PARTS), typ=I64)), body, done)
        b.position_at_end(body)
        self.part(b, k, *[b.load(self.at(b, o), typ=PTR) for o in (FUNCTION, OPERANDS, BOUNDS)])
        b.branch(head)
        b.position_at_end(done)
        b.ret_void()
        return function

    @staticmethod
    def part(b: Any, k: Any, target: Any, operands: Any, bounds: Any) -> None:
        begin = b.load(b.gep(bounds, [k], source_etype=I64), typ=I64)
        end = b.load(b.gep(bounds, [b.add(k, I64(1))], source_etype=I64), typ=I64)
        call_pointer(b, target, VOID, [operands, begin, end, k])

    def write_worker(self) -> Any:
        """ptr worker(ptr): waits for a turn, joins it if it is still open, takes parts, tells that it is done."""
        function, b = self.function("worker", PTR, PTR)
        function.linkage = "internal"
        names = ("idle", "look", "again", "sleep", "late", "down", "work", "join")
        idle, look, again, sleep, late, down, work, join = map(function.append_basic_block, names)
        entry = b.block
        b.branch(idle)
        b.position_at_end(idle)
        seen = b.phi(I64)
        seen.add_incoming(I64(0), entry)
        b.branch(look)
        b.position_at_end(look)
        spins = b.phi(I64)
        spins.add_incoming(I64(0), idle)
        turn = self.get(b, TURN)
        b.cbranch(b.icmp_signed("!=", turn, seen), work, again)
        b.position_at_end(again)
        self.pause(b)
        more = b.add(spins, I64(1))
        spins.add_incoming(more, again)
        b.cbranch(b.icmp_signed("<", more, I64(SPINS)), look, sleep)
        b.position_at_end(sleep)  # says so first, then looks once more: no turn is slept through
        self.put(b, I64(1), SLEEPING)
        b.cbranch(b.icmp_signed("!=", self.get(b, TURN), seen), late, down)
        b.position_at_end(late)
        nobody = b.icmp_signed("==", self.swap(b, I64(0), SLEEPING), I64(1))
        spins.add_incoming(I64(0), late)
        b.cbranch(nobody, look, down)
        b.position_at_end(down)
        b.call(self.wait, [self.at(b, WORK)])
        spins.add_incoming(I64(0), down)
        b.branch(look)
        b.position_at_end(work)
        found = b.cmpxchg(self.at(b, OPEN), I64(1), I64(2), "seq_cst", "seq_cst")
        seen.add_incoming(turn, work)
        b.cbranch(b.extract_value(found, 1), join, idle)
        b.position_at_end(join)
        b.call(self.take, [])
        self.put(b, I64(1), DONE)
        seen.add_incoming(turn, join)
        b.branch(idle)
        return function

    def write_parallel(self) -> None:
        """void gradtape_parallel(function, operands, bounds, parts)."""
        function, b = self.function("gradtape_parallel", VOID, PTR, PTR, PTR, I64)
        target, operands, bounds, parts = function.args
        names = (
            "alone",
            "head",
            "body",
            "out",
            "claimed",
            "start",
            "go",
            "wake",
            "share",
            "wait",
            "spin",
            "free",
        )
        blocks = [function.append_basic_block(n) for n in names]
        alone, head, body, out, claimed, start, go, wake, share, wait, spin, free = blocks
        claim = b.icmp_signed("==", self.swap(b, I64(1), BUSY), I64(0))
        b.cbranch(claim, claimed, alone)
        b.position_at_end(alone)  # the worker is at another's: all parts here
        b.branch(head)
        b.position_at_end(head)
        k = b.phi(I64)
        k.add_incoming(I64(0), alone)
        b.cbranch(b.icmp_signed("<", k, parts), body, out)
        b.position_at_end(body)
        self.part(b, k, target, operands, bounds)
        k.add_incoming(b.add(k, I64(1)), body)
        b.branch(head)
        b.position_at_end(out)
        b.ret_void()

        b.position_at_end(claimed)
        ready = b.load(self.at(b, READY), typ=I64)
        b.cbranch(b.icmp_signed("==", ready, I64(0)), start, go)
        b.position_at_end(start)
        for offset in (TURN, OPEN, SLEEPING):
            self.put(b, I64(0), offset)
        b.call(self.init, [self.at(b, WORK), I32(0), I32(0)])
        # Signals are for the threads that Python knows: the worker begins with all of them blocked.
        null, every, before = ir.Constant(PTR, None), on_stack(b, 128), on_stack(b, 128)
        b.store(ir.Constant(ir.VectorType(I64, 16), [-1] * 16), every)
        b.call(self.mask, [I32(SIG_SETMASK), every, before])
        failed = b.call(self.create, [on_stack(b, 8), null, self.worker, null])
        b.call(self.mask, [I32(SIG_SETMASK), before, null])
        b.store(I64(1), self.at(b, READY))
        # Without a thread the pool stays claimed for good: every region is done alone.
        b.cbranch(b.icmp_signed("!=", failed, I32(0)), alone, go)
        b.position_at_end(go)
        for value, offset in (
            (target, FUNCTION),
            (operands, OPERANDS),
            (bounds, BOUNDS),
            (parts, PARTS),
        ):
            b.store(value, self.at(b, offset))
        for value, offset in ((0, NEXT), (0, DONE), (1, OPEN)):
            self.put(b, I64(value), offset)
        b.atomic_rmw("add", self.at(b, TURN), I64(1), "seq_cst")
        b.cbranch(b.icmp_signed("==", self.swap(b, I64(0), SLEEPING), I64(1)), wake, share)
        b.position_at_end(wake)
        b.call(self.post, [self.at(b, WORK)])
        b.branch(share)
        b.position_at_end(share)
        b.call(self.take, [])
        joined = b.icmp_signed("==", self.swap(b, I64(0), OPEN), I64(2))
        b.cbranch(joined, wait, free)
        b.position_at_end(wait)
        b.cbranch(b.icmp_signed("==", self.get(b, DONE), I64(1)), free, spin)
        b.position_at_end(spin)
        self.pause(b)
        b.branch(wait)
        b.position_at_end(free)
        self.put(b, I64(0), BUSY)
        b.ret_void()

    def pause(self, b: Any) -> None:
        """Tells the processor that this is a loop that waits."""
        if host().triple.startswith(("x86", "i686")):
            name, arguments = "llvm.x86.sse2.pause", []
        elif host().triple.startswith("aarch64"):
            name, arguments = "llvm.aarch64.hint", [I32(1)]
        else:
            return
        found = self.module.globals.get(name)
        function = found or self.outside(name, VOID, *[a.type for a in arguments])
        b.call(function, arguments)

    def write_setters(self) -> None:
        """gradtape_reset(): in a forked child, which has no worker.  gradtape_alone(): no worker ever."""
        for name, busy in (("gradtape_reset", 0), ("gradtape_alone", 1)):
            _, b = self.function(name, VOID)
            b.store(I64(0), self.at(b, READY))
            self.put(b, I64(busy), BUSY)
            b.ret_void()
