"""What a person spends, on what terms and how broadly."""

from datetime import date

import polars as pl

from ml.features.orders import share, trend
from ml.features.registry import HABIT, MONEY, WINDOWS
from ml.features.summaries import days_ago, within

RATES = {  # feature -> (part, whole), both cents
    "discount_rate": ("discount_cents", "gross_sales_cents"),
    "promoted_sales_rate": ("promoted_sales_cents", "net_sales_cents"),
    "coupon_discount_rate": ("coupon_discount_cents", "gross_sales_cents"),
}


def amount(cents: pl.Expr) -> pl.Expr:
    """Integer cents as DECIMAL in the warehouse currency, exactly."""
    return (cents.cast(pl.Decimal(18, 2)) / 100).cast(MONEY)


def sales_and_terms(days: pl.DataFrame, orders: pl.DataFrame, as_of_date: date) -> pl.DataFrame:
    """Money and lines per window, basket, trend and discount shares; one row per person with an order.

    Takes     days, orders: of `Summaries`, already `seen`.
    """
    age = days_ago("ordered_date", as_of_date)
    orders_56d = orders.group_by("person_id").agg(order_count=(age <= HABIT).sum())
    sums = _sums(days, age).join(orders_56d, on="person_id", how="left")
    recent, both = pl.col("net_sales_cents_28d"), pl.col(f"net_sales_cents_{HABIT}d")
    return sums.select(
        "person_id",
        *(amount(pl.col(f"net_sales_cents_{n}d")).alias(f"net_sales_amount_{n}d") for n in WINDOWS),
        *(amount(pl.col(f"margin_cents_{n}d")).alias(f"gross_margin_amount_{n}d") for n in WINDOWS),
        *(pl.col(f"line_count_{n}d").cast(pl.Int32) for n in WINDOWS),
        amount(pl.col("net_sales_cents_all")).alias("net_sales_amount_all"),
        share(both, pl.col("order_count") * 100).alias(f"net_sales_per_order_{HABIT}d"),
        share(pl.col(f"line_count_{HABIT}d"), pl.col("order_count")).alias(f"lines_per_order_{HABIT}d"),
        trend(recent, both - recent).alias(f"sales_trend_rate_{HABIT}d"),
        *(
            share(pl.col(f"{part}_{HABIT}d"), pl.col(f"{whole}_{HABIT}d")).alias(f"{name}_{HABIT}d")
            for name, (part, whole) in RATES.items()
        ),
    )


def _sums(days: pl.DataFrame, age: pl.Expr) -> pl.DataFrame:
    windowed = ("net_sales_cents", "margin_cents", "line_count")
    parts = sorted({cents for pair in RATES.values() for cents in pair} - set(windowed))
    return days.group_by("person_id").agg(
        *(pl.col(c).filter(age <= n).sum().alias(f"{c}_{n}d") for c in windowed for n in WINDOWS),
        *(pl.col(c).filter(age <= HABIT).sum().alias(f"{c}_{HABIT}d") for c in parts),
        pl.col("net_sales_cents").sum().alias("net_sales_cents_all"),
    )


def department_breadth(departments: pl.DataFrame, as_of_date: date) -> pl.DataFrame:
    """Departments bought and the biggest one's share; one row per person who bought in any recently."""
    sums = (
        departments.filter(within("ordered_date", as_of_date, HABIT))
        .group_by("person_id", "department_name")
        .agg(pl.col("net_sales_cents").sum())
    )
    sales = pl.col("net_sales_cents")
    persons = sums.group_by("person_id").agg(
        pl.len().cast(pl.Int32).alias(f"department_count_{HABIT}d"), top=sales.max(), total=sales.sum()
    )
    return persons.select(
        "person_id",
        f"department_count_{HABIT}d",
        share(pl.col("top"), pl.col("total")).alias(f"top_department_sales_rate_{HABIT}d"),
    )
