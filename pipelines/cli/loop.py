"""What `nightmarket loop` and the demo of the simulated retailer print."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipelines.cli.console import console as new_console
from pipelines.cli.nights import one_night, say_where
from pipelines.cli.simulate import simulate
from pipelines.lock import held_by
from pipelines.run import NightSummary, make_ready
from pipelines.settings import Settings, load_settings
from pipelines.simulator.apart import WorldApart
from pipelines.simulator.loop import (
    Answered,
    answered_nights,
    customer_references,
    live_on,
    require_simulated,
    take_up,
    write_truth_of_night,
    write_truth_of_people,
)
from pipelines.simulator.scenario import load_scenario
from pipelines.simulator.simulate import Recorder, history_there

DEMO_NIGHTS = 3


def run_simulated_demo(scenario: str, home: Path | None) -> None:
    """History, then three nights of the closed loop, then the comparison with the truth; what is there is kept."""
    settings = load_settings(home)
    if history_there(load_scenario(scenario), settings.home) is None:
        _live(DEMO_NIGHTS, 1, settings, simulate, scenario, None, None, settings.home)
    else:
        simulate(scenario, None, None, settings.home)  # says that it is there
        if (left := DEMO_NIGHTS - len(answered_nights(settings))) > 0:
            _live(left, 1, settings, taken_up, settings.home)
    _evaluate(home)


def run_loop(nights: int, every: int, home: Path | None) -> None:
    """Nights of a simulated home, each answered by its people before the next, then the comparison with the truth."""
    settings = load_settings(home)
    require_simulated(settings.home)
    _live(nights, every, settings, taken_up, settings.home)
    _evaluate(home)


def _evaluate(home: Path | None) -> None:
    from pipelines.cli.evaluate import evaluate  # late: the world need not wait for it

    evaluate(home)


def taken_up(home: Path) -> Recorder:
    """The world of a home after its last day, with progress."""
    columns = (TextColumn(" days lived before "), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=new_console(), transient=True) as bar:
        task = bar.add_task("days")
        return take_up(home, lambda done, total: bar.update(task, completed=done, total=total))


def _live(nights: int, every: int, before: Settings, make: Callable[..., Recorder | None], *arguments: object) -> None:
    """Nights, and days between them, of a world that is made in a process of its own.

    Takes     before: the home's settings as they are before it is made; make: what makes the recorder.
    """
    with held_by(before.folder("runs") / "loop", purpose="loop"), WorldApart() as world:
        begun = world.begin(make, *arguments)
        make_ready(before)
        day = begun.result()
        settings, console, summaries = load_settings(before.home), new_console(), []
        for left in reversed(range(nights)):
            summaries.append(_night(world, day, settings, console, is_last=left == 0))
            for _ in range(every):
                answered = world.ask(live_on, settings).result()
                console.print(_in_words(answered), highlight=False, soft_wrap=True)
            day = answered.day + timedelta(days=1)
        world.ask(Recorder.finish).result()
    say_where(console, summaries)


def _night(world: WorldApart, day: date, settings: Settings, console: Console, *, is_last: bool) -> NightSummary:
    """A night, and the truth about it, told beside it and before anybody answers.

    What people are worth is told for the last night only; what its candidates change, once its people are known.
    """
    told = [world.ask(write_truth_of_people)] if is_last else []

    def decided() -> None:
        told.append(world.ask(write_truth_of_night, settings, customer_references(settings)))

    summary = one_night(settings, day, console, "nightly", {"decisions": decided})
    for one in told:
        one.result()
    return summary


def _in_words(answered: Answered) -> str:
    lost = [
        f"{answered.unknown_count:,} without a known address" * (answered.unknown_count > 0),
        f"{answered.repeated_count:,} addressed twice" * (answered.repeated_count > 0),
    ]
    told = "".join(f" · {one}" for one in lost if one)
    return f" lived    {answered.day} · {answered.sent_count:,} of {answered.row_count:,} contacts sent{told}"
