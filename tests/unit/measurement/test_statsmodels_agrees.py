"""lift and power beside statsmodels, to ten digits wherever both estimate the same thing."""

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower, TTestIndPower
from statsmodels.stats.proportion import confint_proportions_2indep
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from ml.measurement.power import people_needed, power_of, smallest_effect
from tests.builders.experiment import experiment, report_of, row_of

TEN_DIGITS = 1e-10


def design(frame, *columns):
    """Constant, whether treated, and further columns centred over both arms."""
    treated = (frame["arm"] == "treated").cast(pl.Float64).to_numpy()
    others = [frame[name].cast(pl.Float64).to_numpy() for name in columns]
    return np.column_stack([np.ones(frame.height), treated, *[other - other.mean() for other in others]])


def test_welch_is_comparemeans_with_unequal_variances():
    frame = experiment(people=640, others=1_170, factor=1.2)
    sides = [DescrStatsW(frame.filter(arm=arm)["revenue"].to_numpy()) for arm in ("treated", "control")]
    theirs = CompareMeans(*sides)
    t, p_value, freedom = theirs.ttest_ind(usevar="unequal")
    row = row_of(report_of(frame), "welch")
    ours = [row["estimate"] / row["standard_error"], row["p_value"], row["degrees_of_freedom"], row["low"], row["high"]]
    interval = theirs.tconfint_diff(usevar="unequal")
    assert ours == pytest.approx([t, p_value, freedom, *interval], rel=TEN_DIGITS)


def test_welchs_error_is_that_of_least_squares_with_hc2():
    # MacKinnon and White (1985): for two groups HC2 is s1^2/n1 + s0^2/n0, the same as Welch's
    frame = experiment(people=333, others=777)
    fitted = sm.OLS(frame["revenue"].to_numpy(), design(frame)).fit(cov_type="HC2")
    row = row_of(report_of(frame), "welch")
    assert [row["estimate"], row["standard_error"]] == pytest.approx([fitted.params[1], fitted.bse[1]], rel=TEN_DIGITS)


def test_cupeds_slope_is_that_of_least_squares_on_everybody():
    # the slope is fitted without an indicator of the arm, so the estimate is a difference of residuals' means
    frame = experiment(people=500, others=900).with_columns(visits=pl.col("visits").cast(pl.Float64))
    covariates = design(frame, "before", "visits")[:, [0, 2, 3]]
    left = sm.OLS(frame["revenue"].to_numpy(), covariates).fit().resid
    is_treated = (frame["arm"] == "treated").to_numpy()
    theirs = CompareMeans(DescrStatsW(left[is_treated]), DescrStatsW(left[~is_treated]))
    row = row_of(report_of(frame, covariates=("before", "visits")), "cuped")
    _, p_value, freedom = theirs.ttest_ind(usevar="unequal")
    ours = [row["estimate"], row["p_value"], row["degrees_of_freedom"], row["low"], row["high"]]
    truth = [left[is_treated].mean() - left[~is_treated].mean(), p_value, freedom]
    assert ours == pytest.approx([*truth, *theirs.tconfint_diff(usevar="unequal")], rel=TEN_DIGITS)


def test_cuped_and_regression_adjustment_differ_by_less_than_a_hundredth_of_the_error():
    # with the arm in the regression the slope is another one: the same thing in the limit, not in ten digits
    frame = experiment(people=4_000)
    fitted = sm.OLS(frame["revenue"].to_numpy(), design(frame, "before")).fit(cov_type="HC2")
    row = row_of(report_of(frame, covariates=("before",)), "cuped")
    assert abs(row["estimate"] - fitted.params[1]) < 0.01 * row["standard_error"]
    assert row["standard_error"] == pytest.approx(fitted.bse[1], rel=1e-3)


