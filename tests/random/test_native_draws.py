"""Draws by machine code are those without it, bit for bit."""

import numpy as np
import pytest

from gradtape.random import philox, sampling
from gradtape.random.philox import Philox

draws = pytest.importorskip("gradtape.backends.llvm.draws")


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(sampling, "SWAPS", [])
    monkeypatch.setattr(philox, "WORDS", [])


@pytest.mark.parametrize("n", [2, 3, 10, 1000, 4097])
def test_permutations_are_the_same(n):
    wanted = sampling.permutation(Philox.from_seeds(1, n), n)
    draws.install()
    assert len(sampling.SWAPS) == 1
    found = sampling.permutation(Philox.from_seeds(1, n), n)
    np.testing.assert_array_equal(found, wanted)
    assert found.dtype == np.int64
    assert sorted(found) == list(range(n))


def test_swaps_beyond_the_end_are_refused():
    draws.install()
    with pytest.raises(IndexError, match="beyond the end"):
        sampling.SWAPS[0](np.arange(3), np.array([1, 2]))


@pytest.mark.parametrize("counter", [0, 7, 2**64 - 3, 2**96 - 5, 2**128 - 9])
@pytest.mark.parametrize("n", [21, 64, 1000, 40001])
def test_words_are_the_same(n, counter):
    rng = Philox(0x9ABCDEF012345678, counter)
    wanted = rng.words(n)
    draws.install()
    assert len(philox.WORDS) == 1
    np.testing.assert_array_equal(rng.words(n), wanted)
