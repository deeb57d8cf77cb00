"""The benchmark of what recording places costs: the same numbers with the setting and without, which is put back."""

import numpy as np
import pytest
from benchmarks import explanations

import gradtape as tf


@pytest.mark.parametrize("name", explanations.WORKLOADS)
def test_both_compute_the_same(name):
    losses = {}
    for on in (True, False):
        work = explanations.workload(name)
        found = []
        assert (
            explanations.turn(lambda work=work, found=found: found.append(work.step()), on, 2) > 0.0
        )
        losses[on] = found
    assert len(losses[True]) == 3
    np.testing.assert_array_equal(losses[True], losses[False])


def test_the_setting_is_used_and_put_back():
    before, seen = tf.config.explanations, []
    for on in (True, False):
        explanations.turn(lambda: seen.append(tf.GradientTape()._explains), on, 1)
    assert seen == [True, True, False, False] and tf.config.explanations is before


def test_the_verdict_is_that_of_the_ratio():
    times = {explanations.ON: [1.05, 1.07, 3.0], explanations.OFF: [1.0, 1.0, 1.0]}
    assert explanations.verdict("neuron", times).holds
    times[explanations.ON] = [1.2, 1.2, 1.0]
    assert not explanations.verdict("neuron", times).holds
