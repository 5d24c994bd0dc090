"""A ten-household retailer whose nights are really run: landing, dbt, models, decisions, files and all."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from rich.console import Console

from pipelines import files
from pipelines.reporter import Reporter
from pipelines.run import run_night
from pipelines.settings import Settings, load_settings
from tests.builders.landing import write_tiny_retailer

NIGHTS = (date(2017, 12, 12), date(2017, 12, 19), date(2017, 12, 26))
LAST = NIGHTS[-1]
SAME_EVERY_TIME = ("ledger", "exports", "reports", "bronze", "quarantine")


class Killed(BaseException):
    """Stands for the process being killed: nothing catches it, no clean-up code is meant to see it."""


def new_home(folder: Path, *, threads: int = 2, households: int = 10) -> Settings:
    """A home whose landing is filled and where no night has run."""
    write_tiny_retailer(folder / "landing", households=households)
    return replace(load_settings(home=folder), threads=threads)


def run(settings: Settings, as_of_date: date = LAST) -> Reporter:
    """Run one night; returns the reporter with its finished stages."""
    reporter = Reporter(Console(quiet=True), total=0)
    run_night(settings, as_of_date, reporter)
    return reporter


def bytes_of(settings: Settings) -> dict[str, str]:
    """SHA-256 of every file that must be the same every time, by its path in the home."""
    roots = [settings.folder(name) for name in SAME_EVERY_TIME]
    paths = [path for root in roots for path in root.rglob("*") if path.is_file()]
    paths += list(settings.folder("published").rglob("*.parquet"))
    return {
        str(path.relative_to(settings.home)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(paths)
    }


def leftovers(settings: Settings) -> list[Path]:
    """What a killed run left half-written."""
    return sorted(settings.home.rglob("*.partial"))


@contextmanager
def killed_at_write(number: int) -> Iterator[list[str]]:
    """Die at the n-th durable write of the block, before it takes its name; yields the writes seen."""
    seen: list[str] = []
    real = files.fsync_file

    def fsync_or_die(path: Path) -> None:
        seen.append(path.name)
        if len(seen) == number:
            raise Killed(f"write {number}: {path.name}")
        real(path)

    files.fsync_file = fsync_or_die
    try:
        yield seen
    finally:
        files.fsync_file = real
