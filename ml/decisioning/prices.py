"""A night's joint choice in whole numbers: what prices make of it, exactly."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

UNITS = 10_000  # one unit of currency or one contact, in the integers of a problem
PRICE_UNITS = 1_000_000  # prices are whole millionths
SAFE = 2**61  # above it sums of int64 could overflow, and Python's own integers take over

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Problem:
    """One joint choice, in integers: candidates sorted by person, at most one of them per person.

    person    index 0, 1, 2, ... of the candidate's person, ascending;
    value     in 1/10,000 of the currency;
    use       one row per limit: what the candidate uses, in 1/10,000, at least 0;
    limit     what all chosen candidates together may use of it, in 1/10,000.
    """

    person: Integers
    value: Integers
    use: Integers
    limit: Integers

    @cached_property
    def starts(self) -> Integers:
        """Where each person's candidates begin."""
        return np.flatnonzero(np.diff(self.person, prepend=-1)).astype(np.int64)


def net_values(problem: Problem, prices: Integers) -> npt.NDArray[np.int64]:
    """Value less the price of what each candidate uses, exact, in 10^-10 of the currency."""
    kind = np.int64 if _fits(problem, prices) else object
    net = problem.value.astype(kind) * PRICE_UNITS
    for price, use in zip(prices.tolist(), problem.use, strict=True):
        net = net - use.astype(kind) * price
    return net


def dual_bound(problem: Problem, prices: Integers) -> int:
    """No choice within the limits is worth more than this, exact, in 10^-10 of the currency.

    Source    Lagrangian relaxation of the multiple-choice knapsack (Sinha and Zoltners 1979): each person's
              best candidate net of prices, or nothing, plus the price of the limits themselves.
    """
    return _bound_of(problem, prices, net_values(problem, prices))


def _bound_of(problem: Problem, prices: Integers, net: npt.NDArray[np.int64]) -> int:
    best = np.maximum(np.maximum.reduceat(net, problem.starts), 0) if len(net) else net
    priced: int = sum(price * limit for price, limit in zip(prices.tolist(), problem.limit.tolist(), strict=True))
    return exact_sum(best) + priced


def exact_sum(values: npt.NDArray[np.int64]) -> int:
    """A sum that cannot overflow: high and low halves apart."""
    if values.dtype == object:
        return sum(int(value) for value in values)
    high, low = np.divmod(values, 1 << 31)
    return (int(high.sum()) << 31) + int(low.sum())


def best_choice(problem: Problem, net: npt.NDArray[np.int64]) -> Integers:
    """Each person's best candidate net of prices, -1 for nothing; ties go to nothing, then to the first."""
    if not len(net):
        return np.zeros(0, dtype=np.int64)
    starts = problem.starts
    top = np.maximum.reduceat(net, starts)
    positions = np.where(net == np.repeat(top, np.diff(starts, append=len(net))), np.arange(len(net)), len(net))
    return np.where(top > 0, np.minimum.reduceat(positions, starts), -1).astype(np.int64)


def used(problem: Problem, choice: Integers) -> Integers:
    """What a choice uses of each limit."""
    return np.asarray(problem.use[:, choice[choice >= 0]].sum(axis=1))


def value_of(problem: Problem, choice: Integers) -> int:
    """What a choice is worth, in 1/10,000 of the currency."""
    return exact_sum(problem.value[choice[choice >= 0]])


def _fits(problem: Problem, prices: Integers) -> bool:
    largest = int(np.abs(problem.value).max(initial=0)) * PRICE_UNITS
    for price, use in zip(prices.tolist(), problem.use, strict=True):
        largest += price * int(use.max(initial=0))
    return largest < SAFE
