"""Laws of measure_experiment that hold for any experiment."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.measurement.results import ResultPlan
from ml.measurement.verdict import VERDICTS
from tests.builders.experiment import experiment, report_of, row_of

FEW = settings(max_examples=30, deadline=None)
amounts = st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=2, max_size=30)
seeds = st.integers(0, 20)


def table(control, treated):
    return pl.DataFrame(
        {"arm": ["control"] * len(control) + ["treated"] * len(treated), "revenue": [*control, *treated]},
        schema={"arm": pl.String, "revenue": pl.Float64},
    )


@FEW
@given(seed=seeds)
def test_the_order_of_rows_changes_no_digit(seed):
    frame = experiment(people=60, others=40, seed=seed)
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=seed)
    changes = {"covariates": ("before",), "cluster": "house", "result": ResultPlan(winsorise=0.9)}
    assert report_of(shuffled, "revenue", ("revenue", "visits"), **changes) == report_of(
        frame, "revenue", ("revenue", "visits"), **changes
    )
    assert report_of(shuffled) == report_of(frame)


@FEW
@given(control=amounts, treated=amounts)
def test_any_numbers_give_a_row_with_a_verdict_and_no_nan(control, treated):
    row = row_of(report_of(table(control, treated)), "welch")
    assert row["verdict"] in VERDICTS
    assert all(np.isfinite(value) for value in row.values() if isinstance(value, float))
    if row["low"] is not None:
        assert row["low"] <= row["estimate"] <= row["high"]


@FEW
@given(seed=seeds)
def test_exchanging_the_arms_turns_the_sign(seed):
    frame = experiment(people=50, others=70, seed=seed)
    there = row_of(report_of(frame, covariates=("before",)), "cuped")
    back = row_of(report_of(frame, control="treated", covariates=("before",)), "cuped", arm="control")
    assert there["p_value"] == back["p_value"] or abs(there["p_value"] / back["p_value"] - 1) < 1e-9
    assert abs(there["estimate"] + back["estimate"]) <= 1e-9 * max(1.0, abs(there["estimate"]))


@FEW
@given(seed=seeds, factor=st.sampled_from([0.01, 3.0, 1e6]))
def test_another_currency_changes_no_p_value(seed, factor):
    frame = experiment(people=60, seed=seed)
    one = row_of(report_of(frame), "welch")
    other = row_of(report_of(frame.with_columns(pl.col("revenue") * factor)), "welch")
    for name in ("p_value", "relative_lift", "relative_low", "relative_high"):
        assert (one[name] is None) == (other[name] is None)
        assert one[name] is None or abs(one[name] - other[name]) <= 1e-9 * max(1.0, abs(one[name]))


@FEW
@given(seed=seeds)
def test_the_relative_interval_excludes_zero_exactly_when_the_difference_does(seed):
    frame = experiment(people=150, others=300, seed=seed, factor=1.6)
    row = row_of(report_of(frame), "welch")
    if row["relative_low"] is not None:
        assert (row["low"] > 0) == (row["relative_low"] > 0)
        assert (row["high"] < 0) == (row["relative_high"] < 0)
