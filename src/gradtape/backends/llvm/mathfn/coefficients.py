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

# the same for results in float32: error 2^-37.6
ATANH_NARROW = _numbers(
    """
    0x1.555554fd95c85p-1 0x1.999a7a9d32646p-2 0x1.2438d24a52c00p-2 0x1.e2f73f87dc00fp-3
    """
)

# 2 atanh(s) - 2 s - 2/3 s z = s z^2 (c0 + c1 z + ...), z = s^2, |s| <= 0.1716: error 2^-66.3
ATANH_BEYOND = _numbers(
    """
    0x1.9999999999996p-2 0x1.2492492493035p-2 0x1.c71c71c5805b0p-3 0x1.745d183259fddp-3
    0x1.3b1362b3f85c0p-3 0x1.1120b5f502356p-3 0x1.de3362fcaf273p-4 0x1.eb119676fa893p-4
    """
)

# pi / 2 in three words
HALF_PI_64 = _numbers(
    """
    0x1.921fb54442d18p+0 0x1.1a62633145c06p-54 0x1.c1cd129024e09p-107
    """
)

# 1 / (2 pi) in words of 28 bits
TURN_PIECES = _numbers(
    """
    0x1.45f306c000000p-3 0x1.c9c882a000000p-31 0x1.4fe13aa000000p-61 0x1.e8fa9a6000000p-89
    0x1.dc0db62000000p-118 0x1.2b32788000000p-147 0x1.c820ff2000000p-177
    """
)

# sin r - r = r z (c0 + c1 z + ...), z = r^2, |r| <= pi/4: error 2^-26.9
SIN_32 = _numbers(
    """
    -0x1.5555460000000p-3 0x1.11073a0000000p-7 -0x1.99438e0000000p-13
    """
)

# cos r - 1 + z/2 = z^2 (c0 + c1 z + ...), z = r^2, |r| <= pi/4: error 2^-32.6
COS_32 = _numbers(
    """
    0x1.55554a0000000p-5 -0x1.6c0c320000000p-10 0x1.99eb500000000p-16
    """
)

# sin r - r = r z (c0 + c1 z + ...), z = r^2, |r| <= pi/4: error 2^-57.1
SIN_64 = _numbers(
    """
    -0x1.5555555555555p-3 0x1.111111111110bp-7 -0x1.a01a01a018a67p-13 0x1.71de3a5330161p-19
    -0x1.ae64528ce24cfp-26 0x1.61208be25c153p-33 -0x1.aaa213cf7fe98p-41
    """
)

# cos r - 1 + z/2 = z^2 (c0 + c1 z + ...), z = r^2, |r| <= pi/4: error 2^-59.7
COS_64 = _numbers(
    """
    0x1.555555555554bp-5 -0x1.6c16c16c14f8cp-10 0x1.a01a019c83b89p-16 -0x1.27e4f7ea50848p-22
    0x1.1ee9d7612acf5p-29 -0x1.8fa46c667de63p-37
    """
)

# sin r - r = r z (c0 + c1 z + ...), z = r^2, |r| <= pi/4: error 2^-37.5
SIN_NARROW = _numbers(
    """
    -0x1.5555554c6f564p-3 0x1.11110868b99d8p-7 -0x1.a00f7dde067c1p-13 0x1.6cd1a50786f69p-19
    """
)

# cos r - 1 + z/2 = z^2 (c0 + c1 z + ...), z = r^2, |r| <= pi/4: error 2^-33.0
COS_NARROW = _numbers(
    """
    0x1.55554a1013d07p-5 -0x1.6c0c32b96f63bp-10 0x1.99eb50f773562p-16
    """
)

# atan t - t = t z (c0 + c1 z + ...), z = t^2, |t| <= tan(pi/8): error 2^-58.4
ATAN_64 = _numbers(
    """
    -0x1.5555555555554p-2 0x1.999999999964ap-3 -0x1.2492492475610p-3 0x1.c71c71b7437cap-4
    -0x1.745d14b8b8d54p-4 0x1.3b136e1731902p-4 -0x1.110c718b7062ep-4 0x1.e171e879b2d49p-5
    -0x1.ab7cf16d425e3p-5 0x1.70eb293f12217p-5 -0x1.12332d8528c3ap-5 0x1.f1d7ada7ad4bcp-7
    """
)

# atan t - t = t z (c0 + c1 z + ...), z = t^2, |t| <= tan(pi/8): error 2^-35.4
ATAN_NARROW = _numbers(
    """
    -0x1.555554c5f1f1fp-2 0x1.999918921a328p-3 -0x1.247ed88725d4fp-3 0x1.c463cc2d85882p-4
    -0x1.5b2f02007731bp-4 0x1.849d0c37be16ap-5
    """
)

# asin s - s = s z (c0 + c1 z + ...), z = s^2 <= 1/4: error 2^-58.7
ASIN_64 = _numbers(
    """
    0x1.5555555555577p-3 0x1.333333332e0f8p-4 0x1.6db6db7214789p-5 0x1.f1c71a944f9f2p-6
    0x1.6e8bdeef91ce3p-6 0x1.1c49ef6ca25d9p-6 0x1.ca1fa16ee0d1bp-7 0x1.7584f6399b810p-7
    0x1.613f7d6e28cf5p-7 0x1.e5ccaba10e9a2p-9 0x1.63a7f5531d962p-6 -0x1.580cac158ecf9p-6
    0x1.0b4b30f8e4be6p-5
    """
)

