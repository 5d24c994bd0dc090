"""The derived DuckDB file: one writer at a time, opened for as long as a step needs it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from ml.errors import NightmarketError

CLOSE_IT = "DuckDB allows one writer at a time: close the other program, then run this again."
DELETE_IT = "It holds nothing that is not elsewhere: delete it, and the next night makes it again."


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A door to the warehouse file: every call opens, works and closes."""

    path: Path
    threads: int
    memory_limit: str

    @contextmanager
    def connect(self, *, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection with this run's limits; time zone UTC.

        Raises    NightmarketError if another process holds the file, saying which.
        """
        try:
            connection = duckdb.connect(str(self.path), read_only=read_only, config=self._limits)
        except duckdb.IOException as error:
            raise self._not_opened(error) from error
        try:
            connection.execute("set TimeZone = 'UTC'")
            yield connection
        finally:
            connection.close()

    @contextmanager
    def copying_to(
        self, database: Path, *, storage_version: str, spill: Path
    ) -> Iterator[Callable[[], duckdb.DuckDBPyConnection]]:
        """What opens connections that read the warehouse's tables and make tables of a new database, `copied.main`.

        Takes     storage_version: the oldest DuckDB that shall read the new file; spill: a folder for what does not
                  fit into memory, to be thrown away.
        Raises    NightmarketError if another process holds the warehouse, saying which.
        """

        def opened() -> duckdb.DuckDBPyConnection:
            cursor = connection.cursor()
            cursor.execute("use warehouse")
            cursor.execute("set TimeZone = 'UTC'")
            return cursor

        with duckdb.connect(config={**self._limits, "temp_directory": str(spill)}) as connection:
            try:
                connection.execute(f"attach '{quoted(self.path)}' as warehouse (read_only)")
            except duckdb.IOException as error:
                raise self._not_opened(error) from error
            connection.execute(f"attach '{quoted(database)}' as copied (storage_version '{storage_version}')")
            yield opened
            connection.execute("detach copied")

    @property
    def _limits(self) -> dict[str, str | bool | int | float | list[str]]:
        return {"threads": str(self.threads), "memory_limit": self.memory_limit}

    def _not_opened(self, error: duckdb.IOException) -> NightmarketError:
        is_damaged = "not a valid DuckDB database" in str(error)
        return NightmarketError(
            f"{self.path}: cannot be opened: {str(error).splitlines()[0]} {DELETE_IT if is_damaged else CLOSE_IT}"
        )

    def read(self, query: str, **parameters: object) -> pl.DataFrame:
        """The rows of a query ($name takes a parameter). Order by a unique key inside the query."""
        with self.connect() as connection:
            frame: pl.DataFrame = connection.sql(query, params=parameters or None).pl()
        return frame

    def replace(self, table: str, frame: pl.DataFrame) -> None:
        """Make `schema.table` hold exactly these rows (one transaction)."""
        schema = table.split(".")[0]
        with self.connect(read_only=False) as connection:
            connection.register("incoming", frame.to_arrow())
            connection.execute(f"create schema if not exists {schema}")
            connection.execute(f"create or replace table {table} as select * from incoming")

    def replace_day(self, table: str, frame: pl.DataFrame, as_of_date: date) -> None:
        """Same as `replace`: the warehouse holds one as_of_date; the rows must all carry it."""
        other = frame.filter(pl.col("as_of_date") != as_of_date).height
        if other:
            raise NightmarketError(f"{table}: {other} of {frame.height} rows are not of {as_of_date}.")
        self.replace(table, frame)


def quoted(path: Path) -> str:
    """A path inside the quotes of an SQL string."""
    return str(path).replace("'", "''")
