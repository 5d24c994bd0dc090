"""How good the predictions are and what earlier nights were worth."""

from datetime import date
from typing import Any

import polars as pl

from ml.measurement.lift import NULL_CHECK, last_observable_day
from ml.measurement.verdict import BLOCKED, NOT_YET, STANDARD_PLAN
from pipelines.reports.context import RunReport
from pipelines.reports.words import count, day, percent, signed, words

REPLAY = (
    "The data were recorded before these decisions were made and cannot respond to them, so the true difference is "
    "zero: this is a null check of the measurement, not a result."
)


def models_section(report: RunReport) -> list[dict[str, Any]]:
    """Each model with its metrics beside the baselines', and which of them scores."""
    ordered = report.model_metrics.sort("model_name", "target", "metric_name", "baseline_name")
    names = sorted({*ordered["model_name"].to_list(), *report.model_notes})
    return [_model(report, name, ordered.filter(model_name=name)) for name in names]


def _model(report: RunReport, name: str, rows: pl.DataFrame) -> dict[str, Any]:
    return {
        "model_name": name,
        "note": report.model_notes.get(name),
        "versions": sorted(set(rows["version"].to_list())),
        "trained_through_date": rows["trained_through_date"].max(),
        "scored_by_model_count": rows.filter(pl.col("scored_by") == "model")["target"].n_unique(),
        "scored_by_baseline_count": rows.filter(pl.col("scored_by") == "baseline")["target"].n_unique(),
        "metrics": [_beside(row) for row in rows.drop("model_name").iter_rows(named=True)],
    }


def lift_section(report: RunReport) -> dict[str, Any]:
    """The verdict in one sentence, the health of the comparison, and every measured night."""
    rows = report.lift_results.sort("experiment_id", "decided_date", "metric_name")
    nights = rows.unique(["experiment_id", "decided_date"], keep="first", maintain_order=True)
    return {
        "verdict": verdict_sentence(report),
        "is_replay": report.is_replay,
        "replay_note": REPLAY if report.is_replay else None,
        "confidence": STANDARD_PLAN.confidence,
        "power": STANDARD_PLAN.power,
        "window_days": STANDARD_PLAN.window_days,
        "sample_ratio_alpha": STANDARD_PLAN.sample_ratio_alpha,
        "min_persons_per_arm": STANDARD_PLAN.min_persons_per_arm,
        "plausible_rate": STANDARD_PLAN.plausible_rate,
        "nights": [_health(row) for row in nights.iter_rows(named=True)],
        "results": [{**row, "reason": row["note"].removesuffix(NULL_CHECK).strip()} for row in rows.to_dicts()],
    }


def verdict_sentence(report: RunReport) -> str:
    """What may be said about lift tonight, by the first rule that applies."""
    rows = report.lift_results.sort("decided_date", "experiment_id", "metric_name")
    if rows.is_empty():
        return "Nothing to measure yet: no earlier night has been decided."
    blocked = rows.filter(pl.col("verdict") == BLOCKED)["decided_date"].unique().sort()
    if blocked.len():
        return (
            f"Do not read a difference: on {count(blocked.len(), 'night')} (first: {day(blocked[0])}) the holdout is "
            "not the share that was drawn. Find out who got lost."
        )
    finished = rows.filter(pl.col("observed_days") >= pl.col("window_days"))
    if finished.is_empty():
        first = rows["decided_date"][0]
        nights = rows["decided_date"].n_unique()
        return (
            f"{NOT_YET.capitalize()}: {count(nights, 'earlier night')}, none of them has its {rows['window_days'][0]} "
            f"days behind it; the first will on {day(last_observable_day(first))}."
        )
    last = finished["decided_date"].max()
    said = [_said(row, report.currency) for row in finished.filter(decided_date=last).iter_rows(named=True)]
    whole = f"the latest with all its {finished['window_days'][0]} days"
    return f"{' '.join(said)} This is the night of {day(str(last))}, {whole}."


def _said(row: dict[str, Any], currency: str) -> str:
    text = f"{words(row['metric_name'])}: {row['verdict']}"
    if row["low"] is None:
        return f"{text}."
    interval = f"{signed(row['low'], currency)} to {signed(row['high'], currency)}"
    confidence = percent(STANDARD_PLAN.confidence, 0)
    return f"{text} ({signed(row['estimate'], currency)} per person, {confidence} interval {interval})."


def _health(row: dict[str, Any]) -> dict[str, Any]:
    decided: date = row["decided_date"]
    people = row["treated_count"] + row["holdout_count"]
    return {
        "experiment_id": row["experiment_id"],
        "decided_date": decided,
        "treated_count": row["treated_count"],
        "holdout_count": row["holdout_count"],
        "holdout_rate": row["holdout_count"] / people if people else None,
        "sample_ratio_p": row["sample_ratio_p"],
        "is_split_sound": row["sample_ratio_p"] is not None
        and row["sample_ratio_p"] >= STANDARD_PLAN.sample_ratio_alpha,
        "observed_days": row["observed_days"],
        "window_days": row["window_days"],
        "final_date": last_observable_day(decided),
    }


def _beside(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "is_better": _is_better(row)}


def _is_better(row: dict[str, Any]) -> bool | None:
    value, baseline = row["value"], row["baseline_value"]
    if value is None or baseline is None:
        return None
    return bool(value > baseline if row["is_higher_better"] else value < baseline)
