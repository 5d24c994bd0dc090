"""What the sender of messages reports: one event per line, in the shape of Braze Currents, plus the loyalty points."""

import polars as pl

from pipelines.simulator.randomness import scrambled, uniform
from pipelines.simulator.sources.delivery import Delivery, in_utc, local_time, stamp
from pipelines.simulator.systems import Day, Export, Systems

EVENTS = {  # outcome column -> event, seconds after sending
    "is_sent": ("Send", 0),
    "bounced": ("Bounce", 4),
    "delivered": ("Delivery", 5),
    "opened": ("Open", 3_600),
    "clicked": ("Click", 3_700),
    "unsubscribed": ("Unsubscribe", 3_800),
    "complained": ("MarkAsSpam", 3_900),
}
CONTROL = "users.campaigns.EnrollInControl"  # Braze's event: left out by lot of what would have been sent
SEND_SECOND = 8 * 3_600
MACHINE_OPENS = 0.25  # of delivered e-mails are opened by a privacy proxy


def export(systems: Systems, day: Day) -> Export:
    """A day's engagement events, and the truth about every treatment."""
    contacts = day.facts.contacts
    person = contacts["person"].to_numpy()
    proxied = pl.Series(uniform(systems.seed, "machine open", person, day.number) < MACHINE_OPENS)
    rows = contacts.with_columns(
        dispatch_id=systems.receipt_id(person, day.number, purpose="dispatch"),
        email=systems.identities["email"].gather(person),
        external_user_id=systems.key_of("loyalty", person, day.number),
        machine=(pl.col("channel") == "email") & pl.col("delivered") & pl.lit(proxied),
    ).filter("is_sent")
    parts = [_events(systems, day, rows, column, name, after) for column, (name, after) in EVENTS.items()]
    parts.append(_events(systems, day, rows, "machine", "Open", 30))
    frame = pl.concat([*parts, _controls(systems, day)]).sort(
        "dispatch_id", "time", "event_type", "id", nulls_last=True
    )
    file = f"events_{stamp(day.number)}.jsonl.gz"
    truth = contacts.with_columns(day=pl.lit(day.number, dtype=pl.Int64)).sort("person")
    delivery = Delivery(table="messaging.events", file=file, frame=frame, key="id", format="jsonl.gz")
    return Export([delivery] if frame.height else [], {"treatments": truth})  # also empty: the day was lived


def _controls(systems: Systems, day: Day) -> pl.DataFrame:
    """Whom a campaign's lot left out: a row of its control group, in the columns of the others."""
    rows = day.facts.controls
    person = rows["person"].to_numpy()
    at = in_utc(local_time(pl.lit(day.number, dtype=pl.Int64), pl.lit(SEND_SECOND)), systems.scenario.time_zone)
    campaign = rows["treatment_id"].str.strip_suffix(f"-{day.facts.day}")
    numbers = {name: scrambled(systems.seed, f"in control of {name}", person, day.number) for name in campaign.unique()}
    number = [numbers[name][place] for place, name in enumerate(campaign)]
    known = rows.with_columns(email=systems.identities["email"].gather(person))
    return known.select(
        id=pl.Series(number, dtype=pl.Int64).cast(pl.String),
        event_type=pl.lit(CONTROL),
        time=at.dt.epoch("s"),
        external_user_id=systems.key_of("loyalty", person, day.number),
        email_address=pl.when(pl.col("channel") == "email").then("email").otherwise(None),
        campaign_id="treatment_id",
        send_id="treatment_id",
        dispatch_id=pl.lit(None, dtype=pl.String),
        machine_open=pl.lit(False),
    )


def _events(systems: Systems, day: Day, rows: pl.DataFrame, column: str, name: str, after: int) -> pl.DataFrame:
    chosen = rows.filter(pl.col(column))
    sent = local_time(pl.lit(day.number, dtype=pl.Int64), pl.lit(SEND_SECOND + after))
    at = in_utc(sent, systems.scenario.time_zone).dt.epoch("s")
    number = scrambled(systems.seed, f"message event {column}", chosen["person"].to_numpy(), day.number)
    return chosen.select(
        id=pl.Series(number).cast(pl.String),
        event_type=pl.format("users.messages.{}.{}", "channel", pl.lit(name)),
        time=at,
        external_user_id="external_user_id",
        email_address=pl.when(pl.col("channel") == "email").then("email").otherwise(None),
        campaign_id="treatment_id",
        send_id=pl.col("treatment_id"),
        dispatch_id="dispatch_id",
        machine_open=pl.lit(column == "machine"),
    )
