"""The joint choice: at most one candidate per person, as much value as the shared limits allow."""

from dataclasses import dataclass

import numpy as np

from ml.decisioning.exact import improve_small
from ml.decisioning.prices import (
    Integers,
    Problem,
    best_choice,
    dual_bound,
    find_prices,
    net_values,
    used,
    value_of,
)
from ml.errors import ContractError

FILL_PASSES = 4
BLOCK = 2_000  # upgrades looked at between two vectorised checks of what still fits


@dataclass(frozen=True, slots=True)
class Solution:
    """A choice, the prices it was found with, and what both prove.

    choice    per person the chosen candidate's position, -1 for nothing;
    prices    per limit, in millionths of the currency per unit;
    bound     in 10^-10 of the currency; value in 10^-4 (see `Problem`).
    """

    choice: Integers
    prices: Integers
    value: int
    bound: int
    used: Integers


def solve(problem: Problem, names: list[str]) -> Solution:
    """Choose for everybody at once.

    Takes     problem; names: what the limits are called, for messages.
    Returns   Solution: every limit holds, and value <= bound. Deterministic; between equals nothing comes
              before something, and an earlier candidate before a later one.
    Raises    ContractError   if a limit is negative, or a candidate uses a negative amount.
    """
    _require_feasible(problem, names)
    prices = find_prices(problem)
    net = net_values(problem, prices)
    repaired = _repair(problem, net, best_choice(problem, net))
    from_prices = _fill(problem, net, repaired)
    # where prices are all that is known, starting from nothing sometimes packs a small night better
    from_nothing = _fill(problem, net, np.full_like(repaired, -1))
    better = max((from_prices, from_nothing), key=lambda found: value_of(problem, found))
    choice = improve_small(problem, better)
    return Solution(choice, prices, value_of(problem, choice), dual_bound(problem, prices), used(problem, choice))


def _require_feasible(problem: Problem, names: list[str]) -> None:
    below = [name for name, limit in zip(names, problem.limit.tolist(), strict=True) if limit < 0]
    if below:
        raise ContractError(
            f"limits: expected at least 0, got less for {', '.join(below)}: not even doing nothing keeps them. "
            "Raise these limits in seeds/limits.csv."
        )
    takes = [name for name, use in zip(names, problem.use, strict=True) if (use < 0).any()]
    if takes:
        raise ContractError(f"candidates: expected uses of at least 0, got negative ones of {', '.join(takes)}.")


def _repair(problem: Problem, net: Integers, choice: Integers) -> Integers:
    """Move people to cheaper candidates or to nothing, smallest loss per unit first, until all limits hold."""
    choice = choice.copy()
    for position in range(len(problem.limit)):
        excess = int(used(problem, choice)[position] - problem.limit[position])
        if excess > 0:
            _relieve(problem, net, choice, position, excess)
    return choice


def _relieve(problem: Problem, net: Integers, choice: Integers, position: int, excess: int) -> None:
    """Change `choice` in place: every move uses less of one limit and no more of any other."""
    current = choice[problem.person]
    use = problem.use[position]
    held = np.where(current >= 0, use[current], 0)
    smaller = (current >= 0) & (use < held)
    for other in problem.use:
        smaller &= other <= np.where(current >= 0, other[current], 0)
    moves = np.flatnonzero(smaller)
    # nothing is always a cheaper candidate: it stands behind the others with position -1
    holders = np.flatnonzero(choice >= 0)
    holders = holders[use[choice[holders]] > 0]
    who = np.concatenate([problem.person[moves], holders])
    target = np.concatenate([moves, np.full(len(holders), -1)])
    now = choice[who]
    relief = use[now] - np.where(target >= 0, use[target], 0)
    loss = net[now] - np.where(target >= 0, net[target], 0)
    order = np.lexsort((target, who, (loss / relief).astype(np.float64)))
    moved: set[int] = set()
    for index in order.tolist():
        person = int(who[index])
        if excess <= 0:
            return
        if person not in moved:
            moved.add(person)
            choice[person] = target[index]
            excess -= int(relief[index])
    _drop_all(problem, choice, position, excess)


def _drop_all(problem: Problem, choice: Integers, position: int, excess: int) -> None:
    """If one move each was not enough, the holders left go to nothing, in order."""
    for person in np.flatnonzero(choice >= 0).tolist():
        if excess <= 0:
            return
        held = int(problem.use[position, choice[person]])
        if held > 0:
            choice[person] = -1
            excess -= held


def _fill(problem: Problem, net: Integers, choice: Integers) -> Integers:
    """Use what is left: upgrades that raise the value and fit, best net of prices first."""
    choice = choice.copy()
    for _ in range(FILL_PASSES):
        if not _fill_once(problem, net, choice):
            break
    return choice


def _fill_once(problem: Problem, net: Integers, choice: Integers) -> bool:
    slack = problem.limit - used(problem, choice)
    upgrades = _fitting(problem, choice, slack, np.arange(len(problem.value)))
    current = choice[problem.person[upgrades]]
    gain = net[upgrades] - np.where(current >= 0, net[current], 0)
    order = upgrades[np.lexsort((upgrades, -gain.astype(np.float64)))]
    changed = False
    for first in range(0, len(order), BLOCK):
        for candidate in _fitting(problem, choice, slack, order[first : first + BLOCK]).tolist():
            person = problem.person[candidate]
            extra = _extra(problem, int(choice[person]), candidate)
            gains = problem.value[candidate] > (problem.value[choice[person]] if choice[person] >= 0 else 0)
            if gains and (extra <= slack).all():
                choice[person] = candidate
                slack = slack - extra
                changed = True
    return changed


def _extra(problem: Problem, current: int, candidate: int) -> Integers:
    held = problem.use[:, current] if current >= 0 else 0
    return np.asarray(problem.use[:, candidate] - held)


def _fitting(problem: Problem, choice: Integers, slack: Integers, among: Integers) -> Integers:
    """Those candidates that are worth more than their person's present choice and fit into what is left."""
    current = choice[problem.person[among]]
    fits = problem.value[among] > np.where(current >= 0, problem.value[current], 0)
    for left, use in zip(slack.tolist(), problem.use, strict=True):
        fits &= use[among] - np.where(current >= 0, use[current], 0) <= left
    return among[fits]
