"""What a person was mailed and which coupons the person used."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from ml.features.summaries import Summaries, days_ago, seen, within


def campaign_exposure(summaries: Summaries, as_of_date: date) -> pl.DataFrame:
    """Campaigns mailed before the date and those still running; one row per person ever mailed."""
    ends = summaries.campaigns.filter(pl.col("known_date") < as_of_date).select("campaign_id", "end_date")
    contacts = (
        seen(summaries.contacts, "contacted_date", as_of_date)
        .select("person_id", "campaign_id", "contacted_date")
        .unique()
        .join(ends.unique("campaign_id"), on="campaign_id", how="left")
    )
    recent = within("contacted_date", as_of_date, 91)
    return contacts.group_by("person_id").agg(
        days_since_last_contact=days_ago("contacted_date", as_of_date).min().cast(pl.Int32),
        open_campaign_count=(pl.col("end_date") >= as_of_date).sum().cast(pl.Int32),
        mailed_campaign_count_91d=recent.sum().cast(pl.Int32),
    )


def coupon_use(summaries: Summaries, as_of_date: date) -> pl.DataFrame:
    """Coupons used before the date; one row per person who ever used one."""
    recent = within("redeemed_date", as_of_date, 91)
    return (
        seen(summaries.redemptions, "redeemed_date", as_of_date)
        .group_by("person_id")
        .agg(
            days_since_last_redemption=days_ago("redeemed_date", as_of_date).min().cast(pl.Int32),
            redemption_count_28d=within("redeemed_date", as_of_date, 28).sum().cast(pl.Int32),
            redemption_count_91d=recent.sum().cast(pl.Int32),
            redeemed_campaign_count_91d=pl.col("campaign_id").filter(recent).n_unique().cast(pl.Int32),
        )
    )


def campaign_types(summaries: Summaries, as_of_date: date) -> list[str]:
    """The types of all campaigns known before the date, in alphabetical order."""
    known = summaries.campaigns.filter(pl.col("known_date") < as_of_date)
    return known["campaign_type_code"].unique().sort().to_list()


def type_history(summaries: Summaries, as_of_date: date, types: Sequence[str]) -> pl.DataFrame:
    """What a person did with campaigns of each type; one row per person x type with a mailing in 91 days.

    Returns   person_id enum, campaign_type_code str, type_mailed_count_91d i32, type_redeemed_count_91d i32.
    """
    mailed = (
        seen(summaries.contacts, "contacted_date", as_of_date)
        .filter(within("contacted_date", as_of_date, 91) & pl.col("campaign_type_code").is_in(list(types)))
        .select("person_id", "campaign_id", "campaign_type_code")
        .unique()
    )
    used = (
        seen(summaries.redemptions, "redeemed_date", as_of_date)
        .select("person_id", "campaign_id", is_used=pl.lit(True))
        .unique()
    )
    return (
        mailed.join(used, on=["person_id", "campaign_id"], how="left")
        .group_by("person_id", "campaign_type_code")
        .agg(
            type_mailed_count_91d=pl.len().cast(pl.Int32),
            type_redeemed_count_91d=pl.col("is_used").count().cast(pl.Int32),
        )
    )
