"""A delivered file as a table of raw cells: one row per record, nothing judged yet."""

import glob
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.landing.contracts import Contract
from pipelines.landing.text import (
    Record,
    Text,
    Unreadable,
    count_lines,
    count_records,
    is_plain,
    read_text,
    readable_lines,
    records,
)

SUFFIXES = {"csv": (".csv", ".csv.gz"), "jsonl": (".jsonl", ".jsonl.gz"), "parquet": (".parquet",)}


@dataclass(frozen=True, slots=True)
class Cells:
    """The relation `cells` on the connection: row_number, broken_code, broken_reason, raw, c0, c1, ...

    broken_code and broken_reason are set where a record could not be cut into cells; raw is its text
    where the cells alone would not show it.
    """

    names: tuple[str, ...]  # the file's column names; c<i> holds the i-th
    types: tuple[str, ...]  # their SQL types
    raw_row_count: int  # counted by other means than the rows of `cells`
    added: tuple[str, ...]  # columns that the contract does not know

    def position(self, name: str) -> str:
        """The SQL name of a column's cells."""
        return f"c{self.names.index(name)}"

    def type_of(self, name: str) -> str:
        """The SQL type of a column's cells, in capitals."""
        return self.types[self.names.index(name)].upper()


def open_cells(con: duckdb.DuckDBPyConnection, path: Path, contract: Contract) -> Cells | Unreadable:
    """Make the relation `cells` from a file, or say why the file is refused as a whole."""
    con.execute("drop view if exists cells; drop view if exists delivered_rows; drop table if exists cell_rows")
    suffixes = SUFFIXES[contract.format]
    if not path.name.lower().endswith(suffixes):
        return Unreadable("wrong_format", f"expected a name ending in {' or '.join(suffixes)}")
    if contract.format == "parquet":
        return _open_parquet(con, path, contract)
    text = read_text(path)
    if isinstance(text, Unreadable):
        return text
    read = _open_csv if contract.format == "csv" else _open_jsonl
    return read(con, path, text, contract)


def _open_csv(con: duckdb.DuckDBPyConnection, path: Path, text: Text, contract: Contract) -> Cells | Unreadable:
    header = next(records(text)).cells
    problem = _header_problem(header, contract)
    if header is None or problem:
        garbage = header is None or not {column.header for column in contract.columns} & set(header)
        lines = () if garbage else readable_lines(text.data)
        return Unreadable("missing_column", problem, lines)
    count = count_records(text)
    # the database's reader forgives a comma too many at a line's end, so the commas are counted too
    is_regular = is_plain(text) and text.data.count(b",") == (count + 1) * (len(header) - 1)
    if not (is_regular and _scan_csv(con, path, len(header)) == count):
        found = _cut_csv(con, text, len(header))
        if found != count:
            reason = f"expected {count} records by line ends, cut {found}: quotes do not pair up"
            return Unreadable("broken_quotes", reason, readable_lines(text.data))
    return _as_cells(header, ["VARCHAR"] * len(header), count, contract)


def _header_problem(header: list[str] | None, contract: Contract) -> str:
    if header is None:
        return "expected a header line, got one with broken quotes"
    missing = [column.header for column in contract.columns if column.header not in header]
    twice = sorted({name for name in header if header.count(name) > 1})
    if missing:
        return f"expected columns {missing}, got {[name[:40] for name in header[:20]]}"
    return f"expected each column once, got {twice} twice" if twice else ""


def _scan_csv(con: duckdb.DuckDBPyConnection, path: Path, width: int) -> int:
    """Rows that the database's own reader finds; -1 if the file is not as regular as it demands."""
    columns = {f"c{i}": "VARCHAR" for i in range(width)}
    query = f"""
        create temp table cell_rows as
        select row_number() over () as row_number, null::varchar as broken_code,
               null::varchar as broken_reason, null::varchar as raw, *
        from read_csv({_exactly(path)}, columns={columns}, auto_detect=false, header=true, delim=',', quote='"',
                      escape='"', strict_mode=true, nullstr='', hive_partitioning=false,
                      compression='{"gzip" if path.name.lower().endswith(".gz") else "none"}')
    """
    try:
        con.execute(query)
    except (duckdb.InvalidInputException, duckdb.IOException):
        return -1  # the careful reader says what is wrong, record by record
    con.execute("create temp view cells as from cell_rows")
    return int(con.execute("select count(*) from cell_rows").fetchall()[0][0])


def _cut_csv(con: duckdb.DuckDBPyConnection, text: Text, width: int) -> int:
    """The same relation made record by record, so that one broken record costs no other."""
    rows = list(records(text))[1:]
    problems = [_problem(record, width) for record in rows]
    whole = [None if problem else record.cells for record, problem in zip(rows, problems, strict=True)]
    columns: dict[str, Sequence[object]] = {
        "row_number": range(1, len(rows) + 1),
        "broken_code": [problem and problem[0] for problem in problems],
        "broken_reason": [problem and problem[1] for problem in problems],
        "raw": [record.raw if problem else None for record, problem in zip(rows, problems, strict=True)],
    }
    for i in range(width):
        columns[f"c{i}"] = [(cells[i] or None) if cells else None for cells in whole]
    _register(con, columns)
    return len(rows)


