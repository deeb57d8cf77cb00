"""The numbers of a summary, against NumPy's own."""

import numpy as np
import pytest

from gradtape.insight.training.statistics import BINS, Summary, counted, edges, summarised


@pytest.mark.parametrize("seed", range(20))
def test_summaries_of_random_arrays(seed):
    rng = np.random.default_rng(seed)
    array = (rng.normal(size=rng.integers(1, 200)) * 10.0 ** rng.integers(-20, 20)).astype(
        "float32"
    )
    array[rng.random(array.shape) < 0.2] = 0
    found = summarised(array)
    exact = array.astype(np.float64)
    assert found.mean == pytest.approx(exact.mean(), rel=1e-12)
    assert found.std == pytest.approx(exact.std(), rel=1e-9)
    assert (found.min, found.max, found.size) == (exact.min(), exact.max(), exact.size)
    assert found.norm == pytest.approx(np.linalg.norm(exact), rel=1e-12)
    assert found.mean_abs == pytest.approx(np.abs(exact).mean(), rel=1e-12)
    assert found.max_abs == np.abs(exact).max()
    assert found.zeros == pytest.approx(np.mean(exact == 0))
    assert found.rms == pytest.approx(np.sqrt(np.mean(exact**2)), rel=1e-12)
    counts, borders = np.histogram(exact, BINS, (exact.min(), exact.max()))
    np.testing.assert_allclose(found.edges, borders, rtol=1e-12, atol=1e-12 * np.ptp(borders))
    assert sum(found.counts) == exact.size
    assert (
        np.abs(np.subtract(found.counts, counts)).sum() <= 2
    )  # a value on a border may lie in either bin


def test_what_is_not_finite_is_counted_apart():
    found = summarised(np.array([1.0, np.nan, 3.0, np.inf, -np.inf], np.float32))
    assert (found.mean, found.nonfinite, found.size, found.min, found.max) == (2.0, 3, 5, 1.0, 3.0)
    nothing = summarised(np.array([np.nan, np.inf]))
    assert np.isnan(nothing.mean)
    assert (nothing.nonfinite, sum(nothing.counts)) == (2, 0)
    assert "3 not finite" in str(found)


@pytest.mark.parametrize(
    "array", [[0.0], [1e20], [5e-324, 0.0], [-1e308, 1e308], [], [7, 7, 7], [True, False]]
)
def test_odd_arrays(array):
    array = np.asarray(array)
    found = summarised(array)
    assert isinstance(found, Summary)
    assert sum(found.counts) == array.size
    assert len(found.edges) == BINS + 1
    assert np.all(np.diff(edges(1e20, 1e20)) > 0)


def test_saturation_is_a_flat_slope():
    tanh = np.tanh([0.0, 1.0, 2.0, 3.0])  # slopes 1, 0.42, 0.07, 0.0099
    assert summarised(tanh, "tanh").saturated == 0.25
    sigmoid = 1 / (1 + np.exp([0.0, 4.0, -4.5, 9.0]))  # slopes / 0.25: 1, 0.07, 0.043, 0.0005
    assert summarised(sigmoid, "sigmoid").saturated == 0.5
    assert np.isnan(summarised(tanh).saturated)


def test_counts_of_a_given_range():
    counts = counted([0.05, 0.05, 0.95, np.nan], 0, 1)
    assert (counts[1], counts[28], counts.sum()) == (2, 1, 3)
