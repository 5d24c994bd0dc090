"""What `nightmarket simulate` prints."""

from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipelines.cli.console import console as new_console
from pipelines.lock import held_by
from pipelines.settings import CONFIG_FILE, load_settings
from pipelines.simulator.scenario import load_scenario
from pipelines.simulator.settings_file import write_settings
from pipelines.simulator.simulate import HistorySummary, Recorder, begin_history


def simulate(scenario: str, seed: int | None, days: int | None, home: Path | None) -> Recorder | None:
    """Write a scenario's history into the home, with progress, and say what was made and where.

    Returns   the recorder after it, for whoever lives on; None if the history was there already.
    """
    place = load_settings(home).home
    chosen = load_scenario(scenario, seed=seed, days=days)
    console = new_console()
    console.print(
        f"nightmarket simulate · {chosen.name} · {chosen.people:,} people · {chosen.days} days · seed {chosen.seed}"
    )
    columns = (TextColumn(" days "), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with held_by(place, purpose="simulate"), Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("days", total=chosen.days)
        summary, recorder = begin_history(chosen, place, lambda done, _: bar.update(task, completed=done))
        write_settings(chosen, place)  # last: a home that is refused keeps what it has, or nothing
    for line in _in_words(summary, place):
        console.print(line, soft_wrap=True)
    return recorder


def _in_words(summary: HistorySummary, place: Path) -> list[str]:
    made = "Done" if summary.is_new else "Nothing to do: this very history was there already"
    days = f"{summary.scenario.first_day} to {summary.last_day}"
    return [
        f"{made}: {days} · {summary.file_count:,} files · {summary.row_count:,} rows · "
        f"{summary.byte_count / 1e6:,.0f} MB · {summary.fault_count:,} planted faults",
        f"  Settings   {place / CONFIG_FILE} (a night of this home reads them)",
        f"  Landing    {place / 'landing'}",
        f"  Truth      {place / 'truth'} (what is really so; no part of a night reads it)",
    ]
