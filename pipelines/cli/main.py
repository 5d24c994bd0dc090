"""The `nightmarket` command: parses, calls one function, and turns every error into words and an exit code."""

import errno
import logging
import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ml.errors import ContractError, NightmarketError

# Each command imports what it needs when it runs, so that `--help` and a wrong argument answer at once.
app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Who to contact tonight, with what, and did it help? One night turns delivered files into proven audiences.",
)
Home = Annotated[Path | None, typer.Option(help="The retailer's folder (else NIGHTMARKET_HOME, else ./var).")]
Config = Annotated[
    Path | None, typer.Option(help="The retailer's file (else NIGHTMARKET_CONFIG, else nightmarket.yml).")
]
DISK_ERRORS = {
    errno.ENOSPC: "The disk is full: free some space, then run the same command again; nothing is half-written.",
    errno.EDQUOT: "The quota is used up: free some space, then run the same command again; nothing is half-written.",
    errno.EACCES: "No permission: give this user the right to it, or choose another folder with --home.",
    errno.EPERM: "No permission: give this user the right to it, or choose another folder with --home.",
    errno.EROFS: "The file system is read-only: choose another folder with --home.",
    errno.ENOTDIR: "A file stands where a folder must be: move it away, or choose another folder with --home.",
    errno.EEXIST: "A file stands where a folder must be: move it away, or choose another folder with --home.",
}


def main() -> None:
    """Entry point. Exit codes: 0 done, 1 a clear refusal, 2 wrong arguments, 130 interrupted."""
    logging.raiseExceptions = False  # a log that cannot be written is no second message beside the error itself
    try:
        app()
    except NightmarketError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("Interrupted. Nothing is half-written: run the same command again.", code=130)
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        _fail(f"{error.filename or 'a file of the home'}: {error.strerror}. {DISK_ERRORS[error.errno]}")


def _fail(text: str, *, code: int = 1) -> None:
    Console(stderr=True).print(f"✗ {text}", markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ContractError(f"{option}: expected a date such as 2017-12-26, got {text!r}.") from error


@app.command()
def demo(home: Home = None) -> None:
    """A whole night on a real grocery retailer: import, run, and where everything is."""
    from pipelines.cli.nights import run_demo

    run_demo(home)


@app.command("import")
def import_(
    retailer: Annotated[str, typer.Argument(help="completejourney: the example retailer's package.")],
    through: Annotated[str | None, typer.Option(help="Deliveries up to this day only (YYYY-MM-DD).")] = None,
    home: Home = None,
    config: Config = None,
) -> None:
    """Write an example retailer's tables to landing, as its export would have delivered them."""
    from pipelines.cli.nights import import_retailer

    import_retailer(retailer, _day(through, "--through") if through else None, home, config)


@app.command()
def run(
    as_of_date: Annotated[str, typer.Option(help="The day that the decisions are for (YYYY-MM-DD).")],
    home: Home = None,
    config: Config = None,
) -> None:
    """One night: files in, audiences, ledger and report out."""
    from pipelines.cli.nights import run_nights

    run_nights([_day(as_of_date, "--as-of-date")], home, config)


@app.command()
def train(
    as_of_date: Annotated[str, typer.Option(help="The day up to which is learned (YYYY-MM-DD).")],
    home: Home = None,
    config: Config = None,
) -> None:
    """The weekly training: challengers, and promotion of those that beat the champion."""
    from pipelines.cli.nights import run_nights

    run_nights([_day(as_of_date, "--as-of-date")], home, config, job="train_models")


@app.command()
def backfill(
    first: Annotated[str, typer.Option("--from", help="First night (YYYY-MM-DD).")],
    last: Annotated[str, typer.Option("--to", help="Last night (YYYY-MM-DD).")],
    every: Annotated[int, typer.Option(help="Days from one night to the next.")] = 1,
    home: Home = None,
    config: Config = None,
) -> None:
    """Nights in order, each knowing only what was delivered before it."""
    from pipelines.cli.nights import run_nights
    from pipelines.run import backfill_days

    run_nights(list(backfill_days(_day(first, "--from"), _day(last, "--to"), every_days=every)), home, config)


@app.command()
def clv(
    file: Annotated[Path, typer.Argument(help="Transactions, one row each (.csv, .parquet).")],
    customer: Annotated[str, typer.Option(help="Column that says whose.")],
    date_: Annotated[str, typer.Option("--date", help="Column that says when.")],
    amount: Annotated[str, typer.Option(help="Column that says how much; a refund is negative.")],
    as_of: Annotated[str, typer.Option(help="Scoring date (YYYY-MM-DD): known is what happened before it.")],
    horizon_days: Annotated[int, typer.Option(help="Days predicted, the scoring date being the first.")],
    out: Annotated[Path, typer.Option(help="Where the answer goes, one row per customer (.csv, .parquet).")],
    json: Annotated[Path | None, typer.Option(help="Where the report goes; else beside --out.")] = None,
    seed: Annotated[int, typer.Option(help="Of the folds and samples.")] = 7,
    threads: Annotated[int, typer.Option(help="Of the trees; changes no figure.")] = 2,
) -> None:
    """How many orders and how much money each customer will bring, with an interval, from transactions alone."""
    from pipelines.cli.engines.clv import ValueRequest, value_file

    columns = (customer, date_, amount)
    value_file(ValueRequest(file, *columns, _day(as_of, "--as-of"), horizon_days, out, json, seed, threads))


@app.command()
def lift(
    file: Annotated[Path | None, typer.Argument(help="An experiment, one row per person; else the ledger.")] = None,
    arm: Annotated[str | None, typer.Option(help="Column that says who was in which arm.")] = None,
    control: Annotated[str | None, typer.Option(help="Its value for the people to compare with.")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="COLUMN, or COLUMN:ratio=DENOMINATOR; repeatable.")] = None,
    covariate: Annotated[list[str] | None, typer.Option(help="Known before the start (CUPED); repeatable.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Column of what was assigned as one, e.g. household.")] = None,
    person: Annotated[str | None, typer.Option("--id", help="Column that must hold every person once.")] = None,
    winsorise: Annotated[float | None, typer.Option(help="Also with values cut to this quantile, e.g. .999.")] = None,
    sequential: Annotated[bool, typer.Option("--sequential", help="Valid however often one looks.")] = False,
    looks: Annotated[str | None, typer.Option(help="Group-sequential: planned shares so far, e.g. .25,.5.")] = None,
    planned_units: Annotated[float | None, typer.Option(help="Units at which --sequential is narrowest.")] = None,
    shares: Annotated[list[str] | None, typer.Option(help="Planned split, e.g. control=.1,treated=.9.")] = None,
    confidence: Annotated[float, typer.Option(help="Of the intervals.")] = 0.95,
    json: Annotated[Path | None, typer.Option(help="Where the report goes.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where the results go as a table (.csv, .parquet).")] = None,
    home: Home = None,
    config: Config = None,
) -> None:
    """What an experiment changed; without FILE, what the universal holdout says about the nights so far."""
    if file is None:
        from pipelines.cli.answers import show_lift

        return show_lift(home, config)
    from pipelines.cli.engines.lift import LiftRequest, measure_file

    request = LiftRequest(
        file, arm, control, metric or [], covariate or [], cluster, person, winsorise, sequential, looks, planned_units,
        shares or [], confidence, json, out,
    )  # fmt: skip
    return measure_file(request)


