"""Laws of measure_lift that hold for any outcomes."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ml.measurement.lift import measure_lift
from tests.builders.outcomes import KNOWN_THROUGH, LATER, experiments, measured, night

arm = st.lists(st.integers(-10_000, 1_000_000), max_size=12)
FEW = settings(max_examples=40, deadline=None)


def lift_of(outcomes):
    return measure_lift(outcomes, experiments(), LATER, KNOWN_THROUGH, is_replay=False)


@FEW
@given(treated=arm, holdout=arm, seed=st.integers(0, 9))
def test_the_order_of_rows_does_not_matter(treated, holdout, seed):
    rows = night(treated, holdout)
    shuffled = rows.sample(fraction=1.0, shuffle=True, seed=seed)
    assert_frame_equal(lift_of(shuffled), lift_of(rows), check_exact=True)


@FEW
@given(treated=arm, holdout=arm)
def test_exchanging_the_arms_turns_the_sign_and_nothing_else(treated, holdout):
    for there, back in zip(measured(night(treated, holdout)), measured(night(holdout, treated)), strict=True):
        assert (there["estimate"] is None) == (back["estimate"] is None)
        if there["low"] is not None:
            assert there["estimate"] == -back["estimate"]
            assert abs(there["low"] + back["high"]) <= 1e-9 * max(1.0, abs(there["low"]))
            assert there["verdict"] in {back["verdict"], "lift", "harm"}


@FEW
@given(treated=arm, holdout=arm)
def test_another_night_changes_nothing_for_this_one(treated, holdout):
    rows = night(treated, holdout)
    other = night([1, 2, 3], [4, 5], decided_date=LATER.replace(month=10))
    both = lift_of(pl.concat([rows, other])).filter(pl.col("decided_date") != LATER.replace(month=10))
    assert_frame_equal(both, lift_of(rows), check_exact=True)


@FEW
@given(treated=arm, holdout=arm)
def test_the_interval_holds_the_estimate_and_agrees_with_the_p_value(treated, holdout):
    for row in measured(night(treated, holdout)):
        if row["low"] is not None:
            assert row["low"] <= row["estimate"] <= row["high"]
            if abs(row["p_value"] - 0.05) > 1e-9:
                assert (row["p_value"] < 0.05) == (row["low"] > 0 or row["high"] < 0)
