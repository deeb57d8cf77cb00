"""Elementary functions as straight-line vector code, to two units in the last place.

Each function takes the builder first: `exp(b, x)`.  The reductions are Cody and Waite's, the polynomials minimax
ones of our own (tools/minimax.py).  Source of the identities: DLMF chapter 4; Muller, Elementary Functions (2016).
"""
