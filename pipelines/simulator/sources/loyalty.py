"""The loyalty scheme: its members, and a ledger of points earned with every card shown."""

import numpy as np
import polars as pl

from pipelines.simulator.calendar import ZONES
from pipelines.simulator.randomness import scrambled, uniform
from pipelines.simulator.sources.customers import contacts, members
from pipelines.simulator.sources.delivery import Delivery, in_utc, iso_utc, local_time, stamp
from pipelines.simulator.sources.till import assistants_card, lent_cards, zone_of_store
from pipelines.simulator.systems import Day, Export, Systems

REDEEMS = 0.03  # of receipts with a card also spend points
POINTS_SPENT = 500


def export(systems: Systems, day: Day) -> Export:
    """Changed members, the day's points, the call centre's contacts; and whose receipts carry an assistant's card."""
    points, faults = _points(systems, day)
    file = f"points_{stamp(day.number)}.csv"
    ledger = Delivery(table="loyalty.points", file=file, frame=points, key="txn_id")
    deliveries = [*members(systems, day), ledger, *contacts(systems, day)]
    return Export(deliveries, {"faults": faults})


def _points(systems: Systems, day: Day) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One point per unit of currency; now and then points are spent; returns take them back."""
    net = (pl.col("units") * pl.col("price_cents") - pl.col("coupon_cents")).sum()
    sold = day.facts.lines.filter(~pl.col("is_web")).group_by("person", "place").agg(cents=net).sort("person")
    person, place = sold["person"].to_numpy(), sold["place"].to_numpy()
    own = systems.card(person, day.number, purpose="SALE")
    shown = assistants_card(systems, person, place, day.number, own)
    second = day.facts.baskets.filter(~pl.col("is_web")).sort("person")["sold_second"]
    store_zone = pl.Series([zone_of_store(number, len(systems.stores)) for number in range(len(systems.stores))])
    frame = sold.with_columns(
        member_id=shown,
        receipt=systems.receipt_id(person, day.number),
        second=second,
        store=systems.stores.gather(place),
        zone=store_zone.gather(place),
    )
    local = local_time(pl.lit(day.number, dtype=pl.Int64), pl.col("second"))
    placed = [pl.when(pl.col("zone") == zone).then(in_utc(local, zone)) for zone in sorted(set(ZONES))]
    frame = frame.with_columns(occurred_at=iso_utc(pl.coalesce(placed)))
    earned = _rows(systems, day, frame, "earn", pl.col("cents") // 100)
    spends = pl.Series(uniform(systems.seed, "spends points", person, day.number) < REDEEMS)
    spent = _rows(systems, day, frame.filter(spends), "redeem", pl.lit(-POINTS_SPENT, dtype=pl.Int64))
    rows = pl.concat([earned, spent]).filter(pl.col("member_id").is_not_null()).sort("txn_id")
    return rows, _lent(systems, day, person, own)


def _rows(systems: Systems, day: Day, frame: pl.DataFrame, kind: str, points: pl.Expr) -> pl.DataFrame:
    number = scrambled(systems.seed, f"points {kind}", frame["person"].to_numpy(), day.number)
    return frame.select(
        txn_id=pl.Series(number).cast(pl.String),
        member_id="member_id",
        occurred_at="occurred_at",
        type=pl.lit(kind),
        points=points.cast(pl.String),
        reason=pl.lit("purchase" if kind == "earn" else "reward"),
        order_ref="receipt",
        store_id="store",
    )


def _lent(systems: Systems, day: Day, person: np.ndarray, own: pl.Series) -> pl.DataFrame:
    hit = lent_cards(systems, person, day.number, own)
    return pl.DataFrame(
        {
            "kind": ["assistant_card"] * int(hit.sum()),
            "table": ["till.receipts"] * int(hit.sum()),
            "file": [""] * int(hit.sum()),
            "row_key": systems.receipt_id(person[hit], day.number),
            "person": person[hit],
            "day": np.full(int(hit.sum()), day.number),
        },
        schema={
            "kind": pl.String,
            "table": pl.String,
            "file": pl.String,
            "row_key": pl.String,
            "person": pl.Int64,
            "day": pl.Int64,
        },
    )
