"""People needed and effects that can be seen, against published figures and simulation."""

import numpy as np
import pytest
from scipy import stats

from ml.errors import ContractError, InsufficientDataError
from ml.measurement.power import people_needed, power_of, smallest_effect

USUAL = {"control_share": 0.5, "alpha": 0.05, "power": 0.8}


def test_the_textbook_size_for_half_a_standard_deviation():
    # Cohen's d of .5, power .8: 63.7656 people per arm (statsmodels' TTestIndPower documents 63.76561)
    assert people_needed(0.5, 1.0, **USUAL) / 2 == pytest.approx(63.765610, abs=2e-6)


@pytest.mark.parametrize(("effect", "control", "arm"), [(0.5, 30, 30), (0.1, 200, 1_800), (0.02, 9_000, 90_000)])
def test_power_is_that_of_the_noncentral_t(effect, control, arm):
    freedom, shift = control + arm - 2, effect / np.sqrt(1 / control + 1 / arm)
    edge = stats.t.isf(0.025, freedom)
    theirs = stats.nct.sf(edge, freedom, shift) + stats.nct.cdf(-edge, freedom, shift)
    assert power_of(effect, 1.0, control_count=control, arm_count=arm, alpha=0.05) == pytest.approx(theirs, rel=1e-10)


def test_the_smallest_effect_needs_exactly_these_people():
    effect = smallest_effect(5_000, 12.0, control_share=0.1, alpha=0.05, power=0.9)
    assert people_needed(effect, 12.0, control_share=0.1, alpha=0.05, power=0.9) == pytest.approx(5_000, rel=1e-8)


def test_the_sign_of_the_effect_does_not_matter():
    assert people_needed(-0.2, 1.0, **USUAL) == people_needed(0.2, 1.0, **USUAL)


def test_planned_people_find_the_effect_as_often_as_promised():
    rng = np.random.default_rng(2)
    people = round(people_needed(0.4, 1.0, **USUAL) / 2)
    found = [stats.ttest_ind(rng.normal(0.4, 1, people), rng.normal(0, 1, people)).pvalue < 0.05 for _ in range(1_000)]
    assert 0.775 <= np.mean(found) <= 0.83


def test_impossible_questions_are_refused_in_words():
    with pytest.raises(ContractError, match="effect other than 0"):
        people_needed(0.0, 1.0, **USUAL)
    with pytest.raises(InsufficientDataError, match="No test will see it"):
        people_needed(1e-9, 1.0, **USUAL)
    with pytest.raises(InsufficientDataError, match="two people in each arm"):
        smallest_effect(5, 1.0, control_share=0.1, alpha=0.05, power=0.8)
