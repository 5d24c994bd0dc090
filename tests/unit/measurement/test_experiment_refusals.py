"""measure_experiment on tables that do not deserve a number: refusals and warnings in words."""

import numpy as np
import polars as pl
import pytest

from ml.errors import ContractError
from ml.measurement.results import ResultPlan
from ml.measurement.verdict import NOT_YET
from tests.builders.experiment import experiment, report_of, row_of


def words(report):
    return " ".join(report["warnings"])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda t: t.drop("arm"), "arm: expected a column"),
        (lambda t: t.drop("revenue"), "revenue: expected a column"),
        (lambda t: t.head(0), "got no rows"),
        (lambda t: t.filter(pl.col("arm") != "control"), "expected the control 'control'"),
        (lambda t: t.filter(pl.col("arm") == "control"), "at least two arms"),
        (lambda t: t.with_columns(arm=pl.lit(None)), "none in 2000 of 2000 rows"),
        (lambda t: t.with_columns(revenue=pl.lit(None)), "a value in every row"),
        (lambda t: t.with_columns(revenue=pl.lit(float("nan"))), "a value in every row"),
        (lambda t: t.with_columns(revenue=pl.lit(float("inf"))), "numbers up to"),
        (lambda t: t.with_columns(revenue=pl.lit(1e200)), "numbers up to"),
        (lambda t: t.with_columns(revenue=pl.lit("12,50 €")), "a number"),
        (lambda t: t.with_columns(revenue=pl.lit([1])), "expected numbers, got List"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_a_table_that_cannot_be_read_is_refused_in_words(change, expected):
    with pytest.raises(ContractError, match=expected):
        report_of(change(experiment()))


def test_one_wrong_value_is_found_with_its_row():
    frame = experiment().with_columns(pl.col("revenue").cast(pl.String))
    frame[6, "revenue"] = "nothing"
    with pytest.raises(ContractError, match=r"1 of 2000 rows \(first: row 7, 'nothing'\)"):
        report_of(frame)


def test_text_numbers_and_truth_values_are_read():
    frame = experiment().with_columns(bought=pl.col("revenue") > 5)
    plain = row_of(report_of(frame, "bought"), "welch", metric="bought")
    text = row_of(report_of(frame.cast(pl.String), "bought"), "welch", metric="bought")
    assert text == plain
    assert plain["control_mean"] == pytest.approx(frame.filter(pl.col("arm") == "control")["bought"].mean())


def test_a_person_twice_is_refused_when_the_key_is_known():
    frame = experiment().with_columns(customer=pl.Series([0, *range(1999)]))
    with pytest.raises(ContractError, match="every person once, got 1 of 1999"):
        report_of(frame, person="customer")


def test_copied_rows_are_noticed_by_a_column_that_is_otherwise_a_key():
    frame = experiment().with_row_index("customer")
    assert "exact copies" not in words(report_of(frame))
    assert "200 of 2200 rows are exact copies" in words(report_of(pl.concat([frame, frame[::10]])))


def test_three_people_get_means_and_no_verdict():
    frame = pl.DataFrame({"arm": ["control", "control", "treated"], "revenue": [1.0, 2.0, 5.0]})
    row = row_of(report_of(frame), "welch")
    assert (row["control_mean"], row["arm_mean"], row["low"]) == (1.5, 5.0, None)
    assert row["verdict"] == NOT_YET
    assert "1 units; 100 are needed" in row["note"]


def test_zero_conversions_are_told_and_nothing_is_invented():
    report = report_of(experiment().with_columns(revenue=pl.lit(0)))
    row = row_of(report, "welch")
    assert [row[name] for name in ("low", "high", "p_value", "relative_lift")] == [None] * 4
    assert row["verdict"] == NOT_YET
    assert "0 for everybody" in words(report)


def test_a_handful_of_conversions_is_too_few():
    frame = experiment().with_columns(revenue=pl.int_range(2_000) < 4)
    report = report_of(frame)
    assert "only 4 rows" in words(report)
    assert row_of(report, "welch")["verdict"] == NOT_YET


def test_the_same_value_for_everybody_is_told():
    assert "same for everybody" in words(report_of(experiment().with_columns(revenue=pl.lit(3.0))))


def test_one_person_with_nine_tenths_of_the_revenue_decides_nothing():
    frame = experiment(people=2_000)
    others = frame.filter(pl.col("arm") == "treated")["revenue"].sum()
    frame[3_000, "revenue"] = 9 * others
    report = report_of(frame, result=ResultPlan(winsorise=0.999))
    assert "one row holds 90 % of arm treated's total" in words(report)
    assert row_of(report, "welch")["verdict"] == NOT_YET
    assert "90 %" in row_of(report, "welch")["note"]
    assert "90 %" not in row_of(report, "welch winsorised")["note"]


def test_a_long_tail_in_a_small_arm_is_warned_about_and_equal_arms_are_not():
    assert "tail is too long" in words(
        report_of(experiment(people=300, others=20_000), shares={"control": 300, "treated": 20_000})
    )
    assert "tail is too long" not in words(report_of(experiment(people=10_000)))


def test_an_arm_that_was_planned_and_is_absent_is_seen():
    report = report_of(experiment(people=400), shares={"control": 0.4, "treated": 0.4, "phone": 0.2})
    assert [arm["n"] for arm in report["arms"]] == [400, 0, 400]
    assert "phone 0 (expected 160)" in words(report)


def test_an_arm_without_a_share_is_refused():
    with pytest.raises(ContractError, match="none for \\['treated'\\]"):
        report_of(experiment(), shares={"control": 1.0})


def test_a_covariate_measured_afterwards_is_noticed():
    frame = experiment().with_columns(
        before=pl.when(pl.col("arm") == "treated").then(2.0).otherwise(1.0) * pl.col("before")
    )
    assert "before differs between control and treated" in words(report_of(frame, covariates=("before",)))
    assert "differs" not in words(report_of(experiment(), covariates=("before",)))


def test_people_without_history_count_with_the_mean_and_are_told():
    frame = experiment().with_columns(before=pl.when(pl.int_range(2_000) % 5 > 0).then("before"))
    report = report_of(frame, covariates=("before",))
    assert "before: 400 of 2000 rows have none" in words(report)
    assert row_of(report, "cuped")["p_value"] is not None


def test_a_constant_covariate_changes_nothing():
    report = report_of(experiment().with_columns(before=pl.lit(7.0)), covariates=("before",))
    assert row_of(report, "cuped")["p_value"] == pytest.approx(row_of(report, "welch")["p_value"], rel=1e-12)


def test_a_ratio_of_nothing_has_no_value():
    row = row_of(report_of(experiment().with_columns(visits=pl.lit(0)), ("revenue", "visits")), "delta")
    assert row["estimate"] is None
    assert "denominator" in row["note"]


def test_few_clusters_are_warned_about():
    frame = experiment(people=300).with_columns(house=pl.col("arm") + (pl.int_range(600) % 8).cast(pl.String))
    assert "8 clusters" in words(report_of(frame, cluster="house"))


def test_large_sums_and_small_differences_keep_their_digits():
    frame = experiment(people=500)
    lifted = frame.with_columns(revenue=pl.col("revenue") + 1e9)
    one, other = (row_of(report_of(table), "welch") for table in (frame, lifted))
    assert other["p_value"] == pytest.approx(one["p_value"], rel=1e-4)


def test_names_of_any_alphabet_are_names():
    frame = experiment().with_columns(arm=pl.col("arm").replace({"control": "контроль", "treated": "处理 ñ"}))
    report = report_of(frame, control="контроль")
    assert [row["arm"] for row in report["results"]] == ["处理 ñ"]


def test_nothing_in_a_report_is_not_a_number():
    for frame in (experiment(), experiment().with_columns(revenue=pl.lit(0)), experiment(people=2)):
        for row in report_of(frame, covariates=("before",))["results"]:
            assert all(np.isfinite(value) for value in row.values() if isinstance(value, float))
