"""What choosing people is worth in money, against everybody, nobody, chance, and those who respond anyway."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm

from ml.effect.pseudo import mean_and_error
from ml.effect.qini import NORMAL_95, places
from ml.effect.trees import Numbers, Whole

SURE_ONE_SIDED = 0.05
SURE_OF_MONEY = 0.1  # of each gain; the permutation test at 5 % has to agree


@dataclass(frozen=True, slots=True)
class Price:
    """`value` of one unit of outcome, `costs` of one contact per arm; not `is_stated`: 1 and 0 by default."""

    value: float
    costs: tuple[float, ...]
    is_stated: bool


@dataclass(frozen=True, slots=True)
class Gain:
    """Targeted minus another policy, money per person: estimate, error, one-sided p-value of no gain."""

    against: str
    estimate: float
    error: float

    @property
    def p_value(self) -> float:
        """Chance of so large a gain if there is none; 1 if both policies do the same to everybody."""
        return float(norm.sf(self.estimate / self.error)) if self.error > 0.0 else 1.0

    def described(self) -> dict[str, Any]:
        """For the report."""
        margin = NORMAL_95 * self.error
        return {
            "against": self.against,
            "gain": self.estimate,
            "low": self.estimate - margin,
            "high": self.estimate + margin,
            "p_value": self.p_value,
        }


@dataclass(frozen=True, slots=True)
class Valued:
    """The chosen arm per person (-1: nobody contacts), every policy's money per person, and the gains."""

    chosen: Whole
    values: list[dict[str, Any]]
    gains: list[Gain]

    @property
    def share(self) -> float:
        """Of the people, those who are contacted."""
        return float((self.chosen >= 0).mean())

    def best_uniform(self) -> list[Gain]:
        """Gains over contacting nobody, and over contacting everybody with each arm."""
        return [gain for gain in self.gains if gain.against == NOBODY or gain.against.startswith(EVERYBODY)]


NOBODY, EVERYBODY, RANDOM, RESPONSE, TARGETED = (
    "nobody",
    "everybody",
    "as many at random",
    "as many, likely responders first",
    "targeted",
)


def choose(uplift: Numbers, price: Price) -> Whole:
    """The arm whose uplift is worth most above its cost, or -1; ties go to the first arm."""
    net = uplift * price.value - np.asarray(price.costs)
    best = np.argmax(net, axis=1)
    return np.where(net[np.arange(len(net)), best] > 0.0, best, -1)


def value_policies(
    uplift: Numbers,
    effect: Numbers,
    response: Numbers,
    fold: Whole,
    arms: Sequence[str],
    price: Price,
    *,
    widening: float = 1.0,
) -> Valued:
    """Money per person of the targeted policy and of its rivals, all on the same people.

    Takes     uplift: out-of-fold and shrunk, (people, arms without the control); effect: doubly robust scores of the
              same shape; response: expected outcome, for the ranking by response; arms: names, control not among them;
              widening: factor on the errors of the targeted policy, learned on other folds of the same people.
    Returns   Valued; intervals from the influence of each person, differences paired.
    Source    Dudik, Langford, Li (2011), Doubly Robust Policy Evaluation; Athey and Wager (2021), Econometrica 89.
    """
    chosen = choose(uplift, price)
    money = effect * price.value - np.asarray(price.costs)
    people = np.arange(len(money))
    targeted = np.where(chosen >= 0, money[people, np.maximum(chosen, 0)], 0.0)
    names = [EVERYBODY if len(arms) == 1 else f"{EVERYBODY}: {arm}" for arm in arms]
    rivals = {NOBODY: np.zeros(len(money))}
    rivals |= {name: money[:, place] for place, name in enumerate(names)}
    shares = [float((chosen == place).mean()) for place in range(len(arms))]
    rivals[RANDOM] = np.sum([share * money[:, place] for place, share in enumerate(shares)], axis=0)
    best = int(np.argmax(money.mean(axis=0)))
    rivals[RESPONSE] = np.where(_first(response, chosen >= 0, fold), money[:, best], 0.0)
    values = [_value(TARGETED, targeted, float((chosen >= 0).mean()), widening)]
    contacted = {NOBODY: 0.0, **dict.fromkeys(names, 1.0)}
    values += [_value(name, each, contacted.get(name, sum(shares))) for name, each in rivals.items()]
    differences = {name: mean_and_error(targeted - each) for name, each in rivals.items()}
    gains = [Gain(name, mean, widening * error) for name, (mean, error) in differences.items()]
    return Valued(chosen, values, gains)


def possible_gain(score: Numbers, effect: Numbers, fold: Whole, price: Price, place: int) -> float:
    """The most that contacting the best-ranked share, whichever share, may bring above the better of all and none.

    Upper ends of one-sided 95 % intervals, money per person.
    """
    money = effect * price.value - price.costs[place]
    order = places(score, fold)
    most = 0.0
    for share in np.arange(0.05, 1.0, 0.05):
        taken = np.where(order <= share, money, 0.0)
        ends = [mean + norm.isf(SURE_ONE_SIDED) * error for mean, error in map(mean_and_error, (taken, taken - money))]
        most = max(most, float(min(ends)))
    return most


def _first(response: Numbers, contacted: np.ndarray, fold: Whole) -> np.ndarray:
    """As many people per fold as are contacted there, the highest response first."""
    found = np.zeros(response.size, dtype=bool)
    for held in np.unique(fold):
        rows = np.flatnonzero(fold == held)
        order = np.argsort(-response[rows], kind="stable")
        found[rows[order[: int(contacted[rows].sum())]]] = True
    return found


def _value(name: str, money: Numbers, share: float, widening: float = 1.0) -> dict[str, Any]:
    mean, error = mean_and_error(money)
    margin = NORMAL_95 * widening * error
    return {
        "policy": name,
        "contacted_share": share,
        "value_per_person": mean,
        "low": mean - margin,
        "high": mean + margin,
        "value_total": mean * money.size,
    }
