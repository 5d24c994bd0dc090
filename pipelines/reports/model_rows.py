"""What a model's evaluation says to the report: each metric with each baseline's figure beside it."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from ml.models.trained import TrainedModel
from pipelines.reports.context import MODEL_METRICS

# Metrics with a better side; the others (base rate, mean outcome, sum ratio) describe the rows, not the skill.
IS_HIGHER_BETTER = {
    "log_loss": False,
    "calibration_error": False,
    "mae": False,
    "rmse": False,
    "auc": True,
    "average_precision": True,
    "top_decile_lift": True,
    "spearman": True,
    "normalised_gini": True,
}
MODEL = "model"


def model_rows(models: Mapping[str, TrainedModel]) -> pl.DataFrame:
    """One row per model, metric and baseline, columns `MODEL_METRICS`; a model that was not judged has none."""
    rows = [row for name in sorted(models) for row in _rows(models[name])]
    return pl.DataFrame(rows, schema=MODEL_METRICS, orient="row").sort("model_name", "metric_name", "baseline_name")


def model_notes(models: Mapping[str, TrainedModel]) -> dict[str, str]:
    """Why the model or its baseline scores, in the words of the training."""
    return {name: trained.reason for name, trained in sorted(models.items())}


def _rows(trained: TrainedModel) -> list[dict[str, Any]]:
    measured = {(row["scorer"], row["metric"]): row for row in trained.metrics.iter_rows(named=True)}
    baselines = sorted({scorer for scorer, _ in measured if scorer != MODEL and " - " not in scorer})
    return [
        {
            "model_name": trained.name,
            "target": "",
            "metric_name": metric,
            "is_higher_better": is_higher_better,
            **_figures(measured.get((MODEL, metric)), ""),
            "baseline_name": baseline,
            **_figures(measured[baseline, metric], "baseline_"),
            "scored_by": trained.scored_by,
            "version": trained.version,
            "trained_through_date": trained.trained_through_date,
        }
        for baseline in baselines
        for metric, is_higher_better in IS_HIGHER_BETTER.items()
        if (baseline, metric) in measured
    ]


def _figures(row: Mapping[str, Any] | None, prefix: str) -> dict[str, float | None]:
    return {f"{prefix}{name}": row[name] if row else None for name in ("value", "low", "high")}
