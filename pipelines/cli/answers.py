"""Commands that answer from the ledger: lift and explain."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table

from ml.errors import ContractError
from pipelines.cli.console import console as new_console
from pipelines.ledger import Ledger
from pipelines.night import ledger_of
from pipelines.settings import load_settings


def show_lift(home: Path | None, config: Path | None) -> None:
    """Print the newest reading of the universal holdout, verdict first."""
    settings = load_settings(home, config)
    ledger = ledger_of(settings)
    night, results = _newest(ledger, "lift_results")
    console = new_console()
    console.print(f"universal holdout, read on {night}, {settings.retailer.currency} per person")
    if results.is_empty():
        console.print("No night before this one has decided anything, so there is nothing to compare yet.")
        return
    table = Table("decided", "metric", "verdict", "estimate", "95 % interval", "treated", "holdout", "sample ratio p")
    for row in results.iter_rows(named=True):
        interval = f"{_number(row['low'])} to {_number(row['high'])}"
        counts = (f"{row['treated_count']:,}", f"{row['holdout_count']:,}", _number(row["sample_ratio_p"]))
        decided = (str(row["decided_date"]), row["metric_name"], row["verdict"], _number(row["estimate"]), interval)
        table.add_row(*decided, *counts)
    console.print(table)
    console.print(next(iter(results["note"].drop_nulls()), ""))


def explain_person(person_id: str, as_of_date: date | None, home: Path | None, config: Path | None) -> None:
    """Print one person's decision of one night with reasons, losers and blocked candidates.

    Raises    ContractError if the night or the person is not in the ledger.
    """
    ledger = ledger_of(load_settings(home, config))
    night, decisions = _newest(ledger, "decisions", as_of_date)
    mine = decisions.filter(pl.col("person_id") == person_id)
    if mine.is_empty():
        first = decisions["person_id"].head(3).to_list()
        raise ContractError(f"{person_id}: has no decision on {night}. Person ids there look like {', '.join(first)}.")
    console = new_console()
    _print_decision(console, night, mine.row(0, named=True))
    _print_candidates(console, ledger.read("candidates", night), person_id)


def _newest(ledger: Ledger, stream: str, as_of_date: date | None = None) -> tuple[date, pl.DataFrame]:
    nights = ledger.nights()
    if not nights:
        raise ContractError(f"{ledger.root}: no finished night yet. Make one: nightmarket run --as-of-date YYYY-MM-DD")
    night = as_of_date or nights[-1]
    frame = ledger.read(stream, night)
    if frame is None or night not in nights:
        raise ContractError(f"{night}: is no finished night. Finished: {', '.join(map(str, nights[-5:]))}.")
    return night, frame


def _print_decision(console: Console, night: date, row: dict[str, Any]) -> None:
    what = "nothing" if row["treatment_id"] == "none" else f"{row['treatment_id']} ({row['department_name'] or '-'})"
    console.print(f"{row['person_id']} on {night}: {what}  ·  decision {row['decision_id']}")
    console.print(f"  why         {row['reason_code']}")
    for sentence in row["reasons"]:
        console.print(f"              {sentence}", markup=False)
    console.print(f"  value       {row['value_amount']} expected, after contact and discount")
    console.print(f"  chance      {row['assignment_probability']:.4f} that tonight's policy does this")
    console.print(f"  holdout     {row['holdout_arm']}")
    for loser in json.loads(row["runner_ups"]):
        facts = ", ".join(f"{key} {value}" for key, value in loser.items() if key != "treatment_id" and value)
        console.print(f"  runner-up   {loser['treatment_id']}: {facts}", markup=False)


def _print_candidates(console: Console, candidates: pl.DataFrame | None, person_id: str) -> None:
    if candidates is None:
        return
    table = Table("treatment", "department", "value", "blocked by", title="everything considered")
    for row in candidates.filter(pl.col("person_id") == person_id).sort("treatment_id").iter_rows(named=True):
        value = "unknown" if row["value_amount"] is None else str(row["value_amount"])
        table.add_row(row["treatment_id"], row["department_name"] or "-", value, ", ".join(row["reason_codes"]) or "-")
    console.print(table)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
