"""The same season a year ago sets the totals where more than a year is known."""

import numpy as np
import polars as pl
import pytest

from ml.value.predict import fit_value, predict_value
from ml.value.season import YEAR, season_day
from ml.value.transactions import build_order_days


def draw(customers, days, amplitude, seed=5):
    """Customers who are all there from the first days on and order more at the top of the year's wave."""
    rng = np.random.default_rng(seed)
    wave = 1 + amplitude * np.sin(2 * np.pi * np.arange(days) / YEAR)
    rate = rng.gamma(2.0, 1 / 60, customers)
    orders = rng.random((customers, days)) < np.minimum(rate[:, None] * wave, 1)
    orders[np.arange(customers), rng.integers(0, 60, customers)] = True
    who, day = np.nonzero(orders)
    amount = np.round(rng.gamma(4.0, 5.0, who.size) + 0.01, 2)
    return pl.DataFrame({"customer_id": who, "day": day.astype(np.int32), "amount": amount})


def total_ratio(rows, day, horizon):
    days = build_order_days(rows)
    model = fit_value(days, day=day, horizon_days=horizon, seed=7, threads=1)
    scores = pl.concat(list(predict_value(model, days, threads=1)))
    came = rows.filter(pl.col("day").is_between(day, day + horizon - 1)).height
    return model, float(scores["expected_order_count"].sum()) / came


def test_a_planted_season_is_expected_again():
    rows = draw(800, 1001, 0.5)
    model, ratio = total_ratio(rows, 910, 91)  # from the middle of the third year on orders fall
    assert model.season is not None
    assert model.season.orders < 0.85
    assert abs(np.log(ratio)) < 0.1
    assert abs(np.log(ratio)) < abs(np.log(ratio / model.season.orders)) / 2


def test_without_a_season_the_same_days_a_year_ago_change_little():
    model, ratio = total_ratio(draw(800, 728, 0.0), 546, 91)
    assert model.season is not None
    assert model.season.orders == pytest.approx(1.0, abs=0.05)
    assert ratio == pytest.approx(1.0, abs=0.1)


def test_a_season_needs_a_year_and_half_a_year_before_it():
    assert season_day(0, YEAR + 182, 91, 91) == 182
    assert season_day(0, YEAR + 181, 91, 91) is None
    assert season_day(0, YEAR + 210, 220, 220) is None
    assert season_day(0, 2000, 400, 400) is None
    assert season_day(0, 600, 91, 45) is None
