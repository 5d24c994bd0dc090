"""What a source table must look like: one YAML per table, validated on load."""

import hashlib
import re
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal, Self

import duckdb
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ml.errors import ContractError
from pipelines.settings import Settings

LOADER_VERSION = 1  # raised when this package reads the same file differently, so that bronze is made anew
ADDED_COLUMNS = ("event_at", "event_date", "known_at", "known_date", "load_id", "row_number")
FIRST_EVENT_DATE = date(2000, 1, 1)  # events lie in this century: anything else is a typing error
LAST_EVENT_DATE = date(2100, 1, 1)
SQL_TYPES = {
    "varchar": "varchar",
    "integer": "integer",
    "decimal(18,2)": "decimal(18,2)",
    "date": "date",
    "timestamp": "timestamp",
    "local_timestamp": "timestamp",
}

ColumnType = Literal["varchar", "integer", "decimal(18,2)", "date", "timestamp", "local_timestamp"]


def _is_unsaid(value: object) -> bool:
    """A rule that a contract does not use changes no fingerprint."""
    return value is None or value is False


class Column(BaseModel):
    """One column of the delivered table and what its cells may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    type: ColumnType
    description: str = Field(min_length=1)
    nullable: bool = False
    min: Decimal | date | None = None
    max: Decimal | date | None = None
    accepted_values: tuple[str, ...] | None = None
    pattern: str | None = None
    max_length: int = Field(default=1000, ge=1)
    delivered_as: str | None = Field(default=None, min_length=1, exclude_if=_is_unsaid)

    @property
    def header(self) -> str:
        """The column's name in delivered files."""
        return self.delivered_as or self.name

    @model_validator(mode="after")
    def _rules_fit_the_type(self) -> Self:
        bounds = [bound for bound in (self.min, self.max) if bound is not None]
        kind: type = date if self.type in ("date", "timestamp", "local_timestamp") else Decimal
        if bounds and self.type == "varchar":
            raise ValueError(f"{self.name}: min and max need a number or a date, this is varchar")
        if any(not isinstance(bound, kind) for bound in bounds):
            raise ValueError(f"{self.name}: min and max must be of its type, {self.type}")
        if self.min is not None and self.max is not None and self.min > self.max:  # type: ignore[operator]
            raise ValueError(f"{self.name}: min {self.min} is above max {self.max}")
        if self.type != "varchar" and (self.accepted_values is not None or self.pattern is not None):
            raise ValueError(f"{self.name}: accepted_values and pattern are for varchar, this is {self.type}")
        return self


