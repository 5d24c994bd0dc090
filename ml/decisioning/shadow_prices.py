"""Prices of the shared limits: what one more unit of each would be worth, and the bound they prove."""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array, vstack

from ml.decisioning.at_prices import dual_value, priced
from ml.decisioning.inner import Floats, Integers
from ml.decisioning.joint import JointChoice, uses

SAMPLED_PEOPLE = 1_500  # for a linear programme
LARGER_SAMPLE = 60_000  # for cutting planes before everybody is asked
MOST_ROUNDS = 80
CLOSE_ENOUGH = 2e-7  # of the bound
CLOSE_IN_SAMPLE = 1e-5  # a sample's own error is larger
AMOUNTS_AT_ONCE = 1 << 20
SPARSE_AT_LEAST = 1e-9  # weights of a mixture below it are rounding


@dataclass(frozen=True, slots=True)
class Prices:
    """Per side of the limits its price; the bound they prove; a mixture of points that nearly keeps the limits."""

    price: Floats
    bound: float
    mixture: list[tuple[float, Floats]]


def find_prices(joint: JointChoice) -> Prices:
    """Prices that make the bound as low as possible; zero for a limit that does not bind.

    Source    Kelley's cutting planes within a box around the best point so far (Marsten, Hogan and
              Blankenship 1975, The Boxstep Method), started from the prices of a linear programme over a
              sample of people, then of cutting planes over a larger one. The weights of the last planes
              mix their choices into one that keeps the limits on average (Dantzig and Wolfe 1960).
    """
    count = len(joint.sides)
    if not count or not joint.person_count:
        nothing = np.zeros(count)
        return Prices(nothing, dual_value(joint, nothing, priced(joint, nothing).inner), [(1.0, nothing)])
    ceiling = highest_sensible(joint)
    descent = Descent(joint, np.zeros(count), ceiling)
    descent.visit(np.zeros(count))
    if (descent.slopes[0] >= 0).all():
        return Prices(descent.best, descent.best_bound, [(1.0, descent.best)])
    descent.visit(sampled_prices(joint, ceiling))
    return descent.run(step=np.maximum(descent.best * 0.05, ceiling / 20_000))


def sampled_prices(joint: JointChoice, ceiling: Floats) -> Floats:
    """Prices of samples of people: a linear programme, then cutting planes over a larger one."""
    start = programme_prices(sample_of(joint, SAMPLED_PEOPLE), ceiling)
    if joint.person_count > 2 * LARGER_SAMPLE:
        near = Descent(sample_of(joint, LARGER_SAMPLE), np.zeros(len(start)), ceiling, close_enough=CLOSE_IN_SAMPLE)
        near.visit(start)
        start = near.run(step=np.maximum(start * 0.05, ceiling / 20_000)).price
    return start


