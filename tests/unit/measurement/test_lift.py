"""measure_lift: agreement with scipy, planted truth, and words instead of numbers where there is none."""

import math
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from scipy import stats

from ml.errors import ContractError
from ml.measurement.lift import LIFT_SCHEMA, METRICS, last_observable_day, measure_lift
from ml.measurement.verdict import BLOCKED, HARM, LIFT, NO_DIFFERENCE, NOT_YET, STANDARD_PLAN, VERDICTS
from pipelines.ledger_schema import LIFT_RESULTS
from tests.builders.outcomes import KNOWN_THROUGH, LATER, NIGHT, experiments, measured, night, spend

DAY = timedelta(days=1)


def many_nights(nights, people, *, seed, effect_cents=0):
    """A/A or A/B nights side by side: one call measures them all."""
    rng = np.random.default_rng(seed)
    days = [date(2014, 1, 1) + i * DAY for i in range(nights)]
    return pl.concat(
        [night(spend(rng, people, effect_cents=effect_cents), spend(rng, people), decided_date=day) for day in days]
    )


def test_its_columns_are_those_of_the_ledger():
    assert LIFT_SCHEMA == LIFT_RESULTS
    assert measure_lift(night([1], [2]), experiments(), LATER, KNOWN_THROUGH, is_replay=False).schema == LIFT_RESULTS


def test_it_agrees_with_scipy_to_ten_digits():
    rng = np.random.default_rng(5)
    treated, holdout = spend(rng, 700, effect_cents=300), spend(rng, 650)
    (row,) = measured(night(treated, holdout))
    theirs = stats.ttest_ind(np.array(treated) / 100, np.array(holdout) / 100, equal_var=False)
    interval = theirs.confidence_interval(0.95)
    ours = [row["p_value"], row["low"], row["high"], row["estimate"]]
    expected = [theirs.pvalue, interval.low, interval.high, np.mean(treated) / 100 - np.mean(holdout) / 100]
    assert ours == pytest.approx(expected, rel=1e-10)


def test_without_an_effect_one_night_in_twenty_looks_like_one():
    rows = measured(many_nights(1_000, 100, seed=11))
    p_values = [row["p_value"] for row in rows]
    false_alarms = sum(p < 0.05 for p in p_values)
    assert 0.0365 <= false_alarms / len(rows) <= 0.0635  # the 95 % band of a true 5 % over 1,000 draws
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


def test_a_planted_effect_is_recovered_and_covered_as_often_as_promised():
    rows = measured(many_nights(1_000, 100, seed=12, effect_cents=500))
    assert np.mean([row["estimate"] for row in rows]) == pytest.approx(5.0, abs=0.6)
    covered = np.mean([row["low"] <= 5.0 <= row["high"] for row in rows])
    assert 0.9365 <= covered <= 0.9635


def test_the_detectable_effect_is_found_four_times_in_five():
    detectable = np.mean([row["detectable_effect"] for row in measured(many_nights(200, 200, seed=13))])
    rows = measured(many_nights(1_000, 200, seed=14, effect_cents=round(100 * detectable)))
    assert 0.77 <= np.mean([row["p_value"] < 0.05 for row in rows]) <= 0.83


@pytest.mark.parametrize(
    ("treated", "holdout", "verdict"),
    [
        ([2_000, 2_100] * 100, [1_000, 1_100] * 100, LIFT),
        ([1_000, 1_100] * 100, [2_000, 2_100] * 100, HARM),
        ([2_000, 2_010] * 100, [2_000, 2_010] * 100, NO_DIFFERENCE),
        ([0, 9_000] * 100, [0, 9_000] * 100, NOT_YET),  # cannot see 5 % through this noise
        ([2_000, 2_100] * 20, [1_000, 1_100] * 20, NOT_YET),  # too few people, however clear it looks
        ([5_000] * 200, [5_000] * 200, NOT_YET),  # nobody varies
        ([0] * 200, [0] * 200, NOT_YET),  # nobody bought anything
    ],
)
def test_each_verdict_has_its_case(treated, holdout, verdict):
    (row,) = measured(night(treated, holdout))
    assert row["verdict"] == verdict
    assert verdict in VERDICTS


@pytest.mark.parametrize(
    ("observed_days", "verdict"), [(0, NOT_YET), (1, NOT_YET), (27, NOT_YET), (28, LIFT), (40, LIFT)]
)
def test_a_night_is_judged_only_when_its_window_is_over(observed_days, verdict):
    rows = night([2_000, 2_100] * 100, [1_000, 1_100] * 100, observed_days=observed_days)
    (row,) = measured(rows)
    assert row["verdict"] == verdict
    assert row["observed_days"] == min(observed_days, 28)


def test_a_night_of_which_nothing_is_known_yet_shows_no_numbers():
    (row,) = measured(night([1] * 100, [2] * 100, observed_days=0))
    assert [row[name] for name in ("treated_mean", "estimate", "low", "p_value", "detectable_effect")] == [None] * 5
    assert "0 of 28 days" in row["note"]


def test_tonight_is_not_measured_yet():
    assert measured(night([1], [2], decided_date=LATER, observed_days=0)) == []


