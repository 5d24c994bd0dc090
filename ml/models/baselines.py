"""Two answers that need no model: how it was last period, and how it is for everybody."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

PRIOR_ROWS = 20.0  # a bucket with fewer rows than this leans on its target's rate
QUANTILES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
LAST_PERIOD = "last_period_frequency"
POPULARITY = "popularity"


@dataclass(frozen=True, slots=True)
class Baseline:
    """Mean outcome by target and bucket of one feature's level (no edges: by target only).

    edges: upper ends of the buckets, the last is open; rates: (target, bucket) to mean outcome;
    targets: mean outcome by target; overall: mean outcome of all, used for a target never seen.
    """

    name: str
    column: str
    edges: tuple[float, ...]
    rates: dict[tuple[str, int], float]
    targets: dict[str, float]
    overall: float

    def predict(self, rows: pl.DataFrame) -> np.ndarray:
        """One answer per row, by lookup."""
        cells = pl.DataFrame(
            [(target, bucket, rate) for (target, bucket), rate in self.rates.items()],
            schema={"target": pl.String, "bucket": pl.Int64, "rate": pl.Float64},
            orient="row",
        )
        by_target = pl.col("target").replace_strict(
            list(self.targets), list(self.targets.values()), default=self.overall, return_dtype=pl.Float64
        )
        found = _with_bucket(rows, self.column, self.edges).join(
            cells, on=["target", "bucket"], how="left", maintain_order="left"
        )
        return found.select(pl.coalesce("rate", by_target)).to_series().to_numpy()


def fit_baselines(rows: pl.DataFrame, *, last_period: str, kind: str, label_scale: int) -> tuple[Baseline, Baseline]:
    """Last-period frequency and popularity from labelled rows.

    Takes     rows, any number and order: target str, label i64, and the feature named by last_period.
    Means are smoothed: a bucket towards its target, a target towards all rows, and all rows, for a
    probability, by one row half way between yes and no, so that nothing is impossible or certain.
    """
    level = rows[last_period].cast(pl.Float64)
    quantiles = [level.quantile(q, interpolation="lower") for q in QUANTILES]
    edges = tuple(sorted({float(q) for q in quantiles if q is not None}))
    fit = partial(_fit, rows=rows, column=last_period, kind=kind, label_scale=label_scale)
    return fit(LAST_PERIOD, edges), fit(POPULARITY, ())


def _fit(
    name: str, edges: tuple[float, ...], *, rows: pl.DataFrame, column: str, kind: str, label_scale: int
) -> Baseline:
    """All sums are of whole numbers, so that neither row order nor threads can move a rate."""
    extra = 0.5 if kind == "probability" else 0.0
    total = int(rows["label"].sum()) / label_scale
    overall = (total + extra) / max(rows.height + 2 * extra, 1.0)
    cells = (
        _with_bucket(rows, column, edges)
        .with_columns(rows["label"])
        .group_by("target", "bucket")
        .agg(n=pl.len(), label=pl.col("label").sum())
        .sort("target", "bucket")
    )
    by_target = cells.group_by("target").agg(pl.col("n", "label").sum()).sort("target")
    targets = {target: _smoothed(label / label_scale, n, overall) for target, n, label in by_target.iter_rows()}
    rates = {
        (target, bucket): _smoothed(label / label_scale, n, targets[target])
        for target, bucket, n, label in cells.iter_rows()
    }
    return Baseline(name, column, edges, rates if edges else {}, targets, overall)


def _smoothed(total: float, n: int, prior: float) -> float:
    return (total + PRIOR_ROWS * prior) / (n + PRIOR_ROWS)


def _with_bucket(rows: pl.DataFrame, column: str, edges: tuple[float, ...]) -> pl.DataFrame:
    return rows.select("target").with_columns(bucket=pl.Series(_bucket(rows, column, edges), dtype=pl.Int64))


def _bucket(rows: pl.DataFrame, column: str, edges: tuple[float, ...]) -> np.ndarray:
    """0 up to the first edge, then one more per edge passed; -1 where the level is unknown."""
    level = rows[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return np.where(np.isnan(level), -1, np.searchsorted(np.array(edges), level, side="left"))
