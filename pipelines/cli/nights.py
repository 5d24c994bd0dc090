"""Commands that make something: import, run, backfill, demo, graph."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

from rich.console import Console

from ml.errors import ContractError
from pipelines.cli.console import console as new_console
from pipelines.landing.completejourney import ImportSummary
from pipelines.lock import held_by
from pipelines.night import prepare_home
from pipelines.reporter import Reporter
from pipelines.run import STAGES, NightSummary, run_night
from pipelines.settings import Settings, child_environment, load_settings

DEMO_NIGHT = date(2017, 12, 26)  # a Tuesday: the week before was delivered the day before


def run_real_demo(home: Path | None) -> None:
    """Import the example retailer, plant a few faults, run one night, and say what to look at."""
    settings = load_settings(home)
    console = new_console()
    console.print(
        f"nightmarket demo --real · The Complete Journey (2,469 households) · everything stays in {settings.home}"
    )
    import_retailer("completejourney", None, home, None)
    _plant(settings)
    summary = one_night(settings, DEMO_NIGHT, console, "nightly")
    say_where(console, [summary])


def import_retailer(retailer: str, through: date | None, home: Path | None, config: Path | None) -> None:
    """Write the example retailer's deliveries.

    Raises    ContractError if the retailer is not one that can be imported.
    """
    from pipelines.landing.completejourney import import_completejourney

    if retailer != "completejourney":
        raise ContractError(f"import: expected completejourney, got {retailer!r}. Your own files need no import.")
    settings, console = load_settings(home, config), new_console()
    prepare_home(settings)
    with held_by(settings.home, purpose="import"), console.status("importing ..."):
        summary = import_completejourney(settings, through, progress=lambda _: None)
    console.print(f" import  {_import_in_words(summary)}", highlight=False)


def run_nights(
    days: Sequence[date], home: Path | None, config: Path | None, *, job: str = "nightly"
) -> list[NightSummary]:
    """Run nights in order, stopping at the first that fails."""
    settings, console = load_settings(home, config), new_console()
    summaries = [one_night(settings, day, console, job) for day in days]
    if job == "nightly":
        say_where(console, summaries)
    return summaries


def serve_graph(port: int, home: Path | None) -> None:
    """Start Dagster's own browser pages; returns when they are stopped."""
    settings = load_settings(home)
    prepare_home(settings)
    command = [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        "-m",
        "pipelines.definitions",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    subprocess.run(command, check=False, env={**child_environment(), "NIGHTMARKET_HOME": str(settings.home)})


def one_night(
    settings: Settings, day: date, console: Console, job: str, after: Mapping[str, Callable[[], None]] | None = None
) -> NightSummary:
    """Run one night and show its stages; `after` says what else to do when a stage is over."""
    console.print(f"\nnight of {day} · {settings.retailer.retailer}" + (" · training" if job != "nightly" else ""))
    return run_night(settings, day, Reporter(console, STAGES, after or {}), job=job)


def _import_in_words(summary: ImportSummary) -> str:
    kept = f" ({summary.kept_file_count:,} were there already)" if summary.kept_file_count else ""
    return f"{summary.file_count:,} deliveries, {summary.byte_count >> 20:,} MB{kept}"


def _plant(settings: Settings) -> None:
    from pipelines.landing.planted import plant_faults

    with held_by(settings.home, purpose="import"):
        plant_faults(settings)


def say_where(console: Console, summaries: Sequence[NightSummary]) -> None:
    """How long the nights took, and where everything is."""
    last = summaries[-1]
    nights = f"{len(summaries)} nights" if len(summaries) > 1 else f"night of {last.as_of_date}"
    console.print(f"\nDone: {nights} in {sum(one.seconds for one in summaries):.0f} s")
    for label, place in {
        "Audiences": last.exports,
        "Report": last.report,
        "Ledger": last.ledger,
        "Tables": last.published,
        "Timings": last.run_report,
    }.items():
        console.print(f"  {label:<10} {place}", highlight=False, soft_wrap=True)
