"""Coefficients of minimax polynomials, lowest power first: made by tools/minimax.py."""

from __future__ import annotations


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float.fromhex(word) for word in text.split())


# e^r - 1 - r = r^2 (c0 + c1 r + ...), |r| <= ln(2)/2: error 2^-25.8
EXPM1_32 = _numbers(
    """
    0x1.fffffe0000000p-2 0x1.5554b00000000p-3 0x1.5556740000000p-5 0x1.1227760000000p-7
    0x1.6bec780000000p-10
    """
)

# e^r - 1 - r = r^2 (c0 + c1 r + ...), |r| <= ln(2)/2: error 2^-59.9
EXPM1_64 = _numbers(
    """
    0x1.0000000000000p-1 0x1.5555555555559p-3 0x1.555555555553fp-5 0x1.111111110f6dap-7
    0x1.6c16c16c1f071p-10 0x1.a01a01afd3e69p-13 0x1.a01a017bc3ebap-16 0x1.71ddf87eb68d3p-19
    0x1.27e53638799aap-22 0x1.af5e750358597p-26 0x1.1ee86d5cc7c26p-29
    """
)

# ln 2 in two words: the first with 16 bits
LN2_32 = _numbers(
    """
    0x1.62e4000000000p-1 0x1.7f7d1c0000000p-20
    """
)

# ln 2 in two words: the first with 42 bits
LN2_64 = _numbers(
    """
    0x1.62e42fefa3800p-1 0x1.ef35793c76730p-45
    """
)

# tanh x - x = x z (c0 + c1 z + ...), z = x^2, |x| <= 0.55: error 2^-28.0
TANH_32 = _numbers(
    """
    -0x1.55554a0000000p-2 0x1.110d240000000p-3 -0x1.b928420000000p-5 0x1.593b0c0000000p-6
    -0x1.9b245e0000000p-8
    """
)

# tanh x - x = x z (c0 + c1 z + ...), z = x^2, |x| <= 0.55: error 2^-58.7
TANH_64 = _numbers(
    """
    -0x1.555555555554fp-2 0x1.1111111110797p-3 -0x1.ba1ba1b97d117p-5 0x1.664f4859554dbp-6
    -0x1.226e2f10e69d2p-7 0x1.d6d29b03042a5p-9 -0x1.7d8fcc126dcdcp-10 0x1.34836e97c1035p-11
    -0x1.e96d2c7cbbcb7p-13 0x1.5d6cbd3a719e3p-14 -0x1.46fdd652b2ac0p-16
    """
)

# sinh x - x = x z (c0 + c1 z + ...), z = x^2, |x| <= 1: error 2^-27.5
SINH_32 = _numbers(
    """
    0x1.5555560000000p-3 0x1.1111340000000p-7 0x1.9ffe920000000p-13 0x1.7a15b00000000p-19
    """
)

# sinh x - x = x z (c0 + c1 z + ...), z = x^2, |x| <= 1: error 2^-56.8
SINH_64 = _numbers(
    """
    0x1.5555555555555p-3 0x1.1111111111111p-7 0x1.a01a01a019fc1p-13 0x1.71de3a5573f7bp-19
    0x1.ae6456741b659p-26 0x1.61246afa49302p-33 0x1.ae756e86d38d0p-41 0x1.9a7945cc6a097p-49
    """
)

# ln(1+f) - f + f^2/2 = f^3 (c0 + c1 f + ...), sqrt(1/2) <= 1+f <= sqrt(2): error 2^-27.1
LOG1P_32 = _numbers(
    """
    0x1.5555540000000p-2 -0x1.0002280000000p-2 0x1.99a0080000000p-3 -0x1.5472420000000p-3
    0x1.22da080000000p-3 -0x1.0d853c0000000p-3 0x1.055c2a0000000p-3 -0x1.38b7a40000000p-4
    """
)

# 2 atanh(s) - 2 s = s z (c0 + c1 z + ...), z = s^2, |s| <= 0.1716: error 2^-58.9
ATANH_64 = _numbers(
    """
    0x1.5555555555592p-1 0x1.999999997fd5bp-2 0x1.24924941f658cp-2 0x1.c71c5205075d1p-3
    0x1.74663fd2a20cfp-3 0x1.39a1a262faf35p-3 0x1.2f066078b50d8p-3
    """
)
