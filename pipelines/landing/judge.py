"""What becomes of one delivered file: every record is accepted, refused or a duplicate, and the counts prove it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import polars as pl

from pipelines.landing.cells import Cells, open_cells, row_json
from pipelines.landing.contracts import Contract
from pipelines.landing.deliveries import Delivery
from pipelines.landing.keys import Bounds, key_bounds, refuse_repeated_keys
from pipelines.landing.rows import make_typed, quoted
from pipelines.landing.store import Outcome
from pipelines.landing.text import Unreadable
from pipelines.settings import Settings

SET_ASIDE = {
    "row_number": pl.Int64,
    "disposition": pl.String,
    "reason_code": pl.String,
    "reason": pl.String,
    "raw": pl.String,
}


def judge_file(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    delivery: Delivery,
    settings: Settings,
    older: Sequence[tuple[Path, Bounds]],
    copy_of: str | None,
    inputs: str,
    progress: Callable[[str], None],
) -> Outcome:
    """Leave the accepted rows in `typed` (minus `refused`) and all others, with reasons, in `set_aside`.

    Takes     older: bronze files of the table's earlier loads with their key bounds;
              copy_of: the file that brought the same content before, if one did;
              inputs: fingerprint that the outcome carries.
    """
    cells = _open(con, contract, delivery)
    if copy_of is not None:
        reason = f"the same content as {copy_of}"
        return _set_all_aside(con, cells, "duplicate", "duplicate_file", reason, inputs)
    if isinstance(cells, Unreadable):
        return _set_all_aside(con, cells, "refused", cells.code, cells.reason, inputs)
    if cells.added:
        progress(f"{delivery.file}: columns {list(cells.added)} are not in the contract; they are not loaded.")
    make_typed(con, cells, contract, delivery.known_date, settings.retailer.time_zone)
    bounds = key_bounds(con, contract)
    rivals = [] if contract.is_versioned else [path for path, other in older if other.overlap(bounds)]
    refuse_repeated_keys(con, contract, rivals)
    refused, duplicate = _counts(con)
    if refused > contract.max_refused_rate * cells.raw_row_count:
        reason = (
            f"expected at most {contract.max_refused_rate:.1%} refused rows, "
            f"got {refused} of {cells.raw_row_count} ({_frequent_codes(con)})"
        )
        return _set_all_aside(con, cells, "refused", "file_refused", reason, inputs)
    if refused + duplicate:
        con.execute(f"""
            create or replace temp table set_aside as
            select row_number, disposition, reason_code, reason, coalesce(raw, {row_json(cells.names)}) as raw
            from refused join cells using (row_number)
        """)
    return Outcome(
        inputs=inputs,
        status="loaded",
        reason="",
        raw_row_count=cells.raw_row_count,
        accepted_row_count=cells.raw_row_count - refused - duplicate,  # what must be written, or nothing is
        refused_row_count=refused,
        duplicate_row_count=duplicate,
        bounds=bounds,
    )


def _open(con: duckdb.DuckDBPyConnection, contract: Contract, delivery: Delivery) -> Cells | Unreadable:
    con.execute("drop table if exists refused; drop table if exists set_aside")
    if delivery.leaves_landing:
        return Unreadable("outside_landing", "expected a file inside landing, got a link that leads out of it")
    return open_cells(con, delivery.path, contract)


def _set_all_aside(
    con: duckdb.DuckDBPyConnection,
    cells: Cells | Unreadable,
    disposition: str,
    code: str,
    reason: str,
    inputs: str,
) -> Outcome:
    """The whole file goes to quarantine; a row keeps its own reason if it was refused for one."""
    why = f"{quoted(disposition)} as disposition, {quoted(code)} as reason_code, {quoted(reason)} as reason"
    if isinstance(cells, Unreadable):
        _register_lines(con, cells)
        con.execute(f"create or replace temp table set_aside as select row_number, {why}, raw from unread_lines")
        con.unregister("unread_lines")
        count = max(1, len(cells.lines))
    else:
        raw = f"coalesce(raw, {row_json(cells.names)}) as raw"
        con.execute(f"create or replace temp table set_aside as select row_number, {why}, {raw} from cells")
        count = cells.raw_row_count
        if code == "file_refused":
            con.execute("""
                update set_aside set reason_code = refused.reason_code, reason = refused.reason from refused
                where refused.row_number = set_aside.row_number and refused.disposition = 'refused'
            """)
    is_copy = disposition == "duplicate"
    return Outcome(
        inputs=inputs,
        status="duplicate_file" if is_copy else "refused_file",
        reason=reason if is_copy or code == "file_refused" else f"{code}: {reason}",
        raw_row_count=count,
        accepted_row_count=0,
        refused_row_count=0 if is_copy else count,
        duplicate_row_count=count if is_copy else 0,
    )


def _register_lines(con: duckdb.DuckDBPyConnection, unread: Unreadable) -> None:
    """One row per readable line; if there is none, one row without text stands for the file."""
    lines: list[str | None] = list(unread.lines) or [None]
    numbers = range(1, len(lines) + 1)
    schema = {"row_number": pl.Int64, "raw": pl.String}
    con.register("unread_lines", pl.DataFrame({"row_number": numbers, "raw": lines}, schema=schema).to_arrow())


def _counts(con: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Refused and duplicate rows."""
    query = "select count(*), count(*) filter (disposition = 'duplicate') from refused"
    row_count, duplicate = con.execute(query).fetchall()[0]
    return int(row_count) - int(duplicate), int(duplicate)


def _frequent_codes(con: duckdb.DuckDBPyConnection) -> str:
    """The three most frequent reasons, with counts."""
    rows = con.execute("""
        select reason_code, count(*) as row_count from refused where disposition = 'refused'
        group by reason_code order by row_count desc, reason_code limit 3
    """).fetchall()
    return ", ".join(f"{code} {count}" for code, count in rows)
