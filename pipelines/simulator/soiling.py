"""Dirt on the way from a system to landing: late, repeated, corrected, drifting, badly encoded files and rows."""

from dataclasses import replace

import numpy as np
import polars as pl

from pipelines.simulator.randomness import bits, uniform
from pipelines.simulator.records import FAULTS
from pipelines.simulator.sources.delivery import Delivery
from pipelines.simulator.sources.till import slow_clocks
from pipelines.simulator.systems import Systems
from pipelines.simulator.writing import Placed

CORRECTED = "till.receipts"
CORRECTION_DAYS = 2
JSON = ("jsonl.gz", "lines.gz")  # files of events: their rows are soiled where they are made
ENCODED = ("crm.contacts", "loyalty.members")
COMMA = "shopify.orders"
RENAMED = {"loyalty.members": {"postal_code": "zip_code"}}
ADDED = {"till.receipts": "promotion_code"}
BAD_CELL = "#REF!"
KEY_BYTES = 24  # of a row's key tell it from others


class Soiling:
    """Applies the file dirt of a scenario and notes every fault."""

    def __init__(self, systems: Systems) -> None:
        """Takes the systems of a world."""
        self.systems, self.dirt, self.seed = systems, systems.scenario.dirt, systems.seed
        self.drift_day = systems.scenario.first_day_number + systems.scenario.days // 2

    def soiled(self, day: int, deliveries: list[Delivery]) -> tuple[list[Delivery], pl.DataFrame]:
        """A day's deliveries with dirty rows, columns and encodings; and every fault planted in them."""
        result, faults = [], [no_faults(), self._clocks(day)]
        for delivery in deliveries:
            dirty = _Dirty(self, day, delivery)
            result += dirty.deliveries()
            faults += dirty.faults
        return result, pl.concat(faults)

    def placed(self, day: int, delivery: Delivery, files: dict[str, bytes]) -> tuple[list[Placed], pl.DataFrame]:
        """When a delivery's files arrive: the day after, or later, or a second time; and which do so."""
        placed, faults = [], [no_faults()]
        for file, content in files.items():
            arrives = day + 1 + delivery.extra_days
            if self.draw(f"late_file {delivery.table} {file}", day) < self.dirt.late_file:
                arrives += 1 + int(self.draw(f"days late {delivery.table} {file}", day) * 5)
                faults.append(_faults("late_file", delivery.table, pl.Series([file]), pl.Series([""]), day))
            placed.append(Placed(delivery.table, file, arrives, content))
            if self.draw(f"resent_file {delivery.table} {file}", day) < self.dirt.resent_file:
                stem, dot, ending = file.partition(".")
                again = arrives + 1 + int(self.draw(f"days resent {delivery.table} {file}", day) * 3)
                placed.append(Placed(delivery.table, f"{stem}_resent{dot}{ending}", again, content))
                faults.append(_faults("resent_file", delivery.table, pl.Series([file]), pl.Series([""]), day))
        return placed, pl.concat(faults)

    def draw(self, purpose: str, day: int) -> float:
        """One number between 0 and 1 for a file of a day."""
        return float(uniform(self.seed, f"file {purpose}", 0, day)[0])

    def _clocks(self, day: int) -> pl.DataFrame:
        """Stores whose tills do not know summer time, noted on the first day."""
        is_first = day == self.systems.scenario.first_day_number
        store = self.systems.stores.filter(pl.Series(slow_clocks(self.systems) & is_first))
        return _faults("clock_without_zone", "till.receipts", pl.Series([""] * len(store), dtype=pl.String), store, day)