@pytest.mark.parametrize("members", [2, 5])
def test_clustered_errors_are_statsmodels_cluster_robust_ones(members):
    # clusters of one size: a mean per member is a mean of cluster means, and CR1 is g/(g-1) (n-1)/(n-k) x CR0 over
    # both arms together, where Welch takes g/(g-1) in each; with that factor undone both are one number
    frame = experiment(people=100 * members, others=150 * members).with_columns(
        house=pl.col("arm") + (pl.int_range(pl.len()).over("arm") // members).cast(pl.String)
    )
    groups = frame["house"].rank("dense").to_numpy()
    plain = sm.OLS(frame["revenue"].to_numpy(), design(frame)).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    row = row_of(report_of(frame, cluster="house"), "welch clustered")
    # CR0 of an arm with g clusters is (g - 1)/g of the unbiased one: parts are compared arm by arm
    parts = []
    for arm in ("control", "treated"):
        mine = frame.filter(arm=arm)
        alone = sm.OLS(mine["revenue"].to_numpy(), np.ones(mine.height)).fit(
            cov_type="cluster",
            cov_kwds={"groups": mine["house"].rank("dense").to_numpy(), "use_correction": False},
        )
        count = mine["house"].n_unique()
        parts.append(alone.bse[0] ** 2 * count / (count - 1))
    assert row["estimate"] == pytest.approx(plain.params[1], rel=TEN_DIGITS)
    assert row["standard_error"] == pytest.approx(np.sqrt(sum(parts)), rel=TEN_DIGITS)
    assert row["standard_error"] == pytest.approx(plain.bse[1], rel=0.01)


def test_a_ratio_is_weighted_least_squares_with_robust_errors():
    # revenue per visit is a mean weighted by visits; the delta method is its sandwich, n/(n-1) apart
    frame = experiment(people=450, others=620)
    row = row_of(report_of(frame, ("revenue", "visits")), "delta")
    parts, ratios = [], []
    for arm in ("control", "treated"):
        mine = frame.filter(arm=arm)
        weights = mine["visits"].cast(pl.Float64).to_numpy()
        fitted = sm.WLS(mine["revenue"].to_numpy() / weights, np.ones(mine.height), weights=weights).fit(cov_type="HC0")
        ratios.append(fitted.params[0])
        parts.append(fitted.bse[0] ** 2 * mine.height / (mine.height - 1))
    assert [row["control_mean"], row["arm_mean"]] == pytest.approx(ratios, rel=TEN_DIGITS)
    assert row["standard_error"] == pytest.approx(np.sqrt(sum(parts)), rel=TEN_DIGITS)


def test_shares_agree_with_the_wald_interval_of_proportions_up_to_n_minus_one():
    frame = experiment(people=3_000, others=5_000).with_columns(bought=pl.col("revenue") > 8)
    row = row_of(report_of(frame, "bought"), "welch", metric="bought")
    counts = [(int(frame.filter(arm=arm)["bought"].sum()), n) for arm, n in (("treated", 5_000), ("control", 3_000))]
    (a, n), (b, m) = counts
    low, high = confint_proportions_2indep(a, n, b, m, method="wald", compare="diff")
    assert row["estimate"] == pytest.approx(a / n - b / m, rel=TEN_DIGITS)
    assert [row["low"], row["high"]] == pytest.approx([low, high], abs=2e-3 * row["standard_error"])


def test_several_arms_are_multipletests_holm():
    frame = experiment(people=900, arms=("control", "treated", "second", "third", "fourth"), factor=1.15)
    rows = report_of(frame)["results"]
    theirs = multipletests([row["p_value"] for row in rows], method="holm")[1]
    assert [row["p_holm"] for row in rows] == pytest.approx(theirs.tolist(), rel=TEN_DIGITS)


@pytest.mark.parametrize(("effect", "share", "alpha", "power"), [(0.5, 0.5, 0.05, 0.8), (0.1, 0.1, 0.01, 0.9)])
def test_people_needed_are_ttestindpowers(effect, share, alpha, power):
    theirs = TTestIndPower()
    ratio = (1 - share) / share
    control = theirs.solve_power(effect_size=effect, alpha=alpha, power=power, ratio=ratio)
    ours = people_needed(effect, 1.0, control_share=share, alpha=alpha, power=power)
    assert ours == pytest.approx(control / share, rel=1e-8)  # their root finder stops at 1e-8
    asked = {"control_count": ours * share, "arm_count": ours * (1 - share), "alpha": alpha}
    assert power_of(effect, 1.0, **asked) == pytest.approx(
        theirs.power(effect, ours * share, alpha, ratio=ratio), rel=TEN_DIGITS
    )


def test_with_very_many_people_power_is_normalindpowers():
    people = 4_000_000
    ours = smallest_effect(people, 1.0, control_share=0.5, alpha=0.05, power=0.8)
    assert NormalIndPower().power(ours, people / 2, 0.05, ratio=1.0) == pytest.approx(0.8, rel=1e-6)
