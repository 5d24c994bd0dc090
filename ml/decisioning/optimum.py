"""The joint choice: as much value as caps and shared limits allow, with a proof of how near it is to the best."""

from dataclasses import dataclass

import numpy as np

from ml.decisioning.conflicts import conflict_in_words, reachable, smallest_conflict
from ml.decisioning.inner import Floats, Integers
from ml.decisioning.joint import JointChoice, chosen_at, dual_value, priced, rows_of, used
from ml.decisioning.shadow_prices import Descent, Prices, find_prices, highest_sensible, sampled_prices
from ml.decisioning.whole_people import choose_people, within, worth
from ml.errors import ContractError

MANY_PEOPLE = 100_000  # above it people whose choice no likely price can change are set aside
LIKELY = 0.005  # how far the prices of a sample usually are from everybody's, as a share; else the box moves
RECENTRED = 5


@dataclass(frozen=True, slots=True)
class Optimum:
    """A choice and its proof.

    chosen    positions of the chosen candidates, ascending;
    price     per side of the limits (see `JointChoice.sides`), at least 0;
    value     of the choice; bound: the Lagrangian dual at these prices, which no choice exceeds;
    used      per limit.
    """

    chosen: Integers
    price: Floats
    value: float
    bound: float
    used: Floats

    @property
    def gap(self) -> float:
        """How far the choice could be from the best one, as a share of the bound; 0 where nothing can be gained."""
        return max(self.bound - self.value, 0.0) / abs(self.bound) if self.bound else 0.0


def optimise(joint: JointChoice, *, seed: int = 0) -> Optimum:
    """Choose for everybody at once.

    Takes     joint: candidates sorted by person; seed: which of equally good people come first.
    Returns   Optimum: every cap and every limit holds, value <= bound up to the rounding of the last digit.
              The same for any number of threads.
    Raises    ContractError   if no choice keeps the limits; it names the fewest that cannot be kept together.
    """
    for side in joint.sides:
        if side.sign < 0 and reachable(joint, side) < side.bound * (1 - 1e-12 * np.sign(side.bound)):
            raise ContractError(conflict_in_words(joint, (side,)))
    prices, chosen = _narrowed(joint, seed) or _all_at_once(joint, seed)
    if chosen is None:
        group = smallest_conflict(joint)
        if group:
            raise ContractError(conflict_in_words(joint, group))
        names = ", ".join(limit.name for limit in joint.limits)
        raise ContractError(
            f"limits: found no choice that keeps {names} together, and no proof that there is none. "
            "Widen one of them a little."
        )
    bound = dual_value(joint, prices.price, priced(joint, prices.price).inner)
    return Optimum(chosen, prices.price, worth(joint, chosen), bound, used(joint, chosen))


def _all_at_once(joint: JointChoice, seed: int) -> tuple[Prices, Integers | None]:
    prices = find_prices(joint)
    return prices, choose_people(joint, prices, seed=seed)


def _narrowed(joint: JointChoice, seed: int) -> tuple[Prices, Integers] | None:
    """Prices and choice from the people alone whom prices near a sample's can move; None if they lie elsewhere.

    Where one candidate each is allowed, a person's choice stays as long as no net value moves by half the
    margin to the next best. The others' choices are constants of the bound within the box.
    """
    if joint.person_count < MANY_PEOPLE or not joint.sides or not _is_one_each(joint):
        return None
    ceiling = highest_sensible(joint)
    most = np.array([_largest_use(joint, side.limit) for side in joint.sides])
    start = sampled_prices(joint, ceiling)
    for _ in range(RECENTRED):
        if not start.any():
            return None
        reach = np.maximum(start, (start * most).max() / np.maximum(most, 1e-300)) * LIKELY
        low, high = np.maximum(start - reach, 0), np.minimum(start + reach, ceiling)
        mask, margins = chosen_at(joint, start)
        people = np.flatnonzero(margins <= 2 * _largest_change(joint, reach * most))
        if not len(people):
            return None
        mask[rows_of(joint, people)] = False
        fixed = np.flatnonzero(mask)
        near = within(joint, people, fixed)
        descent = Descent(near, low, high, elsewhere=worth(joint, fixed))
        descent.visit(start)
        prices = descent.run(step=reach / 4)
        at_edge = ((prices.price <= low) & (low > 0)) | ((prices.price >= high) & (high < ceiling))
        if not at_edge.any():
            chosen = choose_people(near, prices, seed=seed)
            return None if chosen is None else (prices, np.sort(np.append(fixed, rows_of(joint, people)[chosen])))
        start = prices.price
    return None


def _is_one_each(joint: JointChoice) -> bool:
    """Whether each person gets one candidate at most, whatever the other caps."""
    return any(cap.at_most <= 1 and cap.kinds.all() for cap in joint.caps) and not joint.overlapping_caps


def _largest_use(joint: JointChoice, position: int) -> float:
    amount = joint.limits[position].amount
    return 1.0 if amount is None else float(np.abs(joint.amounts[amount]).max(initial=0.0))


def _largest_change(joint: JointChoice, costs: Floats) -> float:
    """By how much the net value of one candidate can change if each side it meets costs so much more."""
    total = np.zeros(joint.kind_count)
    for cost, side in zip(costs.tolist(), joint.sides, strict=True):
        total[joint.limits[side.limit].kinds] += cost
    return float(total.max(initial=0.0))