def sample_of(joint: JointChoice, size: int) -> JointChoice:
    """Every n-th person, and the limits shrunk to their share."""
    step = -(-joint.person_count // size)
    if step == 1:
        return joint
    people = np.arange(0, joint.person_count, step)
    return scaled(joint.of_people(people), len(people) / joint.person_count)


def scaled(joint: JointChoice, share: float) -> JointChoice:
    """The same question with limits multiplied by a share."""
    limits = tuple(replace(n, at_most=n.at_most * share, at_least=n.at_least * share) for n in joint.limits)
    return replace(joint, limits=limits)


@dataclass
class Descent:
    """The cutting planes found so far within a range of prices, and the best point among them."""

    joint: JointChoice
    floor: Floats
    ceiling: Floats
    elsewhere: float = 0.0  # part of the bound that people outside `joint` add
    close_enough: float = CLOSE_ENOUGH
    points: list[Floats] = field(default_factory=list)
    bounds: list[float] = field(default_factory=list)
    slopes: list[Floats] = field(default_factory=list)
    best: Floats = field(default_factory=lambda: np.zeros(0))
    best_bound: float = np.inf
    weights: Floats = field(default_factory=lambda: np.ones(1))

    def run(self, *, step: Floats) -> Prices:
        """Go down until no plane allows a lower bound, or rounding hides it."""
        radius = step
        for _ in range(MOST_ROUNDS):
            low, high = np.maximum(self.best - radius, self.floor), np.minimum(self.best + radius, self.ceiling)
            lowest, nearby = self.lowest(low, high)
            anywhere = nearby  # the lowest point inside a box is the lowest of all, as planes make a convex bowl
            if (((nearby <= low) & (low > self.floor)) | ((nearby >= high) & (high < self.ceiling))).any():
                lowest, anywhere = self.lowest(self.floor, self.ceiling)
            if self.best_bound - lowest <= self.close_enough * abs(self.best_bound + self.elsewhere):
                break
            if self.was_visited(nearby) and self.was_visited(anywhere):
                break
            radius = radius * (2.0 if self.visit(nearby) else 0.3)
        else:
            self.lowest(self.floor, self.ceiling)
        return Prices(self.best, self.best_bound, self.mixture())

    def was_visited(self, point: Floats) -> bool:
        """Whether a point, up to rounding, has been asked before."""
        return any(np.allclose(point, earlier, rtol=1e-13, atol=0) for earlier in self.points)

    def visit(self, point: Floats) -> bool:
        """Evaluate a point, keep its plane, say whether it is the best yet."""
        point = np.clip(point, self.floor, self.ceiling)
        found = priced(self.joint, point)
        bound = dual_value(self.joint, point, found.inner)
        self.points.append(point)
        self.bounds.append(bound)
        self.slopes.append(np.array([s.sign * (s.bound - found.used[s.limit]) for s in self.joint.sides]))
        if bound >= self.best_bound:
            return False
        self.best_bound, self.best = bound, point
        return True

    def lowest(self, low: Floats, high: Floats) -> tuple[float, Floats]:
        """The lowest point of the planes within a box, and its height: below every true bound there."""
        slopes, points = np.array(self.slopes), np.array(self.points)
        offsets = np.array(self.bounds) - (slopes * points).sum(axis=1)
        size = max(abs(self.best_bound), 1e-9 * float(np.abs(slopes * self.ceiling).max()), 1e-300)
        # in units of the bound and of each box's own height, so that the tiny programme is well scaled
        solved = linprog(
            np.append(np.zeros(len(low)), 1.0),
            A_ub=np.column_stack([slopes * self.ceiling / size, -np.ones(len(slopes))]),
            b_ub=-offsets / size,
            bounds=[*zip(low / self.ceiling, high / self.ceiling, strict=True), (None, None)],
            method="highs",
        )
        if solved.x is None:  # rounding made the tiny programme fail; the prices found so far stay proven
            return -np.inf, (low + high) / 2
        self.weights = np.clip(-solved.ineqlin.marginals, 0, None)
        return float(solved.x[-1]) * size, solved.x[:-1] * self.ceiling

    def mixture(self) -> list[tuple[float, Floats]]:
        """Points and weights of the choices that together nearly keep the limits."""
        weights = self.weights[: len(self.points)]
        total = float(weights.sum())
        pairs = zip(weights.tolist(), self.points, strict=False)
        found = [(weight / total, point) for weight, point in pairs if total and weight / total > SPARSE_AT_LEAST]
        return found or [(1.0, self.best)]


def highest_sensible(joint: JointChoice) -> Floats:
    """Per side a price above which nothing changes any more: the most that one unit could be worth."""
    lowest, highest = float(joint.value.min(initial=0.0)), float(joint.value.max(initial=0.0))
    ceilings = []
    for side in joint.sides:
        limit = joint.limits[side.limit]
        worth = highest if side.sign > 0 else 2 * (highest - lowest)
        if limit.amount is not None:
            smallest = _smallest(joint.amounts[limit.amount])
            worth = worth / smallest if np.isfinite(smallest) else worth
        ceilings.append(max(worth, 1e-12) * 1.001)
    return np.array(ceilings)


def _smallest(amounts: Floats) -> float:
    """The smallest size of an amount that is not 0; infinite if there is none."""
    lowest = float(amounts.min(initial=np.inf))
    if lowest > 0:
        return lowest
    parts = (np.abs(amounts[first : first + AMOUNTS_AT_ONCE]) for first in range(0, len(amounts), AMOUNTS_AT_ONCE))
    return min((float(part.min(where=part > 0, initial=np.inf)) for part in parts), default=np.inf)


def programme_prices(joint: JointChoice, ceiling: Floats) -> Floats:
    """Dual prices of the linear programme over these people, one per side."""
    matrix, bounds = programme_rows(joint)
    shared = len(joint.sides)
    scale = max(float(np.abs(joint.value).max(initial=0.0)), 1e-300)
    solved = linprog(-joint.value / scale, A_ub=matrix, b_ub=bounds, bounds=(0, 1), method="highs")
    if solved.x is None:
        return np.zeros(shared)
    return np.asarray(np.clip(-solved.ineqlin.marginals[:shared] * scale, 0, ceiling))


def programme_rows(joint: JointChoice) -> tuple[csr_array, Floats]:
    """Limits (one row per side) above caps (one row per person that could break one), as at-most rows."""
    count = len(joint.value)
    table = uses(joint, slice(0, count))
    shared = np.array([side.sign * table[side.limit] for side in joint.sides]).reshape(len(joint.sides), count)
    parts, bounds = [coo_array(shared)], [np.array([side.sign * side.bound for side in joint.sides])]
    owner = np.repeat(np.arange(joint.person_count), np.diff(joint.starts))
    for cap in joint.caps:
        members = np.flatnonzero(cap.kinds[joint.kind])
        sizes = np.bincount(owner[members], minlength=joint.person_count)
        people: Integers = np.flatnonzero(sizes > cap.at_most).astype(np.int64)
        members = members[sizes[owner[members]] > cap.at_most]
        row = np.searchsorted(people, owner[members])
        parts.append(coo_array((np.ones(len(members)), (row, members)), shape=(len(people), count)))
        bounds.append(np.full(len(people), float(cap.at_most)))
    return vstack(parts).tocsr(), np.concatenate(bounds)
