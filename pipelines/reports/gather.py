"""Collects a night's report from the ledger, the warehouse, quarantine and the notes that steps left."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from ml.models.card import card_of
from ml.models.evaluation import MODEL, metric_of
from ml.models.store import load_model
from ml.models.trained import TrainedModel
from pipelines.ledger_schema import STREAMS
from pipelines.model_store import model_folder
from pipelines.night import Night
from pipelines.reports.context import CHECKS, MODEL_METRICS, QUARANTINE, TIMINGS, RunReport
from pipelines.reports.seed_tables import assumptions_of, limit_meanings, treatment_names
from pipelines.seeds import read_seeds

LOWER_IS_BETTER = {"log_loss", "calibration_error", "mae", "rmse"}
COUNTED = "select table_schema || '.' || table_name as name, estimated_size::bigint as row_count from duckdb_tables()"
FLOW = ("identity", "marts", "features", "scores", "decisioning")


def gather_report(night: Night, as_of_date: date) -> RunReport:
    """Everything that the report of a finished night shows."""
    seeds, notes, retailer = read_seeds(night.settings), night.notes(as_of_date), night.settings.retailer
    known = [night.ledger.read_before("loads", as_of_date), night.ledger.read("loads", as_of_date)]
    return RunReport(
        as_of_date=as_of_date,
        retailer=retailer.retailer,
        currency=retailer.currency,
        is_replay=retailer.is_replay,
        loads=pl.concat([frame for frame in known if frame is not None]),
        quarantine=_quarantine(night.settings.folder("quarantine"), as_of_date),
        row_counts=_row_counts(night),
        checks=_checks(notes),
        model_metrics=_model_metrics(night, notes["scores"]["versions"]),
        candidates=_partition(night, "candidates", as_of_date),
        decisions=_partition(night, "decisions", as_of_date),
        certificates=_partition(night, "certificates", as_of_date),
        exports=_partition(night, "exports", as_of_date),
        lift_results=_partition(night, "lift_results", as_of_date),
        limits=limit_meanings(seeds),
        assumptions=assumptions_of(seeds),
        treatment_names=treatment_names(seeds),
        timings=pl.DataFrame(
            [(stage.name, stage.seconds) for stage in night.reporter.stages], schema=TIMINGS, orient="row"
        ),
    )


def _partition(night: Night, stream: str, as_of_date: date) -> pl.DataFrame:
    frame = night.ledger.read(stream, as_of_date)
    return pl.DataFrame(schema=STREAMS[stream]) if frame is None else frame


def _quarantine(folder: Path, as_of_date: date) -> pl.DataFrame:
    paths = sorted(folder.rglob("*.parquet"))
    if not paths:
        return pl.DataFrame(schema=QUARANTINE)
    keys = ["source_code", "table_name", "disposition", "reason_code"]
    rows = pl.concat([pl.read_parquet(path, columns=[*keys, "reason", "known_date"]) for path in paths])
    counted = (
        rows.filter(pl.col("known_date") < as_of_date)
        .group_by(keys)
        .agg(pl.col("reason").min(), row_count=pl.len())
        .sort(keys)
    )
    return counted.select(pl.col(name).cast(kind) for name, kind in QUARANTINE.items())


def _row_counts(night: Night) -> dict[str, int]:
    counts = dict(night.warehouse.read(COUNTED).iter_rows())
    ordered = sorted(
        counts, key=lambda name: (FLOW.index(name.split(".")[0]) if name.split(".")[0] in FLOW else 99, name)
    )
    return {name: counts[name] for name in ordered if name.split(".")[0] in FLOW}


def _checks(notes: dict[str, Any]) -> pl.DataFrame:
    rows: list[tuple[str, str, str, str]] = []
    for step, note in sorted(notes.items()):
        for gate in [*note.get("gates", []), *([note["gate"]] if "gate" in note else [])]:
            status = "failed" if gate["critical"] else "warned" if gate["warnings"] else "passed"
            checked = ", ".join(f"{count} {kind}" for kind, count in sorted(gate["checked"].items()))
            rows.append(
                (
                    "gate",
                    f"{step}: before {gate['name']}",
                    status,
                    "; ".join([*gate["critical"], *gate["warnings"]]) or checked,
                )
            )
        if "test_count" in note:
            rows += _dbt_checks(step, note)
        rows += [("export check", name, "passed", "") for name in note.get("checks", [])]
    return pl.DataFrame(rows, schema=CHECKS, orient="row").sort("kind", "name")


def _dbt_checks(step: str, note: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    words = {"warn": "warned"}
    told = [
        ("dbt test", f"{step}: {name}", words.get(status, "failed"), message)
        for name, status, _, message in note["not_passed"]
    ]
    passed = note["test_count"] - len(told)
    return [*told, ("dbt test", f"{step}: {passed} tests", "passed", f"over {len(note['models'])} models")]


def _model_metrics(night: Night, versions: dict[str, str]) -> pl.DataFrame:
    models = [load_model(model_folder(night, name, version)) for name, version in sorted(versions.items())]
    rows = [row for trained in models for row in _metrics_of(trained)]
    return pl.DataFrame(rows, schema=MODEL_METRICS, orient="row")


def _metrics_of(trained: TrainedModel) -> list[dict[str, Any]]:
    names = trained.metrics.filter(~pl.col("scorer").str.contains(" - "))["metric"].unique().sort().to_list()
    return [
        {
            "model_name": trained.name,
            "target": "",
            "metric_name": name,
            "is_higher_better": name not in LOWER_IS_BETTER,
            **metric_of(trained.metrics, MODEL, name),
            "baseline_name": trained.fallback,
            **{f"baseline_{key}": value for key, value in metric_of(trained.metrics, trained.fallback, name).items()},
            "scored_by": trained.scored_by,
            "version": str(card_of(trained)["version"]),
            "trained_through_date": trained.trained_through_date,
        }
        for name in names
    ]
