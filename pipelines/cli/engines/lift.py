"""`nightmarket lift FILE` and `nightmarket power`: an experiment on any table, and its size before it starts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console

from ml.errors import ContractError
from ml.measurement.experiment import ExperimentPlan, measure_experiment
from ml.measurement.results import ResultPlan
from ml.measurement.units import Metric, number_column
from pipelines.cli.engines.tables import read_table, table_blocks, write_table
from pipelines.files import write_json

READ_WHOLE = 500_000_000  # bytes of a file


@dataclass(frozen=True, slots=True)
class LiftRequest:
    """The command line as it was typed."""

    file: Path
    arm: str | None
    control: str | None
    metrics: list[str]
    covariates: list[str]
    cluster: str | None
    person: str | None
    winsorise: float | None
    is_sequential: bool
    looks: str | None
    planned_units: float | None
    shares: list[str]
    confidence: float
    json: Path | None
    out: Path | None


def measure_file(request: LiftRequest) -> None:
    """Read, measure, write the report, print a summary.

    Raises    ContractError if an option or the file is not what it must be.
    """
    plan = _plan(request)
    with Console(stderr=True, highlight=False).status(f"reading {request.file.name}"):
        frame = read_experiment(request.file, plan)
    report = measure_experiment(frame, plan)
    if request.file.stat().st_size > READ_WHOLE:
        report["assumptions"].append("The file is large: rows were not searched for exact copies. Use --id to be sure.")
    if request.json:
        write_json(request.json, report)
    if request.out:
        write_table(pl.DataFrame(report["results"], infer_schema_length=None), request.out)
    _print(report, request.confidence)


def read_experiment(path: Path, plan: ExperimentPlan) -> pl.DataFrame:
    """The table of an experiment: small files whole, so that copied rows are noticed; of others what is needed.

    A large file is read in blocks, text that names as codes and text that counts as numbers.
    """
    if path.is_file() and path.stat().st_size <= READ_WHOLE:
        return read_table(path)
    labels = [name for name in (plan.arm, plan.cluster, plan.person) if name]
    numbers = [name for metric in plan.metrics for name in (metric.column, metric.denominator) if name]
    numbers = list(dict.fromkeys([*numbers, *plan.covariates]))
    blocks = []
    for block in table_blocks(path, columns=[*labels, *numbers], labels=labels):
        try:
            blocks.append(block.with_columns(number_column(block, name, may_be_empty=True) for name in numbers))
        except ContractError:
            for name in numbers:  # the whole column knows the row and how many there are
                number_column(read_table(path, columns=[name]), name, may_be_empty=True)
            raise
    return pl.concat(blocks) if blocks else read_table(path)


def parse_metric(text: str) -> Metric:
    """COLUMN, COLUMN:mean or COLUMN:ratio=DENOMINATOR; a colon that is part of a name stays one."""
    column, colon, kind = text.rpartition(":")
    if colon and column and kind == "mean":
        return Metric(column)
    if colon and column and kind.startswith("ratio=") and len(kind) > len("ratio="):
        denominator = kind.removeprefix("ratio=")
        return Metric(column, denominator)
    if colon and kind.startswith("ratio"):
        raise ContractError(f"--metric {text}: expected COLUMN:ratio=DENOMINATOR. Name the denominator's column.")
    return Metric(text)


def parse_shares(texts: list[str], control: str) -> dict[str, float] | None:
    """`A=.5,B=.5`, or several options of one each; whole numbers such as 50 and 50 will do."""
    parts = [part.strip() for text in texts for part in text.split(",") if part.strip()]
    if not parts:
        return None
    shares: dict[str, float] = {}
    for part in parts:
        arm, equals, number = part.rpartition("=")
        try:
            share = float(number)
        except ValueError:
            share = float("nan")
        if not equals or not 0.0 < share < float("inf") or arm in shares:
            raise ContractError(
                f"--shares: expected ARM=SHARE once per arm, such as {control}=.1,treated=.9, got {part!r}. Correct it."
            )
        shares[arm.strip()] = share
    return shares


def _plan(request: LiftRequest) -> ExperimentPlan:
    needed = {"--arm": request.arm, "--control": request.control, "--metric": request.metrics}
    missing = [name for name, value in needed.items() if not value]
    if missing or request.arm is None or request.control is None:
        raise ContractError(f"lift {request.file}: expected {', '.join(missing)} with a file. State what is compared.")
    if request.winsorise is not None and not 0.5 < request.winsorise < 1.0:
        raise ContractError(f"--winsorise: expected a quantile between .5 and 1, got {request.winsorise}. Take .999.")
    if not 0.5 <= request.confidence < 1.0:
        raise ContractError(f"--confidence: expected a share such as .95, got {request.confidence}. Correct it.")
    if request.planned_units is not None and request.planned_units < 2:
        raise ContractError(f"--planned-units: expected at least 2, got {request.planned_units}. Correct it.")
    looks = _looks(request.looks)
    result = ResultPlan(
        confidence=request.confidence,
        winsorise=request.winsorise,
        is_sequential=request.is_sequential or bool(looks),
        looks=looks,
        tuned_for=request.planned_units or ResultPlan().tuned_for,
    )
    metrics = tuple(dict.fromkeys(parse_metric(text) for text in request.metrics))
    return ExperimentPlan(
        arm=request.arm,
        control=request.control.strip(),
        metrics=metrics,
        covariates=tuple(dict.fromkeys(request.covariates)),
        cluster=request.cluster,
        person=request.person,
        shares=parse_shares(request.shares, request.control),
        result=result,
    )


def _looks(text: str | None) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in (text or "").split(",") if part.strip())
    except ValueError as error:
        raise ContractError(
            f"--looks: expected shares of the planned people, such as .25,.5,1, got {text!r}. Correct it."
        ) from error


def _print(report: dict[str, Any], confidence: float) -> None:
    console = Console(highlight=False)
    arms = ", ".join(f"{row['arm']} {row['n']:,}" for row in report["arms"])
    console.print(f"{arms}  ·  sample ratio p {short(report['sample_ratio_p'])}", markup=False)
    for warning in report["warnings"]:
        console.print(f"! {warning}", markup=False)
    console.print(f"each arm minus {report['arms'][0]['arm']}, {100 * confidence:g} % intervals", markup=False)
    for row in report["results"]:
        below = f" / {row['denominator']}" if row["denominator"] else ""
        console.print(f"\n{row['metric']}{below}  ·  {row['arm']}  ·  {row['method']}: {row['verdict']}", markup=False)
        difference = f"{short(row['estimate'])} ({short(row['low'])} to {short(row['high'])})"
        lift = f"{_percent(row['relative_lift'])} ({_percent(row['relative_low'])} to {_percent(row['relative_high'])})"
        means = f"{short(row['control_mean'])} -> {short(row['arm_mean'])}"
        console.print(f"  {means}   {difference}   {lift}   p {short(row['p_value'])}", markup=False, soft_wrap=True)
        console.print(f"  {row['note']}", markup=False)
    console.print()
    for assumption in report["assumptions"]:
        console.print(f"  {assumption}", markup=False)


def short(value: float | None) -> str:
    """Four digits, or a dash."""
    return "-" if value is None else f"{value:.4g}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:+.2f} %"
