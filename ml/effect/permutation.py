"""Could the ranking be luck? The treatment is dealt again among the same people, many times."""

from dataclasses import dataclass

import numpy as np

from ml.effect.crossfit import FOLDS, Scored
from ml.effect.learners import Group
from ml.effect.pseudo import doubly_robust
from ml.effect.trees import Numbers, Whole

DRAWS = 999
MOST_WORK = 400_000_000  # people times draws: a million people are dealt some 500 times
FEWEST_DRAWS = 199


@dataclass(frozen=True, slots=True)
class Permuted:
    """`z` standard errors above luck, `p_value` from `draws` treatments dealt anew."""

    z: float
    p_value: float
    draws: int


def permutation_test(ahead: Scored, group: Group, fold: Whole, *, is_constant: bool, seed: int) -> Permuted:
    """Do people with a higher score gain more than others? One-sided.

    Takes     ahead: scores of each fold by models of the folds before it, so that the folds' figures do not depend on
              each other (they are a martingale); is_constant: every person had the same chance of treatment.
    Returns   Permuted: the sum over folds of the score's covariance with the effect, each over its own standard
              error, against the same figure for treatments dealt again while the effect is one for everybody.
    Source    Wager (2024), Sequential Validation of Treatment Heterogeneity; studentised permutation: Janssen (1997),
              DiCiccio and Romano (2017), Journal of the American Statistical Association 112.
    """
    score = plain_score(ahead.effects, fold)
    blocks = [np.flatnonzero((fold == held) & ahead.known) for held in range(1, FOLDS)]
    found = _total([_over_error(score[rows], ahead.score[rows]) for rows in blocks])
    people = sum(rows.size for rows in blocks)
    draws = int(min(max(MOST_WORK // people, FEWEST_DRAWS), DRAWS))
    effect = float(ahead.score[ahead.known].mean())
    rng = np.random.default_rng([seed, 1])
    at_least = 0
    for _ in range(draws):
        again = []
        for rows in blocks:
            chance, treated = ahead.chance[rows], group.treated[rows]
            dealt = rng.permutation(treated) if is_constant else (rng.random(rows.size) < chance).astype(float)
            outcome = group.outcome[rows] + effect * (dealt - treated)
            again.append(
                _over_error(score[rows], doubly_robust(outcome, dealt, chance, ahead.without[rows], ahead.with_[rows]))
            )
        at_least += _total(again) >= found
    return Permuted(found, (1 + at_least) / (1 + draws), draws)


def plain_score(effects: Numbers, fold: Whole) -> Numbers:
    """All learners alike, each over its own spread within the fold: nothing is weighed, so nothing is fitted."""
    score = np.zeros(len(effects))
    for held in range(FOLDS):
        rows = fold == held
        spread = effects[rows].std(axis=0)
        for place in np.flatnonzero(spread > 0.0):
            score[rows] += effects[rows, place] / spread[place]
    return score


def _over_error(score: Numbers, effect: Numbers) -> float:
    part = (score - score.mean()) * (effect - effect.mean())
    error = float(np.sqrt((part * part).sum()))
    return float(part.sum()) / error if error > 0.0 else 0.0


def _total(parts: list[float]) -> float:
    return float(sum(parts) / np.sqrt(len(parts)))
