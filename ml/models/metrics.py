"""How good scores are: metrics of probabilities and of amounts, for any whole-number weights of the rows."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from ml.models.calibration import log_losses

BINS = 10  # equal mass; more would make the error of a rare outcome mostly noise
TOP = 0.1

Measured = dict[str, float]


@dataclass(frozen=True, slots=True)
class ProbabilityMetrics:
    """Metrics of one scorer's probabilities on fixed rows, quick to repeat under other weights.

    Rows are ordered by score once; equal scores form one group, so no metric depends on how ties lie.
    """

    label: np.ndarray
    score: np.ndarray
    loss: np.ndarray
    ties: np.ndarray  # first row of each group of equal scores, descending
    bins: np.ndarray  # first row of each calibration bin
    order: np.ndarray

    def measure(self, weight: np.ndarray) -> Measured:
        """Log loss, AUC, average precision, calibration error, sum ratio, top-decile lift and base rate.

        A metric that the rows cannot answer (no positive, no negative) is NaN.
        """
        w = weight[self.order].astype(np.float64)
        total, hits = float(np.sum(w)), w * self.label
        positives = float(np.sum(hits))
        group_hits, group_rows = np.add.reduceat(hits, self.ties), np.add.reduceat(w, self.ties)
        return {
            "log_loss": _ratio(float(np.sum(w * self.loss)), total),
            "auc": _auc(group_hits, group_rows),
            "average_precision": _average_precision(group_hits, group_rows),
            "calibration_error": self._calibration_error(w, hits, total),
            "sum_ratio": _ratio(float(np.sum(w * self.score)), positives),
            "top_decile_lift": _top_lift(group_hits, group_rows),
            "base_rate": _ratio(positives, total),
        }

    def _calibration_error(self, w: np.ndarray, hits: np.ndarray, total: float) -> float:
        gap = np.abs(np.add.reduceat(hits, self.bins) - np.add.reduceat(w * self.score, self.bins))
        return _ratio(float(np.sum(gap)), total)


def probability_metrics(label: np.ndarray, score: np.ndarray) -> Callable[[np.ndarray], Measured]:
    """A function from row weights to metrics. Bins hold equal numbers of rows (Naeini et al. 2015, equal mass)."""
    order = np.argsort(-score, kind="stable")
    ordered, outcome = score[order], label[order]
    ties = np.flatnonzero(np.concatenate(([True], np.diff(ordered) != 0)))
    bins = np.unique(np.arange(BINS) * len(order) // BINS)
    return ProbabilityMetrics(outcome, ordered, log_losses(outcome, ordered), ties, bins, order).measure


def amount_metrics(label: np.ndarray, score: np.ndarray) -> Callable[[np.ndarray], Measured]:
    """A function from row weights to MAE, RMSE, Spearman, normalised Gini, sum ratio and mean outcome."""

    def measure(weight: np.ndarray) -> Measured:
        rows = np.repeat(np.arange(len(label)), weight)
        y, p = label[rows], score[rows]
        perfect = _gini(y, y)
        return {
            "mae": _ratio(float(np.sum(np.abs(y - p))), len(rows)),
            "rmse": float(np.sqrt(_ratio(float(np.sum((y - p) ** 2)), len(rows)))),
            "spearman": _correlation(rankdata(y), rankdata(p)) if len(rows) else float("nan"),
            "normalised_gini": _ratio(_gini(y, p), perfect),
            "sum_ratio": _ratio(float(np.sum(p)), float(np.sum(y))),
            "mean_outcome": _ratio(float(np.sum(y)), len(rows)),
        }

    return measure


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _auc(hits: np.ndarray, rows: np.ndarray) -> float:
    """Chance that a positive scores above a negative; a tie counts half."""
    misses = rows - hits
    below = np.sum(misses) - np.cumsum(misses)
    return _ratio(float(np.sum(hits * (below + misses / 2))), float(np.sum(hits) * np.sum(misses)))


def _average_precision(hits: np.ndarray, rows: np.ndarray) -> float:
    taken = np.cumsum(rows)
    precision = np.divide(np.cumsum(hits), taken, out=np.zeros_like(taken), where=taken > 0)
    return _ratio(float(np.sum(hits * precision)), float(np.sum(hits)))


def _top_lift(hits: np.ndarray, rows: np.ndarray) -> float:
    """Outcomes in the top tenth / outcomes in a random tenth; a tie across the border is shared out evenly."""
    total, positives = float(np.sum(rows)), float(np.sum(hits))
    caught = np.interp(TOP * total, np.concatenate(([0.0], np.cumsum(rows))), np.concatenate(([0.0], np.cumsum(hits))))
    return _ratio(float(caught), TOP * positives)


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    x, y = a - np.mean(a), b - np.mean(b)
    return _ratio(float(np.sum(x * y)), float(np.sqrt(np.sum(x * x) * np.sum(y * y))))


def _gini(outcome: np.ndarray, by: np.ndarray) -> float:
    """How far the outcome piles up on the rows ranked first (0 = evenly); equal ranks share evenly."""
    if not len(outcome) or not np.sum(outcome):
        return float("nan")
    order = np.argsort(-by, kind="stable")
    ranked = by[order]
    ends = np.concatenate((np.flatnonzero(np.diff(ranked) != 0) + 1, [len(ranked)]))
    rows = np.concatenate(([0.0], ends / len(ranked)))
    piled = np.concatenate(([0.0], np.cumsum(outcome[order])[ends - 1] / np.sum(outcome)))
    return float(2 * np.sum(np.diff(rows) * (piled[1:] + piled[:-1]) / 2) - 1)
