"""What a person sees while a night runs: one line per stage, then where everything is."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console

from pipelines.clock import stopwatch, utc_now


@dataclass(frozen=True, slots=True)
class Stage:
    """One finished stage: what it was called, what it did in words, how long it took."""

    name: str
    summary: str
    seconds: float
    started_at: str


@dataclass(slots=True)
class Reporter:
    """Collects finished stages and shows them; on a terminal the running one is shown with a spinner.

    `after` says what to call when a stage of a name is over.
    """

    console: Console
    total: int
    after: Mapping[str, Callable[[], None]] = field(default_factory=dict)
    stages: list[Stage] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[list[str]]:
        """Time a stage; the block appends its summary to the list it is given."""
        said: list[str] = []
        started, begun_at = stopwatch(), utc_now().isoformat(timespec="milliseconds")
        label = f"{len(self.stages) + 1:>2}/{self.total}  {name:<12}"
        with self.console.status(f"{label} ..."):
            yield said
        finished = Stage(name, " · ".join(said), round(stopwatch() - started, 3), begun_at)
        self.stages.append(finished)
        line = f"{label} {finished.summary}  [dim]{finished.seconds:.1f} s[/dim]"
        self.console.print(line, highlight=False, soft_wrap=True)
        if name in self.after:
            self.after[name]()

    def say(self, text: str) -> None:
        """A line between stages (rich markup is not interpreted)."""
        self.console.print(text, markup=False, highlight=False)


def quiet_reporter() -> Reporter:
    """A reporter that shows nothing: for the asset graph in the browser, and for tests."""
    return Reporter(Console(quiet=True), total=0)