# asin s - s = s z (c0 + c1 z + ...), z = s^2 <= 1/4: error 2^-31.8
ASIN_NARROW = _numbers(
    """
    0x1.55554c6060602p-3 0x1.33387c55965fep-4 0x1.6caeda553ee1bp-5 0x1.04916ebb8740ap-5
    0x1.d921c3acf90e6p-7 0x1.33553e29f0eddp-5
    """
)

# erf x - x = x (c0 + c1 z + ...), z = x^2 <= 1: error 2^-28.3
ERF_32 = _numbers(
    """
    0x1.06eba80000000p-3 -0x1.81273e0000000p-2 0x1.ce2cf80000000p-4 -0x1.b7f90e0000000p-6
    0x1.5405ba0000000p-8 -0x1.a3f7420000000p-11 0x1.496ae80000000p-14
    """
)

# erf x - x = x (c0 + c1 z + ...), z = x^2 <= 1: error 2^-56.3
ERF_64 = _numbers(
    """
    0x1.06eba8214db69p-3 -0x1.812746b0379e6p-2 0x1.ce2f21a042b20p-4 -0x1.b82ce312849a1p-6
    0x1.565bcd0db0391p-8 -0x1.c02db3d8eef38p-11 0x1.f9a321a14eb82p-14 -0x1.f4d1df3caf864p-17
    0x1.b9def1c62105dp-20 -0x1.5f1d37fd54fc8p-23 0x1.f7a41e7589e5bp-27 -0x1.386ae4159e0e1p-30
    0x1.057a03f19a5b4p-34
    """
)

# erf x - x = x (c0 + c1 z + ...), z = x^2 <= 1: error 2^-34.8
ERF_NARROW = _numbers(
    """
    0x1.06eba82004256p-3 -0x1.8127465fb81a6p-2 0x1.ce2f07986abd8p-4 -0x1.b829a7a198026p-6
    0x1.5628edc4b1120p-8 -0x1.bcbe985ae5936p-11 0x1.d82682affa813p-14 -0x1.4383dabbe6523p-17
    """
)

# -ln(erfc a) = c0 + c1 a + ..., 1 <= a <= 4; the error in erf: error 2^-31.0
ERF_LOG_32 = _numbers(
    """
    -0x1.8a52920000000p-13 0x1.212c0c0000000p+0 0x1.44356a0000000p-1 0x1.bc15000000000p-4
    -0x1.9d02cc0000000p-6 0x1.138c680000000p-8 -0x1.cec4f80000000p-12 0x1.6bd6800000000p-16
    """
)

# e^(a^2) erfc a = t (c0 + c1 t + ...), t = 3.75 / (a + 3.75), a >= 1/2: error 2^-54.3
ERFC_64 = _numbers(
    """
    0x1.341f6bc02c956p-3 0x1.341f6bc02034cp-3 0x1.292ad1be23ff6p-3 0x1.13419d6784936p-3
    0x1.e71dfb6ffecd0p-4 0x1.98d1c02eb0f07p-4 0x1.423fe236beeb3p-4 0x1.d594a1932fc04p-5
    0x1.387cc74f8a730p-5 0x1.41517c3573bf4p-6 0x1.1e8f89f2c3a4ep-6 -0x1.bf208a1372308p-6
    0x1.57ef071ce14a5p-4 -0x1.b3e07057936e8p-3 0x1.b0fb0441bfeb6p-2 -0x1.69232ec74a514p-1
    0x1.e83581cb22b75p-1 -0x1.08b77bd0ec2a8p+0 0x1.c4824602e7a87p-1 -0x1.25fcd3bf5720ap-1
    0x1.14eed425b10d2p-2 -0x1.62b0bf9a552dap-4 0x1.13fcd6693cbf7p-6 -0x1.8a5a73fb3480fp-10
    """
)

# what c0 and c1 have lost in rounding
ERFC_LOW = _numbers(
    """
    -0x1.2ff3fc75bb1dbp-57 0x1.ab79f0aaec09dp-58
    """
)

# e^(a^2) erfc a = t (c0 + c1 t + ...), t = 3.75 / (a + 3.75), a >= 1/2: error 2^-34.5
ERFC_NARROW = _numbers(
    """
    0x1.341f7b30e1ea5p-3 0x1.341ceabd06191p-3 0x1.2958a5ffc9477p-3 0x1.115803dc2115cp-3
    0x1.00de09f61675ep-3 0x1.1960a356d60f7p-4 0x1.790678c46bf91p-3 -0x1.95e51060cbb04p-3
    0x1.ea90c1260a14dp-2 -0x1.04873cffc81bap-1 0x1.b7d242b2723f3p-2 -0x1.8820c2a75f946p-3
    0x1.076b26015d12cp-5
    """
)
