"""Is the ranking worth anything? The area between the curve of a ranking and that of people taken at random."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from ml.effect.crossfit import FOLDS
from ml.effect.trees import Numbers, Whole

NORMAL_95 = 1.959963984540054
STEPS = 20


@dataclass(frozen=True, slots=True)
class Qini:
    """Area in outcome units per person; 0 for people taken at random. The interval is 95 %."""

    area: float
    error: float

    @property
    def low(self) -> float:
        """Lower end."""
        return self.area - NORMAL_95 * self.error

    @property
    def high(self) -> float:
        """Upper end."""
        return self.area + NORMAL_95 * self.error


def places(score: Numbers, fold: Whole) -> Numbers:
    """Place of each person among those of the same fold, 0 first to 1 last; equal scores share a place.

    Scores of different folds come from different models and are never compared with each other.
    """
    found = np.zeros(score.size)
    for held in range(FOLDS):
        rows = fold == held
        if rows.any():
            found[rows] = 1.0 - (rankdata(score[rows]) - 0.5) / int(rows.sum())
    return found


def qini(score: Numbers, effect: Numbers, fold: Whole, *, widening: float = 1.0) -> Qini:
    """Area of a ranking.

    Takes     score: higher is contacted earlier; effect: doubly robust score per person; fold: whose model scored him;
              widening: factor on the error where the ranking was learned on other folds of the same people.
    Returns   Qini; its error from the influence of each person, the ranking taken as given.
    Source    Radcliffe (2007), Using control groups to target on predicted lift; with a standard error as RATE:
              Yadlowsky et al. (2025), Journal of the American Statistical Association 120.
    """
    part = (0.5 - places(score, fold)) * (effect - effect.mean())
    return Qini(float(part.mean()), widening * float(part.std(ddof=1) / np.sqrt(part.size)))


def qini_curve(
    score: Numbers, effect: Numbers, outcome: Numbers, treated: Numbers, fold: Whole
) -> list[dict[str, float]]:
    """Twenty points of the curve.

    Returns   per share: contacted people; `incremental` outcome per person of all, with interval; `random` at the same
              share; `counted`: Y_t - Y_c * N_t / N_c among the contacted, the classic figure of randomised trials.
    """
    place, total = places(score, fold), float(effect.mean())
    points = []
    for step in range(1, STEPS + 1):
        share = step / STEPS
        taken = place <= share
        part = np.where(taken, effect, 0.0)
        error = NORMAL_95 * float(part.std(ddof=1) / np.sqrt(part.size))
        on, off = taken & (treated == 1.0), taken & (treated == 0.0)
        ratio = int(on.sum()) / max(int(off.sum()), 1)
        points.append(
            {
                "share": share,
                "people": int(taken.sum()),
                "incremental": float(part.mean()),
                "low": float(part.mean()) - error,
                "high": float(part.mean()) + error,
                "random": share * total,
                "counted": float(outcome[on].sum()) - float(outcome[off].sum()) * ratio,
            }
        )
    return points
