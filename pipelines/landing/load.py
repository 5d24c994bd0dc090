"""Landing: from delivered files to bronze and quarantine, and the night's load log in the ledger."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import polars as pl

from ml.errors import ContractError
from pipelines.files import remove_leftovers
from pipelines.landing.contracts import idle_contracts, load_contracts
from pipelines.landing.database import memory_database
from pipelines.landing.deliveries import find_deliveries, require_declared
from pipelines.landing.plan import plan_batches
from pipelines.landing.rows import make_midnights
from pipelines.landing.store import remove_strangers
from pipelines.landing.tables import COUNTS, load_table
from pipelines.landing.writing import write_contract_file
from pipelines.ledger import Ledger
from pipelines.ledger_schema import STREAMS
from pipelines.settings import Settings


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
    rows: list[dict[str, object]] = []
    parsed = 0
    with memory_database(settings) as con:
        make_midnights(con, settings.retailer.time_zone)
        for name, contract in contracts.items():
            own = [delivery for delivery in deliveries if delivery.table == name]
            batches = plan_batches(own, contract.version_label(settings.retailer.time_zone))
            made, count = load_table(con, settings, contract, batches, progress)
            rows += made
            parsed += count
            write_contract_file(con, contract, settings.folder("bronze") / contract.source / contract.table)
            remove_strangers(settings, name, {*later, *(batch.name for batch in batches)})
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
