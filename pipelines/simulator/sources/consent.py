"""The consent log: append-only, one event per person, channel and change, with source, region and policy version."""

import numpy as np
import polars as pl

from pipelines.simulator.calendar import REGIONS
from pipelines.simulator.randomness import scrambled
from pipelines.simulator.scenario import CHANNELS
from pipelines.simulator.sources.delivery import Delivery, in_utc, iso_utc, local_time, stamp
from pipelines.simulator.systems import Day, Export, Systems

SAID = ("preference_form", "web_form", "call_centre", "message_link")
PURPOSES = {
    "email": "email_marketing",
    "app_push": "push_marketing",
    "sms": "sms_marketing",
    "direct_mail": "post_marketing",
    "till_coupon": "till_marketing",
}


def export(systems: Systems, day: Day) -> Export:
    """First statements of people who become known today, withdrawals, and unsubscriptions from messages."""
    rows = pl.concat([_first(systems, day), _withdrawn(day), _unsubscribed(day)]).sort("person", "channel", "second")
    person = rows["person"].to_numpy()
    purpose = pl.col("channel").replace_strict(PURPOSES, return_dtype=pl.String)
    moment = in_utc(local_time(pl.lit(day.number, dtype=pl.Int64), pl.col("second")), systems.scenario.time_zone)
    channel = rows["channel"].replace_strict(list(CHANNELS), range(len(CHANNELS)), return_dtype=pl.Int64)
    said = rows["source"].replace_strict(list(SAID), range(len(SAID)), return_dtype=pl.Int64)  # may be twice a day
    statement = (person * 8 + channel.to_numpy()) * 8 + said.to_numpy()
    number = scrambled(systems.seed, "consent event", statement, day.number)
    region = pl.Series(REGIONS).gather(systems.people.region[person])
    key = _subject(systems, person, day.number)
    frame = rows.with_columns(subject_id=key["subject_id"], subject_type=key["subject_type"], region=region).select(
        event_id=pl.Series(number).cast(pl.String),
        subject_type="subject_type",
        subject_id="subject_id",
        purpose=purpose,
        channel="channel",
        state=pl.when("is_granted").then(pl.lit("granted")).otherwise(pl.lit("withdrawn")),
        legal_basis=pl.lit("consent"),
        source="source",
        collected_at=iso_utc(moment),
        policy_version=pl.lit("2024-11"),
        jurisdiction=pl.lit("US-") + pl.col("region"),
    )
    frame = frame.filter(pl.col("subject_id").is_not_null()).sort("event_id")
    file = f"consent_events_{stamp(day.number)}.csv"
    truth = rows.select("person", "channel", "is_granted", "source", day=pl.lit(day.number, dtype=pl.Int64))
    return Export(
        [Delivery(table="consent.events", file=file, frame=frame, key="event_id")],
        {"consents": truth},
    )


def _subject(systems: Systems, person: np.ndarray, day: int) -> pl.DataFrame:
    """Under which id somebody said so: the account, else the card, else the call centre's contact."""
    keys = pl.DataFrame({slot: systems.key_of(slot, person, day) for slot in ("shop", "loyalty", "crm")})
    kind = pl.coalesce(*(pl.when(pl.col(slot).is_not_null()).then(pl.lit(name)) for slot, name in SUBJECTS.items()))
    return keys.select(subject_id=pl.coalesce("shop", "loyalty", "crm"), subject_type=kind)


SUBJECTS = {"shop": "shopify_customer", "loyalty": "loyalty_member", "crm": "crm_contact"}


def _first(systems: Systems, day: Day) -> pl.DataFrame:
    """Everybody who comes to be known to a system today, with today's state of every channel."""
    tables = ("shopify.customers", "loyalty.members", "crm.contacts")
    known = [systems.versions(table, day.number).select("person", "made_day") for table in tables]
    first = systems.scenario.first_day_number
    is_new = pl.col("made_day").clip(lower_bound=first) == day.number
    person = pl.concat(known).filter(is_new)["person"].unique().sort().to_numpy()
    state = day.consent[person]
    rows, channel = np.divmod(np.arange(state.size), len(CHANNELS))
    return pl.DataFrame(
        {
            "person": person[rows],
            "channel": np.array(CHANNELS, dtype=object)[channel],
            "is_granted": state[rows, channel],
            "source": ["preference_form"] * state.size,
            "second": np.full(state.size, 6 * 3_600),
        },
        schema=_SCHEMA,
    )


_SCHEMA = {
    "person": pl.Int64,
    "channel": pl.String,
    "is_granted": pl.Boolean,
    "source": pl.String,
    "second": pl.Int64,
}


def _withdrawn(day: Day) -> pl.DataFrame:
    source = pl.when(pl.col("reason") == "wave").then(pl.lit("web_form")).otherwise(pl.lit("call_centre"))
    return day.facts.consent_changes.select(
        "person", "channel", "is_granted", source=source, second=pl.lit(12 * 3_600, dtype=pl.Int64)
    )


def _unsubscribed(day: Day) -> pl.DataFrame:
    return day.facts.contacts.filter("unsubscribed").select(
        "person",
        "channel",
        is_granted=pl.lit(False),
        source=pl.lit("message_link"),
        second=pl.lit(13 * 3_600, dtype=pl.Int64),
    )