def _problem(record: Record, width: int) -> tuple[str, str] | None:
    """Code and reason if a record is not `width` cells."""
    if record.cells is None:
        return "broken_quotes", "expected a quoted cell to end before a comma, got other text after the quote"
    if len(record.cells) != width:
        return "cell_count", f"expected {width} cells, got {len(record.cells)}"
    return None


def _open_jsonl(con: duckdb.DuckDBPyConnection, path: Path, text: Text, contract: Contract) -> Cells | Unreadable:
    lines = [line for line in io.StringIO(text.data.decode(), newline="") if line.rstrip("\r\n")]
    parsed = [_json_object(line) for line in lines]
    keys = sorted({key for row in parsed if isinstance(row, dict) for key in row})
    if not keys:
        return Unreadable("not_json", "expected one JSON object per line, got none in the file")
    optional = {column.header for column in contract.columns if column.nullable}  # senders leave out nulls
    keys = sorted({*keys, *optional})
    problem = _header_problem(keys, contract)
    if problem:
        return Unreadable("missing_column", problem, tuple(line.rstrip("\r\n") for line in lines))
    columns: dict[str, Sequence[object]] = {
        "row_number": range(1, len(lines) + 1),
        "broken_code": [None if isinstance(row, dict) else "not_json" for row in parsed],
        "broken_reason": [None if isinstance(row, dict) else row for row in parsed],
        "raw": [line.rstrip("\r\n") for line in lines],
    }
    for i, key in enumerate(keys):
        columns[f"c{i}"] = [_json_cell(row.get(key)) if isinstance(row, dict) else None for row in parsed]
    _register(con, columns)
    return _as_cells(keys, ["VARCHAR"] * len(keys), count_lines(text.data), contract)


def _json_object(line: str) -> dict[str, object] | str:
    """The line's object, or what is wrong with it. Numbers stay the text they were sent as."""
    try:
        value = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
        json.dumps(value, ensure_ascii=False).encode()  # an escaped half of a character pair fails here
    except (ValueError, RecursionError) as error:
        return f"expected a JSON object, got text that is not JSON ({str(error)[:80]})"
    if not isinstance(value, dict):
        return f"expected a JSON object, got {type(value).__name__}"
    return value


def _json_cell(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    return json.dumps(value, ensure_ascii=False)


def _open_parquet(con: duckdb.DuckDBPyConnection, path: Path, contract: Contract) -> Cells | Unreadable:
    try:
        count = pq.read_metadata(path).num_rows
        con.execute(
            "create temp view delivered_rows as "
            f"from read_parquet({_exactly(path)}, file_row_number=true, hive_partitioning=false)"
        )
    except (pa.ArrowException, OSError, duckdb.InvalidInputException, duckdb.IOException) as error:
        return Unreadable("not_parquet", f"expected Parquet, got something else ({str(error)[:120]})")
    described = con.execute("describe delivered_rows").fetchall()[:-1]
    names, types = [row[0] for row in described], [row[1] for row in described]
    renamed = ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}" as c{i}' for i, name in enumerate(names))
    con.execute(
        "create temp view cells as select file_row_number + 1 as row_number, null::varchar as broken_code, "
        f"null::varchar as broken_reason, null::varchar as raw, {renamed} from delivered_rows"
    )
    problem = _header_problem(names, contract)
    if problem:
        shown = con.execute(f"select {row_json(names)} from cells order by row_number").fetchall()
        return Unreadable("missing_column", problem, tuple(row[0] for row in shown))
    return _as_cells(names, types, count, contract)


def row_json(names: Sequence[str]) -> str:
    """SQL for a row's cells as JSON text, in the file's order."""
    pairs = ", ".join(f"'{name.replace(chr(39), chr(39) * 2)}', c{i}" for i, name in enumerate(names))
    return f"json_object({pairs})::varchar"


def _as_cells(names: Sequence[str], types: Sequence[str], count: int, contract: Contract) -> Cells:
    known = {column.header for column in contract.columns}
    return Cells(tuple(names), tuple(types), count, tuple(name for name in names if name not in known))


def _register(con: duckdb.DuckDBPyConnection, columns: dict[str, Sequence[object]]) -> None:
    schema = {name: pl.Int64 if name == "row_number" else pl.String for name in columns}
    rows = pl.DataFrame({name: list(values) for name, values in columns.items()}, schema=schema).to_arrow()
    con.register("incoming_cells", rows)
    con.execute("drop view if exists cells; drop table if exists cell_rows")
    con.execute("create temp table cell_rows as from incoming_cells")
    con.execute("create temp view cells as from cell_rows")
    con.unregister("incoming_cells")


def _exactly(path: Path) -> str:
    """SQL of a path in which nothing is a wildcard."""
    return "'" + glob.escape(str(path)).replace("'", "''") + "'"
