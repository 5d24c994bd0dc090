"""Dirt on the way from a system to landing: late, repeated, corrected, drifting, badly encoded files and rows."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from pipelines.simulator.calendar import to_date
from pipelines.simulator.randomness import uniform
from pipelines.simulator.records import FAULTS
from pipelines.simulator.sources.delivery import Delivery
from pipelines.simulator.sources.till import slow_clocks
from pipelines.simulator.systems import Systems

CORRECTED = "till.receipts"
CORRECTION_DAYS = 2
ENCODED = ("crm.contacts", "loyalty.members")
COMMA = "shopify.orders"
RENAMED = {"loyalty.members": {"postal_code": "zip_code"}}
ADDED = {"till.receipts": "promotion_code"}
BAD_CELL = "#REF!"


@dataclass(frozen=True, slots=True)
class Placed:
    """A file and the day it arrives, days since 1970-01-01."""

    delivery: Delivery
    delivered_day: int


class Soiling:
    """Applies the file dirt of a scenario and notes every fault."""

    def __init__(self, systems: Systems) -> None:
        """Takes the systems of a world."""
        self.systems, self.dirt, self.seed = systems, systems.scenario.dirt, systems.seed
        self.drift_day = systems.scenario.first_day_number + systems.scenario.days // 2
        self.faults: list[pl.DataFrame] = []

    def of(self, day: int, deliveries: list[Delivery]) -> tuple[list[Placed], pl.DataFrame]:
        """A day's files as they arrive, and what was done to them; a file normally arrives the day after."""
        self.faults = [self._clocks(day)]
        placed = [one for delivery in deliveries for one in self._placed(day, delivery)]
        return placed, pl.concat(self.faults)

    def _placed(self, day: int, delivery: Delivery) -> Iterator[Placed]:
        late = self._correction(day, delivery)
        soiled = self._encoded(day, self._drifted(day, self._rows(day, delivery)))
        arrives = day + 1
        if self._hits("late_file", day, delivery):
            arrives += 1 + int(self._draw("days late", day, delivery) * 5)
            self._note("late_file", delivery, day)
        yield Placed(soiled, arrives)
        if late is not None:
            yield Placed(self._drifted(day, late), day + 1 + CORRECTION_DAYS)
        if self._hits("resent_file", day, delivery):
            self._note("resent_file", delivery, day)
            stem, dot, ending = delivery.file.partition(".")
            again = 1 + int(self._draw("days resent", day, delivery) * 3)
            yield Placed(replace(soiled, file=f"{stem}_resent{dot}{ending}"), arrives + again)

    def _rows(self, day: int, delivery: Delivery) -> Delivery:
        """Cells that are no amount, amounts with a decimal comma, rows that stand twice."""
        frame, name = delivery.frame, delivery.amount
        if delivery.format == "jsonl.gz":
            return delivery
        if name is not None:
            bad = self._hit_rows("bad_row", day, delivery)
            frame = frame.with_columns(
                pl.when(pl.lit(pl.Series(bad))).then(pl.lit(BAD_CELL)).otherwise(name).alias(name)
            )
        if name is not None and delivery.table == COMMA:
            comma = pl.lit(pl.Series(self._hit_rows("currency_noise", day, delivery)))
            frame = frame.with_columns(
                pl.when(comma).then(pl.col(name).str.replace(".", ",", literal=True)).otherwise(name).alias(name),
                currency=pl.when(comma).then(pl.lit("US$")).otherwise("currency"),
            )
        twice = self._hit_rows("duplicated_rows", day, delivery)
        return replace(delivery, frame=pl.concat([frame, frame.filter(pl.Series(twice))]))

    def _correction(self, day: int, delivery: Delivery) -> Delivery | None:
        """Rows that were wrong when the till wrote them first; the right ones arrive before them."""
        if delivery.table != CORRECTED:
            return None
        wrong = delivery.frame.filter(pl.Series(self._hit_rows("out_of_order_correction", day, delivery)))
        if not wrong.height:
            return None
        tenfold = pl.col("line_amount").str.replace(r"\.(\d)", "${1}.") + "0"
        earlier = pl.col("exported_at").str.replace("23:45:00", "22:10:00", literal=True)
        frame = wrong.with_columns(line_amount=tenfold, exported_at=earlier)
        return replace(delivery, frame=frame, file=f"first_{delivery.file}")

    def _drifted(self, day: int, delivery: Delivery) -> Delivery:
        """From the middle of history on, a column has another name, or there is one more."""
        if not self.dirt.schema_drift or day < self.drift_day:
            return delivery
        names, added = RENAMED.get(delivery.table, {}), ADDED.get(delivery.table)
        frame = delivery.frame.rename(names)
        if added:
            frame = frame.with_columns(pl.lit(None, dtype=pl.String).alias(added))
        if (names or added) and day == self.drift_day:
            self._note("schema_drift", delivery, day)
        return replace(delivery, frame=frame)

    def _encoded(self, day: int, delivery: Delivery) -> Delivery:
        if delivery.table not in ENCODED or not self._hits("bad_encoding", day, delivery):
            return delivery
        self._note("bad_encoding", delivery, day)
        return replace(delivery, encoding="cp1252")

    def _clocks(self, day: int) -> pl.DataFrame:
        """Stores whose tills do not know summer time, noted on the first day."""
        is_first = day == self.systems.scenario.first_day_number
        store = self.systems.stores.filter(pl.Series(slow_clocks(self.systems) & is_first))
        return _faults("clock_without_zone", "till.receipts", "", store, day)

    def _hits(self, kind: str, day: int, delivery: Delivery) -> bool:
        return bool(self._draw(kind, day, delivery) < getattr(self.dirt, kind))

    def _draw(self, kind: str, day: int, delivery: Delivery) -> float:
        return float(uniform(self.seed, f"file {kind} {delivery.table} {delivery.file}", 0, day)[0])

    def _hit_rows(self, kind: str, day: int, delivery: Delivery) -> np.ndarray:
        """Which rows get a kind of dirt, drawn by what the row is, not by where it stands; notes them."""
        key = pl.col(delivery.key).fill_null("")
        place = pl.int_range(pl.len()).over(key)
        number = delivery.frame.select((pl.concat_str([key, place.cast(pl.String)]).hash(7) // 2).cast(pl.Int64))
        hit = uniform(self.seed, f"row {kind} {delivery.table}", number.to_series().to_numpy(), day)
        chosen = np.asarray(hit < getattr(self.dirt, kind))
        if chosen.any():
            keys = delivery.frame[delivery.key].filter(pl.Series(chosen))
            self.faults.append(_faults(kind, delivery.table, delivery.file, keys, day))
        return chosen

    def _note(self, kind: str, delivery: Delivery, day: int) -> None:
        self.faults.append(_faults(kind, delivery.table, delivery.file, pl.Series([""]), day))


def _faults(kind: str, table: str, file: str, keys: pl.Series, day: int) -> pl.DataFrame:
    return pl.DataFrame({"row_key": keys}).select(
        kind=pl.lit(kind),
        table=pl.lit(table),
        file=pl.lit(file),
        row_key=pl.col("row_key").cast(pl.String),
        person=pl.lit(None, dtype=pl.Int64),
        day=pl.lit(day, dtype=pl.Int64),
    )


def no_faults() -> pl.DataFrame:
    """The empty table of planted faults."""
    return pl.DataFrame(schema=FAULTS)


def delivered_on(placed: Placed) -> str:
    """The landing folder of a file's delivery."""
    return f"delivered_date={to_date(placed.delivered_day).isoformat()}"
