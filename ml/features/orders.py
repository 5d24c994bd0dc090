"""When, how often, where and how regularly a person orders."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from ml.features.registry import HABIT, WEEKDAYS, WINDOWS
from ml.features.summaries import days_ago, within


def share(part: pl.Expr, total: pl.Expr) -> pl.Expr:
    """part / total as a float; null, not 0, when the total is 0: unknown is not "none".

    NumPy divides because Polars rounds a division by a constant differently from one by a column, and a
    column that happens to hold one value (one person in the frame) counts as a constant there: the last
    bit of a person's feature would depend on who else is in the frame. Not for use inside `agg`.
    """
    return pl.map_batches([part, total], _divided, return_dtype=pl.Float64)


def _divided(columns: Sequence[pl.Series]) -> pl.Series:
    part, total = (column.cast(pl.Float64).fill_null(float("nan")).to_numpy() for column in columns)
    ratio = np.divide(part, total, out=np.full(len(total), np.nan), where=total != 0)
    return pl.Series(ratio, dtype=pl.Float64).fill_nan(None)


def trend(recent: pl.Expr, before: pl.Expr) -> pl.Expr:
    """Change between two equally long windows, from -1 (stopped) to 1 (just started); null if neither has any."""
    return share(recent - before, recent + before)


def order_activity(orders: pl.DataFrame, as_of_date: date) -> pl.DataFrame:
    """Last and first order, counts per window, trend and weekdays; one row per person with an order.

    Takes     orders: `Summaries.orders`, already `seen`.
    """
    age = days_ago("ordered_date", as_of_date)
    weekday = pl.col("ordered_date").dt.weekday()
    habitual = age <= HABIT
    counts = orders.group_by("person_id").agg(
        days_since_last_order=age.min().cast(pl.Int32),
        days_since_first_order=age.max().cast(pl.Int32),
        order_count_all=pl.len().cast(pl.Int32),
        order_count_previous_28d=age.is_between(29, 56).sum().cast(pl.Int32),
        **{f"order_count_{n}d": (age <= n).sum().cast(pl.Int32) for n in WINDOWS},
        **{f"{day}_order_count": (habitual & (weekday == i)).sum() for i, day in enumerate(WEEKDAYS, 1)},
    )
    total = pl.col(f"order_count_{HABIT}d")
    weekend = pl.col("saturday_order_count") + pl.col("sunday_order_count")
    return counts.with_columns(
        trend(pl.col("order_count_28d"), pl.col("order_count_previous_28d")).alias(f"order_trend_rate_{HABIT}d"),
        share(weekend, total).alias(f"weekend_order_rate_{HABIT}d"),
        *(share(pl.col(f"{day}_order_count"), total).alias(f"{day}_order_rate_{HABIT}d") for day in WEEKDAYS),
    ).drop(f"{day}_order_count" for day in WEEKDAYS)


def store_loyalty(orders: pl.DataFrame, as_of_date: date) -> pl.DataFrame:
    """Stores used and the share of the one used most; one row per person with a recent order."""
    per_store = (
        orders.filter(within("ordered_date", as_of_date, HABIT))
        .group_by("person_id", "store_id")
        .agg(order_count=pl.len())
    )
    stores = per_store.group_by("person_id").agg(
        pl.len().cast(pl.Int32).alias(f"store_count_{HABIT}d"),
        main=pl.col("order_count").max(),
        total=pl.col("order_count").sum(),
    )
    return stores.select(
        "person_id",
        f"store_count_{HABIT}d",
        share(pl.col("main"), pl.col("total")).alias(f"main_store_order_rate_{HABIT}d"),
    )


def order_cadence(orders: pl.DataFrame, as_of_date: date) -> pl.DataFrame:
    """Typical gap between a person's order days, its spread, and how late the next order is.

    Returns   one row per person with two order days in the window; the spread needs two gaps.
    Ignores   further orders on one day.
    """
    days = (
        orders.filter(within("ordered_date", as_of_date, HABIT))
        .select("person_id", "ordered_date")
        .unique()
        .sort("person_id", "ordered_date")
    )
    previous = pl.when(pl.col("person_id") == pl.col("person_id").shift(1)).then(pl.col("ordered_date").shift(1))
    gap = pl.col("gap")
    gaps = days.with_columns(gap=(pl.col("ordered_date") - previous).dt.total_days()).drop_nulls("gap")
    measured = gaps.group_by("person_id").agg(
        gap.median().alias(f"median_gap_days_{HABIT}d"),
        n=pl.len().cast(pl.Int64),
        total=gap.sum(),
        squares=(gap * gap).sum(),
        last=days_ago("ordered_date", as_of_date).min(),
    )
    n, total = pl.col("n"), pl.col("total")
    # integers until the last step: a variance summed in floats would depend on the order of the rows
    variance = share(n * pl.col("squares") - total * total, n * (n - 1))
    return measured.select(
        "person_id",
        f"median_gap_days_{HABIT}d",
        variance.sqrt().alias(f"deviation_gap_days_{HABIT}d"),
        share(pl.col("last"), pl.col(f"median_gap_days_{HABIT}d")).alias(f"lateness_ratio_{HABIT}d"),
    )
