"""Who was left out by lot and who was not: the retailer's declared campaigns, and the nights' own withheld contacts.

A campaign and day is one experiment: everybody who would have been sent it, and a lot that left some of them out. The
same person is in many of them, and earlier and later ones go on working. That does not bias any of them: each lot is
independent of all others, so both arms get every other campaign alike, and what they differ by is one contact more.
The effect is that of one more contact on people who are contacted as often as these are. Rows of one person depend on
each other, which the errors must allow for (`ml.effect.pooled`).
"""

from datetime import date

import polars as pl

from ml.decisioning.policy import Policy
from ml.decisioning.policy_rows import Treatment
from ml.decisioning.value import lift_of

CAMPAIGN_DAYS = 14  # what a message has brought is counted for two weeks, as in Hillstrom's trial (2008, MineThatData)
FEWEST_PER_ARM = 20
SENT, LEFT_OUT = "sent", "enrolled_in_control"
LOTS = {
    "lot_id": pl.String,
    "person_id": pl.String,
    "campaign_id": pl.String,  # null: a night's own
    "as_of_date": pl.Date,
    "channel_code": pl.String,
    "is_treated": pl.Boolean,
    "chance": pl.Float64,  # that the person was treated
    "horizon_days": pl.Int64,
    "stated_lift": pl.Float64,  # of all contacts of the treated; null: to be taken from the channel's treatments
    "has_offer": pl.Boolean,  # null: not known, to be seen in the discounts
}


def cell_of(policy: Policy, treatment: Treatment) -> tuple[str, bool]:
    """Which contacts count as the same: those of one channel, with an offer or without."""
    return treatment.channel_code, policy.offers[treatment.offer_id].discount_rate > 0


def campaign_lots(messages: pl.DataFrame, observed_through: date, first_day: date) -> pl.DataFrame:
    """Experiments that the log of messages declares.

    Takes     messages, one row per event: person_id, campaign_id, channel_code, event_code, event_date;
              observed_through: first day that is not covered yet; first_day: older ones are not looked at.
    Returns   LOTS, sorted: one row per person, campaign and day. The chance is the measured share of the own arm. Of a
              campaign without a control group, too small an arm, or people in both arms (two records, one person)
              nothing is taken. The channel is that of the campaign's sends.
    """
    keys = ["campaign_id", "as_of_date"]
    over = pl.col("event_date") + pl.duration(days=CAMPAIGN_DAYS) <= observed_through
    told = messages.filter(
        pl.col("event_code").is_in([SENT, LEFT_OUT]) & over & (pl.col("event_date") >= first_day)
    ).drop_nulls(["person_id", "campaign_id"])
    declared = told.filter(event_code=LEFT_OUT).select("campaign_id", "event_date").unique()
    told = told.join(declared, on=["campaign_id", "event_date"], how="semi").rename({"event_date": "as_of_date"})
    channels = told.drop_nulls("channel_code").group_by(keys).agg(pl.col("channel_code").min())
    treated = (pl.col("event_code") == SENT).alias("is_treated")
    arms = told.select(*keys, "person_id", treated).unique()
    one = arms.filter(pl.len().over(*keys, "person_id") == 1)
    counted = one.with_columns(
        chance=pl.col("is_treated").mean().over(keys),
        fewest=pl.min_horizontal(pl.col("is_treated").sum().over(keys), (~pl.col("is_treated")).sum().over(keys)),
    )
    known = counted.filter(pl.col("fewest") >= FEWEST_PER_ARM).join(channels, on=keys)
    return _in_shape(known.with_columns(horizon_days=pl.lit(CAMPAIGN_DAYS)))


def night_lots(first: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """The nights' own: each person's first solved contact of a period, done or withheld.

    Takes     first: of `evidence.first_contacts`.
    Returns   LOTS. What a treated person got within the horizon counts: the stated lift is that of all the contacts.
    """
    treatments = {one.treatment_id: one for one in policy.treatments}
    stated = {name: lift_of(float(one.prior_effect_log_odds)) for name, one in treatments.items()}
    channels = {name: cell_of(policy, one)[0] for name, one in treatments.items()}
    offers = {name: cell_of(policy, one)[1] for name, one in treatments.items()}
    solved = pl.col("solved_treatment_id")
    done, nothing = pl.col("solved_probability"), pl.col("nothing_probability")
    is_treated = pl.col("treatment_id") == solved
    rows = first.with_columns(
        is_treated=is_treated,
        chance=done / (done + nothing),
        channel_code=solved.replace_strict(channels, return_dtype=pl.String),
        has_offer=solved.replace_strict(offers, return_dtype=pl.Boolean),
        stated_lift=solved.replace_strict(stated, return_dtype=pl.Float64),
    )
    contacts = pl.col("contact_count").filter(is_treated).mean().over("as_of_date").fill_null(1.0)
    return _in_shape(rows.with_columns(stated_lift=pl.col("stated_lift") * pl.max_horizontal(contacts, 1.0)))


def _in_shape(rows: pl.DataFrame) -> pl.DataFrame:
    missing = [pl.lit(None, dtype=kind).alias(name) for name, kind in LOTS.items() if name not in rows.columns]
    parts = [pl.col("as_of_date").cast(pl.String), pl.col("campaign_id").fill_null(""), pl.col("person_id")]
    whole = rows.with_columns(missing).with_columns(lot_id=pl.concat_str(parts, separator=":"))
    return whole.select(pl.col(name).cast(kind) for name, kind in LOTS.items()).sort("lot_id")
