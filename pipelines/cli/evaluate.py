"""What `nightmarket evaluate` prints."""

from pathlib import Path

from rich.table import Table

from pipelines.cli.console import console as new_console
from pipelines.settings import load_settings
from pipelines.simulator.evaluate import REPORT, Evaluation, evaluate_home


def evaluate(home: Path | None) -> None:
    """Compare the last night of a simulated home with the truth and print the tables."""
    settings = load_settings(home)
    found, console = evaluate_home(settings), new_console()
    console.print(f"{found.record_count:,} records of accounts, members and contacts")
    for table in _tables(found):
        console.print(table)
    if not found.quarantine.height:
        console.print("No bad row was planted in what this night reads, and none was refused.")
    console.print(f"  Numbers    {settings.folder('reports') / REPORT}", soft_wrap=True)


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


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