@app.command()
def power(
    file: Annotated[Path | None, typer.Argument(help="Past values, one row per person; else --rate or --mean.")] = None,
    metric: Annotated[str | None, typer.Option(help="Column of FILE.")] = None,
    rate: Annotated[float | None, typer.Option(help="Share of people who do it anyway.")] = None,
    mean: Annotated[float | None, typer.Option(help="Mean per person without any treatment.")] = None,
    sd: Annotated[float | None, typer.Option(help="Standard deviation of one person.")] = None,
    lift: Annotated[float | None, typer.Option(help="Smallest lift worth finding, e.g. .05.")] = None,
    people: Annotated[int | None, typer.Option(help="People there are, all arms together.")] = None,
    control_share: Annotated[float, typer.Option(help="The control's share of all people.")] = 0.5,
    arms: Annotated[int, typer.Option(help="Arms, the control included.")] = 2,
    correlation: Annotated[float, typer.Option(help="Of the covariate with the metric (CUPED).")] = 0.0,
    confidence: Annotated[float, typer.Option(help="1 minus the accepted rate of false alarms.")] = 0.95,
    chance: Annotated[float, typer.Option("--power", help="Chance to find the lift if it is there.")] = 0.8,
    json: Annotated[Path | None, typer.Option(help="Where the answer goes too.")] = None,
) -> None:
    """Before a test starts: how many people it takes, or which lift they can show."""
    from pipelines.cli.engines.power import PowerRequest, plan_size

    baseline = (file, metric, rate, mean, sd)
    plan_size(PowerRequest(*baseline, lift, people, control_share, arms, correlation, confidence, chance, json))


@app.command()
def explain(
    person_id: Annotated[str, typer.Argument(help="For example P000000123.")],
    as_of_date: Annotated[str | None, typer.Option(help="The night asked about; else the last one.")] = None,
    home: Home = None,
    config: Config = None,
) -> None:
    """Why a person got what they got, or nothing: reasons, losers and what blocked them."""
    from pipelines.cli.answers import explain_person

    explain_person(person_id, _day(as_of_date, "--as-of-date") if as_of_date else None, home, config)


@app.command()
def doctor(home: Home = None, config: Config = None) -> None:
    """Check machine, configuration, seeds, folders and locks before a night does."""
    from pipelines.cli.doctor import examine

    examine(home, config)


@app.command()
def graph(port: Annotated[int, typer.Option(help="Port on this machine.")] = 3000, home: Home = None) -> None:
    """The asset graph and the run history in a browser (Dagster, on this machine only)."""
    from pipelines.cli.nights import serve_graph

    serve_graph(port, home)


@app.command()
def decide(
    candidates: Annotated[Path, typer.Argument(help="CSV or Parquet: person_id, treatment_id, value_amount, ...")],
    limits: Annotated[Path, typer.Option(help="YAML: per_person and global limits.")],
    out: Annotated[Path, typer.Option(help="Folder for decisions.parquet and certificate.json.")],
    seed: Annotated[int, typer.Option(help="Which of equally good people come first.")] = 0,
) -> None:
    """Who gets what from any table of candidates, within shared limits, with a proof of how good it is."""
    from pipelines.cli.engines.decide import decide_file

    decide_file(candidates, limits, out, seed=seed)


if __name__ == "__main__":
    main()
