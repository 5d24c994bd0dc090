"""What the marts hand over to features and labels: five typed frames and nothing else."""

from dataclasses import dataclass, fields, replace
from datetime import date

import polars as pl

from ml.errors import ContractError

CENTS = pl.Int64

LINES = {
    "person_id": pl.String,
    "order_id": pl.String,
    "store_id": pl.String,
    "product_id": pl.String,
    "department_name": pl.String,  # null: the product is not in the catalogue
    "category_name": pl.String,
    "ordered_date": pl.Date,
    "known_date": pl.Date,
    "net_sales_cents": CENTS,
    "gross_sales_cents": CENTS,
    "discount_cents": CENTS,
    "margin_cents": CENTS,
    "coupon_discount_cents": CENTS,
    "is_promoted": pl.Boolean,
}
CONTACTS = {
    "person_id": pl.String,
    "campaign_id": pl.String,
    "campaign_type_code": pl.String,
    "contacted_date": pl.Date,
    "known_date": pl.Date,
}
REDEMPTIONS = {
    "person_id": pl.String,
    "campaign_id": pl.String,
    "redeemed_date": pl.Date,
    "known_date": pl.Date,
}
CAMPAIGNS = {
    "campaign_id": pl.String,
    "campaign_type_code": pl.String,
    "start_date": pl.Date,
    "end_date": pl.Date,  # the last day on which its coupons count
    "known_date": pl.Date,
}
CUSTOMERS = {
    "person_id": pl.String,
    "age_band": pl.String,
    "income_band": pl.String,
    "home_ownership": pl.String,
    "marital_status": pl.String,
    "household_size": pl.String,
    "household_composition": pl.String,
    "kids_count": pl.String,
    "known_date": pl.Date,
}
SCHEMAS = {
    "lines": LINES,
    "contacts": CONTACTS,
    "redemptions": REDEMPTIONS,
    "campaigns": CAMPAIGNS,
    "customers": CUSTOMERS,
}
EVENT_DATE = {"lines": "ordered_date", "contacts": "contacted_date", "redemptions": "redeemed_date"}
# A null here would make a window, a sum or a join silently lose the row.
REQUIRED = {
    "lines": (
        "order_id",
        "ordered_date",
        "known_date",
        "net_sales_cents",
        "gross_sales_cents",
        "discount_cents",
        "margin_cents",
        "coupon_discount_cents",
    ),
    "contacts": ("campaign_id", "campaign_type_code", "contacted_date", "known_date"),
    "redemptions": ("campaign_id", "redeemed_date", "known_date"),
    "campaigns": ("campaign_id", "campaign_type_code", "start_date", "end_date", "known_date"),
    "customers": ("known_date",),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What happened, one row per fact; columns and types are `SCHEMAS`. Any row order.

    lines         sales lines (no returns); money in integer cents of the warehouse currency.
    contacts      campaigns mailed to persons; `contacted_date` is the campaign's first day.
    redemptions   coupons used.
    campaigns     one row per campaign, first and last day both included.
    customers     household attributes, null = unknown; the row known last counts.

    `person_id` null means unresolved: such a fact describes nobody and is left out.
    `*_date` are days in the retailer's time zone; `known_date` is when this system could know the row.
    """

    lines: pl.DataFrame
    contacts: pl.DataFrame
    redemptions: pl.DataFrame
    campaigns: pl.DataFrame
    customers: pl.DataFrame

    def __post_init__(self) -> None:
        """Raises    ContractError if a column is missing, has another type, or a needed value is null."""
        for name, schema in SCHEMAS.items():
            _require(name, getattr(self, name), schema)

    def before(self, as_of_date: date) -> "Facts":
        """What was known when `as_of_date` began: rows that happened and were known before it.

        Campaigns are plans: one that starts later counts as soon as it is known.
        """
        kept = {field.name: _before(field.name, getattr(self, field.name), as_of_date) for field in fields(self)}
        return replace(self, **kept)


def _before(name: str, frame: pl.DataFrame, as_of_date: date) -> pl.DataFrame:
    seen = pl.col("known_date") < as_of_date
    if name in EVENT_DATE:
        seen = seen & (pl.col(EVENT_DATE[name]) < as_of_date)
    return frame.filter(seen)


def _require(name: str, frame: pl.DataFrame, schema: dict[str, type[pl.DataType]]) -> None:
    found = frame.schema
    wrong = [f"{c} {found.get(c, 'missing')}" for c, dtype in schema.items() if found.get(c) != dtype]
    if wrong:
        raise ContractError(
            f"facts.{name}: expected the columns and types of ml.features.facts.SCHEMAS, "
            f"got {', '.join(wrong)}. Cast them where the mart is read."
        )
    for column in REQUIRED[name]:
        nulls = frame[column].null_count()
        if nulls:
            raise ContractError(
                f"facts.{name}.{column}: expected a value in every row, got null "
                f"({nulls} of {frame.height}). Quarantine such rows at landing."
            )


def empty_facts() -> Facts:
    """Facts without a row: the start for a test or a retailer's first night."""
    return Facts(**{name: pl.DataFrame(schema=schema) for name, schema in SCHEMAS.items()})
