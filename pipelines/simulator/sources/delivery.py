"""One file that a system delivers, before it is written, and how text, money and time look in such files."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import polars as pl

from pipelines.simulator.calendar import EPOCH

Format = Literal["csv", "csv_bom", "csv.gz", "jsonl.gz", "lines.gz"]  # lines: the text of each is ready
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Delivery:
    """A file. Cells of a CSV are text already, so that dirt can write anything into them."""

    table: str  # source.table
    file: str
    frame: pl.DataFrame  # rows in the order of the file
    key: str  # the column that names a row
    within: str | None = None  # a second one, if the first does not tell all rows apart
    format: Format = "csv"
    encoding: str = "utf-8"
    amount: str | None = None  # a column of money, where dirt may strike
    split: str | None = None  # one file per value of this column, which `file` names as {}; rows are sorted by it
    extra_days: int = 0  # how much later than others it arrives


def money(cents: pl.Expr) -> pl.Expr:
    """Whole cents as text with two decimals, exactly."""
    return (cents.cast(pl.Decimal(18, 2)) / 100).cast(pl.String)


def local_time(day: pl.Expr, second: pl.Expr) -> pl.Expr:
    """Day number and seconds since local midnight as a datetime without a zone."""
    return pl.from_epoch(day * SECONDS_PER_DAY + second, time_unit="s")


def in_utc(local: pl.Expr, zone: str) -> pl.Expr:
    """A local datetime as UTC, still without a zone; an hour that does not exist counts as the next."""
    placed = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    placed = placed.fill_null((local + pl.duration(hours=1)).dt.replace_time_zone(zone, ambiguous="earliest"))
    return placed.dt.convert_time_zone("UTC").dt.replace_time_zone(None)


def iso_utc(moment: pl.Expr) -> pl.Expr:
    """A UTC datetime as 2025-01-06T11:23:45Z."""
    return moment.dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def plain(moment: pl.Expr) -> pl.Expr:
    """A datetime as 2025-01-06 11:23:45, as tills write it."""
    return moment.dt.strftime("%Y-%m-%d %H:%M:%S")


def yes_no(value: pl.Expr) -> pl.Expr:
    """A truth value as Shopify's exports write it."""
    return pl.when(value).then(pl.lit("yes")).otherwise(pl.lit("no"))


def true_false(value: pl.Expr) -> pl.Expr:
    """A truth value as most systems write it."""
    return pl.when(value).then(pl.lit("true")).otherwise(pl.lit("false"))


def stamp(day: int) -> str:
    """A day as file names carry it: 20250106."""
    return (EPOCH + timedelta(days=day)).strftime("%Y%m%d")


def iso_day(day: int) -> str:
    """A day as 2025-01-06."""
    return (EPOCH + timedelta(days=day)).isoformat()


def midnight(day: int) -> datetime:
    """The start of a day without a zone."""
    return datetime.combine(EPOCH + timedelta(days=day), datetime.min.time())


def nulls(count: int) -> pl.Series:
    """As many missing texts as asked for."""
    return pl.Series([None], dtype=pl.String).new_from_index(0, count)
