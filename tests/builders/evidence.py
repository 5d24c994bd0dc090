"""Worlds with lots whose effect is planted: who was sent what, who was left out, and how often they then ordered."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from ml.decisioning.traits import BOUGHT, MESSAGES, Past

FIRST_DAY, TONIGHT = date(2017, 7, 1), date(2017, 12, 26)
DAYS = (TONIGHT - FIRST_DAY).days
MAIL, COUPON = "next_best_category-none-email", "next_best_category-pct_5-till_coupon"
EFFECT_DAYS = 14
DEALS = np.array([1.0, 1.6])  # units per line with a price cut of the even and the odd person


def planted(
    people: int,
    lift: tuple[float, float],
    *,
    seed: int,
    channels: tuple[str, ...] = ("email",),
    picked_by_habit: bool = False,
    coupon_use: float = 0.0,
) -> Past:
    """Half a year of orders, and a campaign of each channel every week for a random half.

    Takes     lift: relative rise of the orders of the even and of the odd person in two weeks after a message; the odd
              ones buy more units on deals; picked_by_habit: the frequent are sent more; coupon_use: chance that who
              was sent something uses a coupon.
    """
    rng = np.random.default_rng(seed)
    rate = np.exp(rng.normal(-2.0, 0.5, people))
    risen = np.ones((people, DAYS))
    parts, uses = [], np.zeros((people, DAYS), dtype=bool)
    for channel in channels:
        for day in range(20 + len(parts), DAYS - EFFECT_DAYS, 7):
            chance = np.where(rate > np.median(rate), 0.7, 0.3) if picked_by_habit else np.full(people, 0.5)
            is_sent = rng.random(people) < chance
            risen[is_sent, day : day + EFFECT_DAYS] *= 1 + np.resize(lift, people)[is_sent, None]
            uses[:, day] |= is_sent & (rng.random(people) < coupon_use)
            parts.append(_messages(channel, day, is_sent))
    orders = rng.random((people, DAYS)) < np.minimum(rate[:, None] * risen, 1)
    orders |= uses
    person, day = np.nonzero(orders)
    units = np.where(rng.random(len(person)) < DEALS[person % 2] - 1, 2, 1)
    return Past(_bought(person, day, uses[person, day], units), pl.concat(parts))


def named(person: np.ndarray) -> list[str]:
    return [f"p{one:06d}" for one in person]


def _messages(channel: str, day: int, is_sent: np.ndarray) -> pl.DataFrame:
    sent_on = FIRST_DAY + timedelta(days=day)
    return pl.DataFrame(
        {
            "person_id": named(np.arange(len(is_sent))),
            "campaign_id": [f"{channel}-{sent_on}"] * len(is_sent),
            "channel_code": np.where(is_sent, channel, None).tolist(),
            "event_code": np.where(is_sent, "sent", "enrolled_in_control").tolist(),
            "event_date": [sent_on] * len(is_sent),
            "known_date": [sent_on + timedelta(days=1)] * len(is_sent),
        },
        schema=MESSAGES,
    )


def _bought(person: np.ndarray, day: np.ndarray, with_coupon: np.ndarray, units: np.ndarray) -> pl.DataFrame:
    days = [FIRST_DAY + timedelta(days=int(one)) for one in day]
    return pl.DataFrame(
        {
            "person_id": named(person),
            "ordered_date": days,
            "known_date": [one + timedelta(days=1) for one in days],
            "order_count": np.ones(len(person), dtype=np.int64),
            "coupon_order_count": with_coupon.astype(np.int64),
            "gross_sales_cents": np.full(len(person), 2_000),
            "discount_cents": np.full(len(person), 100),
            "deal_line_count": np.ones(len(person), dtype=np.int64),
            "deal_unit_count": units.astype(np.int64),
        },
        schema=BOUGHT,
    )


def decisions_of(rows: list[tuple[date, str, str]], person_id: str = "p1") -> pl.DataFrame:
    """The ledger's decisions of one person: day, solved treatment, what was done."""
    return pl.DataFrame(
        [
            {
                "as_of_date": day,
                "decision_id": f"{number:016x}",
                "person_id": person_id,
                "treatment_id": done,
                "solved_treatment_id": solved,
                "solved_probability": 0.8,
                "nothing_probability": 0.2,
                "approval": "not_required",
            }
            for number, (day, solved, done) in enumerate(rows)
        ]
    )
