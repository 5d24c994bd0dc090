"""What a person has been sent and given lately: contacts and discounts in rolling windows before the night."""

from datetime import date, timedelta

import polars as pl

from ml.decisioning.policy import Policy

ANY = "*"


def recent_contacts(
    people: pl.DataFrame, contact_history: pl.DataFrame, policy: Policy, as_of_date: date
) -> pl.DataFrame:
    """Contacts and discounts per person in each window `[as_of_date - n days, as_of_date)`.

    Takes     people: person_id;
              contact_history: person_id, channel_code, contacted_date, origin, discount_cost_amount.
    Returns   one row per person, sorted: person_id; contacts:<policy> i64; discount:<ceiling> decimal(18,4);
              contacts:fatigue i64. Null where a row of the person could belong to the window but does not say
              when, through what or by whom: what is not known cannot be under a cap.
    Ignores   contacts on or after as_of_date, and the maker-paid coupons of the retailer's own campaigns
              in discounts.
    """
    sums = people.select("person_id").sort("person_id")
    for row in policy.contact_policies:
        rows = _window(contact_history, as_of_date, row.window_days, row.channel_code, row.origin)
        sums = sums.join(_counted(rows, f"contacts:{row.contact_policy_id}"), on="person_id", how="left")
    for ceiling in policy.discount_ceilings:
        rows = _window(contact_history, as_of_date, ceiling.window_days, ceiling.channel_code, "nightmarket")
        sums = sums.join(_summed(rows, f"discount:{ceiling.ceiling_id}"), on="person_id", how="left")
    rows = _window(contact_history, as_of_date, int(policy.rules["fatigue_window_days"]), ANY, ANY)
    sums = sums.join(_counted(rows, "contacts:fatigue"), on="person_id", how="left")
    # nobody's row: nothing was sent; a row that says nothing carries -1 until here
    return sums.with_columns(
        pl.when(pl.col(name) < 0).then(None).otherwise(pl.col(name).fill_null(0)).alias(name)
        for name in sums.columns[1:]
    ).sort("person_id")


def _window(history: pl.DataFrame, as_of_date: date, days: int, channel_code: str, origin: str) -> pl.DataFrame:
    """Rows that are in the window, or cannot be shown to be outside it (`is_clear` false)."""
    day = pl.col("contacted_date")
    inside = day.is_between(as_of_date - timedelta(days=days), as_of_date, closed="left")
    channel = pl.lit(True) if channel_code == ANY else pl.col("channel_code") == channel_code
    sender = pl.lit(True) if origin == ANY else pl.col("origin") == origin
    return history.with_columns(is_clear=inside & channel & sender).filter(
        pl.col("is_clear") | pl.col("is_clear").is_null()
    )


def _counted(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    unclear = pl.col("is_clear").is_null().any()
    return rows.group_by("person_id").agg(pl.when(unclear).then(-1).otherwise(pl.len().cast(pl.Int64)).alias(name))


def _summed(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    amount = pl.col("discount_cost_amount").cast(pl.Decimal(18, 4))
    unclear = pl.col("is_clear").is_null().any() | amount.is_null().any()
    total = pl.when(unclear).then(pl.lit(-1, dtype=pl.Decimal(18, 4))).otherwise(amount.sum().cast(pl.Decimal(18, 4)))
    return rows.group_by("person_id").agg(total.alias(name))
