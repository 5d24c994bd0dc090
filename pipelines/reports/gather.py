"""Collects a night's report from the ledger, the warehouse, quarantine and the notes that steps left."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from ml.models.store import load_model
from ml.models.trained import TrainedModel
from pipelines.coverage import find_gaps
from pipelines.ledger_schema import STREAMS
from pipelines.model_store import model_folder
from pipelines.night import Night
from pipelines.reports.context import CHECKS, QUARANTINE, TIMINGS, RunReport
from pipelines.reports.model_rows import model_notes, model_rows
from pipelines.reports.seed_tables import assumptions_of, limit_meanings, treatment_names
from pipelines.seeds import read_seeds

TABLES = "select schema_name as schema, table_name as name from duckdb_tables() order by 1, 2"
FLOW = ("identity", "marts", "features", "scores", "decisioning")


def gather_report(night: Night, as_of_date: date) -> RunReport:
    """Everything that the report of a finished night shows."""
    seeds, notes, retailer = read_seeds(night.settings), night.notes(as_of_date), night.settings.retailer
    models = _models(night, notes["scores"]["versions"])
    known = [night.ledger.read_before("loads", as_of_date), night.ledger.read("loads", as_of_date)]
    loads = pl.concat([frame for frame in known if frame is not None])
    return RunReport(
        as_of_date=as_of_date,
        retailer=retailer.retailer,
        currency=retailer.currency,
        is_replay=retailer.is_replay,
        loads=loads,
        gaps=find_gaps(loads, seeds),
        quarantine=_quarantine(night.settings.folder("quarantine"), as_of_date),
        row_counts=_row_counts(night),
        checks=_checks(notes),
        model_metrics=model_rows(models),
        model_notes=model_notes(models),
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
    """Exact rows of the tables in the order of the flow."""
    tables = [f"{schema}.{name}" for schema, name in night.warehouse.read(TABLES).iter_rows() if schema in FLOW]
    if not tables:
        return {}
    counted = " union all ".join(f"select '{table}' as name, count(*) as row_count from {table}" for table in tables)
    counts = dict(night.warehouse.read(counted).iter_rows())
    return {name: counts[name] for name in sorted(tables, key=lambda one: (FLOW.index(one.split(".")[0]), one))}


def _checks(notes: dict[str, Any]) -> pl.DataFrame:
    rows = [row for step, note in sorted(notes.items()) for row in _checks_of(step, note)]
    return pl.DataFrame(rows, schema=CHECKS, orient="row").sort("kind", "name", "detail")


def _checks_of(step: str, note: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for gate in [*note.get("gates", []), *([note["gate"]] if "gate" in note else [])]:
        status = "failed" if gate["critical"] else "warned" if gate["warnings"] else "passed"
        looked_at = ", ".join(f"{count} {kind}" for kind, count in sorted(gate["checked"].items()))
        yield (
            "gate",
            f"{step}, before {gate['name']}",
            status,
            "; ".join([*gate["critical"], *gate["warnings"]]) or looked_at,
        )
    yield from (("dbt test", name, "passed", "") for name in note.get("passed_tests", []))
    for name, status, _, message in note.get("not_passed", []):
        yield "dbt test", name, "warned" if status == "warn" else "failed", message
    for name, subject in (("consent_problem", "recorded opt-ins"), ("complaint_problem", "complaints")):
        if problem := note.get(name):
            yield "guardrail", f"{step}, {subject}", "warned", problem
    found = {violation["check"] for violation in note.get("violations", [])}
    yield from (("export check", name, "failed" if name in found else "passed", "") for name in note.get("checks", []))


def _models(night: Night, versions: dict[str, str]) -> dict[str, TrainedModel]:
    return {name: load_model(model_folder(night, name, version)) for name, version in sorted(versions.items())}
