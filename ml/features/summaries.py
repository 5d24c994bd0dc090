"""Facts collapsed once to the grain that every window is cut from: cheap features for many dates."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from ml.features.facts import Facts

MONEY = (
    "net_sales_cents",
    "gross_sales_cents",
    "discount_cents",
    "margin_cents",
    "coupon_discount_cents",
    "promoted_sales_cents",
)


@dataclass(frozen=True, slots=True)
class Summaries:
    """Facts of known persons; `person_id` and `department_name` are Enums in alphabetical order.

    orders       one row per order: store_id, ordered_date, known_date (first line known).
    days         one row per person, day and known_date: the `MONEY` sums and line_count.
    departments  one row per person, department, day and known_date: net_sales_cents.
    contacts, redemptions, campaigns, customers   as in Facts.
    """

    orders: pl.DataFrame
    days: pl.DataFrame
    departments: pl.DataFrame
    contacts: pl.DataFrame
    redemptions: pl.DataFrame
    campaigns: pl.DataFrame
    customers: pl.DataFrame

    @property
    def first_ordered_date(self) -> date | None:
        """The first day with an order; None without orders."""
        first = self.orders["ordered_date"].min()
        return first if isinstance(first, date) else None


def summarise(facts: Facts) -> Summaries:
    """Collapse facts so that a date's features cost a fraction of reading all lines.

    Both clocks survive: sums are kept apart by `known_date`, so any past date can still be cut exactly.
    All sums are of integers, so neither row order nor thread count can change them.
    """
    persons = _enum(facts.lines["person_id"], facts.contacts["person_id"], facts.redemptions["person_id"])
    lines = _of_known_persons(facts.lines, persons).with_columns(
        pl.col("department_name").cast(_enum(facts.lines["department_name"])),
        promoted_sales_cents=pl.when("is_promoted").then("net_sales_cents").otherwise(0),
    )
    clocks = ["ordered_date", "known_date"]
    return Summaries(
        orders=lines.group_by("person_id", "order_id", "store_id", "ordered_date")
        .agg(pl.col("known_date").min())
        .sort("person_id", "ordered_date", "order_id", "store_id"),
        days=lines.group_by("person_id", *clocks)
        .agg(*(pl.col(name).sum() for name in MONEY), line_count=pl.len().cast(pl.Int64))
        .sort("person_id", *clocks),
        departments=lines.drop_nulls("department_name")
        .group_by("person_id", "department_name", *clocks)
        .agg(pl.col("net_sales_cents").sum())
        .sort("person_id", "department_name", *clocks),
        contacts=_of_known_persons(facts.contacts, persons),
        redemptions=_of_known_persons(facts.redemptions, persons),
        campaigns=facts.campaigns,
        customers=_of_known_persons(facts.customers, persons),
    )


def _enum(*values: pl.Series) -> pl.Enum:
    return pl.Enum(pl.concat([column.drop_nulls() for column in values]).unique().sort())


def _of_known_persons(frame: pl.DataFrame, persons: pl.Enum) -> pl.DataFrame:
    """Rows of persons who have a fact; a null or otherwise unknown person is left out."""
    return frame.with_columns(pl.col("person_id").cast(persons, strict=False)).drop_nulls("person_id")


def seen(frame: pl.DataFrame, event: str, as_of_date: date) -> pl.DataFrame:
    """Rows that happened and were known before `as_of_date`: the one door to the past."""
    return frame.filter((pl.col(event) < as_of_date) & (pl.col("known_date") < as_of_date))


def days_ago(event: str, as_of_date: date) -> pl.Expr:
    """Whole days from the event to `as_of_date`; 1 = the day before."""
    return (pl.lit(as_of_date) - pl.col(event)).dt.total_days()


def within(event: str, as_of_date: date, days: int) -> pl.Expr:
    """Whether the event lies in `[as_of_date - days, as_of_date)`; the rows are already `seen`."""
    return days_ago(event, as_of_date) <= days
