"""Sequential boundaries: published tables, and error rates over all looks."""

import numpy as np
import pytest
from scipy import stats

from ml.errors import ContractError
from ml.measurement.compare import as_normal, as_student, compare_means
from ml.measurement.moments import merge, moments_of
from ml.measurement.multiplicity import holm
from ml.measurement.sequential import always_valid_multiplier, always_valid_p, group_boundaries, group_p

FIVE = (0.2, 0.4, 0.6, 0.8, 1.0)


def test_the_boundaries_are_the_published_ones():
    # Lan and DeMets' spending in O'Brien and Fleming's manner, five equal looks, as tabulated (e.g. R's ldbounds)
    assert group_boundaries(FIVE, 0.05) == pytest.approx([4.8769, 3.3569, 2.6803, 2.2898, 2.0310], abs=5e-4)


def test_one_look_at_the_end_is_the_ordinary_test():
    assert group_boundaries((1.0,), 0.05)[0] == pytest.approx(stats.norm.isf(0.025), rel=1e-9)
    assert group_p(2.5, (1.0,)) == pytest.approx(2 * stats.norm.sf(2.5), rel=1e-5)


def test_a_later_look_does_not_change_an_earlier_boundary():
    assert group_boundaries(FIVE[:3], 0.05) == pytest.approx(group_boundaries(FIVE, 0.05)[:3], rel=1e-9)


@pytest.mark.parametrize("looks", [(), (0.5, 0.5), (0.5, 0.2), (0.0, 1.0), (0.5, 1.1)])
def test_looks_that_do_not_rise_are_refused(looks):
    with pytest.raises(ContractError, match="rising shares"):
        group_boundaries(looks, 0.05)


def test_p_values_and_intervals_say_the_same():
    edge = group_boundaries(FIVE[:4], 0.05)[-1]
    assert group_p(edge, FIVE[:4]) == pytest.approx(0.05, rel=1e-5)
    edge = always_valid_multiplier(700, tuned_for=5_000, alpha=0.05)
    assert always_valid_p(edge, 700, tuned_for=5_000, alpha=0.05) == pytest.approx(0.05, rel=1e-12)


def test_p_values_stay_between_nothing_and_one():
    assert group_p(0.0, FIVE) == 1.0
    assert 0.0 < group_p(30.0, FIVE) <= 1e-12
    assert always_valid_p(0.0, 100, tuned_for=100, alpha=0.05) == 1.0


def test_peeking_errs_and_the_sequential_intervals_do_not():
    runs, step = 20_000, 200
    sums = np.random.default_rng(8).normal(0.0, np.sqrt(step), size=(runs, 5)).cumsum(axis=1)
    z = np.abs(sums) / np.sqrt(step * np.arange(1, 6))
    edges = {"fixed": [1.96] * 5, "group": group_boundaries(FIVE, 0.05)}
    edges["always"] = [always_valid_multiplier(step * (k + 1), tuned_for=1_000, alpha=0.05) for k in range(5)]
    wrong = {name: (z > np.array(edge)).any(axis=1).mean() for name, edge in edges.items()}
    assert wrong["fixed"] > 0.13
    assert 0.0470 <= wrong["group"] <= 0.0530  # the 95 % band of 5 %
    assert wrong["always"] <= 0.05


def test_student_and_normal_tails_are_exchanged_exactly():
    sample = moments_of(np.array([[1.0], [2.0], [4.0], [9.0]])), moments_of(np.array([[3.0], [5.0], [12.0]]))
    seen = compare_means(*sample)
    assert as_student(as_normal(seen), seen.freedom) == pytest.approx(abs(seen.estimate / seen.error), rel=1e-10)


def test_merged_moments_are_those_of_the_whole():
    values = np.random.default_rng(1).normal(size=(50, 3))
    whole, parts = moments_of(values), merge(moments_of(values[:13]), moments_of(values[13:]))
    assert parts.means == pytest.approx(whole.means)
    assert parts.covariance == pytest.approx(np.cov(values.T))


def test_holm_steps_down_and_never_back():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
