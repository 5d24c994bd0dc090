"""Opened files that are judged in one pass: their rows side by side, as if one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa

from pipelines.landing.cells import Cells
from pipelines.landing.plan import Load
from pipelines.landing.text import Unreadable

BYTES_PER_PASS = 32 << 20  # of cells in memory; a larger file is judged alone

DELIVERED = pa.schema(
    {
        "_file": pa.int32(),
        "source_code": pa.string(),
        "table_name": pa.string(),
        "load_id": pa.string(),
        "file": pa.string(),
        "known_at": pa.timestamp("us"),
        "known_date": pa.date32(),
    }
)
UNREAD = pa.schema({"_file": pa.int32(), "row_number": pa.int64(), "raw": pa.string()})


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that was opened and is not judged yet."""

    load: Load
    copy_of: str | None  # the file that brought the same content before, if one did
    known_at: datetime
    cells: Cells | Unreadable
    byte_count: int  # in memory

    @property
    def brings_rows(self) -> bool:
        """Whether a later file with this content may turn out to be a copy of it."""
        return self.copy_of is None and isinstance(self.cells, Cells) and self.cells.raw_row_count > 0


def bytes_in_memory(cells: Cells | Unreadable) -> int:
    """What an opened file takes of the memory while it waits."""
    if isinstance(cells, Unreadable):
        return sum(map(len, cells.lines))
    return cells.rows.nbytes if cells.rows is not None else 0


def fits(files: Sequence[Arrived], arrived: Arrived) -> bool:
    """Whether a file can be judged together with those that wait: cells of one form, and no more than memory bears."""
    first = next((each.cells for each in files if isinstance(each.cells, Cells)), None)
    if first is not None and isinstance(arrived.cells, Cells):
        in_memory = first.rows is not None and arrived.cells.rows is not None
        if not in_memory or (first.names, first.types) != (arrived.cells.names, arrived.cells.types):
            return False
    return sum(each.byte_count for each in files) + arrived.byte_count <= BYTES_PER_PASS


def lay_out(con: duckdb.DuckDBPyConnection, files: Sequence[Arrived]) -> None:
    """Make the relations of a pass. `_file` counts its files from 0; no column of a contract begins with `_`.

    delivered   one row per file: DELIVERED.
    cells       one row per record of a file that could be opened: _place (its order among all), _file,
                row_number (its place in the file), and the columns of `Cells`.
    unread      one row per line of a file that could not; one row without text if none can be read: UNREAD.
    """
    con.register("incoming_delivered", _delivered(files))
    con.register("incoming_unread", _unread(files))
    con.execute("create or replace temp table delivered as from incoming_delivered")
    con.execute("create or replace temp table unread as from incoming_unread")
    opened = [(i, each.cells) for i, each in enumerate(files) if isinstance(each.cells, Cells)]
    scanned = next(((i, cells.scan) for i, cells in opened if cells.rows is None), None)
    if scanned is not None:
        number, relation = scanned
        query = f"select row_number as _place, {number}::integer as _file, * from {relation}"
    else:
        con.register(
            "incoming_cells", _side_by_side([(i, cells.rows) for i, cells in opened if cells.rows is not None])
        )
        query = "from incoming_cells"
    con.execute(f"create or replace temp view cells as {query}")


def clear(con: duckdb.DuckDBPyConnection) -> None:
    """Give back what a pass holds in memory."""
    con.execute("drop view if exists cells")
    for name in ("incoming_delivered", "incoming_unread", "incoming_cells"):
        con.unregister(name)


def _delivered(files: Sequence[Arrived]) -> pa.Table:
    rows = [
        {
            "_file": i,
            "source_code": each.load.delivery.source_code,
            "table_name": each.load.delivery.table_name,
            "load_id": each.load.load_id,
            "file": each.load.delivery.file,
            "known_at": each.known_at,
            "known_date": each.load.delivery.known_date,
        }
        for i, each in enumerate(files)
    ]
    return pa.Table.from_pylist(rows, schema=DELIVERED)


def _unread(files: Sequence[Arrived]) -> pa.Table:
    rows = [
        {"_file": i, "row_number": number, "raw": line}
        for i, each in enumerate(files)
        if isinstance(each.cells, Unreadable)
        for number, line in enumerate(each.cells.lines or (None,), start=1)
    ]
    return pa.Table.from_pylist(rows, schema=UNREAD)


def _side_by_side(files: Sequence[tuple[int, pa.Table]]) -> pa.Table:
    if not files:
        return pa.table({"_place": pa.array([], pa.int64()), "_file": pa.array([], pa.int32())})
    rows = pa.concat_tables([rows for _, rows in files])
    counts = [rows.num_rows for _, rows in files]
    places = np.arange(1, rows.num_rows + 1, dtype=np.int64)
    before = np.repeat(np.cumsum([0, *counts[:-1]], dtype=np.int64), counts)
    numbers = {
        "_place": pa.array(places),
        "_file": pa.array(np.repeat(np.array([i for i, _ in files], dtype=np.int32), counts)),
        "row_number": pa.array(places - before),
    }
    return pa.table(numbers | dict(zip(rows.column_names, rows.columns, strict=True)))
