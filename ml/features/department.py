"""What a person buys in each department, and which departments are worth a prediction."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from ml.features.orders import share, trend
from ml.features.registry import HABIT, WINDOWS
from ml.features.sales import amount
from ml.features.summaries import Summaries, days_ago, seen, within

MIN_PERSON_SHARE = 0.05  # rarer departments have too few buyers per panel to calibrate
CHOICE_DAYS = 91


def choose_departments(summaries: Summaries, as_of_date: date) -> list[str]:
    """Departments that at least 5 % of recent shoppers bought in, in alphabetical order.

    The only question here that looks at more than one person; its answer is stored with the model.
    """
    recent = seen(summaries.departments, "ordered_date", as_of_date).filter(
        within("ordered_date", as_of_date, CHOICE_DAYS)
    )
    shoppers = recent["person_id"].n_unique()
    buyers = recent.group_by("department_name").agg(n=pl.col("person_id").n_unique())
    chosen = buyers.filter(pl.col("n") >= MIN_PERSON_SHARE * shoppers)
    return sorted(chosen["department_name"].cast(pl.String).to_list())


def department_history(summaries: Summaries, as_of_date: date, departments: Sequence[str]) -> pl.DataFrame:
    """Purchases per person and department before the date; one row per pair bought at least once.

    Returns   person_id, department_name (enums) and `registry.DEPARTMENT_FEATURES`.
    """
    past = seen(summaries.departments, "ordered_date", as_of_date)
    key = ["person_id", "department_name"]
    days = (
        past.filter(pl.col("department_name").cast(pl.String).is_in(list(departments)))
        .group_by(*key, "ordered_date")
        .agg(pl.col("net_sales_cents").sum())
    )
    age = days_ago("ordered_date", as_of_date)
    counts = days.group_by(key).agg(
        department_days_since_last=age.min().cast(pl.Int32),
        department_day_count_previous_28d=age.is_between(29, 56).sum().cast(pl.Int32),
        cents=pl.col("net_sales_cents").filter(age <= HABIT).sum(),
        **{f"department_day_count_{n}d": (age <= n).sum().cast(pl.Int32) for n in WINDOWS},
    )
    return _against_the_person(counts.join(_totals(summaries, as_of_date), on="person_id", how="left"))


def _totals(summaries: Summaries, as_of_date: date) -> pl.DataFrame:
    recent = seen(summaries.days, "ordered_date", as_of_date).filter(within("ordered_date", as_of_date, HABIT))
    return recent.group_by("person_id").agg(
        total_cents=pl.col("net_sales_cents").sum(), day_count=pl.col("ordered_date").n_unique()
    )


def _against_the_person(counts: pl.DataFrame) -> pl.DataFrame:
    bought = pl.col(f"department_day_count_{HABIT}d")
    rates = {
        "department_sales_rate": share(pl.col("cents"), pl.col("total_cents")),
        "department_trend_rate": trend(pl.col("department_day_count_28d"), pl.col("department_day_count_previous_28d")),
        "department_day_rate": share(bought, pl.col("day_count")),
        "department_lateness_ratio": share(pl.col("department_days_since_last") * bought, bought * 0 + HABIT),
    }
    return counts.with_columns(
        amount(pl.col("cents")).alias(f"department_sales_amount_{HABIT}d"),
        *(rate.alias(f"{name}_{HABIT}d") for name, rate in rates.items()),
    ).drop("cents", "total_cents", "day_count")
