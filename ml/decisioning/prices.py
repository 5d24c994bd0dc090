"""Prices of the shared limits: what one more unit of each would be worth, and the bound they prove."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog
from scipy.sparse import coo_array, vstack

UNITS = 10_000  # one unit of currency or one contact, in the integers of a problem
PRICE_UNITS = 1_000_000  # prices are whole millionths
SAFE = 2**61  # above it sums of int64 could overflow, and Python's own integers take over
SAMPLED_PEOPLE = 2_000
MOST_ROUNDS = 80
CLOSE_ENOUGH = 1e-7  # of the bound; prices are rounded to millionths anyway

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


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


def find_prices(problem: Problem) -> Integers:
    """Prices that make the bound as low as possible, in millionths; zero for a limit that does not bind.

    Source    Kelley's cutting planes within a box around the best point so far (Marsten, Hogan and
              Blankenship 1975, The Boxstep Method), started from the prices of a linear programme over
              a sample of people.
    """
    if not len(problem.value) or not len(problem.limit) or _all_fits(problem):
        return np.zeros(len(problem.limit), dtype=np.int64)
    return _Descent(problem).run()


def _all_fits(problem: Problem) -> bool:
    choice = best_choice(problem, net_values(problem, np.zeros(len(problem.limit), dtype=np.int64)))
    return bool((used(problem, choice) <= problem.limit).all())


class _Descent:
    """The cutting planes found so far, and the best point among them."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.ceiling = _highest_sensible(problem)
        self.bounds: list[float] = []  # of each point tried, in currency
        self.slopes: list[Floats] = []
        self.points: list[Floats] = []
        self.best = np.zeros(len(problem.limit), dtype=np.int64)
        self.best_bound: int | None = None

    def run(self) -> Integers:
        self.visit(np.zeros(len(self.problem.limit)))
        self.visit(_sampled_prices(self.problem, self.ceiling))
        radius = np.maximum(self.best / PRICE_UNITS, self.ceiling / 1000) * 0.25
        for _ in range(MOST_ROUNDS):
            floor, anywhere = self.lowest(np.zeros_like(self.ceiling), self.ceiling)
            if self.now - floor <= CLOSE_ENOUGH * abs(self.now):
                break
            centre = self.best / PRICE_UNITS
            _, nearby = self.lowest(np.maximum(centre - radius, 0), np.minimum(centre + radius, self.ceiling))
            if self.was_visited(nearby) and self.was_visited(anywhere):
                break  # finer prices than millionths would be needed
            if self.visit(nearby):
                radius = radius * 2
            elif not self.visit(anywhere):
                radius = radius * 0.5
        return self.best

    @property
    def now(self) -> float:
        return float(self.best_bound or 0) / (UNITS * PRICE_UNITS)

    def rounded(self, point: Floats) -> Integers:
        return np.rint(np.clip(point, 0, self.ceiling) * PRICE_UNITS).astype(np.int64)

    def was_visited(self, point: Floats) -> bool:
        prices = self.rounded(point) / PRICE_UNITS
        return any(np.array_equal(prices, earlier) for earlier in self.points)

    def visit(self, point: Floats) -> bool:
        """Evaluate a point rounded to millionths, keep its plane, say whether it is the best yet."""
        prices = self.rounded(point)
        net = net_values(self.problem, prices)
        bound = _bound_of(self.problem, prices, net)
        choice = best_choice(self.problem, net)
        self.bounds.append(bound / (UNITS * PRICE_UNITS))
        self.slopes.append((self.problem.limit - used(self.problem, choice)) / UNITS)
        self.points.append(prices / PRICE_UNITS)
        if self.best_bound is not None and bound >= self.best_bound:
            return False
        self.best_bound, self.best = bound, prices
        return True

    def lowest(self, low: Floats, high: Floats) -> tuple[float, Floats]:
        """The lowest point of the planes within a box, and its height: below every true bound there."""
        slopes, points = np.array(self.slopes), np.array(self.points)
        offsets = np.array(self.bounds) - (slopes * points).sum(axis=1)
        count = len(self.ceiling)
        solved = linprog(
            np.append(np.zeros(count), 1.0),
            A_ub=np.column_stack([slopes, -np.ones(len(slopes))]),
            b_ub=-offsets,
            bounds=[*zip(low, high, strict=True), (None, None)],
            method="highs",
        )
        if solved.x is None:  # rounding made the tiny programme fail; the prices found so far stay proven
            return -np.inf, (low + high) / 2
        return float(solved.x[-1]), solved.x[:-1]


def _highest_sensible(problem: Problem) -> Floats:
    """A price at which no candidate that uses the limit is worth it."""
    worth = np.maximum(problem.value, 0).astype(np.float64)
    highest = [float((worth[use > 0] / use[use > 0]).max(initial=0.0)) for use in problem.use]
    return np.array(highest) + 1 / PRICE_UNITS


def _sampled_prices(problem: Problem, ceiling: Floats) -> Floats:
    """Dual prices of the linear programme over every n-th person, limits shrunk to the sample's share."""
    people = int(problem.person[-1]) + 1
    step = -(-people // SAMPLED_PEOPLE)
    chosen = np.flatnonzero(problem.person % step == 0)
    rows = problem.person[chosen] // step
    count = int(rows[-1]) + 1
    columns = np.arange(len(chosen))
    one_each = coo_array((np.ones(len(chosen)), (rows, columns)), shape=(count, len(chosen)))
    limit_row, position = np.nonzero(problem.use[:, chosen])
    shared = coo_array(
        (problem.use[limit_row, chosen[position]] / UNITS, (limit_row, position)),
        shape=(len(problem.limit), len(chosen)),
    )
    solved = linprog(
        -problem.value[chosen] / UNITS,
        A_ub=vstack([one_each, shared]),
        b_ub=np.append(np.ones(count), problem.limit / UNITS * count / people),
        bounds=(0, None),
        method="highs",
    )
    if solved.x is None:
        return np.zeros(len(problem.limit))
    return np.asarray(np.clip(-solved.ineqlin.marginals[count:], 0, ceiling))


def _fits(problem: Problem, prices: Integers) -> bool:
    largest = int(np.abs(problem.value).max(initial=0)) * PRICE_UNITS
    for price, use in zip(prices.tolist(), problem.use, strict=True):
        largest += price * int(use.max(initial=0))
    return largest < SAFE
