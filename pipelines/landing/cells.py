"""A delivered file as a table of raw cells: one row per record, nothing judged yet."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from pipelines.landing.contracts import Contract
from pipelines.landing.json_lines import added_keys, headers_in, json_cells, json_lines, keys_of_lines
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
    """The records of a file: `rows` in memory, or `scan`, the SQL of a relation that reads them from the file.

    Columns   broken_code, broken_reason: set where a record could not be cut into cells;
              raw: a record's text where the cells alone would not show it;
              c0, c1, ...: the cells; an empty one is null or an empty text. In `scan` also `row_number`.
    """

    names: tuple[str, ...]  # the file's column names; c<i> holds the i-th
    types: tuple[str, ...]  # their SQL types
    raw_row_count: int  # counted by other means than the rows
    added: tuple[str, ...]  # columns that the contract does not know
    rows: pa.Table | None
    scan: str = ""

    def position(self, name: str) -> str:
        """The SQL name of a column's cells."""
        return f"c{self.names.index(name)}"

    def type_of(self, name: str) -> str:
        """The SQL type of a column's cells, in capitals."""
        return self.types[self.names.index(name)].upper()


def open_cells(con: duckdb.DuckDBPyConnection, path: Path, contract: Contract) -> Cells | Unreadable:
    """Cut a file into cells, or say why it is refused as a whole."""
    suffixes = SUFFIXES[contract.format]
    if not path.name.lower().endswith(suffixes):
        return Unreadable("wrong_format", f"expected a name ending in {' or '.join(suffixes)}")
    if contract.format == "parquet":
        return _open_parquet(con, path, contract)
    text = read_text(path)
    if isinstance(text, Unreadable):
        return text
    return _open_csv(text, contract) if contract.format == "csv" else _open_jsonl(con, text, contract)


def _open_csv(text: Text, contract: Contract) -> Cells | Unreadable:
    header = next(records(text)).cells
    problem = _header_problem(header, contract)
    if header is None or problem:
        garbage = header is None or not {column.header for column in contract.columns} & set(header)
        lines = () if garbage else readable_lines(text.data)
        return Unreadable("missing_column", problem, lines)
    count = count_records(text)
    rows = _split_csv(text, len(header)) if is_plain(text) else None
    if rows is None or rows.num_rows != count:
        rows = _cut_csv(text, len(header))
    if rows.num_rows != count:
        reason = f"expected {count} records by line ends, cut {rows.num_rows}: quotes do not pair up"
        return Unreadable("broken_quotes", reason, readable_lines(text.data))
    return _as_cells(header, ["VARCHAR"] * len(header), count, contract, rows)


def _header_problem(header: list[str] | None, contract: Contract) -> str:
    if header is None:
        return "expected a header line, got one with broken quotes"
    missing = [column.header for column in contract.columns if column.header not in header]
    twice = sorted({name for name in header if header.count(name) > 1})
    if missing:
        return f"expected columns {missing}, got {[name[:40] for name in header[:20]]}"
    return f"expected each column once, got {twice} twice" if twice else ""


def _split_csv(text: Text, width: int) -> pa.Table | None:
    """Records of a file in which every line has `width` cells and none is quoted; None if it is not so regular."""
    names = [f"c{i}" for i in range(width)]
    as_text = pa_csv.ConvertOptions(
        check_utf8=False, column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
    )
    try:
        rows = pa_csv.read_csv(
            pa.py_buffer(text.data),
            read_options=pa_csv.ReadOptions(use_threads=False, column_names=names),
            parse_options=pa_csv.ParseOptions(quote_char=False, double_quote=False),
            convert_options=as_text,
        ).slice(1)  # the header
    except pa.ArrowInvalid:
        return None  # the careful reader says what is wrong, record by record
    nothing = pa.nulls(rows.num_rows, pa.string())
    return pa.table({"broken_code": nothing, "broken_reason": nothing, "raw": nothing, **_columns(rows)})


