"""The night's customer value: the value engine on the order days that were known on a day."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl

from ml.features.source import FeatureSource
from ml.features.summaries import seen
from ml.value.predict import ValueModel, fit_value, predict_value
from ml.value.transactions import OrderDays, build_order_days

EPOCH = date(1970, 1, 1)
CENTS = 100


def order_days(source: FeatureSource, day: date) -> OrderDays:
    """One row per person and day with an order that happened and was known before `day`; amounts in currency."""
    known = (
        seen(source.summaries.days, "ordered_date", day)
        .group_by(customer_id=pl.col("person_id").cast(pl.String), day=pl.col("ordered_date").cast(pl.Int32))
        .agg(pl.col("net_sales_cents", "line_count").sum())
        .sort("customer_id", "day")
    )
    days = build_order_days(known.select("customer_id", "day", amount=pl.col("net_sales_cents") / CENTS))
    return replace(days, line=known["line_count"].cast(pl.Float64).to_numpy())  # one row each, in the same order


def fit_customer_value(
    source: FeatureSource, day: date, *, unseen_days: int, horizon_days: int, seed: int, threads: int
) -> ValueModel:
    """The engine fitted on what was known on the morning of `day`.

    Takes     unseen_days: how many days before `day` are not delivered by then. The engine looks from the first
              of them, else the silence of everybody would be a little too long.
    Raises    InsufficientDataError   nobody had ordered.
    """
    return fit_value(
        order_days(source, day),
        day=_looked_from(day, unseen_days),
        horizon_days=horizon_days,
        seed=seed,
        threads=threads,
    )


def predict_customer_value(
    model: ValueModel, source: FeatureSource, rows: pl.DataFrame, *, unseen_days: int, threads: int
) -> np.ndarray:
    """Expected net sales within the horizon, one per row of `person_id` and `as_of_date`.

    NaN where the person had not ordered by then: nothing is known of such a person's spending.
    """
    answer = np.full(rows.height, np.nan)
    for day in rows["as_of_date"].unique().sort():
        here = (rows["as_of_date"] == day).to_numpy()
        # what a season says holds for the day it was fitted for, and a release scores for many weeks
        as_of = replace(model, day=_looked_from(day, unseen_days), season=None)
        scores = pl.concat(list(predict_value(as_of, order_days(source, day), threads=threads)))
        found = rows.filter(here).join(
            scores, left_on="person_id", right_on="customer_id", how="left", maintain_order="left"
        )
        answer[here] = found["expected_value_amount"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return answer


def _looked_from(day: date, unseen_days: int) -> int:
    return (day - timedelta(days=unseen_days) - EPOCH).days
