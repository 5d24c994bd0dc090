"""Could the ranking be luck? The treatment is dealt again among the same people, many times."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ml.effect.crossfit import FOLDS, Scored
from ml.effect.learners import Group
from ml.effect.pseudo import doubly_robust
from ml.effect.trees import Numbers, Whole

DRAWS = 499
MOST_WORK = 400_000_000  # people times draws: a million people are dealt some 500 times
FEWEST_DRAWS = 199


@dataclass(frozen=True, slots=True)
class Permuted:
    """`z` standard errors above luck, `p_value` from `draws` treatments dealt anew."""

    z: float
    p_value: float
    draws: int


def permutation_test(
    ahead: Scored, group: Group, fold: Whole, *, is_constant: bool, seed: int, most: int = DRAWS
) -> Permuted:
    """Do people with a higher score gain more than others? One-sided.

    Takes     ahead: scores of each fold by models of the folds before it, so that the folds' figures do not depend on
              each other (they are a martingale); is_constant: every person had the same chance of treatment;
              most: draws.
    Returns   Permuted: the sum over folds of the score's covariance with the effect, each over its own standard
              error and times the root of the number of folds that its models knew, against the same figure for
              treatments dealt again while the effect is one for everybody.
    Source    Wager (2024), Sequential Validation of Treatment Heterogeneity; studentised permutation: Janssen (1997),
              DiCiccio and Romano (2017), Journal of the American Statistical Association 112.
    """
    score = plain_score(ahead.effects, fold)
    blocks = [np.flatnonzero((fold == held) & ahead.known) for held in range(1, FOLDS)]
    found = _total([_over_error(score[rows], ahead.score[rows]) for rows in blocks])
    people = sum(rows.size for rows in blocks)
    draws = int(min(max(MOST_WORK // people, FEWEST_DRAWS), most))
    rng = np.random.default_rng([seed, 1])
    effect = float(ahead.score[ahead.known].mean())
    dealt = [_dealer(ahead, group, rows, effect, is_constant=is_constant) for rows in blocks]
    at_least = 0
    for _ in range(draws):
        again = [_over_error(score[rows], deal(rng)) for rows, deal in zip(blocks, dealt, strict=True)]
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


def _dealer(
    ahead: Scored, group: Group, rows: Whole, effect: float, *, is_constant: bool
) -> Callable[[np.random.Generator], Numbers]:
    """Deals the treatment again and returns the effect scores that would have come out with one effect for all."""
    treated, chance = group.treated[rows], ahead.chance[rows]
    sides = []
    for side in (0.0, 1.0):
        outcome = group.outcome[rows] + effect * (side - treated)
        given = np.full(rows.size, side)
        sides.append(doubly_robust(outcome, given, chance, ahead.without[rows], ahead.with_[rows]))
    is_treated = treated == 1.0

    def deal(rng: np.random.Generator) -> Numbers:
        on = rng.permutation(is_treated) if is_constant else rng.random(rows.size) < chance
        return np.where(on, sides[1], sides[0])

    return deal


def _over_error(score: Numbers, effect: Numbers) -> float:
    part = (score - score.mean()) * (effect - effect.mean())
    error = float(np.sqrt((part * part).sum()))
    return float(part.sum()) / error if error > 0.0 else 0.0


def _total(parts: list[float]) -> float:
    """The later the fold, the more its models knew: fixed weights, whatever came out."""
    weights = np.sqrt(np.arange(1.0, len(parts) + 1.0))
    return float((weights * np.asarray(parts)).sum() / np.sqrt((weights**2).sum()))
