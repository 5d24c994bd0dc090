"""The engines as commands: any table in, an answer out; each works without a warehouse."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import Config, Home, parse_day

# Each command imports what it needs when it runs, so that `--help` and a wrong argument answer at once.
engines = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@engines.command()
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
    value_file(ValueRequest(file, *columns, parse_day(as_of, "--as-of"), horizon_days, out, json, seed, threads))


@engines.command()
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


@engines.command()
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


@engines.command()
def decide(
    candidates: Annotated[Path, typer.Argument(help="CSV or Parquet: person_id, treatment_id, value_amount, ...")],
    limits: Annotated[Path, typer.Option(help="YAML: per_person and global limits.")],
    out: Annotated[Path, typer.Option(help="Folder for decisions.parquet and certificate.json.")],
    seed: Annotated[int, typer.Option(help="Which of equally good people come first.")] = 0,
) -> None:
    """Who gets what from any table of candidates, within shared limits, with a proof of how good it is."""
    from pipelines.cli.engines.decide import decide_file

    decide_file(candidates, limits, out, seed=seed)


@engines.command()
def uplift(
    file: Annotated[Path, typer.Argument(help="One row per person: arm, outcome, and what was known before.")],
    person: Annotated[str, typer.Option("--id", help="Column that names each person once.")],
    treatment: Annotated[str, typer.Option(help="Column that says who was in which arm.")],
    control: Annotated[str, typer.Option(help="Its value for people without treatment.")],
    outcome: Annotated[str, typer.Option(help="Column of what came of it: 0/1, a count or money.")],
    out: Annotated[Path, typer.Option(help="Where uplift per person and arm goes (.csv, .parquet).")],
    features: Annotated[list[str] | None, typer.Option(help="Columns known before; else all others.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Columns that were not known before.")] = None,
    probability: Annotated[
        list[str] | None, typer.Option(help="COLUMN: chance of the arm that each got; or ARM=COLUMN per arm.")
    ] = None,
    cost: Annotated[list[str] | None, typer.Option(help="Of one contact; or ARM=COST per arm.")] = None,
    value: Annotated[float | None, typer.Option(help="Money that one unit of outcome is worth.")] = None,
    dose: Annotated[bool, typer.Option("--dose", help="Arms are numbers; more of it never does less.")] = False,
    score: Annotated[Path | None, typer.Option(help="Other people to score, without treatment or outcome.")] = None,
    json: Annotated[Path | None, typer.Option(help="Where the report goes; else beside --out.")] = None,
    seed: Annotated[int, typer.Option(help="Of folds and draws.")] = 7,
    threads: Annotated[int, typer.Option(help="Of the trees; changes no figure.")] = 2,
) -> None:
    """Whom a treatment changes, by how much, and whether choosing people is worth it."""
    from pipelines.cli.engines.uplift import UpliftRequest, uplift_file

    columns = (person, treatment, control, outcome, out, features or [], exclude or [], probability or [])
    uplift_file(UpliftRequest(file, *columns, cost or [], value, dose, score, json, seed, threads))


@engines.command()
def resolve(
    file: Annotated[Path, typer.Argument(help="Records of persons, one row each (.csv, .parquet).")],
    record: Annotated[str, typer.Option("--id", help="Column that holds every record once.")],
    maps: Annotated[list[str], typer.Option("--map", help="ROLE=COLUMN, e.g. family_name=surname; repeatable.")],
    out: Annotated[Path, typer.Option(help="Where the persons go, one row per record (.csv, .parquet).")],
    edges: Annotated[Path | None, typer.Option(help="Where every link and its evidence goes.")] = None,
    json: Annotated[Path | None, typer.Option(help="Where the report goes; else beside --out.")] = None,
    seed: Annotated[int, typer.Option(help="Of the samples.")] = 7,
    threads: Annotated[int, typer.Option(help="Of the comparisons; changes no figure.")] = 2,
) -> None:
    """Which records are one person, from any table: no labels, no settings, with the evidence for every link."""
    from pipelines.cli.engines.resolve import ResolveRequest, resolve_file

    resolve_file(ResolveRequest(file, record, maps, out, edges, json, seed, threads))