def _columns(rows: pa.Table) -> dict[str, pa.ChunkedArray]:
    return dict(zip(rows.column_names, rows.columns, strict=True))


def _cut_csv(text: Text, width: int) -> pa.Table:
    """The same cut record by record, so that one broken record costs no other."""
    rows = list(records(text))[1:]
    problems = [_problem(record, width) for record in rows]
    whole = [None if problem else record.cells for record, problem in zip(rows, problems, strict=True)]
    columns: dict[str, Sequence[object]] = {
        "broken_code": [problem and problem[0] for problem in problems],
        "broken_reason": [problem and problem[1] for problem in problems],
        "raw": [record.raw if problem else None for record, problem in zip(rows, problems, strict=True)],
    }
    for i in range(width):
        columns[f"c{i}"] = [(cells[i] or None) if cells else None for cells in whole]
    return _text_table(columns)


def _problem(record: Record, width: int) -> tuple[str, str] | None:
    """Code and reason if a record is not `width` cells."""
    if record.cells is None:
        return "broken_quotes", "expected a quoted cell to end before a comma, got other text after the quote"
    if len(record.cells) != width:
        return "cell_count", f"expected {width} cells, got {len(record.cells)}"
    return None


def _open_jsonl(con: duckdb.DuckDBPyConnection, text: Text, contract: Contract) -> Cells | Unreadable:
    lines = json_lines(text)
    keys = keys_of_lines(con, lines)
    if not keys:
        return Unreadable("not_json", "expected one JSON object per line, got none in the file")
    problem = _header_problem(sorted(keys | headers_in(keys, contract)), contract)
    if problem:
        return Unreadable("missing_column", problem, tuple(lines))
    headers = tuple(column.header for column in contract.columns)
    cells = json_cells(con, contract, keys)
    added = tuple(added_keys(keys, contract))
    return Cells(headers, ("VARCHAR",) * len(headers), count_lines(text.data), added, cells)


def _open_parquet(con: duckdb.DuckDBPyConnection, path: Path, contract: Contract) -> Cells | Unreadable:
    delivered = f"read_parquet({_exactly(path)}, file_row_number=true, hive_partitioning=false)"
    try:
        count = pq.read_metadata(path).num_rows
        described = con.execute(f"describe from {delivered}").fetchall()[:-1]
    except (pa.ArrowException, OSError, duckdb.InvalidInputException, duckdb.IOException) as error:
        return Unreadable("not_parquet", f"expected Parquet, got something else ({str(error)[:120]})")
    names, types = [row[0] for row in described], [row[1] for row in described]
    renamed = ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}" as c{i}' for i, name in enumerate(names))
    scan = (
        "(select file_row_number + 1 as row_number, null::varchar as broken_code, "
        f"null::varchar as broken_reason, null::varchar as raw, {renamed} from {delivered})"
    )
    problem = _header_problem(names, contract)
    if problem:
        shown = con.execute(f"select {row_json(names)} from {scan} order by row_number").fetchall()
        return Unreadable("missing_column", problem, tuple(row[0] for row in shown))
    return _as_cells(names, types, count, contract, None, scan)


def row_json(names: Sequence[str]) -> str:
    """SQL for a row's cells as JSON text, in the file's order."""
    pairs = ", ".join(f"'{name.replace(chr(39), chr(39) * 2)}', c{i}" for i, name in enumerate(names))
    return f"json_object({pairs})::varchar"


def _as_cells(
    names: Sequence[str], types: Sequence[str], count: int, contract: Contract, rows: pa.Table | None, scan: str = ""
) -> Cells:
    known = {column.header for column in contract.columns}
    return Cells(tuple(names), tuple(types), count, tuple(name for name in names if name not in known), rows, scan)


def _text_table(columns: dict[str, Sequence[object]]) -> pa.Table:
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def _exactly(path: Path) -> str:
    """SQL of a path in which nothing is a wildcard."""
    return "'" + glob.escape(str(path)).replace("'", "''") + "'"
