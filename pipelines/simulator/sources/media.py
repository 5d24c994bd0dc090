"""Paid and retail media: exposures of single people where a network reveals them, and spend by place and day.

Neither changes what anybody buys: a lift found in them is a mistake.
"""

import numpy as np
import polars as pl

from pipelines.simulator.calendar import REGIONS, STATES
from pipelines.simulator.randomness import bits, normal, uniform
from pipelines.simulator.sources.delivery import Delivery, iso_day, iso_utc, local_time, money, stamp
from pipelines.simulator.systems import Day, Export, Systems

EXPOSED = 0.02  # of people a day, more among those who use the web shop
NETWORKS = ("social", "display", "retail_media")
MEDIA = ("search", "social", "tv")
SPEND = {"search": 420.0, "social": 310.0, "tv": 900.0}


def export(systems: Systems, day: Day) -> Export:
    """A day's exposures and spend, and who was exposed."""
    person = np.arange(len(systems.people))
    seen = uniform(systems.seed, "is exposed", person, day.number) < EXPOSED * (1 + systems.people.web_share * 3)
    rows = person[seen]
    exposures = _exposures(systems, day, rows)
    truth = exposures.select("exposure_id").with_columns(person=pl.Series(rows), day=pl.lit(day.number, dtype=pl.Int64))
    when = stamp(day.number)
    return Export(
        [
            Delivery(
                table="media.exposures",
                file=f"exposures_{when}.csv",
                frame=exposures.sort("exposure_id"),
                key="exposure_id",
                amount="cost",
            ),
            Delivery(
                table="media.geo_spend",
                file=f"geo_spend_{when}.csv",
                frame=_spend(systems, day),
                key="geo",
                within="medium",
            ),
        ],
        {"exposures": truth},
    )


def _exposures(systems: Systems, day: Day, rows: np.ndarray) -> pl.DataFrame:
    seed = systems.seed
    network = (bits(seed, "network", rows, day.number) % np.uint64(3)).astype(np.int64)
    second = (uniform(seed, "second of exposure", rows, day.number) * 86_399).astype(np.int64)
    event = uniform(seed, "exposure event", rows, day.number)
    partner = (bits(seed, "partner id", rows, 0, network) % np.uint64(10**15)).astype(np.int64)
    frame = pl.DataFrame({"second": second})
    return frame.select(
        exposure_id=systems.receipt_id(rows, day.number, purpose="exposure"),
        occurred_at_utc=iso_utc(local_time(pl.lit(day.number, dtype=pl.Int64), pl.col("second"))),
        network=pl.Series(NETWORKS).gather(network),
        campaign_id=pl.lit(f"always_on_{iso_day(day.number)[:7]}"),
        placement=pl.lit("feed"),
        partner_user_id=pl.lit("p") + pl.Series(partner).cast(pl.String),
        id_type=pl.lit("partner"),
        event=pl.Series(np.where(event < 0.02, "click", "impression").astype(object), dtype=pl.String),
        viewable=pl.Series(np.where(event < 0.7, "true", "false").astype(object), dtype=pl.String),
        cost=money(pl.lit(1, dtype=pl.Int64)),
        currency=pl.lit(systems.scenario.currency),
        geo=pl.Series([names[0] for names in STATES]).gather(systems.people.region[rows]),
    )


def _spend(systems: Systems, day: Day) -> pl.DataFrame:
    """Spend per region and medium, in whole cents."""
    region, medium = np.divmod(np.arange(len(REGIONS) * len(MEDIA)), len(MEDIA))
    noise = np.exp(0.25 * normal(systems.seed, "media spend", region, day.number, medium))
    cents = np.rint(np.array([SPEND[name] for name in MEDIA])[medium] * noise * 100).astype(np.int64)
    return pl.DataFrame({"cents": cents}).select(
        spend_date=pl.lit(iso_day(day.number)),
        geo=pl.Series(REGIONS).gather(region),
        medium=pl.Series(MEDIA).gather(medium),
        spend_amount=money(pl.col("cents")),
        currency=pl.lit(systems.scenario.currency),
    )
