"""How much of each learner, by evidence; and how much of all of them, by their standard error."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from ml.effect.crossfit import FOLDS, Scored
from ml.effect.learners import Group
from ml.effect.pseudo import mean_and_error
from ml.effect.trees import Numbers, Whole

TINY = 1e-9
LEAST_RELIABLE = 0.25  # at most doubles a standard error


@dataclass(frozen=True, slots=True)
class Average:
    """`effect + kept * centred effects @ weights`.

    `weights` per learner; `slope_z`: how many standard errors the slope of outcomes on the averaged score is above
    zero; `kept`: share of the differences between people that this leaves (0: everybody gets the average effect).
    """

    weights: Numbers
    effect: float
    effect_error: float
    slope_z: float
    kept: float

    def error(self, deviation: Numbers, variance: Numbers, reliability: float) -> Numbers:
        """Standard error of single people: of the average effect, of the slope, and of the models.

        Takes     deviation, variance: per person, the models' mean and its variance; reliability: as `reliability_of`.
        """
        slope = deviation / self.slope_z if self.slope_z > 1.0 else deviation
        return np.asarray(np.sqrt(self.effect_error**2 + slope**2 + variance / reliability))


def reliability_of(deviation: Numbers, variance: Numbers) -> float:
    """Share of the differences found that are differences between people and not between models.

    A shrunken estimate of variance v misses the truth by v / reliability: what was shrunk away is missing too.
    """
    spread = float(deviation.var())
    return max(1.0 - float(variance.mean()) / spread, LEAST_RELIABLE) if spread > 0.0 else LEAST_RELIABLE


def widening(reliability: float) -> float:
    """Factor on the standard error of what a ranking is worth on the people whose folds it was learned from.

    Folds teach each other: where a ranking is mere noise, the folds' figures repeat each other pairwise and the
    variance of their sum is twice what independent folds would have; where it is all signal, they do not.
    """
    return float(np.sqrt(2.0 - reliability))


def weighted(effects: Numbers, weights: Numbers) -> Numbers:
    """Row sums of weighted columns, added in one order whatever the machine does in parallel."""
    total = np.zeros(len(effects))
    for place, weight in enumerate(weights):
        if weight:
            total += weight * effects[:, place]
    return total


def average(scored: Scored, group: Group) -> Average:
    """Weights that minimise the R-loss, none negative, the constant effect being one of the choices.

    Takes     scored: out-of-fold answers; group: the same people.
    Source    Stacking on the R-loss: Nie and Wager (2021), section 4. Best linear predictor: Chernozhukov, Demirer,
              Duflo, Fernandez-Val (2018). Shrinkage by 1 - 1/z^2: James and Stein (1961), positive part.
    """
    effect, error = mean_and_error(scored.score)
    effects, off, surprise = _in_units(scored, group)
    table = effects * off[:, None]
    count = table.shape[1]
    gram = np.array([[(table[:, a] * table[:, b]).sum() for b in range(count)] for a in range(count)])
    right = np.array([(table[:, a] * surprise).sum() for a in range(count)])
    if not gram.trace() > 0.0:
        return Average(np.zeros(count), effect, error, 0.0, 0.0)
    root = np.linalg.cholesky(gram + TINY * gram.trace() * np.eye(count))
    weights, _ = nnls(root.T, np.linalg.solve(root, right))
    slope, z = slope_of(weighted(effects, weights), off, surprise)
    kept = max(1.0 - 1.0 / z**2, 0.0) if z > 0.0 else 0.0
    return Average(weights * max(slope, 0.0), effect, error, z, kept)


def leave_out(scored: Scored, group: Group, fold: Whole) -> list[Average]:
    """Per fold the average that the other folds support, so that a person's own outcome weighs nothing."""
    found = []
    for held in range(FOLDS):
        rows = fold != held
        found.append(average(_take(scored, rows), group.take(rows)))
    return found


def slope_of(score: Numbers, off: Numbers, surprise: Numbers) -> tuple[float, float]:
    """Slope of the outcome on treatment times score, and the slope over its robust standard error."""
    moved = off * score
    size = float((moved * moved).sum())
    if not size > 0.0:
        return 0.0, 0.0
    slope = float((moved * surprise).sum()) / size
    rest = moved * (surprise - slope * moved)
    error = float(np.sqrt((rest * rest).sum())) / size
    return slope, slope / error if error > 0.0 else 0.0


def single_slopes(scored: Scored, group: Group) -> list[tuple[float, float]]:
    """Slope and z of every learner alone; a slope of 1 says that its differences have the right size."""
    effects, off, surprise = _in_units(scored, group)
    return [slope_of(effects[:, place], off, surprise) for place in range(effects.shape[1])]


def _in_units(scored: Scored, group: Group) -> tuple[Numbers, Numbers, Numbers]:
    """Effects, treatment less its chance, and what the outcome is off beyond the average effect.

    Effects and outcomes are in standard deviations of the latter: fourth powers of giant amounts are no numbers.
    """
    off = group.treated - scored.chance
    surprise = group.outcome - (scored.chance * scored.with_ + (1.0 - scored.chance) * scored.without)
    surprise = surprise - off * (float((off * surprise).sum()) / float((off * off).sum()))
    unit = float(surprise.std()) or 1.0
    return scored.effects / unit, off, surprise / unit


def _take(scored: Scored, rows: np.ndarray) -> Scored:
    columns = (scored.effects, scored.without, scored.with_, scored.chance, scored.score, scored.known)
    return Scored(*(column[rows] for column in columns))
