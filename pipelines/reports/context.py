"""What a night's report is made of: plain frames and numbers, handed over by the steps that made them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from ml.errors import ContractError
from pipelines.coverage import COVERAGE
from pipelines.ledger_schema import CANDIDATES, CERTIFICATES, DECISIONS, EXPORTS, LIFT_RESULTS, LOADS

QUARANTINE = {  # one row per source table, disposition and reason
    "source_code": pl.String,
    "table_name": pl.String,
    "disposition": pl.String,  # refused | duplicate
    "reason_code": pl.String,
    "reason": pl.String,  # one of the reasons in full, as an example
    "row_count": pl.Int64,
}
CHECKS = {  # one row per check of any kind
    "kind": pl.String,  # for example: dbt test, expectation, gate, export check
    "name": pl.String,
    "status": pl.String,  # passed | warned | failed
    "detail": pl.String,  # what was found, in words; empty when all is well
}
MODEL_METRICS = {  # one row per model, target, metric and baseline, the two figures side by side
    "model_name": pl.String,
    "target": pl.String,  # department, campaign type, or ''
    "metric_name": pl.String,
    "is_higher_better": pl.Boolean,
    "value": pl.Float64,
    "low": pl.Float64,  # interval from resampled persons; null: none
    "high": pl.Float64,
    "baseline_name": pl.String,
    "baseline_value": pl.Float64,
    "baseline_low": pl.Float64,
    "baseline_high": pl.Float64,
    "scored_by": pl.String,  # model | baseline
    "version": pl.String,
    "trained_through_date": pl.Date,
}
LIMITS = {"limit_name": pl.String, "unit": pl.String, "meaning": pl.String}  # unit: contacts | money
ASSUMPTIONS = {"seed_name": pl.String, "key": pl.String, "value": pl.String}
TIMINGS = {"step": pl.String, "seconds": pl.Float64}
STATUSES = ("passed", "warned", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """One night, as its report needs it. Frames named after a ledger stream have that stream's columns."""

    as_of_date: date
    retailer: str
    currency: str  # ISO 4217
    is_replay: bool  # the data were recorded before the decisions: lift can only be a null check
    loads: pl.DataFrame  # LOADS: every file that the night knew
    gaps: pl.DataFrame  # COVERAGE: sources without a row, and what that costs
    quarantine: pl.DataFrame  # QUARANTINE
    row_counts: Mapping[str, int]  # rows of each relation (`marts.customer_360`), in the order of the flow
    checks: pl.DataFrame  # CHECKS
    model_metrics: pl.DataFrame  # MODEL_METRICS
    candidates: pl.DataFrame  # CANDIDATES of this night
    decisions: pl.DataFrame  # DECISIONS of this night
    certificates: pl.DataFrame  # CERTIFICATES of this night
    exports: pl.DataFrame  # EXPORTS of this night
    lift_results: pl.DataFrame  # LIFT_RESULTS of this night: the earlier nights, measured
    limits: pl.DataFrame  # LIMITS: what each limit of the certificate means
    assumptions: pl.DataFrame  # ASSUMPTIONS: every seed value marked assumed
    treatment_names: Mapping[str, str] = field(default_factory=dict)  # treatment_id to words
    reason_texts: Mapping[str, str] = field(default_factory=dict)  # reason code to words, over the known ones
    model_notes: Mapping[str, str] = field(default_factory=dict)  # model_name to why it or its baseline scores
    timings: pl.DataFrame | None = None  # TIMINGS; never in what must be the same bytes every time

    def __post_init__(self) -> None:
        """Refuse frames that are not what the sections below expect, before anything is written."""
        for name, schema in SCHEMAS.items():
            frame = getattr(self, name)
            if frame is not None and frame.schema != pl.Schema(schema):
                wrong = sorted(set(frame.schema.items()) ^ set(pl.Schema(schema).items()), key=str)
                raise ContractError(f"report.{name}: columns or types differ: {wrong[:4]}. Select and cast them.")
        for name in ("candidates", "decisions", "certificates", "exports"):
            other = getattr(self, name).filter(pl.col("as_of_date") != self.as_of_date)
            if other.height:
                raise ContractError(
                    f"report.{name}: expected rows of {self.as_of_date}, got {other.height} of other nights. "
                    "Read that night's partition."
                )
        unknown = sorted(set(self.checks["status"].to_list()) - set(STATUSES), key=str)
        if unknown:
            raise ContractError(f"report.checks.status: expected one of {STATUSES}, got {unknown}. Translate it.")


SCHEMAS: dict[str, Mapping[str, Any]] = {
    "loads": LOADS,
    "gaps": COVERAGE,
    "quarantine": QUARANTINE,
    "checks": CHECKS,
    "model_metrics": MODEL_METRICS,
    "candidates": CANDIDATES,
    "decisions": DECISIONS,
    "certificates": CERTIFICATES,
    "exports": EXPORTS,
    "lift_results": LIFT_RESULTS,
    "limits": LIMITS,
    "assumptions": ASSUMPTIONS,
    "timings": TIMINGS,
}
