"""Philox 4x32-10: a counter and a key in, four random 32-bit words out.

Every TensorFlow draw is a function of a 64-bit key and a 128-bit counter. One step of the counter
is one *block* of four words. Nothing is stored but these two numbers, so skipping ahead costs
nothing.

    counter words   c0 c1 c2 c3   (c0 lowest)          key words   k0 k1
    one round       (c0, c1, c2, c3) <- (hi(M1*c2)^c1^k0, lo(M1*c2), hi(M0*c0)^c3^k1, lo(M0*c0))
    after a round   k0 += W0,  k1 += W1                 ten rounds make a block

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Lanes = tuple[np.ndarray, np.ndarray]

MASK32 = 0xFFFFFFFF
MASK64 = 0xFFFFFFFFFFFFFFFF
MASK128 = (1 << 128) - 1
ROUNDS = 10
FEW = 5  # up to so many blocks, plain integers are faster than arrays
CHUNK = 1 << 13  # blocks per pass: the working arrays stay in the second-level cache

# Set by the compiler's room: (generator, number) -> its next words.
WORDS: list[Any] = []
_M0, _M1 = 0xD2511F53, 0xCD9E8D57
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_MULTIPLIERS = np.array([[_M0], [_M1]], np.uint64)
_BUMPS = np.array([[[_W0 * r & MASK32], [_W1 * r & MASK32]] for r in range(ROUNDS)], np.uint64)
_LOW = np.uint64(MASK32)
_32 = np.uint64(32)


class Philox(NamedTuple):
    """A place in the stream: `key` (64 bits) and `counter` (128 bits), both Python integers.

    >>> [hex(word) for word in Philox(0, 0).block()]
    ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """

    key: int
    counter: int

    @classmethod
    def from_seeds(cls, seed: int, seed2: int) -> Philox:
        """The generator of an op with the attributes `seed` and `seed2` (64 bits each)."""
        return cls(seed & MASK64, (seed2 & MASK64) << 64)

    def skip(self, n_blocks: int) -> Philox:
        """The generator `n_blocks` blocks further on."""
        return Philox(self.key, (self.counter + n_blocks) & MASK128)

    def block(self) -> tuple[int, int, int, int]:
        """The block at this place: four 32-bit integers."""
        return _block(self.counter, self.key)

    def lanes(self, n_blocks: int) -> Lanes:
        """The next blocks as two uint64[2, n_blocks], see `lanes_at`."""
        if n_blocks <= FEW:
            flat = [_block(self.counter + i & MASK128, self.key) for i in range(n_blocks)]
            words = np.array(flat, np.uint64).reshape(n_blocks, 4).T
            return words[0::2], words[1::2]
        return lanes_at(self, np.arange(n_blocks, dtype=np.uint64))

    def words(self, n_words: int) -> np.ndarray:
        """The next words in order: uint32[n_words]."""
        n_blocks = -(-n_words // 4)
        if n_blocks <= FEW:
            blocks = (_block(self.counter + i & MASK128, self.key) for i in range(n_blocks))
            return np.array([word for block in blocks for word in block][:n_words], np.uint32)
        if WORDS:
            return WORDS[0](self, n_words)
        out = np.empty((n_blocks, 4), np.uint32)
        for start in range(0, n_blocks, CHUNK):
            stop = min(start + CHUNK, n_blocks)
            even, odd = lanes_at(self, np.arange(start, stop, dtype=np.uint64))
            out[start:stop, 0::2] = even.T
            out[start:stop, 1::2] = odd.T
        return out.reshape(-1)[:n_words]


def _block(counter: int, key: int) -> tuple[int, int, int, int]:
    """One block in plain integers: for a handful of blocks this beats the array form."""
    c0, c1 = counter & MASK32, counter >> 32 & MASK32
    c2, c3 = counter >> 64 & MASK32, counter >> 96 & MASK32
    k0, k1 = key & MASK32, key >> 32
    for _ in range(ROUNDS):
        p0, p1 = _M0 * c0, _M1 * c2
        c0, c1, c2, c3 = p1 >> 32 ^ c1 ^ k0, p1 & MASK32, p0 >> 32 ^ c3 ^ k1, p0 & MASK32
        k0, k1 = k0 + _W0 & MASK32, k1 + _W1 & MASK32
    return c0, c1, c2, c3


def lanes_at(rng: Philox, offsets: np.ndarray) -> Lanes:
    """The blocks `offsets` (uint64[n]) after `rng`: words 0 and 2, words 1 and 3: two uint64[2, n].

    Word pairs (0, 1) and (2, 3) feed one Box-Muller pair, one double or one 64-bit integer each:
    row 0 of both results is the first pair, row 1 the second.
    """
    low = np.uint64(rng.counter & MASK64) + offsets
    carry = (low < offsets).astype(np.uint64)
    high = np.uint64(rng.counter >> 64) + carry
    even = np.stack([low & _LOW, high & _LOW])
    odd = np.stack([low >> _32, high >> _32])
    return _rounds(even, odd, rng.key)


def _rounds(even: np.ndarray, odd: np.ndarray, key: int) -> Lanes:
    """Ten rounds over lanes, in place. `even` holds c0, c2 and `odd` holds c1, c3.

    The two rows change places in every round; instead of moving them the key and the multipliers
    are read in the other order, and after ten rounds the rows stand as they began.
    """
    keys = (np.array([[key & MASK32], [key >> 32]], np.uint64) + _BUMPS) & _LOW
    product = np.empty_like(even)
    multipliers: Any = _MULTIPLIERS
    for r in range(ROUNDS):
        np.multiply(even, multipliers, out=product)
        np.right_shift(product, _32, out=even)
        np.bitwise_xor(even, odd[::-1], out=even)
        np.bitwise_xor(even, keys[r] if r % 2 else keys[r, ::-1], out=even)
        np.bitwise_and(product, _LOW, out=odd)
        multipliers = multipliers[::-1]
    return even, odd
