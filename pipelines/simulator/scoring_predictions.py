"""How well predicted numbers agree with the expected values behind them. No files."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
GROUPS = 10


@dataclass(frozen=True, slots=True)
class PredictionScore:
    """Predictions beside true expectations; None where there is nothing to compare.

    total_ratio         sum of predictions / sum of truths; 1 is right on the whole;
    spearman            rank correlation, 1 is the right order;
    normalised_gini     see `ordering_share`;
    calibration_error   mean gap between prediction and truth over tenths of equal size, as a share of the mean truth;
    squared_error       mean squared distance: of probabilities, the Brier score less what no forecast could avoid;
    skill               1 - squared error / that of saying the mean truth of everybody; 0 knows only the mean.
    """

    person_count: int
    mean_predicted: float | None
    mean_true: float | None
    total_ratio: float | None
    spearman: float | None
    normalised_gini: float | None
    calibration_error: float | None
    squared_error: float | None
    skill: float | None


def prediction_score(people: pl.DataFrame) -> PredictionScore:
    """Judge predictions of an amount or a probability by the true expectation of the same thing.

    Takes     people, one row per person, in any fixed order: predicted, true f64, in one unit, no nulls.
    Source    Brier (1950) for probabilities; its part that a forecast can avoid: Murphy (1973), A new vector partition
              of the probability score.
    """
    predicted, true = people["predicted"].to_numpy(), people["true"].to_numpy()
    if not len(true):
        return PredictionScore(0, *[None] * 8)
    parts = tenths(people)
    gaps = float(((parts["predicted"] - parts["true"]).abs() * parts["person_count"]).sum()) / len(true)
    error, spread = float(np.mean((predicted - true) ** 2)), float(np.var(true))
    return PredictionScore(
        len(true),
        float(predicted.mean()),
        float(true.mean()),
        ratio(float(predicted.sum()), float(true.sum())),
        spearman(predicted, true),
        ordering_share(predicted, true),
        ratio(gaps, float(true.mean())),
        error,
        None if spread == 0 else 1 - error / spread,
    )


def tenths(people: pl.DataFrame) -> pl.DataFrame:
    """Calibration by tenth: people from the lowest prediction to the highest, in ten groups of equal size.

    Takes     people: predicted, true f64; equal predictions are parted by their place in the frame.
    Returns   one row per group that has anybody: tenth 1 to 10, person_count, mean predicted and true.
    """
    ordered = people.select("predicted", "true").sort("predicted", maintain_order=True).with_row_index("place")
    tenth = (pl.col("place").cast(pl.Int64) * GROUPS // max(people.height, 1) + 1).alias("tenth")
    means = ordered.with_columns(tenth).group_by("tenth", maintain_order=True)
    return means.agg(
        person_count=pl.len().cast(pl.Int64), predicted=pl.col("predicted").mean(), true=pl.col("true").mean()
    )


def spearman(first: Floats, second: Floats) -> float | None:
    """Rank correlation, ties at their mean rank; None if either is the same for all."""
    x, y = (ranks(values) - (len(values) + 1) / 2 for values in (first, second))
    spread = float(np.sqrt(np.sum(x * x) * np.sum(y * y)))
    return float(np.sum(x * y)) / spread if spread else None


def ordering_share(by: Floats, true: Floats) -> float | None:
    """How much of what the right order gains this order gains: 1 the truth's own, 0 by lot, below 0 worse than by lot.

    Takes     by: what people (or contacts) are ordered by, highest first; true: what each of them brings.
    Returns   the area between the curve of what is brought by the first so many and the straight line, over the
              area of the best order; equal places share evenly. None if all bring the same.
    Source    Gini coefficient normalised by its own largest value; for effects it is the Qini coefficient with known
              effects (Radcliffe 2007, Using control groups to target on predicted lift).
    """
    best = _area(true, true) if len(true) else 0.0
    return _area(by, true) / best if best > 1e-12 * float(np.abs(true).max(initial=0.0)) else None


def _area(by: Floats, true: Floats) -> float:
    place = 1 - (ranks(by) - 0.5) / len(by)
    return float(np.mean((0.5 - place) * (true - true.mean())))


def ranks(values: Floats) -> Floats:
    """Places from 1 on, ties at their mean: as scipy's `rankdata`, sorted by all threads."""
    return pl.Series(values).rank("average").to_numpy().astype(np.float64)


def ratio(part: float, whole: float) -> float | None:
    """Part of the whole, None without a whole."""
    return part / whole if whole else None
