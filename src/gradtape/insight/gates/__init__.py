"""The `gate` detail: every tensor taken apart into numbers, every operation into products and sums.

    recording of tensors -> scalars(recording) -> recording of numbers

`splits` holds the rules by operation; `linear` finds what an operation does that only moves, picks or adds entries.
"""

from gradtape.insight.gates.scalars import Scalars, scalars

__all__ = ["Scalars", "scalars"]
