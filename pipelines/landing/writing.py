"""How judged rows become the files of their loads: streamed from the database, cut by file, with a note in each."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ml.errors import NightmarketError
from pipelines.files import ROWS_PER_GROUP, write_file
from pipelines.landing.batch import Arrived
from pipelines.landing.cells import Cells, row_json
from pipelines.landing.contracts import Contract
from pipelines.landing.store import CONTRACT_FILE, NOTE, Outcome, bronze_path, quarantine_path, read_note
from pipelines.settings import Settings


def write_batch(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    batch: Sequence[Arrived],
    outcomes: Sequence[Outcome],
    settings: Settings,
) -> None:
    """Write the rows of the judged files of a batch; a load's bronze file comes last.

    Takes     batch: the files that `outcomes` belong to, in order; the relations that `judge_batch` made of it.
    Raises    NightmarketError if a load has other rows than its counts say; its file is not written.
    """
    pairs = list(zip(batch, outcomes, strict=True))
    aside = [outcome.refused_row_count + outcome.duplicate_row_count for outcome in outcomes]
    accepted = [outcome.accepted_row_count if outcome.status == "loaded" else None for outcome in outcomes]
    paths = [quarantine_path(settings, each.delivery, each.load_id) for each in batch]
    _write_files(con, _set_aside(batch), paths, [count or None for count in aside], outcomes)
    paths = [bronze_path(settings, each.delivery, each.load_id) for each in batch]
    _write_files(con, _accepted(contract, pairs), paths, accepted, outcomes)


def write_contract_file(con: duckdb.DuckDBPyConnection, contract: Contract, folder: Path) -> None:
    """Put the typed file without rows beside the loads, if it is not there or of an older contract."""
    columns = ", ".join(f"null::{kind} as {name}" for name, kind in contract.bronze_columns.items())
    path = folder / CONTRACT_FILE
    note = Outcome(json.dumps(contract.bronze_columns), "contract", "", 0, 0, 0, 0)
    if read_note(path) != note:
        rows = con.sql(f"select {columns} limit 0").to_arrow_table()
        write_file(path, _writer(rows.schema, iter([rows]), note, path, row_count=0))


class _Stream:
    """The rows of a query that are in the order of `_file`, handed out file by file, a row group at a time."""

    def __init__(self, con: duckdb.DuckDBPyConnection, query: str) -> None:
        self._reader = con.sql(query).to_arrow_reader(ROWS_PER_GROUP)
        self._waiting: pa.Table = self._reader.schema.empty_table()
        self.schema: pa.Schema = self._reader.schema.remove(0)

    def of_file(self, file: int) -> Iterator[pa.Table]:
        """The rows of a file; it must be asked for before any later one."""
        group = self._next(file)
        while group.num_rows:
            yield group
            group = self._next(file)

    def _next(self, file: int) -> pa.Table:
        while self._waiting.num_rows < ROWS_PER_GROUP and (block := next(self._reader, None)) is not None:
            self._waiting = pa.concat_tables([self._waiting, pa.Table.from_batches([block])])
        files = self._waiting.column(0).to_numpy()
        count = min(int(np.searchsorted(files, file, side="right")), ROWS_PER_GROUP)
        group = self._waiting.slice(0, count).drop_columns(["_file"]).combine_chunks()
        self._waiting = self._waiting.slice(count)
        return group


def _write_files(
    con: duckdb.DuckDBPyConnection,
    query: str,
    paths: Sequence[Path],
    row_counts: Sequence[int | None],
    outcomes: Sequence[Outcome],
) -> None:
    """One file per path, in order; where no count is expected there is none, and an older one goes."""
    stream = _Stream(con, query) if any(count is not None for count in row_counts) else None
    for file, (path, count, outcome) in enumerate(zip(paths, row_counts, outcomes, strict=True)):
        if stream is None or count is None:
            path.unlink(missing_ok=True)
        else:
            write_file(path, _writer(stream.schema, stream.of_file(file), outcome, path, row_count=count))


def _writer(
    schema: pa.Schema, groups: Iterator[pa.Table], outcome: Outcome, path: Path, *, row_count: int
) -> Callable[[Path], None]:
    """What fills a file with rows and the note, and fails if they are not as many as they must be.

    This is where the books are balanced: accepted + refused + duplicate = raw, where raw was counted by
    other means than the rows that are written here.
    """
    note = json.dumps(asdict(outcome), sort_keys=True)
    texts = [
        each.name for each in schema if each.type == pa.string()
    ]  # numbers hardly repeat; a list makes them longer

    def write(temporary: Path) -> None:
        written = 0
        with pq.ParquetWriter(
            temporary,
            schema,
            compression="zstd",
            use_dictionary=texts,
            store_schema=False,
            store_decimal_as_integer=True,
        ) as file:
            for group in groups:
                file.write_table(group, row_group_size=ROWS_PER_GROUP)
                written += group.num_rows
            file.add_key_value_metadata({NOTE: note})
        if written != row_count:
            raise NightmarketError(
                f"{path}: expected {row_count} rows to write, got {written}. Nothing was kept. "
                "This is a fault of the loader: keep the delivered file and report it."
            )

    return write


def _accepted(contract: Contract, pairs: Sequence[tuple[Arrived, Outcome]]) -> str:
    """SQL of the rows that go on."""
    names = ", ".join(f"typed.{column.name}" for column in contract.columns)
    loaded = [i for i, (_, outcome) in enumerate(pairs) if outcome.status == "loaded"]
    clean = all(pairs[i][1].accepted_row_count == pairs[i][1].raw_row_count for i in loaded)
    return f"""
        select typed._file, {names}, typed.event_at, typed.event_date,
               delivered.known_at, delivered.known_date, delivered.load_id, typed.row_number
        from typed join delivered using (_file)
        {"" if clean else "anti join refused using (_place)"}
        where typed._file in ({", ".join(map(str, loaded))})
        order by typed._place
    """


def _set_aside(batch: Sequence[Arrived]) -> str:
    """SQL of the rows that do not: some of a loaded file, or all of one that is set aside whole.

    In a file that is refused for its rows, a row keeps its own reason if it was refused for one.
    """
    names = next((each.cells.names for each in batch if isinstance(each.cells, Cells)), None)
    parts = ["select _file, row_number, disposition, reason_code, reason, raw from unread join whole using (_file)"]
    if names is not None:
        parts += _of_cells(names)
    return f"""
        select _file, source_code, table_name, load_id, file, row_number, disposition, reason_code, reason, raw,
               known_date
        from ({" union all ".join(parts)}) join delivered using (_file)
        where _file < {len(batch)}
        order by _file, row_number
    """


def _of_cells(names: Sequence[str]) -> list[str]:
    raw = f"coalesce(cells.raw, {row_json(names)}) as raw"
    own = "whole.reason_code = 'file_refused' and refused.disposition = 'refused'"
    return [
        f"""
        select cells._file, row_number, disposition, reason_code, reason, {raw}
        from cells join (from refused anti join whole using (_file)) as own using (_place)
        """,
        f"""
        select cells._file, row_number, whole.disposition,
               case when {own} then refused.reason_code else whole.reason_code end,
               case when {own} then refused.reason else whole.reason end, {raw}
        from cells join whole using (_file) left join refused using (_place)
        """,
    ]