class Event(BaseModel):
    """How a row says when it happened.

    instant: a timestamp column; event_date is its day in the retailer's zone.
    local_instant: a clock's reading without a zone; event_date is its own day, event_at reads it in the
    retailer's zone. Where rows come from places in other zones, the warehouse corrects event_at.
    epoch: an integer column of seconds since 1970 in UTC.
    day: a date column; event_at is that day's local midnight.
    week: an integer column counting weeks from the one that begins on `week_one`; event_date is its first day.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str
    rule: Literal["instant", "local_instant", "epoch", "day", "week"]
    week_one: date | None = None


EVENT_TYPES = {
    "instant": "timestamp",
    "local_instant": "local_timestamp",
    "epoch": "integer",
    "day": "date",
    "week": "integer",
}
FIRST_EPOCH, LAST_EPOCH = 946_684_800, 2_147_483_647  # seconds: 2000-01-01, and the last that an integer holds


class Contract(BaseModel):
    """A source table: its columns, its key, its event, and how much dirt a file may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    table: str
    version: int = Field(ge=1)
    description: str = Field(min_length=1)
    format: Literal["csv", "jsonl", "parquet"]
    key: tuple[str, ...] = Field(min_length=1)
    event: Event | None = None
    planned_events_allowed: bool = False
    is_versioned: bool = Field(default=False, exclude_if=_is_unsaid)  # a later delivery may describe a key anew
    max_refused_rate: float = Field(ge=0, le=1)
    columns: tuple[Column, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _columns_are_consistent(self) -> Self:
        names = [column.name for column in self.columns]
        headers = [column.header for column in self.columns]
        if len(set(headers)) < len(headers):
            raise ValueError(f"columns: two are delivered under one name ({sorted(headers)})")
        taken = sorted({name for name in names if names.count(name) > 1 or name in ADDED_COLUMNS})
        if taken:
            raise ValueError(f"columns: {taken} stand twice or are added by landing itself ({ADDED_COLUMNS})")
        by_name = {column.name: column for column in self.columns}
        wrong = [name for name in self.key if name not in by_name or by_name[name].nullable]
        if wrong:
            raise ValueError(f"key: {wrong} must be columns of the table that are not nullable")
        if self.event is not None:
            _require_event(self.event, by_name)
        return self

    @property
    def name(self) -> str:
        """source.table"""
        return f"{self.source}.{self.table}"

    @property
    def bronze_columns(self) -> dict[str, str]:
        """Columns and SQL types of the table's bronze files, in order."""
        types = ("timestamp", "date", "timestamp", "date", "varchar", "bigint")
        delivered = {column.name: SQL_TYPES[column.type] for column in self.columns}
        return delivered | dict(zip(ADDED_COLUMNS, types, strict=True))

    def version_label(self, time_zone: str) -> str:
        """Version plus a fingerprint of everything that decides how a file is read."""
        content = f"{LOADER_VERSION}|{time_zone}|{self.model_dump_json()}"
        return f"{self.version}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def load_contracts(settings: Settings) -> dict[str, Contract]:
    """The contract of every configured source table, in the order of their names.

    Raises    ContractError, naming file and key, if one is missing, not YAML or breaks the model.
    """
    names = sorted(settings.retailer.sources)
    return {name: load_contract(settings.contracts_dir, name) for name in names}


def idle_contracts(settings: Settings) -> dict[str, Contract]:
    """The contracts of tables that are not configured: this retailer does not deliver them, so they are empty."""
    idle = contract_names(settings.contracts_dir).difference(settings.retailer.sources)
    return {name: load_contract(settings.contracts_dir, name) for name in sorted(idle)}


def contract_names(contracts_dir: Path) -> set[str]:
    """Every `source.table` that has a contract."""
    return {f"{path.parent.name}.{path.stem}" for path in contracts_dir.glob("*/*.yml")}


def load_contract(contracts_dir: Path, name: str) -> Contract:
    """The contract of `source.table`, read from `<source>/<table>.yml`."""
    source, table = name.split(".")
    path = contracts_dir / source / f"{table}.yml"
    content = _read_yaml(path, name)
    try:
        contract = Contract.model_validate(content | {"source": source, "table": table})
    except ValidationError as error:
        problems = "; ".join(_problem(e["loc"], e["msg"]) for e in error.errors())
        raise ContractError(f"{path}: {problems}. Correct the keys named here.") from error
    _require_patterns(path, contract)
    return contract


def _read_yaml(path: Path, name: str) -> dict[str, object]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ContractError(
            f"{path}: expected a contract for the configured source {name}, found no file. "
            "Write one, or take the source out of nightmarket.yml."
        ) from error
    except (OSError, yaml.YAMLError) as error:
        raise ContractError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(content, dict) or {"source", "table"} & content.keys():
        raise ContractError(
            f"{path}: expected keys and values without `source` and `table` (the path says them), "
            f"got {type(content).__name__}."
        )
    return content


def _problem(location: tuple[int | str, ...], message: str) -> str:
    where = ".".join(map(str, location))
    return f"{where}: {message}" if where else message


def _require_event(event: Event, columns: dict[str, Column]) -> None:
    expected = EVENT_TYPES[event.rule]
    column = columns.get(event.column)
    if column is None or column.type != expected:
        raise ValueError(f"event: rule {event.rule} needs a column of type {expected}, got {event.column!r}")
    if (event.rule == "week") != (event.week_one is not None):
        raise ValueError("event: week_one belongs to rule week, and rule week needs it")
    if event.rule == "week" and (column.min is None or column.max is None):
        raise ValueError(f"event: {event.column} needs min and max, or a wrong week leaves the calendar")
    if event.rule == "epoch":
        low, high = column.min, column.max
        if low is None or high is None or low < FIRST_EPOCH or high > LAST_EPOCH:  # type: ignore[operator]
            raise ValueError(f"event: {column.name} needs min and max between {FIRST_EPOCH} and {LAST_EPOCH}")
    elif event.rule != "week":
        _require_century(column)


def _require_century(column: Column) -> None:
    low, high = column.min, column.max
    if not (isinstance(low, date) and isinstance(high, date)) or low < FIRST_EVENT_DATE or high > LAST_EVENT_DATE:
        raise ValueError(f"event: {column.name} needs min and max between {FIRST_EVENT_DATE} and {LAST_EVENT_DATE}")


def _require_patterns(path: Path, contract: Contract) -> None:
    for column in contract.columns:
        if column.pattern is not None and (problem := _wrong_pattern(column.pattern)):
            raise ContractError(f"{path}: {column.name}: pattern {column.pattern!r} is not valid: {problem}")


@cache
def _wrong_pattern(pattern: str) -> str | None:
    """What is wrong with it. The database has its own dialect of regular expressions: it is asked, not Python."""
    try:
        if not re.fullmatch(r"\[[\w-]+\][+*]?", pattern):  # else too plain for a proof, which costs a connection
            with duckdb.connect() as connection:
                connection.execute("select regexp_full_match('', ?)", [pattern])
    except duckdb.Error as error:
        return str(error).splitlines()[0]
    return None
