"""The loads of one table, one after the other: batches that were made before stand, the others are read and judged."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import duckdb

from ml.errors import NightmarketError
from pipelines.landing.arrived import Arrived, bytes_in_memory, clear, fits
from pipelines.landing.cells import Cells, open_cells
from pipelines.landing.contracts import Contract
from pipelines.landing.deliveries import Delivery
from pipelines.landing.judge import judge_pass
from pipelines.landing.keys import Bounds, Place
from pipelines.landing.plan import Batch, Load
from pipelines.landing.store import Outcome, bronze_path, quarantine_path, read_outcomes
from pipelines.landing.text import Unreadable
from pipelines.landing.writing import Sheets, accepted_facts, batch_files, write_pass
from pipelines.settings import Settings, midnight_utc

COUNTS = ("raw_row_count", "accepted_row_count", "refused_row_count", "duplicate_row_count")
OPENED_AHEAD = 8  # files, of one batch: together no larger than it may be
TOLD_DUPLICATE_RATE = 0.05  # tills and shops repeat a row or two in nearly every file; that is no news


@dataclass(slots=True)
class _Table:
    """A table on its way through landing: what its earlier loads mean for the next one."""

    con: duckdb.DuckDBPyConnection
    settings: Settings
    contract: Contract
    label: str
    progress: Callable[[str], None]
    stopping: threading.Event
    file_by_content: dict[str, str] = field(default_factory=dict)
    accepted: list[tuple[Place, Bounds]] = field(default_factory=list)  # of each load
    waiting: list[Arrived] = field(default_factory=list)
    rows: list[dict[str, object]] = field(default_factory=list)  # of the load log
    added: set[str] = field(default_factory=set)  # columns that were told
    read: Counter[str] = field(default_factory=Counter)  # what the files that were read now came to


def load_table(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    contract: Contract,
    batches: Sequence[Batch],
    progress: Callable[[str], None],
    stopping: threading.Event,
) -> tuple[list[dict[str, object]], int]:
    """The load log rows of one table, in load order, and how many files had to be read.

    Takes     batches: the table's, of `plan_batches`; stopping: set when another table has failed.
    Raises    NightmarketError if it is set before the table is done; whole batches stand.
    """
    table = _Table(con, settings, contract, contract.version_label(settings.retailer.time_zone), progress, stopping)
    for batch in batches:
        bronze, quarantine = bronze_path(settings, batch), quarantine_path(settings, batch)
        outcomes = read_outcomes(bronze, quarantine, batch)
        if outcomes is None:
            outcomes = _made(table, batch, bronze, quarantine)
        else:
            for load, outcome in zip(batch.loads, outcomes, strict=True):
                _note(table, load, outcome)
        table.accepted = [each for each in table.accepted if each[0] is not None]
        table.accepted += [(bronze, each.bounds) for each in outcomes if each.status == "loaded"]
    if table.read["files"]:
        progress(f"{contract.name}: {_in_words(table.read)}")
    return table.rows, table.read["files"]


def _made(table: _Table, batch: Batch, bronze: Path, quarantine: Path) -> list[Outcome]:
    """Read the files of a batch and write what they came to."""
    table.con.execute("drop table if exists settled")
    with batch_files(table.con, table.contract, bronze, quarantine, batch.inputs) as sheets:
        for load, cells in _opened(table, batch):
            if table.stopping.is_set():
                raise NightmarketError(f"{table.contract.name}: stopped, because another table could not be loaded.")
            arrived = _arrived(table, load, cells)
            if any(each.brings_rows and _is_same(each, arrived) for each in table.waiting):
                _settle(
                    table, sheets, is_last=False
                )  # only then it is known whether this is a copy of something accepted
                arrived = replace(arrived, copy_of=_copy_of(table, load))
            if not fits(table.waiting, arrived):
                _settle(table, sheets, is_last=False)
            table.waiting.append(arrived)
        _settle(table, sheets, is_last=True)
    return sheets.outcomes


def _opened(table: _Table, batch: Batch) -> Iterator[tuple[Load, Cells | Unreadable]]:
    """The loads of a batch with the cells of their files, a few of which are opened while others are judged."""
    open_one = partial(_open, table.con.cursor(), table.contract)  # of its own: two threads share no connection
    if table.settings.threads == 1 or table.contract.format == "parquet":  # Parquet is described by the database
        yield from ((load, open_one(load.delivery)) for load in batch.loads)
        return
    with ThreadPoolExecutor(max_workers=1) as pool:
        ahead: deque[tuple[Load, Future[Cells | Unreadable]]] = deque()
        for load in batch.loads:
            ahead.append((load, pool.submit(open_one, load.delivery)))
            if len(ahead) > OPENED_AHEAD:
                first, opened = ahead.popleft()
                yield first, opened.result()
        yield from ((load, opened.result()) for load, opened in ahead)


def _open(con: duckdb.DuckDBPyConnection, contract: Contract, delivery: Delivery) -> Cells | Unreadable:
    if delivery.leaves_landing:
        return Unreadable("outside_landing", "expected a file inside landing, got a link that leads out of it")
    return open_cells(con, delivery.path, contract)


def _arrived(table: _Table, load: Load, cells: Cells | Unreadable) -> Arrived:
    known_at = midnight_utc(load.delivery.known_date, table.settings.zone)
    return Arrived(load, _copy_of(table, load), known_at, cells, bytes_in_memory(cells))


def _copy_of(table: _Table, load: Load) -> str | None:
    return table.file_by_content.get(load.delivery.content_sha256) or load.twin


def _is_same(one: Arrived, other: Arrived) -> bool:
    return one.load.delivery.content_sha256 == other.load.delivery.content_sha256


def _settle(table: _Table, sheets: Sheets, *, is_last: bool) -> None:
    """Judge and write all files that wait; after a cut fewer at once, or many cuts would cost many long passes."""
    limit = len(table.waiting)
    while table.waiting:
        files = table.waiting[:limit]
        outcomes = judge_pass(table.con, table.contract, files, table.accepted, table.settings.retailer.time_zone)
        judged = files[: len(outcomes)]
        write_pass(table.con, table.contract, judged, outcomes, sheets)
        if not is_last or len(judged) < len(table.waiting):
            _keep(table, judged, outcomes)
        clear(table.con)
        for arrived, outcome in zip(judged, outcomes, strict=True):
            _tell(table, arrived, outcome)
            _note(table, arrived.load, outcome)
        limit = 2 * (limit if len(judged) == len(files) else len(judged))
        del table.waiting[: len(judged)]


def _keep(table: _Table, judged: Sequence[Arrived], outcomes: Sequence[Outcome]) -> None:
    """Hold the accepted rows for the passes that follow in the batch, whose file is not written yet."""
    if table.contract.is_versioned or not any(outcome.accepted_row_count for outcome in outcomes):
        return
    rows = accepted_facts(table.contract, outcomes)
    table.con.execute(f"create temp table if not exists settled as from ({rows}) limit 0")
    table.con.execute(f"insert into settled {rows}")
    table.accepted += [(None, each.bounds) for each in outcomes if each.status == "loaded"]


def _note(table: _Table, load: Load, outcome: Outcome) -> None:
    """What a load means for later ones, and its row in the load log."""
    delivery = load.delivery
    if outcome.status == "loaded" and outcome.raw_row_count:  # files without rows are all alike, and each is a delivery
        table.file_by_content.setdefault(delivery.content_sha256, delivery.file)
    table.rows.append(
        {
            "as_of_date": delivery.as_of_date,
            "load_id": load.load_id,
            "source_code": delivery.source_code,
            "table_name": delivery.table_name,
            "file": delivery.file,
            "delivered_date": delivery.delivered_date,
            "known_at": midnight_utc(delivery.known_date, table.settings.zone),
            "known_date": delivery.known_date,
            "content_sha256": delivery.content_sha256,
            "byte_count": delivery.byte_count,
            **{name: getattr(outcome, name) for name in COUNTS},
            "status": outcome.status,
            "reason": outcome.reason,
            "contract_version": table.label,
        }
    )


def _tell(table: _Table, arrived: Arrived, outcome: Outcome) -> None:
    """Count a file that was read, and say what an operator would want to look at."""
    table.read.update({"files": 1, outcome.status: 1, **{name: getattr(outcome, name) for name in COUNTS}})
    file = arrived.load.delivery.file
    if outcome.status == "loaded" and isinstance(arrived.cells, Cells):
        new = [name for name in arrived.cells.added if name not in table.added]
        table.added.update(new)
        if new:
            table.progress(f"{file}: columns {new} are not in the contract; they are not loaded.")
    usual = outcome.duplicate_row_count <= TOLD_DUPLICATE_RATE * outcome.raw_row_count
    if outcome.reason or outcome.refused_row_count or not usual:
        counts = f"{outcome.accepted_row_count} rows accepted, {outcome.refused_row_count} refused"
        reason = f" ({outcome.reason})" if outcome.reason else ""
        table.progress(f"{file}: {counts}, {outcome.duplicate_row_count} duplicates{reason}")


def _in_words(read: Counter[str]) -> str:
    whole = f"{read['refused_file']:,} refused and {read['duplicate_file']:,} repeated as a whole"
    rows = f"{read['accepted_row_count']:,} accepted, {read['refused_row_count']:,} refused"
    return f"{read['files']:,} files read ({whole}); rows: {rows}, {read['duplicate_row_count']:,} repeated"
