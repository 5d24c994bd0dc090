"""Runs one night, or nights in order, in this process and says what came of it."""

import errno
import importlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from ml.errors import ContractError, NightmarketError
from pipelines.clock import stopwatch, utc_now
from pipelines.files import remove_leftovers, write_json
from pipelines.interrupts import let_waits_be_interrupted
from pipelines.lock import held_by
from pipelines.night import ledger_of
from pipelines.reporter import Reporter
from pipelines.settings import Settings

STAGES = 13  # what the progress display counts up to
# what a night imports only when it is needed, dear ones: twenty seconds together
LATE = (
    "pipelines.graph",
    "pipelines.run_history",
    "dbt.cli.main",
    "dbt.task.build",
    "dbt.adapters.duckdb.connections",
    "ml.identity.resolve",
    "great_expectations",
    "great_expectations.core.expectation_suite",
)


@dataclass(frozen=True, slots=True)
class NightSummary:
    """What a finished night made, and where."""

    as_of_date: date
    run_id: str
    seconds: float
    exports: Path
    report: Path
    run_report: Path
    ledger: Path
    published: Path


def run_night(settings: Settings, as_of_date: date, reporter: Reporter, *, job: str = "nightly") -> NightSummary:
    """Run the Dagster job of one night in this process, with history under runs/dagster.

    Raises    NightmarketError, whose text says what was wrong, where, and what to do; nothing is half-written.
    """
    require_deliveries(settings, as_of_date)
    started, run_id = stopwatch(), _new_run_id(job, as_of_date)
    import dagster as dg  # late: `--help` and errors of input must not wait for it

    from pipelines.graph import build_definitions
    from pipelines.partitions import require_night

    require_night(as_of_date)
    with held_by(settings.home, purpose=run_id):  # what looks like a leftover may be another run's work in hand
        _sweep(settings)
        definitions = build_definitions(settings, reporter)
        instance = dg.DagsterInstance.get()  # two that make the same new history at once spoil it
        free_places_of_dead_runs(instance)
    let_waits_be_interrupted()
    log_path = settings.folder("runs") / run_id / "night.log"
    with instance, _own_errors_unwrapped():
        definitions.resolve_job_def(job).execute_in_process(
            partition_key=as_of_date.isoformat(),
            instance=instance,
            run_config={"loggers": {"file": {"config": {"path": str(log_path)}}}},
            tags={"nightmarket/run": run_id},
        )
    summary = _summary(settings, as_of_date, run_id, stopwatch() - started)
    _write_timings(settings, run_id, reporter, summary.seconds)
    return summary


def make_ready(settings: Settings) -> None:
    """Do beforehand what a night of this process would wait for: import all that it needs, and parse the dbt project.

    Raises    NightmarketError if dbt cannot parse it.
    """
    for name in LATE:
        importlib.import_module(name)
    from pipelines.dbt_parse import open_project

    open_project(settings)


@contextmanager
def _own_errors_unwrapped() -> Iterator[None]:
    """Dagster wraps what a resource raises, and trips over a full disk itself; the person wants what came first.

    Raises    KeyboardInterrupt for Dagster's own word for ctrl-C.
    """
    from dagster import DagsterExecutionInterruptedError

    try:
        yield
    except DagsterExecutionInterruptedError as error:
        raise KeyboardInterrupt from error
    except Exception as error:
        told = told_by(error)
        if told is error:
            raise
        raise told from error


def told_by(error: BaseException) -> BaseException:
    """What of an error and its causes to tell: our own sentence, else a full disk, else the error itself."""
    chain = [error]
    while (earlier := chain[-1].__cause__ or chain[-1].__context__) is not None and earlier not in chain:
        chain.append(earlier)  # Dagster raises the first error from its own wrapping of it: the chain is a ring
    ours = [one for one in chain if isinstance(one, NightmarketError)]
    full = [one for one in chain if isinstance(one, OSError) and one.errno in (errno.ENOSPC, errno.EDQUOT)]
    if not full and any(isinstance(one, sqlite3.OperationalError) and "disk" in str(one) for one in chain):
        full = [OSError(errno.ENOSPC, "the run history cannot be written", "runs/dagster")]
    return next(iter([*ours, *full]), error)


def backfill_days(first: date, last: date, *, every_days: int) -> Iterator[date]:
    """The nights from first to last, both included, every so many days.

    Raises    ContractError if the range is empty.
    """
    if last < first or every_days < 1:
        raise ContractError(
            f"backfill: expected --from on or before --to and --every of at least 1, got {first}, {last}, {every_days}."
        )
    day = first
    while day <= last:
        yield day
        day += timedelta(days=every_days)


def require_deliveries(settings: Settings, as_of_date: date) -> None:
    """Refuse a night for which nothing has been delivered, before anything is started.

    Raises    ContractError naming the folder and the dates that are there.
    """
    landing = settings.folder("landing")
    days = sorted({path.name.removeprefix("delivered_date=") for path in landing.glob("*/*/delivered_date=*")})
    if not days:
        raise ContractError(
            f"{landing}: no delivery found. Put files at <source>/<table>/delivered_date=YYYY-MM-DD/, "
            "or fill it with the example retailer: nightmarket import completejourney"
        )
    if days[0] >= as_of_date.isoformat():
        raise ContractError(
            f"night of {as_of_date}: nothing was delivered before it (deliveries: {days[0]} to {days[-1]}). "
            "A night knows what was delivered before its date: choose a later one."
        )


def free_places_of_dead_runs(instance: Any) -> None:
    """Give back what killed runs hold of the pools, else the next run would wait for them for ever.

    Takes     instance: Dagster's history of the home; whoever calls holds the home, so no other run is alive.
    """
    storage = instance.event_log_storage
    for pool in sorted(storage.get_concurrency_keys()):
        info = storage.get_concurrency_info(pool)
        for run_id in sorted(info.active_run_ids | info.pending_run_ids):
            storage.free_concurrency_slots_for_run(run_id)


def _sweep(settings: Settings) -> None:
    """Remove what a killed run left half-written; whole files are never touched."""
    for folder in ("bronze", "quarantine", "ledger", "models", "exports", "published", "reports"):
        remove_leftovers(settings.folder(folder))


def _new_run_id(job: str, as_of_date: date) -> str:
    return f"{utc_now().strftime('%Y%m%dT%H%M%S%f')}-{job}-{as_of_date.isoformat()}"


def _summary(settings: Settings, as_of_date: date, run_id: str, seconds: float) -> NightSummary:
    day = f"as_of_date={as_of_date.isoformat()}"
    return NightSummary(
        as_of_date=as_of_date,
        run_id=run_id,
        seconds=seconds,
        exports=settings.folder("exports") / day,
        report=settings.folder("reports") / day / "run_report.html",
        run_report=settings.folder("runs") / run_id / "run_report.html",
        ledger=ledger_of(settings).root,
        published=settings.folder("published") / day,
    )


def _write_timings(settings: Settings, run_id: str, reporter: Reporter, seconds: float) -> None:
    stages: list[dict[str, Any]] = [
        {"stage": stage.name, "started_at": stage.started_at, "seconds": stage.seconds, "summary": stage.summary}
        for stage in reporter.stages
    ]
    path = settings.folder("runs") / run_id / "timings.json"
    write_json(path, {"seconds": round(seconds, 3), "stages": stages})
