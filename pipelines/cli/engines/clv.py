"""`nightmarket clv`: transactions in, orders, money and an interval per customer out, with a report and a summary."""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console

from ml.errors import ContractError
from ml.value.correction import Correction
from ml.value.predict import ValueModel, fit_value, predict_value
from ml.value.transactions import build_order_days
from pipelines.cli.engines.tables import read_table, write_table
from pipelines.cli.engines.transactions import read_transactions
from pipelines.files import write_json

EPOCH = date(1970, 1, 1)
LONGEST_HORIZON = 3650  # ten years: no history of transactions says anything beyond


@dataclass(frozen=True, slots=True)
class ValueRequest:
    """What was asked on the command line."""

    file: Path
    customer: str
    moment: str
    amount: str
    as_of: date
    horizon_days: int
    out: Path
    json: Path | None
    seed: int
    threads: int


def value_file(request: ValueRequest) -> None:
    """Read, fit, score, write, and say what came out."""
    _check(request)
    screen = Console(stderr=True, highlight=False)
    with screen.status("reading transactions"):
        frame = read_table(request.file)
        rows, notes = read_transactions(frame, customer=request.customer, date=request.moment, amount=request.amount)
        del frame
        day = (request.as_of - EPOCH).days
        later = rows.filter(pl.col("day") >= day).height
        days = build_order_days(rows.filter(pl.col("day") < day))
    with screen.status("fitting on outcomes that had ended before the scoring date"):
        model = fit_value(days, day=day, horizon_days=request.horizon_days, seed=request.seed, threads=request.threads)
    with screen.status("scoring customers"):
        scores = pl.concat(list(predict_value(model, days, threads=request.threads)))
    report = _report(request, model, scores, [*notes, *model.warnings], rows_after=later)
    write_table(scores, request.out)
    write_json(request.json or request.out.with_suffix(".json"), report)
    _summarise(request, scores, report)


def _check(request: ValueRequest) -> None:
    if not 1 <= request.horizon_days <= LONGEST_HORIZON:
        raise ContractError(
            f"--horizon-days: expected 1 to {LONGEST_HORIZON}, got {request.horizon_days}. Choose a number of days."
        )
    if request.threads < 1 or request.seed < 0:
        raise ContractError("--threads, --seed: expected at least 1 and at least 0. Leave them out.")
    if request.out.suffix.lower() not in (".csv", ".parquet"):
        raise ContractError(f"--out: expected an ending of .csv or .parquet, got {request.out.name!r}. Rename it.")


def _report(
    request: ValueRequest, model: ValueModel, scores: pl.DataFrame, warnings: list[str], *, rows_after: int
) -> dict[str, Any]:
    return {
        "as_of_date": request.as_of.isoformat(),
        "horizon_days": request.horizon_days,
        "customer_count": scores.height,
        "rows_on_or_after_as_of": rows_after,
        "expected_order_total": round(float(scores["expected_order_count"].sum()), 6),
        "expected_value_total": round(float(scores["expected_value_amount"].sum()), 6),
        "parameters": model.base.described(),
        "label_days": model.label_days,
        "learned_on": [(EPOCH + timedelta(days=day)).isoformat() for day in model.panel_days],
        "orders": _described(model.count),
        "value": _described(model.value),
        "season": asdict(model.season) if model.season else None,
        "interval": {"nominal": 0.8, "level": model.spread.level, "covered_in_the_past": model.spread.covered},
        "warnings": warnings,
    }


def _described(correction: Correction) -> dict[str, Any]:
    return {
        "tree_count": correction.rounds,
        "plain_tree_weight": correction.weight,
        "total_factor": correction.factor,
        "note": correction.note,
    }


def _summarise(request: ValueRequest, scores: pl.DataFrame, report: dict[str, Any]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    end = request.as_of + timedelta(days=request.horizon_days - 1)
    console.print(f"{scores.height:,} customers, {request.as_of} to {end} ({request.horizon_days} days)")
    console.print(f"expected orders {report['expected_order_total']:,.1f}, value {report['expected_value_total']:,.2f}")
    value = scores["expected_value_amount"].sort(descending=True)
    if report["expected_value_total"] > 0:
        tenth = value.head(max(scores.height // 10, 1)).sum() / report["expected_value_total"]
        console.print(f"the best tenth of the customers holds {tenth:.0%} of it")
    for name in ("orders", "value"):
        console.print(f"{name}: {report[name]['note']}; total times {report[name]['total_factor']:.3f}", markup=False)
    for warning in report["warnings"]:
        console.print(f"! {warning}", markup=False)
    console.print(f"{request.out}", markup=False)
