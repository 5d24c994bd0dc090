"""The `nightmarket` command: parses, calls one function, and turns every error into words and an exit code."""

import errno
import logging
import sys
from typing import Annotated

import typer
from rich.console import Console

from ml.errors import NightmarketError
from pipelines.cli.engine_commands import engines
from pipelines.cli.options import Config, Home, parse_day

# Each command imports what it needs when it runs, so that `--help` and a wrong argument answer at once.
app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Who to contact tonight, with what, and did it help? One night turns delivered files into proven audiences.",
)
DISK_ERRORS = {
    errno.ENOSPC: "The disk is full: free some space, then run the same command again; nothing is half-written.",
    errno.EDQUOT: "The quota is used up: free some space, then run the same command again; nothing is half-written.",
    errno.EACCES: "No permission: give this user the right to it, or choose another folder with --home.",
    errno.EPERM: "No permission: give this user the right to it, or choose another folder with --home.",
    errno.EROFS: "The file system is read-only: choose another folder with --home.",
    errno.ENOTDIR: "A file stands where a folder must be: move it away, or choose another folder with --home.",
    errno.EEXIST: "A file stands where a folder must be: move it away, or choose another folder with --home.",
}

INTERRUPTED = 130  # what ctrl-C makes of a command; typer turns it into this exit without a word


def main() -> None:
    """Entry point. Exit codes: 0 done, 1 a clear refusal, 2 wrong arguments, 130 interrupted."""
    logging.raiseExceptions = False  # a log that cannot be written is no second message beside the error itself
    try:
        app()
    except NightmarketError as error:
        _fail(str(error))
    except (KeyboardInterrupt, SystemExit) as stopped:
        if isinstance(stopped, SystemExit) and stopped.code != INTERRUPTED:
            raise
        _fail("Interrupted. Nothing is half-written: run the same command again.", code=INTERRUPTED)
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        _fail(f"{error.filename or 'a file of the home'}: {error.strerror}. {DISK_ERRORS[error.errno]}")


def _fail(text: str, *, code: int = 1) -> None:
    Console(stderr=True).print(f"✗ {text}", markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)


@app.command()
def demo(
    real: Annotated[bool, typer.Option("--real", help="One night of The Complete Journey instead.")] = False,
    scenario: Annotated[str, typer.Option(help="Another simulated retailer: docs/simulator.md.")] = "default",
    home: Home = None,
) -> None:
    """A simulated retailer: half a year of files, three nights that its people answer, all compared with the truth."""
    if real:
        from pipelines.cli.nights import run_real_demo

        run_real_demo(home)
    else:
        from pipelines.cli.loop import run_simulated_demo

        run_simulated_demo(scenario, home)


@app.command("import")
def import_(
    retailer: Annotated[str, typer.Argument(help="completejourney: the example retailer's package.")],
    through: Annotated[str | None, typer.Option(help="Deliveries up to this day only (YYYY-MM-DD).")] = None,
    home: Home = None,
    config: Config = None,
) -> None:
    """Write an example retailer's tables to landing, as its export would have delivered them."""
    from pipelines.cli.nights import import_retailer

    import_retailer(retailer, parse_day(through, "--through") if through else None, home, config)


@app.command()
def simulate(
    scenario: Annotated[str, typer.Option(help="A scenario's name, or a file: docs/simulator.md.")] = "default",
    seed: Annotated[int | None, typer.Option(help="Another seed than the scenario's.")] = None,
    days: Annotated[int | None, typer.Option(help="Another length of history than the scenario's.")] = None,
    home: Home = None,
) -> None:
    """A retailer about whom everything is known: months of files in landing, and the truth beside them."""
    from pipelines.cli.simulate import simulate as simulate_

    if (recorder := simulate_(scenario, seed, days, home)) is not None:
        recorder.finish()


@app.command()
def loop(
    nights: Annotated[int, typer.Option(min=1, help="How many nights.")] = 1,
    every: Annotated[int, typer.Option(min=1, help="Days from one night to the next.")] = 1,
    home: Home = None,
) -> None:
    """Nights of a simulated retailer whose people answer what each night released, then the comparison."""
    from pipelines.cli.loop import run_loop

    run_loop(nights, every, home)


@app.command()
def evaluate(home: Home = None) -> None:
    """What a simulated retailer's nights claimed beside the truth: persons, values, effects, lift, bad rows."""
    from pipelines.cli.evaluate import evaluate as evaluate_

    evaluate_(home)


@app.command()
def run(
    as_of_date: Annotated[str, typer.Option(help="The day that the decisions are for (YYYY-MM-DD).")],
    home: Home = None,
    config: Config = None,
) -> None:
    """One night: files in, audiences, ledger and report out."""
    from pipelines.cli.nights import run_nights

    run_nights([parse_day(as_of_date, "--as-of-date")], home, config)


@app.command()
def train(
    as_of_date: Annotated[str, typer.Option(help="The day up to which is learned (YYYY-MM-DD).")],
    home: Home = None,
    config: Config = None,
) -> None:
    """The weekly training: challengers, and promotion of those that beat the champion."""
    from pipelines.cli.nights import run_nights

    run_nights([parse_day(as_of_date, "--as-of-date")], home, config, job="train_models")


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

    run_nights(list(backfill_days(parse_day(first, "--from"), parse_day(last, "--to"), every_days=every)), home, config)


@app.command()
def explain(
    person_id: Annotated[str, typer.Argument(help="For example P000000123.")],
    as_of_date: Annotated[str | None, typer.Option(help="The night asked about; else the last one.")] = None,
    home: Home = None,
    config: Config = None,
) -> None:
    """Why a person got what they got, or nothing: reasons, losers and what blocked them."""
    from pipelines.cli.answers import explain_person

    explain_person(person_id, parse_day(as_of_date, "--as-of-date") if as_of_date else None, home, config)


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


app.add_typer(engines)


if __name__ == "__main__":
    main()
