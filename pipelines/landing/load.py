"""Landing: from delivered files to bronze and quarantine, and the night's load log in the ledger."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from ml.errors import ContractError
from pipelines.files import remove_leftovers
from pipelines.landing.contracts import Contract, idle_contracts, load_contracts
from pipelines.landing.database import memory_database
from pipelines.landing.deliveries import Delivery, find_deliveries, require_declared
from pipelines.landing.judge import judge_file
from pipelines.landing.keys import Bounds
from pipelines.landing.rows import make_midnights
from pipelines.landing.store import (
    Outcome,
    bronze_path,
    quarantine_path,
    read_outcome,
    remove_strangers,
    write_contract_file,
    write_load,
)
from pipelines.ledger import Ledger
from pipelines.ledger_schema import STREAMS
from pipelines.settings import Settings, midnight_utc

COUNTS = ("raw_row_count", "accepted_row_count", "refused_row_count", "duplicate_row_count")


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


@dataclass(slots=True)
class _TableSoFar:
    """What the earlier loads of one table mean for the next one."""

    chain: str  # fingerprint of all loads so far
    file_by_content: dict[str, str] = field(default_factory=dict)
    file_by_load: dict[str, str] = field(default_factory=dict)
    bronze: list[tuple[Path, Bounds]] = field(default_factory=list)

    def step(self, contract_label: str, delivery: Delivery, load_id: str) -> str:
        parts = [self.chain, contract_label, load_id, delivery.file, delivery.known_date.isoformat()]
        self.chain = hashlib.sha256("|".join(parts).encode()).hexdigest()
        return self.chain


def load_landing(
    settings: Settings, ledger: Ledger, as_of_date: date, progress: Callable[[str], None]
) -> LandingResult:
    """Bring everything delivered before a date into bronze and quarantine, and write the ledger stream `loads`.

    Takes     as_of_date: the night; a file counts if it was delivered before it;
              progress: told one sentence per file read, and what an operator should know.
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
    rows: list[dict[str, object]] = []
    parsed = 0
    with memory_database(settings) as con:
        make_midnights(con, settings.retailer.time_zone)
        for name, contract in contracts.items():
            own = [delivery for delivery in deliveries if delivery.table == name]
            made, count = _load_table(con, settings, contract, own, progress)
            rows += made
            parsed += count
            _tidy(con, settings, ledger, contract, made)
        for contract in idle.values():
            write_contract_file(con, contract, settings.folder("bronze") / contract.source / contract.table)
            remove_strangers(settings, contract.name, [])
    frame = pl.DataFrame(rows, schema=STREAMS["loads"])
    before = ledger.read_before("loads", as_of_date)
    _require_same_as_recorded(before, frame, progress)
    tonight = frame.filter(pl.col("as_of_date") == as_of_date).sort(
        "source_code", "table_name", "delivered_date", "file"
    )
    ledger.write("loads", as_of_date, tonight)
    return _result(tonight, tonight if before is None else pl.concat([before, tonight]), parsed)


def _load_table(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    contract: Contract,
    deliveries: Sequence[Delivery],
    progress: Callable[[str], None],
) -> tuple[list[dict[str, object]], int]:
    """The load log rows of one table, in load order, and how many files had to be read."""
    label = contract.version_label(settings.retailer.time_zone)
    so_far = _TableSoFar(label)
    rows, parsed = [], 0
    for delivery in deliveries:
        plain_id = delivery.load_id(copy=False)
        load_id = delivery.load_id(copy=plain_id in so_far.file_by_load)
        copy_of = so_far.file_by_content.get(delivery.content_sha256) or so_far.file_by_load.get(plain_id)
        inputs = so_far.step(label, delivery, load_id)
        bronze = bronze_path(settings, delivery, load_id)
        outcome = read_outcome(bronze, quarantine_path(settings, delivery, load_id), inputs)
        if outcome is None:
            outcome = judge_file(con, contract, delivery, settings, so_far.bronze, copy_of, inputs, progress)
            write_load(con, contract, delivery, load_id, settings, outcome)
            parsed += 1
            progress(_sentence(delivery, outcome))
        so_far.file_by_load.setdefault(plain_id, delivery.file)
        if outcome.status == "loaded":
            so_far.bronze.append((bronze, outcome.bounds))
            if outcome.raw_row_count:  # files without rows are all alike, and each is a delivery
                so_far.file_by_content.setdefault(delivery.content_sha256, delivery.file)
        rows.append(_load_row(delivery, load_id, outcome, label, settings))
    return rows, parsed


def _load_row(delivery: Delivery, load_id: str, outcome: Outcome, label: str, settings: Settings) -> dict[str, object]:
    return {
        "as_of_date": delivery.as_of_date,
        "load_id": load_id,
        "source_code": delivery.source_code,
        "table_name": delivery.table_name,
        "file": delivery.file,
        "delivered_date": delivery.delivered_date,
        "known_at": midnight_utc(delivery.known_date, settings.zone),
        "known_date": delivery.known_date,
        "content_sha256": delivery.content_sha256,
        "byte_count": delivery.byte_count,
        **{name: getattr(outcome, name) for name in COUNTS},
        "status": outcome.status,
        "reason": outcome.reason,
        "contract_version": label,
    }


def _tidy(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    ledger: Ledger,
    contract: Contract,
    rows: Sequence[dict[str, object]],
) -> None:
    """The typed empty file beside the loads, and nothing of loads that neither this nor a sealed night knows."""
    write_contract_file(con, contract, settings.folder("bronze") / contract.source / contract.table)
    sealed = [ledger.read("loads", night) for night in ledger.nights()]
    recorded = [load_id for loads in sealed if loads is not None for load_id in loads["load_id"]]
    remove_strangers(settings, contract.name, [*recorded, *(str(row["load_id"]) for row in rows)])


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


def _sentence(delivery: Delivery, outcome: Outcome) -> str:
    counts = (
        f"{outcome.accepted_row_count} rows accepted, {outcome.refused_row_count} refused, "
        f"{outcome.duplicate_row_count} duplicates"
    )
    return f"{delivery.file}: {counts}" + (f" ({outcome.reason})" if outcome.reason else "")
