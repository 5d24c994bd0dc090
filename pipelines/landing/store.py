"""Where the rows of a load stand, and the note in each file that says what the load came to."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq

from ml.errors import NightmarketError
from pipelines.files import ROWS_PER_GROUP, write_file
from pipelines.landing.contracts import Contract
from pipelines.landing.deliveries import Delivery
from pipelines.landing.keys import Bounds
from pipelines.landing.rows import quoted
from pipelines.settings import Settings, midnight_utc

NOTE = "nightmarket"  # key of the note in a Parquet file's metadata
CONTRACT_FILE = "_contract.parquet"  # typed, without rows: a source that was never delivered reads as empty
QUARANTINE = {
    "source_code": pl.String,
    "table_name": pl.String,
    "load_id": pl.String,
    "file": pl.String,
    "row_number": pl.Int64,
    "disposition": pl.String,  # refused | duplicate
    "reason_code": pl.String,
    "reason": pl.String,
    "raw": pl.String,
    "known_date": pl.Date,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a load came to. Kept as the note of its files, so that a second run need not parse it again."""

    inputs: str  # fingerprint of everything the outcome follows from
    status: str  # loaded | duplicate_file | refused_file
    reason: str
    raw_row_count: int
    accepted_row_count: int
    refused_row_count: int
    duplicate_row_count: int
    bounds: Bounds = field(default_factory=Bounds)  # of the keys of the accepted rows


def bronze_path(settings: Settings, delivery: Delivery, load_id: str) -> Path:
    """Accepted rows of a load."""
    return settings.folder("bronze") / delivery.source_code / delivery.table_name / f"{load_id}.parquet"


def quarantine_path(settings: Settings, delivery: Delivery, load_id: str) -> Path:
    """Refused and duplicate rows of a load."""
    return settings.folder("quarantine") / delivery.source_code / delivery.table_name / f"{load_id}.parquet"


def read_outcome(bronze: Path, quarantine: Path, inputs: str) -> Outcome | None:
    """The outcome of an earlier run with the same inputs, if all the files it made still stand."""
    noted = _note(bronze) or _note(quarantine)
    if noted is None or noted.inputs != inputs:
        return None
    set_aside = noted.refused_row_count + noted.duplicate_row_count > 0
    if (noted.status == "loaded") != bronze.exists() or set_aside != quarantine.exists():
        return None
    return noted if not set_aside or _note(quarantine) == noted else None


def write_load(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    delivery: Delivery,
    load_id: str,
    settings: Settings,
    outcome: Outcome,
) -> None:
    """Write `typed` and `set_aside` of the connection as the files of a load; the bronze file comes last."""
    quarantine = quarantine_path(settings, delivery, load_id)
    bronze = bronze_path(settings, delivery, load_id)
    set_aside = outcome.refused_row_count + outcome.duplicate_row_count
    if set_aside:
        columns = _quarantine_columns(delivery, load_id)
        query = f"select {columns} from set_aside order by row_number"
        _copy(con, quarantine, query, outcome, row_count=set_aside)
    else:
        quarantine.unlink(missing_ok=True)
    if outcome.status != "loaded":
        bronze.unlink(missing_ok=True)
        return
    names = ", ".join(column.name for column in contract.columns)
    known_at = midnight_utc(delivery.known_date, settings.zone)
    _copy(
        con,
        bronze,
        f"select {names}, event_at, event_date, timestamp '{known_at}' as known_at, "
        f"date '{delivery.known_date}' as known_date, '{load_id}' as load_id, row_number "
        f"from {accepted_rows(outcome)} order by row_number",
        outcome,
        row_count=outcome.accepted_row_count,
    )


def accepted_rows(outcome: Outcome) -> str:
    """SQL for the rows of `typed` that go on; most files have no others, and then no join is needed."""
    set_aside = outcome.refused_row_count + outcome.duplicate_row_count
    return "typed anti join refused using (row_number)" if set_aside else "typed"


def write_contract_file(con: duckdb.DuckDBPyConnection, contract: Contract, folder: Path) -> None:
    """Put the typed file without rows beside the loads, if it is not there or of an older contract."""
    columns = ", ".join(f"null::{kind} as {name}" for name, kind in contract.bronze_columns.items())
    path = folder / CONTRACT_FILE
    note = Outcome(json.dumps(contract.bronze_columns), "contract", "", 0, 0, 0, 0)
    if _note(path) != note:
        _copy(con, path, f"select {columns} limit 0", note, row_count=0)


def remove_strangers(settings: Settings, table: str, load_ids: Sequence[str]) -> None:
    """Delete bronze and quarantine files of loads that no night knows (left by a night that was given up)."""
    keep = {*load_ids, Path(CONTRACT_FILE).stem}
    for room in ("bronze", "quarantine"):
        folder = settings.folder(room).joinpath(*table.split("."))
        for path in sorted(folder.glob("*.parquet")):
            if path.stem not in keep:
                path.unlink()


def _copy(con: duckdb.DuckDBPyConnection, path: Path, query: str, outcome: Outcome, *, row_count: int) -> None:
    """Write a query's rows with the note, and put the file in place only if it holds the rows it must.

    This is where the books are balanced: accepted + refused + duplicate = raw, where raw was counted by
    other means than the rows that are written here.
    """
    note = quoted(json.dumps(asdict(outcome), sort_keys=True))

    def write(temporary: Path) -> None:
        written = con.execute(
            f"copy ({query}) to {quoted(str(temporary))} (format parquet, compression zstd, "
            f"row_group_size {ROWS_PER_GROUP}, kv_metadata {{{NOTE}: {note}}})"
        ).fetchall()[0][0]
        if written != row_count:
            raise NightmarketError(
                f"{path}: expected {row_count} rows to write, got {written}. Nothing was kept. "
                "This is a fault of the loader: keep the delivered file and report it."
            )

    write_file(path, write)


def _note(path: Path) -> Outcome | None:
    if not path.exists():
        return None
    try:
        metadata = pq.read_metadata(path).metadata or {}
    except (OSError, ValueError):  # not what was written here: made anew
        return None
    text = metadata.get(NOTE.encode())
    if text is None:
        return None
    content = json.loads(text)
    sides = {name: tuple(values) for name, values in content.pop("bounds", {}).items()}
    known = {each.name for each in fields(Outcome)}
    return Outcome(**content, bounds=Bounds(**sides)) if known >= content.keys() else None  # an older kind of note


def _quarantine_columns(delivery: Delivery, load_id: str) -> str:
    texts = {
        "source_code": delivery.source_code,
        "table_name": delivery.table_name,
        "load_id": load_id,
        "file": delivery.file,
    }
    fixed = ", ".join(f"{quoted(text)} as {name}" for name, text in texts.items())
    known: date = delivery.known_date
    return f"{fixed}, row_number, disposition, reason_code, reason, raw, date '{known}' as known_date"
