"""Permutations by machine code are those of Python's swaps."""

import numpy as np
import pytest

from gradtape.random import sampling
from gradtape.random.philox import Philox

swaps = pytest.importorskip("gradtape.backends.llvm.swaps")


@pytest.mark.parametrize("n", [2, 3, 10, 1000, 4097])
def test_permutations_are_the_same(n, monkeypatch):
    monkeypatch.setattr(sampling, "SWAPS", [])
    wanted = sampling.permutation(Philox.from_seeds(1, n), n)
    swaps.install()
    assert len(sampling.SWAPS) == 1
    found = sampling.permutation(Philox.from_seeds(1, n), n)
    np.testing.assert_array_equal(found, wanted)
    assert found.dtype == np.int64
    assert sorted(found) == list(range(n))


def test_swaps_beyond_the_end_are_refused(monkeypatch):
    monkeypatch.setattr(sampling, "SWAPS", [])
    swaps.install()
    with pytest.raises(IndexError, match="beyond the end"):
        sampling.SWAPS[0](np.arange(3), np.array([1, 2]))
