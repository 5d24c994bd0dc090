"""The answer per customer: what is an order, what the future may not change, and what too little data says."""

import numpy as np
import polars as pl
import pytest

from ml.errors import InsufficientDataError
from ml.value.interval import fit_spread, predict_interval
from ml.value.panels import panel_days
from ml.value.predict import fit_value, predict_value
from ml.value.transactions import build_order_days
from tests.builders.transactions import draw_transactions


def score(rows, *, day=150, horizon=40, threads=1):
    """The whole engine on a frame of transactions."""
    days = build_order_days(rows)
    model = fit_value(days, day=day, horizon_days=horizon, seed=7, threads=threads)
    return model, pl.concat(list(predict_value(model, days, threads=threads)))


def test_two_sales_on_a_day_are_one_order_and_a_refund_is_none():
    rows = pl.DataFrame(
        {"customer_id": ["a"] * 5 + ["b"] * 2, "day": [1, 1, 4, 6, 9, 2, 2], "amount": [5.0, 3, -2, 0, 7, 9, -9]},
        schema_overrides={"day": pl.Int32, "amount": pl.Float64},
    )
    days = build_order_days(rows)
    assert days.amount.tolist() == [8, -2, 0, 7, 0]
    assert days.is_order.tolist() == [True, False, True, True, False]


def test_what_happens_on_the_scoring_date_or_later_changes_nothing():
    rows = draw_transactions()
    later = rows.with_columns(amount=pl.when(pl.col("day") >= 150).then(9999.0).otherwise("amount"))
    assert score(rows)[1].equals(score(later)[1])
    assert score(rows.filter(pl.col("day") < 150))[1].equals(score(rows)[1])


def test_labels_end_by_the_scoring_date_and_have_as_long_a_history():
    label, cuts = panel_days(0, 273, 273)
    assert (label, cuts) == (136, [137])
    label, cuts = panel_days(0, 283, 91)
    assert label == 91
    assert all(cut + label <= 283 and cut >= label for cut in cuts)
    assert panel_days(0, 9, 91)[1] == []


def test_every_customer_seen_has_one_row_with_an_interval_around_nothing_impossible():
    rows = draw_transactions()
    _, scores = score(rows)
    seen = rows.filter(pl.col("day") < 150)["customer_id"].unique().sort()
    assert scores["customer_id"].to_list() == seen.to_list()
    assert scores.filter(pl.col("value_low_amount") > pl.col("value_high_amount")).is_empty()
    assert scores["probability_active"].is_between(0, 1).all()
    assert scores.select(pl.all().exclude("customer_id").is_finite().all()).row(0) == (True,) * 5


def test_planted_totals_and_coverage_are_found_again():
    rows = draw_transactions(1500, days=320)
    _, scores = score(rows, day=240, horizon=80)
    came = rows.filter(pl.col("day").is_between(240, 319)).group_by("customer_id").agg(pl.col("amount").sum())
    both = scores.join(came, on="customer_id", how="left").fill_null(0.0)
    assert both["expected_value_amount"].sum() / both["amount"].sum() == pytest.approx(1.0, abs=0.2)
    covered = both.select(pl.col("amount").is_between("value_low_amount", "value_high_amount").mean()).item()
    assert covered == pytest.approx(0.8, abs=0.07)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_handful_of_customers_is_answered_with_a_warning(count):
    rows = draw_transactions().filter(pl.col("customer_id") < count, pl.col("day") < 110)
    model, scores = score(rows, day=110)
    assert scores.height == rows["customer_id"].n_unique()
    assert scores["expected_value_amount"].is_finite().all()
    assert model.warnings


@pytest.mark.parametrize("amount", [0.0, -5.0])
def test_a_shop_that_gives_everything_away_has_customers_without_value(amount):
    rows = draw_transactions().with_columns(amount=pl.when(pl.col("customer_id") == 0).then(0.0).otherwise(amount))
    _, scores = score(rows)
    assert (scores["expected_order_count"] > 0).all()
    assert scores["expected_value_amount"].is_between(-1e-6, 1e-6).all()


def test_first_orders_alone_are_answered_by_a_smoothed_rate_that_says_so():
    rows = draw_transactions().unique("customer_id", keep="first", maintain_order=True)
    model, scores = score(rows)
    assert "A smoothed overall rate answers instead" in " ".join(model.warnings)
    assert (scores["expected_order_count"] > 0).all()


def test_a_short_history_says_that_nothing_was_checked():
    model, _ = score(draw_transactions().filter(pl.col("day") < 10), day=10)
    assert "too short to check anything" in " ".join(model.warnings)


def test_nobody_before_the_scoring_date_is_refused_in_words():
    with pytest.raises(InsufficientDataError, match="order before the scoring date, got none"):
        score(draw_transactions(), day=-5)


def test_the_interval_covers_four_in_five_of_what_it_was_sized_on():
    rng = np.random.default_rng(2)
    ordering = rng.uniform(0.05, 0.99, 4000)
    worth = rng.gamma(2.0, 40.0, 4000)
    outcome = np.where(rng.random(4000) < ordering, worth * rng.lognormal(-0.5, 1.0, 4000), 0.0)
    spread = fit_spread(ordering * 2, ordering, ordering * worth, outcome)
    low, high = predict_interval(spread, ordering * 2, ordering, ordering * worth)
    assert ((outcome >= low) & (outcome <= high)).mean() == pytest.approx(0.8, abs=0.01)
