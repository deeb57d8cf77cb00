"""What random draws cannot have from NumPy at speed: Philox words, and the swaps of a permutation.

Both are exactly what `gradtape.random` computes without them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import numpy as np

from gradtape.backends.llvm.engine import compile_ir
from gradtape.random import philox, sampling
from gradtape.random.philox import MASK32, MASK64, Philox

_LANES = 8  # blocks at once
_SWAPS = """
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


def _rounds(vector: str) -> Iterator[str]:
    """Ten rounds on %c0 to %c3, lanes of 32-bit numbers in 64 bits; the key's words are %k0 and %k1."""
    low = _splat(MASK32)
    c = ["%c0", "%c1", "%c2", "%c3"]
    k = ["%k0", "%k1"]
    for r in range(philox.ROUNDS):
        yield f"  %p0_{r} = mul {vector} {c[0]}, {_splat(philox._M0)}"
        yield f"  %p1_{r} = mul {vector} {c[2]}, {_splat(philox._M1)}"
        for p, old, key, new in ((1, c[1], k[0], 0), (0, c[3], k[1], 2)):
            yield f"  %h{p}_{r} = lshr {vector} %p{p}_{r}, {_splat(32)}"
            yield f"  %x{p}_{r} = xor {vector} %h{p}_{r}, {old}"
            yield f"  %d{new}_{r} = xor {vector} %x{p}_{r}, {key}"
            yield f"  %d{new + 1}_{r} = and {vector} %p{p}_{r}, {low}"
        c = [f"%d{w}_{r}" for w in range(4)]
        for w, bump in ((0, philox._W0), (1, philox._W1)):
            yield f"  %b{w}_{r} = add {vector} {k[w]}, {_splat(bump)}"
            yield f"  %e{w}_{r} = and {vector} %b{w}_{r}, {low}"
        k = [f"%e{w}_{r}" for w in range(2)]
    for w in range(4):
        yield f"  %w{w} = trunc {vector} {c[w]} to <{_LANES} x i32>"


def _splat(number: int) -> str:
    return f"<{', '.join([f'i64 {number}'] * _LANES)}>"


def _indices(numbers: list[int]) -> str:
    return f"<{len(numbers)} x i32> <{', '.join(f'i32 {n}' for n in numbers)}>"


def _spread(name: str, of: str) -> str:
    vector = f"<{_LANES} x i64>"
    return (
        f"  %{name}_1 = insertelement {vector} poison, i64 {of}, i32 0\n"
        f"  %{name} = shufflevector {vector} %{name}_1, {vector} poison, <{_LANES} x i32> zeroinitializer"
    )


def _words() -> str:
    """void words(ptr out, i64 key, i64 low, i64 high, i64 n): n times eight blocks from the counter (high, low) on."""
    vector, half = f"<{_LANES} x i64>", f"<{_LANES} x i32>"
    n = _LANES
    pairs = _indices([x for i in range(n) for x in (i, n + i)])
    fours = _indices(
        [x for i in range(n) for x in (2 * i, 2 * i + 1, 2 * n + 2 * i, 2 * n + 2 * i + 1)]
    )
    lanes = f"<{', '.join(f'i64 {i}' for i in range(n))}>"
    return "\n".join([
        "define void @words(ptr %out, i64 %key, i64 %low, i64 %high, i64 %n) {",
        "entry:",
        f"  %key0 = and i64 %key, {MASK32}",
        "  %key1 = lshr i64 %key, 32",
        _spread("k0", "%key0"), _spread("k1", "%key1"), _spread("lows", "%low"), _spread("highs", "%high"),
        "  br label %turn",
        "turn:",
        "  %i = phi i64 [0, %entry], [%next, %turn]",
        f"  %first = mul i64 %i, {n}",
        _spread("firsts", "%first"),
        f"  %offset = add {vector} %firsts, {lanes}",
        f"  %counter = add {vector} %lows, %offset",
        f"  %over = icmp ult {vector} %counter, %offset",
        f"  %carry = zext <{n} x i1> %over to {vector}",
        f"  %upper = add {vector} %highs, %carry",
        f"  %c0 = and {vector} %counter, {_splat(MASK32)}",
        f"  %c1 = lshr {vector} %counter, {_splat(32)}",
        f"  %c2 = and {vector} %upper, {_splat(MASK32)}",
        f"  %c3 = lshr {vector} %upper, {_splat(32)}",
        *_rounds(vector),
        f"  %left = shufflevector {half} %w0, {half} %w1, {pairs}",
        f"  %right = shufflevector {half} %w2, {half} %w3, {pairs}",
        f"  %all = shufflevector <{2 * n} x i32> %left, <{2 * n} x i32> %right, {fours}",
        f"  %at = mul i64 %i, {4 * n}",
        "  %place = getelementptr i32, ptr %out, i64 %at",
        f"  store <{4 * n} x i32> %all, ptr %place, align 4",
        "  %next = add i64 %i, 1",
        "  %more = icmp slt i64 %next, %n",
        "  br i1 %more, label %turn, label %end",
        "end:",
        "  ret void",
        "}",
    ])  # fmt: skip


def install() -> None:
    """Let draws be made by machine code from now on."""
    if sampling.SWAPS:
        return
    compiled = compile_ir(_SWAPS + _words())
    pointer, number = ctypes.c_void_p, ctypes.c_uint64
    swaps = ctypes.CFUNCTYPE(None, pointer, pointer, number)(compiled.address("swaps"))
    blocks = ctypes.CFUNCTYPE(None, pointer, number, number, number, number)(
        compiled.address("words")
    )

    def swap(order: np.ndarray, steps: np.ndarray) -> None:
        """order[i], order[i + steps[i]] = order[i + steps[i]], order[i], for i = 0, 1, ...; both int64[n]."""
        if steps.size and (steps.min() < 0 or (np.arange(steps.size) + steps).max() >= order.size):
            raise IndexError("a swap beyond the end")
        swaps(order.ctypes.data, steps.ctypes.data, steps.size)

    def words(rng: Philox, n_words: int) -> np.ndarray:
        """The next words in order: uint32[n_words], n_words > 0."""
        turns = -(-n_words // (4 * _LANES))
        out = np.empty(turns * 4 * _LANES, np.uint32)
        blocks(out.ctypes.data, rng.key, rng.counter & MASK64, rng.counter >> 64, turns)
        return out[:n_words]

    words.compiled = compiled  # type: ignore[attr-defined]  # the code lives as long as the function
    philox.WORDS.append(words)
    sampling.SWAPS.append(swap)
