"""measure_experiment: agreement with scipy and with formulas worked out beside it, for every kind of row."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from ml.measurement.results import ResultPlan
from ml.measurement.verdict import BLOCKED, HARM, LIFT, NOT_YET
from tests.builders.experiment import experiment, report_of, row_of

TEN_DIGITS = 1e-10


def arms_of(frame, *names):
    return [frame.filter(pl.col("arm") == arm).select(names).to_numpy().T for arm in ("control", "treated")]


def test_welch_is_scipys_to_ten_digits():
    frame = experiment(people=800, others=1_300, factor=1.3)
    (control,), (treated,) = arms_of(frame, "revenue")
    theirs = stats.ttest_ind(treated, control, equal_var=False)
    interval = theirs.confidence_interval(0.95)
    row = row_of(report_of(frame), "welch")
    ours = [row[name] for name in ("p_value", "low", "high", "degrees_of_freedom", "control_mean", "arm_mean")]
    assert ours == pytest.approx(
        [theirs.pvalue, interval.low, interval.high, theirs.df, control.mean(), treated.mean()], rel=TEN_DIGITS
    )


def test_cuped_is_scipys_test_of_the_adjusted_values():
    frame = experiment(people=700, others=900)
    (y0, x0), (y1, x1) = arms_of(frame, "revenue", "before")
    y, x = np.concatenate([y0, y1]), np.concatenate([x0, x1])
    theta = np.cov(y, x)[0, 1] / np.var(x, ddof=1)
    theirs = stats.ttest_ind(y1 - theta * (x1 - x.mean()), y0 - theta * (x0 - x.mean()), equal_var=False)
    row = row_of(report_of(frame, covariates=("before",)), "cuped")
    interval = theirs.confidence_interval(0.95)
    ours = [row[name] for name in ("p_value", "low", "high", "degrees_of_freedom")]
    assert ours == pytest.approx([theirs.pvalue, interval.low, interval.high, theirs.df], rel=TEN_DIGITS)
    assert row["control_mean"] == pytest.approx((y0 - theta * (x0 - x.mean())).mean(), rel=TEN_DIGITS)


def test_a_covariate_that_explains_the_metric_narrows_the_interval():
    report = report_of(
        experiment().with_columns(revenue=pl.col("before") * 10 + pl.col("visits")), covariates=("before",)
    )
    raw, adjusted = row_of(report, "welch"), row_of(report, "cuped")
    assert adjusted["standard_error"] < raw["standard_error"] / 5


def test_two_covariates_are_those_of_least_squares():
    frame = experiment().with_columns(earlier=pl.col("visits") * 2.0 + pl.col("before"))
    row = row_of(report_of(frame, covariates=("before", "earlier")), "cuped")
    y = frame["revenue"].to_numpy()
    x = frame.select("before", "earlier").to_numpy()
    centred = x - x.mean(axis=0)
    left = y - centred @ np.linalg.lstsq(centred, y - y.mean(), rcond=None)[0]
    is_treated = (frame["arm"] == "treated").to_numpy()
    theirs = stats.ttest_ind(left[is_treated], left[~is_treated], equal_var=False)
    assert row["p_value"] == pytest.approx(theirs.pvalue, rel=1e-9)


def test_a_ratio_is_the_test_of_its_linearised_values():
    frame = experiment(people=600, others=500)
    parts = arms_of(frame, "revenue", "visits")
    ratios = [top.sum() / bottom.sum() for top, bottom in parts]
    lines = [(top - r * bottom) / bottom.mean() + r for (top, bottom), r in zip(parts, ratios, strict=True)]
    theirs = stats.ttest_ind(lines[1], lines[0], equal_var=False)
    row = row_of(report_of(frame, ("revenue", "visits")), "delta")
    assert [row["control_mean"], row["arm_mean"]] == pytest.approx(ratios, rel=TEN_DIGITS)
    interval = theirs.confidence_interval(0.95)
    assert [row["p_value"], row["low"], row["high"]] == pytest.approx(
        [theirs.pvalue, interval.low, interval.high], rel=TEN_DIGITS
    )


def test_clusters_of_one_change_nothing():
    frame = experiment(people=400, others=300).with_row_index("alone")
    one, other = report_of(frame), report_of(frame, cluster="alone")
    plain, clustered = row_of(one, "welch"), row_of(other, "welch clustered")
    for name in ("estimate", "low", "high", "p_value"):
        assert clustered[name] == pytest.approx(plain[name], rel=1e-9)


def test_copies_of_people_in_one_cluster_add_no_certainty():
    frame = experiment(people=400).with_row_index("original")
    doubled = pl.concat([frame, frame])
    once = row_of(report_of(frame), "welch")
    assert row_of(report_of(doubled, cluster="original"), "welch clustered")["p_value"] == pytest.approx(
        once["p_value"]
    )
    assert row_of(report_of(doubled), "welch")["p_value"] < once["p_value"]


def test_clusters_in_both_arms_are_compared_within():
    # both members of a pair spend nearly the same: a paired test knows more than Welch's
    rng = np.random.default_rng(3)
    pair = rng.lognormal(3, 1, 500)
    frame = pl.DataFrame(
        {
            "arm": ["control"] * 500 + ["treated"] * 500,
            "revenue": np.concatenate([pair, pair + 0.5 + rng.normal(0, 0.5, 500)]),
            "pair": [*range(500), *range(500)],
        }
    )
    row = row_of(report_of(frame, cluster="pair"), "welch clustered")
    values = frame["revenue"].to_numpy()
    theirs = stats.ttest_rel(values[500:], values[:500])
    assert [row["p_value"], row["low"]] == pytest.approx([theirs.pvalue, theirs.confidence_interval().low], rel=1e-9)
    assert row["verdict"] == LIFT


def test_winsorised_rows_stand_beside_raw_ones_with_one_cap_for_all():
    frame = experiment(people=900)
    report = report_of(frame, result=ResultPlan(winsorise=0.99))
    cap = np.quantile(frame["revenue"].to_numpy(), 0.99)
    cut = [np.minimum(values, cap) for (values,) in arms_of(frame, "revenue")]
    row = row_of(report, "welch winsorised")
    assert row["p_value"] == pytest.approx(stats.ttest_ind(cut[1], cut[0], equal_var=False).pvalue, rel=TEN_DIGITS)
    assert row_of(report, "welch")["arm_mean"] > row["arm_mean"]
    assert any(f"cut to {cap:g}" in warning for warning in report["warnings"])


def test_the_relative_interval_is_fiellers():
    frame = experiment(people=500, others=700, factor=1.4)
    row = row_of(report_of(frame), "welch")
    (control,), (treated,) = arms_of(frame, "revenue")
    t = stats.t.ppf(0.975, row["degrees_of_freedom"])

    def apart(lift):  # the test that the arm's mean is (1 + lift) times the control's
        error = np.sqrt(treated.var(ddof=1) / 700 + (1 + lift) ** 2 * control.var(ddof=1) / 500)
        return abs(treated.mean() - (1 + lift) * control.mean()) / error

    assert [apart(row["relative_low"]), apart(row["relative_high"])] == pytest.approx([t, t], rel=1e-9)
    assert row["relative_lift"] == pytest.approx(treated.mean() / control.mean() - 1)


def test_several_arms_are_corrected_by_holm():
    frame = experiment(people=2_000, arms=("control", "treated", "second", "third"), factor=1.1)
    report = report_of(frame)
    found = sorted((row["p_value"], row["p_holm"]) for row in report["results"])
    assert [adjusted for _, adjusted in found] == pytest.approx(
        list(np.maximum.accumulate([min(1.0, (3 - i) * p) for i, (p, _) in enumerate(found)]))
    )
    assert [arm["arm"] for arm in report["arms"]] == ["control", "second", "third", "treated"]


def test_what_only_looks_clear_alone_is_not_called_lift():
    frame = experiment(people=4_000, arms=("control", *"abcdef"), seed=4)
    shift = pl.when(pl.col("arm") == "a").then(2.2 * pl.col("revenue").std() / np.sqrt(4_000 / 2)).otherwise(0.0)
    centred = pl.col("revenue") - pl.col("revenue").mean().over("arm") + 5.0
    report = report_of(frame.with_columns(revenue=centred + shift))
    row = row_of(report, "welch", arm="a")
    assert row["low"] > 0
    assert row["verdict"] == NOT_YET
    assert "Holm" in row["note"]


def test_an_effect_is_called_by_its_name():
    assert row_of(report_of(experiment(people=4_000, factor=2.0)), "welch")["verdict"] == LIFT
    assert row_of(report_of(experiment(people=4_000, factor=0.5)), "welch")["verdict"] == HARM


def test_the_split_is_pearsons_chi_square():
    frame = experiment(people=480, others=520)
    report = report_of(frame, shares={"control": 1, "treated": 1})
    assert report["sample_ratio_p"] == pytest.approx(stats.chisquare([480, 520]).pvalue, rel=TEN_DIGITS)
    three = experiment(people=300, others=350, arms=("control", "treated", "b"))
    assert report_of(three)["sample_ratio_p"] == pytest.approx(stats.chisquare([300, 350, 350]).pvalue, rel=TEN_DIGITS)


def test_a_broken_split_hides_the_numbers_when_the_plan_is_known():
    frame = experiment(people=1_000, others=1_300)
    stated = report_of(frame, shares={"control": 0.5, "treated": 0.5})
    assert {row["verdict"] for row in stated["results"]} == {BLOCKED}
    assert row_of(stated, "welch")["estimate"] is None
    assert "Sample ratio mismatch" in stated["warnings"][0]
    assumed = report_of(frame)
    assert row_of(assumed, "welch")["verdict"] == BLOCKED
    assert "--shares" in assumed["warnings"][0]


def test_a_planned_uneven_split_is_no_mismatch():
    report = report_of(experiment(people=500, others=4_500), shares={"control": 10, "treated": 90})
    assert report["sample_ratio_p"] == 1.0
    assert row_of(report, "welch")["verdict"] != BLOCKED


def test_a_sequential_interval_is_wider_and_says_so():
    frame = experiment(people=3_000)
    fixed = row_of(report_of(frame), "welch")
    anytime = report_of(frame, result=ResultPlan(is_sequential=True))
    grouped = report_of(frame, result=ResultPlan(is_sequential=True, looks=(0.5, 1.0)))
    widths = [row["high"] - row["low"] for row in (fixed, *(r["results"][0] for r in (grouped, anytime)))]
    assert widths == sorted(widths)
    assert len(set(widths)) == 3
    assert "at all looks together" in anytime["assumptions"][0]
    assert "peeking" in report_of(frame)["assumptions"][0]
