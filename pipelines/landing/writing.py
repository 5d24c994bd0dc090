"""How judged rows become the files of their batch: streamed from the database, counted by load, with a note."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ml.errors import NightmarketError
from pipelines.files import ROWS_PER_GROUP, appearing
from pipelines.landing.arrived import Arrived
from pipelines.landing.cells import Cells, row_json
from pipelines.landing.contracts import Contract
from pipelines.landing.store import CONTRACT_FILE, NOTE, Outcome, note_of, read_note


class Sheet:
    """A Parquet file that is filled piece by piece; its bytes do not depend on how the rows were cut into pieces."""

    def __init__(self, path: Path) -> None:
        """Takes the path of the file, which is made with the first piece."""
        self._path = path
        self._file: pq.ParquetWriter | None = None
        self._waiting: pa.Table | None = None

    def add(self, piece: pa.Table) -> None:
        """Rows that follow those before."""
        if self._file is None or self._waiting is None:
            texts = [each.name for each in piece.schema if each.type == pa.string()]  # numbers hardly repeat
            self._file = pq.ParquetWriter(
                self._path,
                piece.schema,
                compression="zstd",
                use_dictionary=texts,
                store_schema=False,
                store_decimal_as_integer=True,
            )
            self._waiting = piece.schema.empty_table()
        self._waiting = pa.concat_tables([self._waiting, piece])
        while self._waiting.num_rows >= ROWS_PER_GROUP:
            self._write(self._waiting.slice(0, ROWS_PER_GROUP))
            self._waiting = self._waiting.slice(ROWS_PER_GROUP)

    def close(self, note: str) -> None:
        """Finish the file, if it was begun."""
        if self._file is not None and self._waiting is not None:
            if self._waiting.num_rows:
                self._write(self._waiting)
            self._file.add_key_value_metadata({NOTE: note})
            self._file.close()

    def _write(self, rows: pa.Table) -> None:
        if self._file is not None:
            self._file.write_table(rows.combine_chunks(), row_group_size=ROWS_PER_GROUP)


@dataclass(slots=True)
class Sheets:
    """The files of a batch while its loads are judged."""

    accepted: Sheet
    set_aside: Sheet
    outcomes: list[Outcome]


@contextmanager
def batch_files(
    con: duckdb.DuckDBPyConnection, contract: Contract, bronze: Path, quarantine: Path, inputs: str
) -> Iterator[Sheets]:
    """Open the files of a batch; at the end, if nothing went wrong, they stand: quarantine first, bronze last."""
    with appearing(bronze) as whole, appearing(quarantine) as aside:
        sheets = Sheets(Sheet(whole), Sheet(aside), [])
        sheets.accepted.add(_nothing(con, contract))
        yield sheets
        for sheet in (sheets.set_aside, sheets.accepted):
            sheet.close(note_of(inputs, sheets.outcomes))


def write_pass(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    files: Sequence[Arrived],
    outcomes: Sequence[Outcome],
    sheets: Sheets,
) -> None:
    """Write the rows of the judged files of a pass.

    Takes     files: those that `outcomes` belong to, in order; the relations that `judge_pass` made of them.
    Raises    NightmarketError if a load has other rows than its counts say; nothing of its batch is kept.
    """
    aside = [outcome.refused_row_count + outcome.duplicate_row_count for outcome in outcomes]
    accepted = [outcome.accepted_row_count for outcome in outcomes]
    if any(aside):
        _write(con, _set_aside(files), sheets.set_aside, files, aside)
    if any(accepted):
        _write(con, accepted_rows(contract, outcomes), sheets.accepted, files, accepted)
    sheets.outcomes += outcomes


def write_contract_file(con: duckdb.DuckDBPyConnection, contract: Contract, folder: Path) -> None:
    """Put the typed file without rows beside the loads, if it is not there or of an older contract."""
    path, inputs = folder / CONTRACT_FILE, json.dumps(contract.bronze_columns)
    if read_note(path) != (inputs, []):
        with appearing(path) as temporary:
            sheet = Sheet(temporary)
            sheet.add(_nothing(con, contract))
            sheet.close(note_of(inputs, []))


def _nothing(con: duckdb.DuckDBPyConnection, contract: Contract) -> pa.Table:
    columns = ", ".join(f"null::{kind} as {name}" for name, kind in contract.bronze_columns.items())
    return con.sql(f"select {columns} limit 0").to_arrow_table()


def _write(
    con: duckdb.DuckDBPyConnection, query: str, sheet: Sheet, files: Sequence[Arrived], row_counts: Sequence[int]
) -> None:
    """The rows of a query, which are as many of each file as they must be.

    This is where the books are balanced: accepted + refused + duplicate = raw, where raw was counted by
    other means than the rows that are written here.
    """
    written: Counter[int] = Counter()
    for block in con.sql(query).to_arrow_reader(ROWS_PER_GROUP):
        rows = pa.Table.from_batches([block])
        numbers, counts = np.unique(rows.column("_file").to_numpy(), return_counts=True)
        written.update(dict(zip(numbers.tolist(), counts.tolist(), strict=True)))
        sheet.add(rows.drop_columns(["_file"]))
    for i, (arrived, expected) in enumerate(zip(files, row_counts, strict=True)):
        if written[i] != expected:
            raise NightmarketError(
                f"{arrived.load.delivery.path}: expected {expected} rows to write, got {written[i]}. Nothing was kept. "
                "This is a fault of the loader: keep the delivered file and report it."
            )


def accepted_rows(contract: Contract, outcomes: Sequence[Outcome]) -> str:
    """SQL of the rows of a pass that go on: `_file`, then the columns of bronze."""
    names = ", ".join(f"typed.{column.name}" for column in contract.columns)
    return f"""
        select typed._file, {names}, typed.event_at, typed.event_date,
               delivered.known_at, delivered.known_date, delivered.load_id, typed.row_number
        from typed join delivered using (_file)
        {_accepted(outcomes)}
        order by typed._place
    """


def accepted_facts(contract: Contract, outcomes: Sequence[Outcome]) -> str:
    """SQL of what these rows say, for later rows to be compared with: the contract's columns, in no order."""
    names = ", ".join(column.name for column in contract.columns)
    return f"select {names} from typed {_accepted(outcomes)}"


def _accepted(outcomes: Sequence[Outcome]) -> str:
    """SQL of which rows of `typed` go on."""
    loaded = [i for i, outcome in enumerate(outcomes) if outcome.status == "loaded"]
    clean = all(outcomes[i].accepted_row_count == outcomes[i].raw_row_count for i in loaded)
    files = f"where typed._file in ({', '.join(map(str, loaded))})"
    return files if clean else f"anti join refused using (_place) {files}"


def _set_aside(files: Sequence[Arrived]) -> str:
    """SQL of the rows that do not: some of a loaded file, or all of one that is set aside whole.

    In a file that is refused for its rows, a row keeps its own reason if it was refused for one.
    """
    names = next((each.cells.names for each in files if isinstance(each.cells, Cells)), None)
    parts = ["select _file, row_number, disposition, reason_code, reason, raw from unread join whole using (_file)"]
    if names is not None:
        parts += _of_cells(names)
    return f"""
        select _file, source_code, table_name, load_id, file, row_number, disposition, reason_code, reason, raw,
               known_date
        from ({" union all ".join(parts)}) join delivered using (_file)
        where _file < {len(files)}
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