def test_the_last_day_of_a_window_is_the_twenty_eighth():
    assert last_observable_day(date(2017, 12, 5)) == date(2018, 1, 1)


@pytest.mark.parametrize(
    ("treated", "holdout", "note"),
    [
        ([100] * 5, [], "Nobody is in the holdout arm"),
        ([], [100] * 5, "Nobody is in the treated arm"),
        ([100], [200], "The smaller arm has 1 people"),
        ([100, 200, 300], [500], "The smaller arm has 1 people"),
    ],
)
def test_too_few_people_are_answered_in_words(treated, holdout, note):
    (row,) = measured(night(treated, holdout))
    assert row["verdict"] == NOT_YET
    assert note in row["note"]
    assert row["low"] is None
    assert row["p_value"] is None


def test_no_number_is_ever_not_a_number():
    cases = [night([], []), night([1], []), night([1], [1]), night([0, 0], [0, 0]), night([5, 5], [1, 2])]
    for row in [row for case in cases for row in measured(case)]:
        numbers = [value for value in row.values() if isinstance(value, float)]
        assert all(math.isfinite(value) for value in numbers)


def test_people_lost_from_one_arm_block_the_verdict_and_hide_the_difference():
    clear = night([2_000, 2_100] * 500, [1_000, 1_100] * 400)  # a hundred pairs of the holdout are gone
    (row,) = measured(clear)
    assert row["verdict"] == BLOCKED
    assert row["sample_ratio_p"] < STANDARD_PLAN.sample_ratio_alpha
    assert [row[n] for n in ("treated_mean", "holdout_mean", "estimate", "low", "high", "p_value")] == [None] * 6
    assert (row["treated_count"], row["holdout_count"]) == (1_000, 800)


def test_a_broken_split_is_told_before_the_window_is_over():
    assert measured(night([1] * 1_000, [1] * 800, observed_days=3))[0]["verdict"] == BLOCKED


def test_replayed_data_are_called_a_null_check():
    assert "Null check" in measured(night([1, 2], [3, 4]), is_replay=True)[0]["note"]
    assert "Null check" not in measured(night([1, 2], [3, 4]))[0]["note"]


def test_both_metrics_are_measured_on_their_own_column():
    rows = night([100, 300], [200, 200]).with_columns(margin_cents=pl.lit(0, pl.Int64))
    lift = measure_lift(rows, experiments(), LATER, KNOWN_THROUGH, is_replay=False)
    assert lift["metric_name"].to_list() == sorted(METRICS)
    assert lift["treated_mean"].to_list() == [0.0, 2.0]


def test_amounts_near_the_largest_integer_do_not_overflow():
    (row,) = measured(night([4 * 10**18, 4 * 10**18 + 2], [10**18, 10**18 + 2]))
    assert row["estimate"] == 3 * 10**16


def one_row(**changes):
    return pl.concat(
        [
            night([100] * 2, [200] * 2),
            night([100], [])
            .with_columns(person_id=pl.lit("p9"))
            .with_columns(**{name: pl.lit(value) for name, value in changes.items()})
            .select(night([], []).columns)
            .cast(night([], []).schema),
        ]
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"net_sales_cents": None}, "expected a value in every column"),
        ({"arm": "control"}, "arm 'holdout' or 'treated'"),
        ({"experiment_id": "other"}, "an experiment out of"),
        ({"person_id": "p000000"}, "a person once per night"),
        ({"observed_days": -1}, "observed_days of at least 0"),
        ({"observed_days": 27}, "the same observed_days for a whole night"),
        ({"observed_days": 60}, "no sales after 2017-12-25"),
    ],
)
def test_rows_that_cannot_be_true_are_refused_with_their_count(changes, message):
    with pytest.raises(ContractError, match=message) as refused:
        measured(one_row(**changes))
    assert "of 5 rows" in str(refused.value)


def test_sales_of_a_day_not_known_yet_are_refused():
    with pytest.raises(ContractError, match="no sales after"):
        measured(night([1], [2], observed_days=28), observed_through=NIGHT + 26 * DAY)
    assert measured(night([1], [2], observed_days=28), observed_through=NIGHT + 27 * DAY)


def test_fractions_of_a_cent_and_missing_columns_are_refused():
    with pytest.raises(ContractError, match="whole numbers in \\['margin_cents'\\]"):
        measured(night([1], [2]).with_columns(margin_cents=pl.lit(0.5)))
    with pytest.raises(ContractError, match="missing \\['arm'\\]"):
        measured(night([1], [2]).drop("arm"))


@pytest.mark.parametrize(("ids", "shares"), [(2, [0.1, 0.2]), (1, [None]), (1, [0.0]), (1, [math.nan])])
def test_an_experiment_without_one_clear_share_is_refused(ids, shares):
    schema = {"experiment_id": pl.String, "holdout_share": pl.Float64}
    wrong = pl.DataFrame({"experiment_id": ["universal_holdout"] * ids, "holdout_share": shares}, schema=schema)
    with pytest.raises(ContractError, match=r"experiments|holdout_share"):
        measure_lift(night([1], [2]), wrong, LATER, KNOWN_THROUGH, is_replay=False)
