"""Scores for tonight from releases made earlier: nothing is fitted here."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from ml.features.source import FeatureSource
from ml.models.estimator import predict_booster
from ml.models.spec import SPEC_BY_NAME
from ml.models.trained import TrainedModel

DIGITS = 6

SCORES = {
    "person_id": pl.String,
    "as_of_date": pl.Date,
    "model_name": pl.String,
    "target": pl.String,  # department name, campaign type, or ''
    "score": pl.Float64,  # a probability, or currency per 91 days
    "scored_by": pl.String,  # model | baseline
    "model_version": pl.String,
}
SCORE_KEY = ["person_id", "model_name", "target"]


def score_models(models: Mapping[str, TrainedModel], source: FeatureSource, *, threads: int) -> pl.DataFrame:
    """Scores of all models, one row per person x model x target, columns `SCORES`, sorted by key."""
    frames = [score_model(models[name], source, threads=threads) for name in sorted(models)]
    return pl.concat([pl.DataFrame(schema=SCORES), *frames]).sort(SCORE_KEY).rechunk()


def score_model(trained: TrainedModel, source: FeatureSource, *, threads: int) -> pl.DataFrame:
    """Scores of everyone the model speaks about on the source's day.

    Returns   columns `SCORES`, sorted by key. Who gets a row: category_purchase_28d and value_91d every
              person with features; lapse_28d those who ordered in the last 28 days; coupon_redemption
              every person x known campaign type. A release without any observed outcome gives no row.
    A score depends on the person's own features alone, whoever else is scored.
    """
    rows = SPEC_BY_NAME[trained.name].population(source, trained.targets)
    return score_rows(trained, rows, threads=threads)


def score_rows(trained: TrainedModel, rows: pl.DataFrame, *, threads: int) -> pl.DataFrame:
    """Scores of rows that carry the release's features, `target`, `person_id` and `as_of_date`."""
    baseline = trained.fallback_baseline
    if rows.is_empty() or (trained.scored_by == "baseline" and baseline is None):
        return pl.DataFrame(schema=SCORES)
    scores = (
        _predict(trained, rows, threads)
        if baseline is None or trained.scored_by == "model"
        else (baseline.predict(rows))
    )
    return (
        rows.select(
            "person_id",
            "as_of_date",
            pl.lit(trained.name).alias("model_name"),
            "target",
            pl.Series("score", np.round(scores, DIGITS), dtype=pl.Float64),
            pl.lit(trained.scored_by).alias("scored_by"),
            pl.lit(trained.version).alias("model_version"),
        )
        .sort(SCORE_KEY)
        .rechunk()
    )


def _predict(trained: TrainedModel, rows: pl.DataFrame, threads: int) -> np.ndarray:
    assert trained.booster is not None
    raw = predict_booster(
        trained.booster,
        rows,
        features=trained.features,
        categories=trained.categories,
        threads=threads,
    )
    return trained.calibration.apply(raw)
