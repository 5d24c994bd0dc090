"""Which tables do people and BI tools read, and how do a night's copies of them appear all at once?"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeAlias

import duckdb

from ml.errors import ContractError
from pipelines.files import new_directory, sha256_of, write_json
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse, quoted

Connect: TypeAlias = Callable[[], duckdb.DuckDBPyConnection]

DATABASE = "nightmarket.duckdb"
STORAGE_VERSION = "v1.4.0"  # the oldest format that BI drivers in use can read; the file is rewritten, never upgraded
READ_ONLY = 0o444
TABLES_AT_ONCE = 2  # while one is compressed, which takes one thread, the next is sorted

# A record id spells out the retailer's own customer number; with these columns anyone who can read the
# snapshot could go from a person's behaviour back to the person. They stay in the warehouse.
PRIVATE_COLUMNS = frozenset(
    {"record_id", "founding_record_id", "record_id_a", "record_id_b", "customer_ref", "household_id", "value_hash"}
)


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """One table of the snapshot: a query over the warehouse and the unique key that orders its rows."""

    name: str
    query: str
    order_by: tuple[str, ...]


def publish_snapshot(settings: Settings, as_of_date: date, tables: Sequence[PublishedTable]) -> Path:
    """Write a night's read-only copies: one Parquet file per table and one DuckDB file with all of them.

    Takes     tables: each order_by a unique key of its query, so that equal rows are equal bytes,
              whatever the number of threads.
    Returns   `<home>/published/as_of_date=YYYY-MM-DD/`, replaced at once; readers of the old one keep it.
    Raises    ContractError if a table is missing, repeats its key, holds a private column, or has a number
              that is NaN or infinite; then nothing is published.
    """
    target = settings.folder("published") / f"as_of_date={as_of_date.isoformat()}"
    warehouse = Warehouse(settings.warehouse_path, settings.threads, settings.memory_limit)
    with new_directory(target) as folder:
        database, spill = folder / DATABASE, folder.parent / "spill"
        with (
            warehouse.copying_to(database, storage_version=STORAGE_VERSION, spill=spill) as opened,
            ThreadPoolExecutor(TABLES_AT_ONCE) as pool,
            _interrupted_by_errors(opened) as asking,
        ):
            listed = list(pool.map(lambda table: _publish_table(asking, table, folder), tables))
        write_json(folder / "tables.json", {"as_of_date": as_of_date.isoformat(), "tables": listed})
        for path in sorted(folder.iterdir()):
            path.chmod(READ_ONLY)
    return target


@contextmanager
def _interrupted_by_errors(opened: Connect) -> Iterator[Connect]:
    """The same, but where the block fails or is interrupted, queries in other threads end at once too."""
    cursors: list[duckdb.DuckDBPyConnection] = []

    def kept() -> duckdb.DuckDBPyConnection:
        cursor = opened()
        cursors.append(cursor)
        return cursor

    try:
        yield kept
    except BaseException:  # also ctrl-C, which threads do not see
        for cursor in cursors:
            with suppress(duckdb.ConnectionException):  # closed: it has nothing in hand
                cursor.interrupt()
        raise


def _publish_table(opened: Connect, table: PublishedTable, folder: Path) -> dict[str, object]:
    with opened() as connection:
        return _copy(connection, table, folder)


def _copy(connection: duckdb.DuckDBPyConnection, table: PublishedTable, folder: Path) -> dict[str, object]:
    """Sort it once, into the database, which reads faster than Parquet; the Parquet file is a copy of that."""
    columns = _columns(connection, table)
    _require_no_private_column(table, columns)
    copied, path = f"copied.main.{table.name}", folder / f"{table.name}.parquet"
    connection.execute(f"create table {copied} as from ({table.query}) order by {', '.join(table.order_by)}")
    _require_unique_key(connection, table, copied)
    _require_finite(connection, table, copied, columns)
    connection.execute(f"copy (from {copied}) to '{quoted(path)}' (format parquet, compression zstd)")
    return {
        "name": table.name,
        # the folder is called as_of_date=...: without this DuckDB adds a column of that name
        "rows": _count(connection, f"read_parquet('{quoted(path)}', hive_partitioning = false)"),
        "sha256": sha256_of(path),
        "key": list(table.order_by),
        "columns": [{"name": name, "type": kind} for name, kind in columns.items()],
    }


def _columns(connection: duckdb.DuckDBPyConnection, table: PublishedTable) -> dict[str, str]:
    try:
        described = connection.execute(f"describe ({table.query})").fetchall()
    except duckdb.CatalogException as error:
        raise ContractError(
            f"publish {table.name}: {str(error).splitlines()[0]} "
            "Build the warehouse for this as_of_date before publishing."
        ) from error
    return {name: kind for name, kind, *_ in described}


def _require_no_private_column(table: PublishedTable, columns: dict[str, str]) -> None:
    private = sorted(PRIVATE_COLUMNS & columns.keys())
    if private:
        raise ContractError(
            f"publish {table.name}: expected person_id as the only way to a person, got the columns {private}. "
            "Leave them out of the query."
        )


def _require_unique_key(connection: duckdb.DuckDBPyConnection, table: PublishedTable, copied: str) -> None:
    """Rows lie in order of the key: what repeats one follows it, and no table of keys is needed."""
    key = f"row({', '.join(table.order_by)})"
    repeated = connection.execute(
        f"with keys as (select {key} as this, lag({key}) over () as before from {copied}) "
        "select this, count(*) + 1 from keys where before is not null and this is not distinct from before "
        "group by this order by this limit 1"
    ).fetchone()
    if repeated:
        raise ContractError(
            f"publish {table.name}: expected one row per ({', '.join(table.order_by)}), "
            f"got {repeated[1]} rows for {repeated[0]}. "
            "Without a unique key the order of rows, and so the file, would depend on chance: name the whole key."
        )


def _require_finite(
    connection: duckdb.DuckDBPyConnection, table: PublishedTable, copied: str, columns: dict[str, str]
) -> None:
    """Unknown is null: a NaN sorts and compares differently in every tool that will read the file."""
    for name in [name for name, kind in columns.items() if kind in ("FLOAT", "DOUBLE")]:
        wrong = _count(connection, f'{copied} where not isfinite("{name}")')
        if wrong:
            raise ContractError(
                f"publish {table.name}.{name}: expected finite numbers or null, got NaN or infinity "
                f"({wrong} rows). Correct the column where it is computed."
            )


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0
