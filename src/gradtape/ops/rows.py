"""One row of a buffer: what loops write results into."""

import numpy as np

from gradtape.base.errors import InvalidArgumentError
from gradtape.core.card import Arg, Gather, S


class PutRow(Gather):
    """The buffer with one row replaced.  buffer: any[n, ...], index: int[], row: any[...].

    dy/dbuffer = 1 but for that row; dy/drow = 1 in that row.
    Raises InvalidArgumentError for an index outside of [0, n).
    """

    samples = (S("4,3", Arg("", 0, 4, "int32"), "3"), S("5", Arg("", 0, 5, "int64"), ""))

    def shape(buffer, index, row):
        return buffer

    def kernel(buffer, index, row):
        i = int(index)
        if not 0 <= i < len(buffer):
            raise InvalidArgumentError(
                None, None, f"Trying to modify element {i} in a list with {len(buffer)} elements."
            )
        result = buffer.copy()
        result[i] = row
        return result

    def vjp(F, g, y, buffer, index, row):
        blank = lambda: F.put_row(g, index, F.lift(np.zeros(F.shape(row), F.dtype(row))))
        return blank, None, lambda: F.gather(g, index, axis=0, batch_dims=0)

    def jvp(F, t, y, buffer, index, row):
        a = F.lift(np.zeros(F.shape(buffer), F.dtype(buffer))) if t[0] is None else t[0]
        b = F.lift(np.zeros(F.shape(row), F.dtype(row))) if t[2] is None else t[2]
        return F.put_row(a, index, b)
