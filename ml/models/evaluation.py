"""One table for model and baselines on the same test rows, with intervals that resample households."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from ml.models.metrics import Measured, amount_metrics, probability_metrics

RESAMPLES = 200
LEVEL = 0.95
DIGITS = 6
MODEL = "model"

METRICS = {
    "scorer": pl.String,
    "metric": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "row_count": pl.Int64,
    "person_count": pl.Int64,
}


def evaluate(
    label: np.ndarray, scores: Mapping[str, np.ndarray], persons: pl.Series, *, kind: str, primary: str, seed: int
) -> pl.DataFrame:
    """Metrics of each scorer, and the model's primary metric minus each baseline's, on the same resamples.

    Takes     scores: scorer to one score per row; persons: whose row it is;
              primary: the metric in which the scorers are compared (lower is better).
    Returns   one row per scorer x metric, columns `METRICS`, sorted: value, and low and high of the 95 %
              percentile interval (null where the rows cannot answer). A comparison is a scorer called
              'model - <baseline>'.
    Source    Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13; whole households
              are drawn because the rows of one household are not independent.
    """
    distinct, index = np.unique(persons.to_numpy(), return_inverse=True)
    count = len(distinct)
    weights = household_weights(count, seed)
    build = probability_metrics if kind == "probability" else amount_metrics
    measure = {scorer: build(label, score) for scorer, score in scores.items()}
    once = np.ones(len(label), dtype=np.int64)
    point = {scorer: measure[scorer](once) for scorer in scores}
    drawn = {scorer: [measure[scorer](w[index]) for w in weights] for scorer in scores}
    _add_differences(point, drawn, primary)
    rows = [
        (scorer, metric, *_summary(value, [d[metric] for d in drawn[scorer]]), len(label), count)
        for scorer, measured in point.items()
        for metric, value in measured.items()
    ]
    return pl.DataFrame(rows, schema=METRICS, orient="row").sort("scorer", "metric")


def household_weights(household_count: int, seed: int) -> np.ndarray:
    """How often each household is drawn, one row per resample."""
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, household_count, size=(RESAMPLES, household_count))
    return np.stack([np.bincount(row, minlength=household_count) for row in drawn])


def _add_differences(point: dict[str, Measured], drawn: dict[str, list[Measured]], primary: str) -> None:
    if MODEL not in point:
        return
    for baseline in [scorer for scorer in point if scorer != MODEL]:
        name = f"{MODEL} - {baseline}"
        point[name] = {primary: point[MODEL][primary] - point[baseline][primary]}
        pairs = zip(drawn[MODEL], drawn[baseline], strict=True)
        drawn[name] = [{primary: mine[primary] - theirs[primary]} for mine, theirs in pairs]


def _summary(value: float, draws: list[float]) -> tuple[float | None, float | None, float | None]:
    known = np.array([draw for draw in draws if np.isfinite(draw)])
    if not np.isfinite(value) or len(known) < len(draws) / 2:
        return (_rounded(value), None, None)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return _rounded(value), _rounded(float(low)), _rounded(float(high))


def _rounded(value: float) -> float | None:
    return round(value, DIGITS) + 0.0 if np.isfinite(value) else None  # + 0.0: no negative zero


def metric_of(metrics: pl.DataFrame, scorer: str, metric: str) -> dict[str, float | None]:
    """Value, low and high of one scorer and metric; all None if the table has no such row."""
    found = metrics.filter((pl.col("scorer") == scorer) & (pl.col("metric") == metric))
    if found.is_empty():
        return {"value": None, "low": None, "high": None}
    return found.select("value", "low", "high").row(0, named=True)


def model_wins(metrics: pl.DataFrame, primary: str) -> bool:
    """Whether the model beats every baseline: its primary metric is lower, and so is the interval's upper end.

    A model that is better by luck of the households drawn does not replace a rule anyone can check.
    """
    rivals = [s for s in metrics["scorer"].unique().to_list() if s.startswith(f"{MODEL} - ")]
    highs = [metric_of(metrics, rival, primary)["high"] for rival in rivals]
    return bool(rivals) and all(high is not None and high < 0 for high in highs)
