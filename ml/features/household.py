"""Household attributes as numbers and labels; what is not known stays null."""

from datetime import date

import polars as pl

LOWER_ENDS = {  # feature -> attribute whose first number is its lower end ("35-49K" -> 35, "5+" -> 5)
    "age_from_years": "age_band",
    "income_from_thousands": "income_band",
    "household_size_count": "household_size",
    "kids_count": "kids_count",
}
LABELS = ("home_ownership", "marital_status", "household_composition")


def household_attributes(customers: pl.DataFrame, as_of_date: date) -> pl.DataFrame:
    """The attributes known last before the date; one row per person who has any.

    Ignores   older rows of the same person; of rows known on one day, the alphabetically last counts.
    """
    attributes = [*LOWER_ENDS.values(), *LABELS]
    latest = (
        customers.filter(pl.col("known_date") < as_of_date)
        .sort("person_id", "known_date", *attributes, nulls_last=False)
        .unique("person_id", keep="last", maintain_order=True)
    )
    return latest.select(
        "person_id", *(_lower_end(attribute).alias(name) for name, attribute in LOWER_ENDS.items()), *LABELS
    )


def _lower_end(attribute: str) -> pl.Expr:
    text = pl.col(attribute)
    return pl.when(text.str.starts_with("Under")).then(0).otherwise(text.str.extract(r"(\d+)")).cast(pl.Int32)
