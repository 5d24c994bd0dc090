"""The split check: exact, quiet when all is well, loud when people are missing."""

import numpy as np
import pytest
from scipy import stats

from ml.errors import ContractError
from ml.measurement.sample_ratio import sample_ratio_p


@pytest.mark.parametrize(("holdout", "people", "share"), [(0, 5, 0.1), (1, 1, 0.1), (250, 2469, 0.1), (180, 2469, 0.1)])
def test_it_is_the_exact_binomial_with_the_smaller_tail_doubled(holdout, people, share):
    tails = [stats.binomtest(holdout, people, share, alternative=side).pvalue for side in ("less", "greater")]
    assert sample_ratio_p(holdout, people, share) == pytest.approx(min(1.0, 2 * min(tails)), rel=1e-10)


def test_nobody_gives_no_answer():
    assert sample_ratio_p(0, 0, 0.1) is None


def test_a_sound_split_of_a_thousand_nights_raises_hardly_an_alarm():
    draws = np.random.default_rng(3).binomial(2_469, 0.1, 1_000)
    p_values = [sample_ratio_p(int(k), 2_469, 0.1) for k in draws]
    assert sum(p < 0.0005 for p in p_values) <= 3
    assert 0.02 <= np.mean([p < 0.05 for p in p_values]) <= 0.065  # exact: at most 5 %, a little less


def test_half_a_point_lost_from_a_million_is_always_noticed():
    draws = np.random.default_rng(4).binomial(1_000_000, 0.095, 200)
    assert all(sample_ratio_p(int(k), 1_000_000, 0.1) < 0.0005 for k in draws)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ContractError, match="inside \\(0, 1\\)"):
        sample_ratio_p(1, 10, share)


@pytest.mark.parametrize(("holdout", "people"), [(11, 10), (-1, 10)])
def test_more_held_out_than_there_are_is_refused(holdout, people):
    with pytest.raises(ContractError, match="Count each person once"):
        sample_ratio_p(holdout, people, 0.1)
