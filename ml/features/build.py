"""Point-in-time feature frames: what was known about each person when a date began."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from ml.features.campaigns import campaign_exposure, campaign_types, coupon_use, type_history
from ml.features.department import choose_departments, department_history
from ml.features.facts import Facts
from ml.features.household import household_attributes
from ml.features.orders import order_activity, order_cadence, store_loyalty
from ml.features.registry import CAMPAIGN_FEATURES, DEPARTMENT_FEATURES, PERSON_FEATURES, Feature
from ml.features.sales import department_breadth, sales_and_terms
from ml.features.summaries import Summaries, seen, summarise

KEY = ["person_id", "as_of_date"]


def build_person_features(facts: Facts, as_of_date: date) -> pl.DataFrame:
    """What is known about each person when `as_of_date` begins.

    Takes     facts, any row order.
    Returns   one row per person with a line, contact or redemption before the date, sorted by person_id:
              person_id str, as_of_date date, and the columns of `registry.PERSON_FEATURES`.
    Ignores   every row that happened or was known on or after `as_of_date`; rows without a person.
    """
    return person_features(summarise(facts), as_of_date)


def build_department_features(facts: Facts, as_of_date: date, departments: Sequence[str] | None = None) -> pl.DataFrame:
    """What is known about each person and department when `as_of_date` begins.

    Takes     departments: their names; None: those of `choose_departments` on that date.
    Returns   one row per person x department, sorted by both: the person's features and those of
              `registry.DEPARTMENT_FEATURES`. A department the person never bought has counts of 0.
    """
    summaries = summarise(facts)
    names = choose_departments(summaries, as_of_date) if departments is None else departments
    return department_features(summaries, as_of_date, names, person_features(summaries, as_of_date))


def build_campaign_features(facts: Facts, as_of_date: date, types: Sequence[str] | None = None) -> pl.DataFrame:
    """What is known about each person and campaign type when a campaign begins on `as_of_date`.

    Takes     types: campaign types; None: all that are known on that date.
    Returns   one row per person x type, sorted by both: the person's features and those of
              `registry.CAMPAIGN_FEATURES`.
    """
    summaries = summarise(facts)
    names = campaign_types(summaries, as_of_date) if types is None else types
    return campaign_features(summaries, as_of_date, names, person_features(summaries, as_of_date))


def person_features(summaries: Summaries, as_of_date: date) -> pl.DataFrame:
    """`build_person_features` from summaries, which serve many dates."""
    orders = seen(summaries.orders, "ordered_date", as_of_date)
    days = seen(summaries.days, "ordered_date", as_of_date)
    departments = seen(summaries.departments, "ordered_date", as_of_date)
    blocks = (
        order_activity(orders, as_of_date),
        store_loyalty(orders, as_of_date),
        order_cadence(orders, as_of_date),
        sales_and_terms(days, orders, as_of_date),
        department_breadth(departments, as_of_date),
        campaign_exposure(summaries, as_of_date),
        coupon_use(summaries, as_of_date),
        household_attributes(summaries.customers, as_of_date),
    )
    frame = _persons(summaries, as_of_date)
    for block in blocks:
        frame = frame.join(block, on="person_id", how="left", validate="1:1")
    season = {
        "month_of_year": pl.lit(as_of_date.month, pl.Int32),
        "week_of_year": pl.lit(as_of_date.isocalendar().week, pl.Int32),
    }
    return _finished(frame.with_columns(**season), PERSON_FEATURES, as_of_date, ["person_id"])


def department_features(
    summaries: Summaries, as_of_date: date, departments: Sequence[str], persons: pl.DataFrame
) -> pl.DataFrame:
    """`build_department_features` from summaries and the person features of the same date."""
    history = department_history(summaries, as_of_date, departments)
    return _crossed(persons, history, DEPARTMENT_FEATURES, departments, as_of_date)


def campaign_features(
    summaries: Summaries, as_of_date: date, types: Sequence[str], persons: pl.DataFrame
) -> pl.DataFrame:
    """`build_campaign_features` from summaries and the person features of the same date."""
    history = type_history(summaries, as_of_date, types)
    return _crossed(persons, history, CAMPAIGN_FEATURES, types, as_of_date)


def _persons(summaries: Summaries, as_of_date: date) -> pl.DataFrame:
    events = (
        (summaries.orders, "ordered_date"),
        (summaries.contacts, "contacted_date"),
        (summaries.redemptions, "redeemed_date"),
    )
    return pl.concat([seen(f, event, as_of_date).select("person_id") for f, event in events]).unique()


def _crossed(
    persons: pl.DataFrame,
    history: pl.DataFrame,
    features: tuple[Feature, ...],
    names: Sequence[str],
    as_of_date: date,
) -> pl.DataFrame:
    second = features[0].name
    history = history.with_columns(pl.col("person_id", second).cast(pl.String))
    frame = (
        persons.drop("as_of_date")
        .join(pl.DataFrame({second: sorted(names)}, schema={second: pl.String}), how="cross")
        .join(history, on=["person_id", second], how="left", validate="1:1")
    )
    return _finished(frame, (*features, *PERSON_FEATURES), as_of_date, ["person_id", second])


def _finished(frame: pl.DataFrame, features: tuple[Feature, ...], as_of_date: date, sort_by: list[str]) -> pl.DataFrame:
    """Registry columns in registry order; a count over no row is 0, everything else unknown stays null."""
    zero = [f.name for f in features if f.is_zero_when_empty]
    return (
        frame.with_columns(
            pl.col("person_id").cast(pl.String), pl.lit(as_of_date).alias("as_of_date"), pl.col(zero).fill_null(0)
        )
        .select(*KEY, *(pl.col(f.name).cast(f.dtype) for f in features))
        .sort(sort_by)
        .rechunk()
    )
