"""The loads of one table, one after the other: what was made before stands, the rest is judged in batches."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pipelines.landing.batch import FILES_PER_BATCH, Arrived, bytes_in_memory, clear, fits
from pipelines.landing.cells import Cells, open_cells
from pipelines.landing.contracts import Contract
from pipelines.landing.deliveries import Delivery
from pipelines.landing.judge import judge_batch
from pipelines.landing.keys import Bounds
from pipelines.landing.store import Outcome, bronze_path, quarantine_path, read_outcome
from pipelines.landing.text import Unreadable
from pipelines.landing.writing import write_batch
from pipelines.settings import Settings, midnight_utc

COUNTS = ("raw_row_count", "accepted_row_count", "refused_row_count", "duplicate_row_count")
TOLD_DUPLICATE_RATE = 0.05  # tills and shops repeat a row or two in nearly every file; that is no news


@dataclass(slots=True)
class _Table:
    """A table on its way through landing: what its earlier loads mean for the next one."""

    con: duckdb.DuckDBPyConnection
    settings: Settings
    contract: Contract
    label: str
    progress: Callable[[str], None]
    chain: str  # fingerprint of all loads so far
    file_by_content: dict[str, str] = field(default_factory=dict)
    file_by_load: dict[str, str] = field(default_factory=dict)
    bronze: list[tuple[Path, Bounds]] = field(default_factory=list)
    waiting: list[Arrived] = field(default_factory=list)
    rows: list[dict[str, object]] = field(default_factory=list)  # of the load log
    added: set[str] = field(default_factory=set)  # columns that were told
    read: Counter[str] = field(default_factory=Counter)  # what the files that were read now came to


def load_table(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    contract: Contract,
    deliveries: Sequence[Delivery],
    progress: Callable[[str], None],
) -> tuple[list[dict[str, object]], int]:
    """The load log rows of one table, in load order, and how many files had to be read.

    Takes     deliveries: the table's, in the order in which loads follow each other.
    """
    label = contract.version_label(settings.retailer.time_zone)
    table = _Table(con, settings, contract, label, progress, chain=label)
    for delivery in deliveries:
        _arrive(table, delivery)
    _settle(table)
    if table.read["files"]:
        progress(f"{contract.name}: {_in_words(table.read)}")
    return table.rows, table.read["files"]


def _arrive(table: _Table, delivery: Delivery) -> None:
    """A load that stands is noted; any other waits for its batch."""
    if any(each.delivery.content_sha256 == delivery.content_sha256 and each.brings_rows for each in table.waiting):
        _settle(table)  # only then it is known whether this is a copy of something accepted
    plain_id = delivery.load_id(copy=False)
    load_id = delivery.load_id(copy=plain_id in table.file_by_load)
    copy_of = table.file_by_content.get(delivery.content_sha256) or table.file_by_load.get(plain_id)
    table.file_by_load.setdefault(plain_id, delivery.file)
    parts = [table.chain, table.label, load_id, delivery.file, delivery.known_date.isoformat()]
    table.chain = hashlib.sha256("|".join(parts).encode()).hexdigest()
    bronze, quarantine = (place(table.settings, delivery, load_id) for place in (bronze_path, quarantine_path))
    outcome = read_outcome(bronze, quarantine, table.chain)
    if outcome is not None:
        _settle(table)
        _note(table, delivery, load_id, outcome)
        return
    known_at = midnight_utc(delivery.known_date, table.settings.zone)
    cells = _open(table, delivery)
    arrived = Arrived(delivery, load_id, copy_of, table.chain, known_at, cells, bytes_in_memory(cells))
    if not fits(table.waiting, arrived):
        _settle(table)
    table.waiting.append(arrived)
    if len(table.waiting) == FILES_PER_BATCH:
        _settle(table)


def _open(table: _Table, delivery: Delivery) -> Cells | Unreadable:
    if delivery.leaves_landing:
        return Unreadable("outside_landing", "expected a file inside landing, got a link that leads out of it")
    return open_cells(table.con, delivery.path, table.contract)


def _settle(table: _Table) -> None:
    """Judge and write all files that wait; after a cut fewer at once, or many cuts would cost many long passes."""
    limit = FILES_PER_BATCH
    while table.waiting:
        batch = table.waiting[:limit]
        outcomes = judge_batch(table.con, table.contract, batch, table.bronze, table.settings.retailer.time_zone)
        judged = batch[: len(outcomes)]
        write_batch(table.con, table.contract, judged, outcomes, table.settings)
        clear(table.con)
        for arrived, outcome in zip(judged, outcomes, strict=True):
            _tell(table, arrived, outcome)
            _note(table, arrived.delivery, arrived.load_id, outcome)
        limit = 2 * (limit if len(judged) == len(batch) else len(judged))
        del table.waiting[: len(judged)]


def _note(table: _Table, delivery: Delivery, load_id: str, outcome: Outcome) -> None:
    """What a load means for later ones, and its row in the load log."""
    if outcome.status == "loaded":
        table.bronze.append((bronze_path(table.settings, delivery, load_id), outcome.bounds))
        if outcome.raw_row_count:  # files without rows are all alike, and each is a delivery
            table.file_by_content.setdefault(delivery.content_sha256, delivery.file)
    table.rows.append(
        {
            "as_of_date": delivery.as_of_date,
            "load_id": load_id,
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
    if outcome.status == "loaded" and isinstance(arrived.cells, Cells):
        new = [name for name in arrived.cells.added if name not in table.added]
        table.added.update(new)
        if new:
            table.progress(f"{arrived.delivery.file}: columns {new} are not in the contract; they are not loaded.")
    usual = outcome.duplicate_row_count <= TOLD_DUPLICATE_RATE * outcome.raw_row_count
    if outcome.reason or outcome.refused_row_count or not usual:
        counts = f"{outcome.accepted_row_count} rows accepted, {outcome.refused_row_count} refused"
        reason = f" ({outcome.reason})" if outcome.reason else ""
        table.progress(f"{arrived.delivery.file}: {counts}, {outcome.duplicate_row_count} duplicates{reason}")


def _in_words(read: Counter[str]) -> str:
    whole = f"{read['refused_file']:,} refused and {read['duplicate_file']:,} repeated as a whole"
    rows = f"{read['accepted_row_count']:,} accepted, {read['refused_row_count']:,} refused"
    return f"{read['files']:,} files read ({whole}); rows: {rows}, {read['duplicate_row_count']:,} repeated"
