"""What `nightmarket loop` and the demo of the simulated retailer print."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipelines.cli.console import console as new_console
from pipelines.cli.evaluate import evaluate
from pipelines.cli.nights import one_night, say_where
from pipelines.cli.simulate import simulate
from pipelines.lock import held_by
from pipelines.ready import made_ready_beside
from pipelines.run import NightSummary
from pipelines.settings import Settings, load_settings
from pipelines.simulator.loop import (
    Answered,
    answered_nights,
    live_on,
    take_up,
    write_truth_of_night,
    write_truth_of_people,
)
from pipelines.simulator.simulate import Recorder

DEMO_NIGHTS = 3


def run_simulated_demo(scenario: str, home: Path | None) -> None:
    """History, then three nights of the closed loop, then the comparison with the truth; what is there is kept."""
    with made_ready_beside(load_settings(home)):
        recorder = simulate(scenario, None, None, home)
    done = len(answered_nights(load_settings(home)))
    if done < DEMO_NIGHTS:
        run_loop(DEMO_NIGHTS - done, 1, home, recorder)
    else:
        evaluate(home)


def run_loop(nights: int, every: int, home: Path | None, recorder: Recorder | None = None) -> None:
    """Nights of a simulated home, each answered by its people before the next, then the comparison with the truth.

    Takes     recorder: of the home's world, as it stands after its last day; None: it is taken up again.
    """
    settings, console = load_settings(home), new_console()
    with held_by(settings.folder("runs") / "loop", purpose="loop"):
        recorder = recorder or _taken_up(settings, console)
        summaries = []
        for left in reversed(range(nights)):
            summaries.append(_night(recorder, settings, console, is_last=left == 0))
            for _ in range(every):
                answered = live_on(recorder, settings)
                console.print(_in_words(answered), highlight=False, soft_wrap=True)
        recorder.finish()
    say_where(console, summaries)
    evaluate(home)


def _night(recorder: Recorder, settings: Settings, console: Console, *, is_last: bool) -> NightSummary:
    """A night, and the truth about it before anybody answers it.

    What people are worth is told for the last night only, and computed beside it, because it does not depend on it.
    """
    with ThreadPoolExecutor(1) as beside:
        told = beside.submit(write_truth_of_people, recorder) if is_last else None
        summary = one_night(settings, recorder.world.next_day, console, "nightly")
        write_truth_of_night(recorder, settings)
        if told is not None:
            told.result()
    return summary


def _taken_up(settings: Settings, console: Console) -> Recorder:
    columns = (TextColumn(" days lived before "), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("days")
        return take_up(settings.home, lambda done, total: bar.update(task, completed=done, total=total))


def _in_words(answered: Answered) -> str:
    lost = [
        f"{answered.unknown_count:,} without a known address" * (answered.unknown_count > 0),
        f"{answered.repeated_count:,} addressed twice" * (answered.repeated_count > 0),
    ]
    told = "".join(f" · {one}" for one in lost if one)
    return f" lived    {answered.facts.day} · {answered.sent_count:,} of {answered.row_count:,} contacts sent{told}"
