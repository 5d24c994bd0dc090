"""Whether tonight's people look like those the champion learned from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from ml.models.estimator import Categories, matrix_of

BINS = 10
FLOOR = 1e-4  # an empty bin would make the index infinite
WATCH, SHIFTED = 0.1, 0.25  # Siddiqi (2006): below .1 no change, above .25 a major one
MIN_ROWS = 200  # below, the index of unchanged data passes .1 by chance

DRIFT = {
    "feature": pl.String,
    "stability_index": pl.Float64,
    "missing_rate_trained": pl.Float64,
    "missing_rate_now": pl.Float64,
    "row_count": pl.Int64,
    "verdict": pl.String,
}


@dataclass(frozen=True, slots=True)
class Reference:
    """A feature's distribution in training: inner bin edges, share per bin, the last bin being 'missing'."""

    feature: str
    edges: tuple[float, ...]
    shares: tuple[float, ...]


def learn_reference(rows: pl.DataFrame, features: Sequence[str], categories: Categories) -> tuple[Reference, ...]:
    """The training distribution of each feature, in deciles (categories: one bin each)."""
    matrix = matrix_of(rows, features, categories)
    references = []
    for i, feature in enumerate(features):
        known = matrix[~np.isnan(matrix[:, i]), i]
        if feature in categories:
            edges = np.arange(len(categories[feature])) + 0.5
        else:
            quantiles = np.arange(1, BINS) / BINS
            edges = np.unique(np.quantile(known, quantiles, method="lower")) if len(known) else np.empty(0)
        inner = tuple(float(edge) for edge in edges)
        references.append(Reference(feature, inner, tuple(_shares(matrix[:, i], inner).tolist())))
    return tuple(references)


def feature_drift(reference: Sequence[Reference], rows: pl.DataFrame, categories: Categories) -> pl.DataFrame:
    """Population stability index of every feature against its training distribution.

    Takes     rows: the frame that is about to be scored, with the features of the reference.
    Returns   one row per feature, sorted: stability_index f64, 0 = equal; missing rates then and now;
              verdict: stable (< .1), watch, shifted (>= .25), or too_few_rows.
    Source    Siddiqi (2006), Credit Risk Scorecards: sum of (now - then) ln(now / then) over bins.
    """
    features = [entry.feature for entry in reference]
    matrix = matrix_of(rows, features, categories)
    table = []
    for i, entry in enumerate(reference):
        now, then = _shares(matrix[:, i], entry.edges), np.array(entry.shares)
        a, b = np.maximum(now, FLOOR), np.maximum(then, FLOOR)
        index = round(float(np.sum((a - b) * np.log(a / b))), 6) if rows.height else None
        verdict = _verdict(index, rows.height)
        table.append((entry.feature, index, float(then[-1]), float(now[-1]), rows.height, verdict))
    return pl.DataFrame(table, schema=DRIFT, orient="row").sort("feature")


def _verdict(index: float | None, row_count: int) -> str:
    if index is None or row_count < MIN_ROWS:
        return "too_few_rows"
    if index >= SHIFTED:
        return "shifted"
    return "watch" if index >= WATCH else "stable"


def _shares(values: np.ndarray, edges: tuple[float, ...]) -> np.ndarray:
    missing = np.isnan(values)
    bins = np.searchsorted(np.array(edges), values[~missing].astype(np.float64), side="left")
    counts = np.concatenate((np.bincount(bins, minlength=len(edges) + 1), [int(np.sum(missing))]))
    return np.round(counts / max(len(values), 1), 6)
