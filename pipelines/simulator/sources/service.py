"""Support tickets in the shape of Zendesk, satisfaction surveys and product reviews."""

import numpy as np
import polars as pl

from pipelines.simulator.randomness import bits, normal, scrambled, uniform
from pipelines.simulator.sources.delivery import Delivery, in_utc, iso_utc, local_time, stamp
from pipelines.simulator.systems import Day, Export, Systems

SURVEYED, REVIEWED = 0.01, 0.004  # shares of baskets and of web lines
SUBJECTS = {
    "delivery": "Where is my delivery?",
    "refund": "Refund not received",
    "quality": "Item was not fresh",
    "account": "Cannot sign in",
    "price": "Price differs from the shelf",
}


def export(systems: Systems, day: Day) -> Export:
    """A day's opened and solved tickets, survey answers and reviews."""
    tickets = _tickets(systems, day)
    files = [
        Delivery(table="zendesk.tickets", file=f"tickets_{stamp(day.number)}.csv", frame=tickets, key="id"),
        Delivery(
            table="feedback.nps", file=f"nps_{stamp(day.number)}.csv", frame=_surveys(systems, day), key="response_id"
        ),
        Delivery(
            table="feedback.reviews",
            file=f"reviews_{stamp(day.number)}.csv",
            frame=_reviews(systems, day),
            key="review_id",
        ),
    ]
    truth = day.facts.tickets.with_columns(day=pl.lit(day.number, dtype=pl.Int64))
    person = truth["person"].to_numpy()
    truth = truth.with_columns(ticket_id=systems.receipt_id(person, day.number, purpose="ticket"))
    return Export([one for one in files if one.frame.height], {"tickets": truth} if truth.height else {})


def _tickets(systems: Systems, day: Day) -> pl.DataFrame:
    """New tickets as `open`; a ticket solved today is written again with its end."""
    opened, solved = settle(systems, day)
    return pl.concat([_rows(systems, day, opened, "open"), _rows(systems, day, solved, "solved")]).sort("id")


def settle(systems: Systems, day: Day) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tickets opened and those solved on a day; what is open is remembered until it is solved."""
    opened = day.facts.tickets.with_columns(opened_day=pl.lit(day.number, dtype=pl.Int64))
    for (due,), part in opened.partition_by("solved_day", as_dict=True).items():
        systems.open_tickets.setdefault(int(due), []).append(part)
    return opened, pl.concat([opened.clear(), *systems.open_tickets.pop(day.number, [])])


def _rows(systems: Systems, day: Day, tickets: pl.DataFrame, status: str) -> pl.DataFrame:
    person, opened = tickets["person"].to_numpy(), tickets["opened_day"].to_numpy()
    zone = systems.scenario.time_zone
    created = in_utc(local_time(pl.col("opened_day"), pl.col("second")), zone)
    updated = (
        created if status == "open" else in_utc(local_time(pl.lit(day.number, dtype=pl.Int64), pl.lit(61_200)), zone)
    )
    own = systems.identities[person]
    known = systems.key_of("shop", person, day.number)
    urgent = pl.when(pl.col("sentiment") < -0.7).then(pl.lit("high")).otherwise(pl.lit("normal"))
    return tickets.select(
        id=systems.receipt_id(person, opened, purpose="ticket"),
        created_at=iso_utc(created),
        updated_at=iso_utc(updated),
        type=pl.lit("question"),
        subject=pl.col("topic").replace_strict(SUBJECTS, return_dtype=pl.String),
        priority=urgent,
        status=pl.lit(status),
        requester_email=own["email"],
        requester_external_id=known,
        via_channel=pl.when("is_web").then(pl.lit("web")).otherwise(pl.lit("email")),
        sentiment=pl.col("sentiment").cast(pl.String),
    )


def _surveys(systems: Systems, day: Day) -> pl.DataFrame:
    """Answers on the 0-10 scale, a little lower for people who are tired of messages."""
    person = day.facts.baskets["person"].to_numpy()
    rows = person[uniform(systems.seed, "answers survey", person, day.number) < SURVEYED]
    score = np.clip(np.rint(7.9 + 1.9 * normal(systems.seed, "nps", rows, day.number)), 0, 10).astype(np.int64)
    return pl.DataFrame(
        {
            "response_id": systems.receipt_id(rows, day.number, purpose="survey"),
            "email": systems.identities["email"].gather(rows),
            "score": pl.Series(score).cast(pl.String),
            "responded_date": [stamp(day.number)] * len(rows),
        },
        schema={name: pl.String for name in ("response_id", "email", "score", "responded_date")},
    ).sort("response_id")


def _reviews(systems: Systems, day: Day) -> pl.DataFrame:
    lines = day.facts.lines.filter("is_web").sort("person", "line")
    person, line = lines["person"].to_numpy(), lines["line"].to_numpy()
    chosen = uniform(systems.seed, "reviews", person, day.number, line) < REVIEWED
    rows = lines.filter(pl.Series(chosen)).unique("person", keep="first", maintain_order=True)
    who = rows["person"].to_numpy()
    stars = 5 - (bits(systems.seed, "stars", who, day.number) % np.uint64(7)).astype(np.int64) // 2
    number = scrambled(systems.seed, "review", who, day.number)
    return rows.select(
        review_id=pl.Series(number).cast(pl.String),
        customer_id=systems.key_of("shop", who, day.number),
        sku=systems.sku.gather(rows["product"]),
        stars=pl.Series(stars).cast(pl.String),
        reviewed_date=pl.lit(stamp(day.number)),
    ).sort("review_id")
