"""What `nightmarket evaluate` prints."""

from pathlib import Path
from typing import Any

from rich.table import Table

from pipelines.cli.console import console as new_console
from pipelines.reports.words import number, percent
from pipelines.settings import load_settings
from pipelines.simulator.evaluate import PAGE, REPORT, Evaluation, evaluate_home
from pipelines.simulator.evaluate_page import amount, overall_of


def evaluate(home: Path | None) -> None:
    """Compare what the nights of a simulated home claimed with the truth and print the tables."""
    settings = load_settings(home)
    found, console = evaluate_home(settings), new_console()
    currency = settings.retailer.currency
    console.print(f"{found.record_count:,} records of accounts, members and contacts")
    for table in [*_tables(found), *_night_tables(found, currency)]:
        console.print(table)
    if not found.quarantine.height:
        console.print("No bad row was planted in what this night reads, and none was refused.")
    for note in _notes(found):
        console.print(note, highlight=False)
    for name, file in (("Numbers", REPORT), ("Page", PAGE)):
        console.print(f"  {name:<11}{settings.folder('reports') / file}", soft_wrap=True)


def _tables(found: Evaluation) -> list[Table]:
    identity = Table("measure", "precision", "recall", title="Who is who")
    scores = found.identity
    identity.add_row("pairs", _share(scores.pairwise_precision), _share(scores.pairwise_recall))
    identity.add_row("B-cubed", _share(scores.b_cubed_precision), _share(scores.b_cubed_recall))
    wrong = Table("rule", "cause", "links", title="Accepted links between two people")
    for row in found.wrong_links.iter_rows():
        wrong.add_row(*map(str, row))
    bad = Table("table", "planted", "caught", "missed", "falsely refused", title="Bad rows")
    for row in found.quarantine.iter_rows():
        bad.add_row(*map(str, row))
    return [table for table in (identity, wrong, bad) if table.row_count]


def _night_tables(found: Evaluation, currency: str) -> list[Table]:
    tables = [_predictions(found.predictions, currency), _uplift(found.nights["uplift"], currency)]
    tables += [_policy(night, currency) for night in found.nights["policy"] if "values" in night]
    return [table for table in [*tables, _lift(found.nights["lift"]["results"])] if table.row_count]


def _predictions(parts: list[dict[str, Any]], currency: str) -> Table:
    nights = ", ".join(sorted({part["as_of_date"] for part in parts if part["note"] is None}))
    title = f"Predictions of the night of {nights}, per person"
    table = Table("model", "people", "predicted", "true", "total", "Spearman", "Gini", title=title)
    for part in parts:
        if part["note"] is None:
            means = [amount(part[f"mean_{side}"], part["is_money"], currency) for side in ("predicted", "true")]
            rest = [number(part[name], 3) for name in ("total_ratio", "spearman", "normalised_gini")]
            table.add_row(part["model_name"], f"{part['person_count']:,}", *means, *rest)
    return table


def _uplift(nights: list[dict[str, Any]], currency: str) -> Table:
    title = "Effects of contacts: believed and true, and what the believed order is worth of the best"
    table = Table("night", "candidates", "unit", "believed", "true", "order's share", title=title)
    for night in nights:
        for unit in ("money", "probability") if night["note"] is None else ():
            row = overall_of(night, unit)
            means = [amount(row[f"mean_{side}"], unit == "money", currency) for side in ("believed", "true")]
            count, share = f"{row['contact_count']:,}", number(row["ordering_share"], 3)
            table.add_row(str(night["as_of_date"]), count, unit, *means, share)
    return table


def _policy(night: dict[str, Any], currency: str) -> Table:
    title = f"True net value of the night of {night['as_of_date']}, {currency}"
    table = Table("policy", "contacts", "value", "of the oracle's", title=title)
    for row in night["values"]:
        value, share = number(row["value_amount"], 2), percent(row["oracle_share"])
        table.add_row(row["policy"], f"{row['contact_count']:,}", value, share)
    return table


def _lift(results: list[dict[str, Any]]) -> Table:
    table = Table("night", "metric", "measured", "from", "to", "true", "verdict", title="Lift per treated person")
    for row in results:
        numbers = [number(row[name], 2) for name in ("estimate", "low", "high", "true_in_window")]
        table.add_row(str(row["decided_date"]), row["metric_name"], *numbers, row["state"])
    return table


def _notes(found: Evaluation) -> list[str]:
    """What could not be judged, each said once."""
    notes = [f"{part['title']}: {part['note']}" for part in found.predictions if part["note"]]
    nights = found.nights
    per_night = [f"{one['as_of_date']}: {one['note']}" for one in (*nights["uplift"], *nights["policy"]) if one["note"]]
    whole = [note for note in (nights["nights_note"], nights["lift"]["note"]) if note]
    return list(dict.fromkeys([*notes, *per_night, *whole]))


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
