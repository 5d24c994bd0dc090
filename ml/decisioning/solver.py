"""The joint choice of a night, in whole numbers: at most one candidate per person within the shared limits."""

from dataclasses import dataclass

import numpy as np

from ml.decisioning.inner import Cap
from ml.decisioning.joint import JointChoice, SharedLimit
from ml.decisioning.optimum import optimise
from ml.decisioning.prices import PRICE_UNITS, Integers, Problem, dual_bound, used, value_of
from ml.errors import ContractError


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
    """Choose for everybody at once, by the engine of `optimum.optimise`; then prove it in whole numbers.

    Takes     problem; names: what the limits are called, for messages.
    Returns   Solution: every limit holds, and value <= bound. Deterministic; between equals nothing comes
              before something.
    Raises    ContractError   if a limit is negative, or a candidate uses a negative amount.
    """
    _require_feasible(problem, names)
    found = optimise(_in_currency(problem, names))
    prices = np.rint(found.price * PRICE_UNITS).astype(np.int64)
    choice = np.full(len(problem.starts), -1, dtype=np.int64)
    choice[problem.person[found.chosen]] = found.chosen
    return Solution(choice, prices, value_of(problem, choice), dual_bound(problem, prices), used(problem, choice))


def _in_currency(problem: Problem, names: list[str]) -> JointChoice:
    """The same question as floats; uses stay whole numbers, so that their sums are exact."""
    everything = np.ones(1, dtype=np.bool_)
    limits = tuple(
        SharedLimit(name, everything, position, at_most=float(limit))
        for position, (name, limit) in enumerate(zip(names, problem.limit.tolist(), strict=True))
    )
    return JointChoice(
        starts=np.append(problem.starts, len(problem.value)).astype(np.int64),
        value=problem.value.astype(np.float64),
        kind=np.zeros(len(problem.value), dtype=np.uint8),
        amounts=tuple(use.astype(np.float64) for use in problem.use),
        limits=limits,
        caps=(Cap("one_each", everything, 1),),
    )


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
