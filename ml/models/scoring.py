"""Scores for tonight from releases made earlier: nothing is fitted here."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from ml.errors import ContractError
from ml.features.source import FeatureSource
from ml.models.answers import model_answers
from ml.models.drift import feature_drift
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
    return score_rows(trained, rows, source, threads=threads)


def score_rows(trained: TrainedModel, rows: pl.DataFrame, source: FeatureSource, *, threads: int) -> pl.DataFrame:
    """Scores of rows that carry the release's features, `target`, `person_id` and `as_of_date`."""
    if rows.is_empty() or not trained.can_score:
        return pl.DataFrame(schema=SCORES)
    score, by_model = _released(trained, rows, source, threads=threads)
    return (
        rows.select(
            "person_id",
            "as_of_date",
            pl.lit(trained.name).alias("model_name"),
            "target",
            pl.Series("score", score, dtype=pl.Float64),
            pl.Series("scored_by", np.where(by_model, "model", "baseline").astype(object), dtype=pl.String),
            pl.lit(trained.version).alias("model_version"),
        )
        .sort(SCORE_KEY)
        .rechunk()
    )


def released_scores(trained: TrainedModel, rows: pl.DataFrame, source: FeatureSource, *, threads: int) -> np.ndarray:
    """One score per row by whoever scores in this release, rounded so that no machine's last digit shows."""
    return _released(trained, rows, source, threads=threads)[0]


def _released(
    trained: TrainedModel, rows: pl.DataFrame, source: FeatureSource, *, threads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Scores, and whether the model made them: the baseline answers for those of whom the model knows nothing."""
    baseline = trained.fallback_baseline
    if not trained.can_score or (baseline is None and trained.customer_value is not None):
        raise ContractError(
            f"{trained.name} {trained.version}: expected trees or a baseline to score with, got neither. "
            "Train again when outcomes are complete."
        )
    if trained.scored_by == "baseline" and baseline is not None:
        return np.round(baseline.predict(rows), DIGITS), np.zeros(rows.height, dtype=bool)
    answer = model_answers(trained, rows, source, threads=threads)
    known = ~np.isnan(answer)
    if baseline is not None and not known.all():
        answer[~known] = baseline.predict(rows)[~known]
    return np.round(answer, DIGITS), known


def population_drift(trained: TrainedModel, source: FeatureSource) -> pl.DataFrame:
    """`drift.feature_drift` of everybody about to be scored, in the features of persons that a release reads.

    A release of department purchases says the same of every person for each department, so its reference of a
    person's feature is that of persons. No row for a release without trees.
    """
    rows = source.persons(source.as_of_date)
    return feature_drift(
        [entry for entry in trained.reference if entry.feature in rows.columns], rows, trained.categories
    )
