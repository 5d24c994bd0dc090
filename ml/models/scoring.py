"""Scores for tonight from releases made earlier: nothing is fitted here."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from ml.errors import ContractError
from ml.features.source import FeatureSource
from ml.models.drift import feature_drift
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
    if rows.is_empty() or not trained.can_score:
        return pl.DataFrame(schema=SCORES)
    return (
        rows.select(
            "person_id",
            "as_of_date",
            pl.lit(trained.name).alias("model_name"),
            "target",
            pl.Series("score", released_scores(trained, rows, threads=threads), dtype=pl.Float64),
            pl.lit(trained.scored_by).alias("scored_by"),
            pl.lit(trained.version).alias("model_version"),
        )
        .sort(SCORE_KEY)
        .rechunk()
    )


def released_scores(trained: TrainedModel, rows: pl.DataFrame, *, threads: int) -> np.ndarray:
    """One score per row by whoever scores in this release, rounded so that no machine's last digit shows."""
    baseline = trained.fallback_baseline
    if trained.scored_by == "baseline" and baseline is not None:
        return np.round(baseline.predict(rows), DIGITS)
    if trained.booster is None:
        raise ContractError(
            f"{trained.name} {trained.version}: expected trees or a baseline to score with, got neither. "
            "Train again when outcomes are complete."
        )
    raw = predict_booster(
        trained.booster,
        rows,
        features=trained.features,
        categories=trained.categories,
        threads=threads,
    )
    return np.round(trained.calibration.apply(raw), DIGITS)


def population_drift(trained: TrainedModel, source: FeatureSource) -> pl.DataFrame:
    """`drift.feature_drift` of the people about to be scored; no row for a release without trees."""
    rows = SPEC_BY_NAME[trained.name].population(source, trained.targets)
    return feature_drift(trained.reference, rows, trained.categories)
