"""Landing: from delivered files to bronze and quarantine, and the night's load log in the ledger."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import date

import duckdb
import polars as pl

from ml.errors import ContractError
from pipelines.files import remove_leftovers
from pipelines.landing.contracts import Contract, idle_contracts, load_contracts
from pipelines.landing.database import memory_database
from pipelines.landing.deliveries import Delivery, find_deliveries, require_declared
from pipelines.landing.plan import plan_batches
from pipelines.landing.rows import make_midnights
from pipelines.landing.store import remove_strangers
from pipelines.landing.tables import COUNTS, load_table
from pipelines.landing.writing import write_contract_file
from pipelines.ledger import Ledger
from pipelines.ledger_schema import STREAMS
from pipelines.settings import Settings

TABLES_AT_ONCE = 2  # cutting files is Python's work and judging the database's: one table alone keeps one core busy


@dataclass(frozen=True, slots=True)
class LandingResult:
    """What a night's landing came to."""

    tonight: pl.DataFrame  # the `loads` rows of this night, sorted by source, table, delivered_date, file
    known: pl.DataFrame  # those of all sealed earlier nights, then tonight's
    file_count: int
    refused_file_count: int
    duplicate_file_count: int
    parsed_file_count: int  # files read now; the others were in bronze already
    raw_row_count: int
    accepted_row_count: int
    refused_row_count: int
    duplicate_row_count: int


def load_landing(
    settings: Settings, ledger: Ledger, as_of_date: date, progress: Callable[[str], None]
) -> LandingResult:
    """Bring everything delivered before a date into bronze and quarantine, and write the ledger stream `loads`.

    Takes     as_of_date: the night; a file counts if it was delivered before it;
              progress: told one sentence per table that was read, and what an operator should know.
    Returns   LandingResult; tonight's rows are what the ledger now holds for the night.
    Ignores   files and folders whose names begin with `.` or `_`.
    Raises    ContractError if a contract is wrong, a delivered table that has one is not configured, a recorded file
              changed, or a sealed night would differ.
    """
    contracts, idle = load_contracts(settings), idle_contracts(settings)
    require_declared(settings, idle, progress)
    deliveries = find_deliveries(settings, ledger, as_of_date, progress)
    for room in ("bronze", "quarantine"):
        remove_leftovers(settings.folder(room))
    later = {load for night in ledger.nights() if night > as_of_date for load in _recorded(ledger, night)}
    with memory_database(settings) as con:
        own = {name: [delivery for delivery in deliveries if delivery.table == name] for name in contracts}
        loaded = _load_all(_Work(con, settings, own, later), contracts, progress)
        for contract in idle.values():
            write_contract_file(con, contract, settings.folder("bronze") / contract.source / contract.table)
            remove_strangers(settings, contract.name, [])
    rows = [row for table in loaded for row in table.rows]
    frame = pl.DataFrame(rows, schema=STREAMS["loads"])
    before = ledger.read_before("loads", as_of_date)
    _require_same_as_recorded(before, frame, progress)
    tonight = frame.filter(pl.col("as_of_date") == as_of_date).sort(
        "source_code", "table_name", "delivered_date", "file"
    )
    ledger.write("loads", as_of_date, tonight)
    known = tonight if before is None else pl.concat([before, tonight])
    return _result(tonight, known, sum(table.parsed_count for table in loaded))


@dataclass(frozen=True, slots=True)
class _Work:
    """What all tables of a landing share."""

    con: duckdb.DuckDBPyConnection
    settings: Settings
    deliveries: dict[str, list[Delivery]]  # by table
    later: set[str]  # loads of later nights, whose files stay
    stopping: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What became of one table."""

    rows: list[dict[str, object]]
    parsed_count: int
    told: list[str]


def _load_all(work: _Work, contracts: Mapping[str, Contract], progress: Callable[[str], None]) -> list[_Loaded]:
    """All tables, in the order of the contracts; a few at once, the one with most to read first.

    Raises    what the first table that failed raised; the others stop at their next file.
    """
    sizes = {name: sum(each.byte_count for each in work.deliveries[name]) for name in contracts}
    with ThreadPoolExecutor(max_workers=min(work.settings.threads, TABLES_AT_ONCE)) as pool:
        largest_first = sorted(contracts, key=lambda name: (-sizes[name], name))
        running = {name: pool.submit(_load_one, work, contracts[name]) for name in largest_first}
        try:
            for done in as_completed(running.values()):
                for sentence in done.result().told:
                    progress(sentence)
        except BaseException:  # also ctrl-C: the other tables end with the files they have in hand
            work.stopping.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [running[name].result() for name in contracts]


def _load_one(work: _Work, contract: Contract) -> _Loaded:
    told: list[str] = []
    zone, settings = work.settings.retailer.time_zone, work.settings
    with work.con.cursor() as con:  # its own temporary tables, the same memory
        make_midnights(con, zone)
        batches = plan_batches(work.deliveries[contract.name], contract.version_label(zone))
        rows, count = load_table(con, settings, contract, batches, told.append, work.stopping)
        write_contract_file(con, contract, settings.folder("bronze") / contract.source / contract.table)
    remove_strangers(settings, contract.name, {*work.later, *(batch.name for batch in batches)})
    return _Loaded(rows, count, told)


def _recorded(ledger: Ledger, night: date) -> list[str]:
    loads = ledger.read("loads", night)
    return [] if loads is None else loads["load_id"].to_list()


def _require_same_as_recorded(
    before: pl.DataFrame | None, frame: pl.DataFrame, progress: Callable[[str], None]
) -> None:
    """Loads of sealed nights must come to the same again, unless their contract has changed since."""
    if before is None:
        return
    facts = ["load_id", "contract_version", *COUNTS, "status"]
    both = before.select(facts).join(frame.select(facts), on="load_id", suffix="_now")
    changed = both.filter(pl.col("contract_version") != pl.col("contract_version_now"))
    if changed.height:
        progress(f"{changed.height} loads of sealed nights were read by an older contract; bronze follows the new one.")
    same = both.filter(pl.col("contract_version") == pl.col("contract_version_now"))
    names = (*COUNTS, "status")
    other = same.filter(pl.any_horizontal(pl.col(name) != pl.col(f"{name}_now") for name in names))
    if other.height:
        raise ContractError(
            f"loads: expected the counts that sealed nights recorded, got others "
            f"({other.height} of {same.height} loads, first: {other.row(0)}). "
            "Bronze was rebuilt differently: undo the change of code, or raise the contract's version."
        )


def _result(tonight: pl.DataFrame, known: pl.DataFrame, parsed: int) -> LandingResult:
    statuses = tonight["status"].to_list()
    return LandingResult(
        tonight=tonight,
        known=known,
        file_count=tonight.height,
        refused_file_count=statuses.count("refused_file"),
        duplicate_file_count=statuses.count("duplicate_file"),
        parsed_file_count=parsed,
        **{name: int(tonight[name].sum()) for name in COUNTS},
    )
