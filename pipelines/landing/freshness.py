"""Which sources are missing, too old or refused tonight."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import polars as pl

from pipelines.settings import Settings, SourceTable

Severity = Literal["critical", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something an operator should know about a source; a critical one stops the night."""

    source_code: str
    table_name: str
    severity: Severity
    message: str


def check_freshness(settings: Settings, as_of_date: date, known: pl.DataFrame) -> list[Finding]:
    """Look at every configured source table, in the order of their names.

    Takes     known, one row per load known by the cut-off (ledger stream `loads`).
    Returns   findings: never delivered, older than max_age_days, or all of tonight's files refused
              (critical if the table is critical, else a warning); some of tonight's files refused (a warning).
    Ignores   refused files when it asks how old a table is: what could not be read is no delivery.
    """
    findings = []
    for name, source in sorted(settings.retailer.sources.items()):
        source_code, table_name = name.split(".")
        is_own = (pl.col("source_code") == source_code) & (pl.col("table_name") == table_name)
        severity: Severity = "critical" if source.critical else "warning"
        loads = known.filter(is_own)
        for found, message in _problems(name, source, as_of_date, loads):
            findings.append(Finding(source_code, table_name, found or severity, message))
    return findings


def _problems(
    name: str, source: SourceTable, as_of_date: date, loads: pl.DataFrame
) -> list[tuple[Severity | None, str]]:
    """Severity (None: as critical as the table) and message of each problem."""
    problems: list[tuple[Severity | None, str]] = []
    usable = loads.filter(pl.col("status") != "refused_file")
    newest = usable["delivered_date"].max()
    if not isinstance(newest, date):
        problems.append((None, f"{name}: expected a delivery before {as_of_date}, got none that could be read. {ASK}"))
    elif source.max_age_days is not None and (as_of_date - newest).days > source.max_age_days:
        age = (as_of_date - newest).days
        text = f"{name}: expected a delivery of the last {source.max_age_days} days, got {newest} ({age} days). {ASK}"
        problems.append((None, text))
    tonight = loads.filter(pl.col("as_of_date") == as_of_date).sort("file")
    refused = tonight.filter(pl.col("status") == "refused_file")
    if refused.height:
        is_all = refused.height == tonight.height
        first = f"first: {refused['file'][0]}, {refused['reason'][0]}"
        text = f"{name}: {refused.height} of {tonight.height} files of tonight were refused ({first}). {LOOK}"
        problems.append((None if is_all else "warning", text))
    return problems


ASK = "Ask the sender for the file."
LOOK = "See quarantine, and ask the sender for a corrected file."