class _Dirty:
    """One delivery on its way."""

    def __init__(self, soiling: Soiling, day: int, delivery: Delivery) -> None:
        self.soiling, self.dirt, self.day, self.delivery = soiling, soiling.dirt, day, delivery
        self.faults: list[pl.DataFrame] = []
        self.number = np.zeros(0, dtype=np.int64)

    def deliveries(self) -> list[Delivery]:
        """The delivery as it arrives, and rows that were wrong at first."""
        if self.delivery.format not in JSON:
            self.number = self._row_numbers()
        late = self._correction()
        soiled = self._encoded(self._drifted(self._rows()))
        return [soiled] if late is None else [soiled, self._drifted(late)]

    def _row_numbers(self) -> np.ndarray:
        """A number per row that follows from what the row is, not from where it stands."""
        names = [name for name in (self.delivery.within, self.delivery.key) if name is not None]
        key = self.delivery.frame.select(pl.concat_str([pl.col(name).fill_null("") for name in names]))
        text = np.asarray(
            key.to_series().to_list(), dtype=f"S{KEY_BYTES}"
        )  # a hash of Polars may change with its version
        first, second, third = text.view(np.int64).reshape(-1, KEY_BYTES // 8).T
        return bits(self.soiling.seed, "row", first, second, third).view(np.int64)

    def _rows(self) -> Delivery:
        """Cells that are no amount, amounts with a decimal comma, rows that stand twice."""
        delivery, name = self.delivery, self.delivery.amount
        frame = delivery.frame
        if delivery.format in JSON:
            return delivery
        if name is not None:
            frame = _overwritten(frame, self._hit("bad_row"), **{name: pl.lit(BAD_CELL)})
        if name is not None and delivery.table == COMMA:
            comma = pl.col(name).str.replace(".", ",", literal=True)
            frame = _overwritten(frame, self._hit("currency_noise"), **{name: comma, "currency": pl.lit("US$")})
        twice = self._hit("duplicated_rows")
        if not twice.any():
            return replace(delivery, frame=frame)
        more = pl.concat([frame, frame.filter(pl.Series(twice))])
        ordered = more if delivery.split is None else more.sort(delivery.split, maintain_order=True)
        return replace(delivery, frame=ordered)

    def _correction(self) -> Delivery | None:
        """Rows that were wrong when the till wrote them first; the right ones arrive before them."""
        if self.delivery.table != CORRECTED:
            return None
        wrong = self._hit("out_of_order_correction")
        if not wrong.any():
            return None
        tenfold = pl.col("line_amount").str.replace(r"\.(\d)", "${1}.") + "0"
        earlier = pl.col("exported_at").str.replace("23:45:00", "22:10:00", literal=True)
        frame = self.delivery.frame.filter(pl.Series(wrong)).with_columns(line_amount=tenfold, exported_at=earlier)
        file = "first_" + self.delivery.file.replace("{}_", "")  # one file of all stores
        return replace(self.delivery, frame=frame, file=file, split=None, extra_days=CORRECTION_DAYS)

    def _drifted(self, delivery: Delivery) -> Delivery:
        """From the middle of history on, a column has another name, or there is one more."""
        names, added = RENAMED.get(delivery.table, {}), ADDED.get(delivery.table)
        if not self.dirt.schema_drift or self.day < self.soiling.drift_day or not (names or added):
            return delivery
        frame = delivery.frame.rename(names)
        if added:
            frame = frame.with_columns(pl.lit(None, dtype=pl.String).alias(added))
        if self.day == self.soiling.drift_day and not delivery.extra_days:
            self._note("schema_drift")
        return replace(delivery, frame=frame)

    def _encoded(self, delivery: Delivery) -> Delivery:
        """A file in another encoding, if it holds a letter that tells."""
        drawn = self.soiling.draw(f"bad_encoding {delivery.table} {delivery.file}", self.day)
        if delivery.table not in ENCODED or drawn >= self.dirt.bad_encoding:
            return delivery
        text = [one for one, kind in delivery.frame.schema.items() if kind == pl.String]
        tells = delivery.frame.select(pl.any_horizontal(pl.col(text).str.contains(r"[^\x00-\x7F]")).any()).item()
        if not tells:
            return delivery
        self._note("bad_encoding")
        return replace(delivery, encoding="cp1252")

    def _hit(self, kind: str) -> np.ndarray:
        """Which rows get a kind of dirt; notes them."""
        rate = getattr(self.dirt, kind)
        if not rate:
            return np.zeros(len(self.number), dtype=bool)
        chosen = uniform(self.soiling.seed, f"row {kind} {self.delivery.table}", self.number, self.day) < rate
        if chosen.any():
            rows = self.delivery.frame.filter(pl.Series(chosen))
            self.faults.append(
                _faults(kind, self.delivery.table, files_of(self.delivery, rows), rows[self.delivery.key], self.day)
            )
        return np.asarray(chosen)

    def _note(self, kind: str) -> None:
        self.faults.append(
            _faults(kind, self.delivery.table, pl.Series([self.delivery.file]), pl.Series([""]), self.day)
        )


def files_of(delivery: Delivery, rows: pl.DataFrame) -> pl.Series:
    """The name of the file that each row stands in."""
    before, _, after = delivery.file.partition("{}")
    if delivery.split is None:
        return pl.Series([delivery.file] * rows.height, dtype=pl.String)
    return before + rows[delivery.split] + after


def _overwritten(frame: pl.DataFrame, chosen: np.ndarray, **values: pl.Expr) -> pl.DataFrame:
    if not chosen.any():
        return frame
    hit = pl.lit(pl.Series(chosen))
    return frame.with_columns(pl.when(hit).then(value).otherwise(name).alias(name) for name, value in values.items())


def _faults(kind: str, table: str, files: pl.Series, keys: pl.Series, day: int) -> pl.DataFrame:
    return pl.DataFrame({"file": files, "row_key": keys}).select(
        kind=pl.lit(kind),
        table=pl.lit(table),
        file=pl.col("file").cast(pl.String),
        row_key=pl.col("row_key").cast(pl.String),
        person=pl.lit(None, dtype=pl.Int64),
        day=pl.lit(day, dtype=pl.Int64),
    )


def no_faults() -> pl.DataFrame:
    """The empty table of planted faults."""
    return pl.DataFrame(schema=FAULTS)
