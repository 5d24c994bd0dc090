"""What becomes of delivered files: every record is accepted, refused or a duplicate, and the counts prove it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from pipelines.landing.arrived import Arrived, lay_out
from pipelines.landing.cells import Cells
from pipelines.landing.contracts import Contract
from pipelines.landing.keys import Bounds, Place, hull, key_bounds, refuse_repeated_keys
from pipelines.landing.rows import make_typed
from pipelines.landing.store import Outcome
from pipelines.landing.text import Unreadable

WHOLE = pa.schema({"_file": pa.int32(), "disposition": pa.string(), "reason_code": pa.string(), "reason": pa.string()})


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Why a whole file is set aside."""

    disposition: str  # refused | duplicate
    code: str
    reason: str


def judge_pass(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    files: Sequence[Arrived],
    older: Sequence[tuple[Place, Bounds]],
    time_zone: str,
) -> list[Outcome]:
    """Judge files as if one after the other, up to the first that is refused for its rows.

    What stands in a refused file holds no key, so the files after it must be judged anew, without it.

    Takes     older: where the rows of each of the table's earlier loads stand, with their key bounds.
    Returns   the outcomes of the first files: of at least one, of all if none but the last is refused so.
    Makes     typed, refused, cells, unread, delivered; whole: one row per file that is set aside, WHOLE.
    """
    lay_out(con, files)
    known = {i: verdict for i, each in enumerate(files) if (verdict := _before_reading(each)) is not None}
    bounds, counts = _judge_rows(con, contract, files, known, older, time_zone)
    outcomes: list[Outcome] = []
    for i, arrived in enumerate(files):
        refused, duplicate = counts.get(i, (0, 0))
        late = None if i in known else _too_many_refused(con, contract, arrived, i, refused)
        verdict = known.get(i, late)
        if verdict is not None:
            known[i] = verdict
            outcomes.append(_set_aside(arrived, verdict))
        else:
            outcomes.append(_loaded(arrived, refused, duplicate, bounds.get(i, Bounds())))
        if late is not None:
            break
    _register_whole(con, known)
    return outcomes


def _before_reading(arrived: Arrived) -> _Verdict | None:
    if arrived.copy_of is not None:
        return _Verdict("duplicate", "duplicate_file", f"the same content as {arrived.copy_of}")
    if isinstance(arrived.cells, Unreadable):
        return _Verdict("refused", arrived.cells.code, arrived.cells.reason)
    return None


def _judge_rows(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    files: Sequence[Arrived],
    known: Mapping[int, _Verdict],
    older: Sequence[tuple[Place, Bounds]],
    time_zone: str,
) -> tuple[dict[int, Bounds], dict[int, tuple[int, int]]]:
    """By `_file`: the bounds of its keys, and how many of its rows are refused and duplicates."""
    con.execute("""
        create or replace temp table refused (
            _place bigint, _file integer, disposition varchar, reason_code varchar, reason varchar
        )
    """)
    cells = next((e.cells for i, e in enumerate(files) if i not in known and isinstance(e.cells, Cells)), None)
    if cells is None:
        return {}, {}
    listed = ", ".join(map(str, known))
    judged = f"(from cells where _file not in ({listed}))" if known else "cells"
    make_typed(con, cells, contract, time_zone, judged)
    bounds = key_bounds(con, contract)
    together = hull(bounds.values())
    rivals = [] if contract.is_versioned else [place for place, other in older if other.overlap(together)]
    refuse_repeated_keys(con, contract, rivals)
    rows = con.execute("""
        select _file, count(*) filter (disposition = 'refused'), count(*) filter (disposition = 'duplicate')
        from refused group by _file
    """).fetchall()
    return bounds, {file: (refused, duplicate) for file, refused, duplicate in rows}


def _too_many_refused(
    con: duckdb.DuckDBPyConnection, contract: Contract, arrived: Arrived, file: int, refused: int
) -> _Verdict | None:
    raw = _row_count(arrived)
    if refused <= contract.max_refused_rate * raw:
        return None
    reason = (
        f"expected at most {contract.max_refused_rate:.1%} refused rows, "
        f"got {refused} of {raw} ({_frequent_codes(con, file)})"
    )
    return _Verdict("refused", "file_refused", reason)


def _row_count(arrived: Arrived) -> int:
    """Counted by other means than the rows that are written."""
    if isinstance(arrived.cells, Unreadable):
        return max(1, len(arrived.cells.lines))
    return arrived.cells.raw_row_count


def _set_aside(arrived: Arrived, verdict: _Verdict) -> Outcome:
    count, is_copy = _row_count(arrived), verdict.disposition == "duplicate"
    plain = is_copy or verdict.code == "file_refused"
    return Outcome(
        load_id=arrived.load.load_id,
        status="duplicate_file" if is_copy else "refused_file",
        reason=verdict.reason if plain else f"{verdict.code}: {verdict.reason}",
        raw_row_count=count,
        accepted_row_count=0,
        refused_row_count=0 if is_copy else count,
        duplicate_row_count=count if is_copy else 0,
    )


def _loaded(arrived: Arrived, refused: int, duplicate: int, bounds: Bounds) -> Outcome:
    return Outcome(
        load_id=arrived.load.load_id,
        status="loaded",
        reason="",
        raw_row_count=_row_count(arrived),
        accepted_row_count=_row_count(arrived) - refused - duplicate,  # what must be written, or nothing is
        refused_row_count=refused,
        duplicate_row_count=duplicate,
        bounds=bounds,
    )


def _register_whole(con: duckdb.DuckDBPyConnection, verdicts: Mapping[int, _Verdict]) -> None:
    rows = [
        {"_file": i, "disposition": each.disposition, "reason_code": each.code, "reason": each.reason}
        for i, each in verdicts.items()
    ]
    con.register("incoming_whole", pa.Table.from_pylist(rows, schema=WHOLE))
    con.execute("create or replace temp table whole as from incoming_whole")
    con.unregister("incoming_whole")


def _frequent_codes(con: duckdb.DuckDBPyConnection, file: int) -> str:
    """The three most frequent reasons, with counts."""
    rows = con.execute(f"""
        select reason_code, count(*) as row_count from refused where disposition = 'refused' and _file = {file}
        group by reason_code order by row_count desc, reason_code limit 3
    """).fetchall()
    return ", ".join(f"{code} {count}" for code, count in rows)
