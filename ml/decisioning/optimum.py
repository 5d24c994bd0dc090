"""The joint choice: as much value as caps and shared limits allow, with a proof of how near it is to the best."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ml.decisioning.at_prices import can_reach, chosen_and_margins, dual_value, priced
from ml.decisioning.conflicts import conflict_in_words, smallest_conflict
from ml.decisioning.inner import Floats, Integers
from ml.decisioning.joint import JointChoice, fitting, of_rows, owners_of, rows_of, typical_use, used
from ml.decisioning.shadow_prices import (
    LARGER_SAMPLE,
    Descent,
    Prices,
    find_prices,
    highest_sensible,
    sample_of,
    sampled_prices,
)
from ml.decisioning.whole_people import choose_people, within, worth
from ml.errors import ContractError

MANY_PEOPLE = 100_000  # above it people whose choice no likely price can change are set aside
VERY_MANY = 4_000_000  # above it a sample of a million narrows the prices before everybody is asked
NARROWING_SAMPLE = 1_000_000
LIKELY = 3.0  # standard deviations, over the root of the people sampled: how far off prices are, as a share
RECENTRED = 5
WIDER = 3.0  # each time the prices lay at the edge of what was likely
ABSURD = 0.5  # of the highest price that could mean anything: a sign that the limits cannot be kept together
WHOLE_PEOPLE_GAP = 1e-7  # of the bound: where the last integer programme of a large table may stop


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


def optimise(joint: JointChoice, *, seed: int = 0, tell: Callable[[str], None] = lambda _: None) -> Optimum:
    """Choose for everybody at once.

    Takes     joint: candidates sorted by person; seed: which of equally good people come first;
              tell: is called with a few words whenever a longer step begins.
    Returns   Optimum: every cap and every limit holds, value <= bound up to the rounding of the last digit.
              The same for any number of threads.
    Raises    ContractError   if no choice keeps the limits; it names the fewest that cannot be kept together.
    """
    for side in joint.sides:
        lowest = side.bound * (1 - 1e-12 * np.sign(side.bound))
        if side.sign < 0 and not can_reach(joint, side.limit, lowest):
            raise ContractError(conflict_in_words(joint, (side,)))
    kept = fitting(joint)
    asked = joint if kept is None else of_rows(joint, kept)
    prices, chosen = _narrowed(asked, seed, tell) or _all_at_once(asked, seed, tell)
    if chosen is not None and kept is not None:
        chosen = kept[chosen]
    if chosen is None:
        group = smallest_conflict(joint)
        if group:
            raise ContractError(conflict_in_words(joint, group))
        names = ", ".join(limit.name for limit in joint.limits)
        raise ContractError(
            f"limits: found no choice that keeps {names} together, and no proof that there is none. "
            "Widen one of them a little."
        )
    tell("proving the bound")
    at = [prices.price] if kept is None else [prices.price, find_prices(joint).price]
    bound, price = min(((dual_value(joint, p, priced(joint, p).inner), p) for p in at), key=lambda pair: pair[0])
    return Optimum(chosen, price, worth(joint, chosen), bound, used(joint, chosen))


def _all_at_once(joint: JointChoice, seed: int, tell: Callable[[str], None]) -> tuple[Prices, Integers | None]:
    tell("prices: asking everybody")
    prices = find_prices(joint)
    if joint.sides and (prices.price >= ABSURD * highest_sensible(joint)).any() and smallest_conflict(joint):
        return prices, None
    return prices, choose_people(joint, prices, seed=seed, gap=WHOLE_PEOPLE_GAP * abs(prices.bound))


@dataclass(frozen=True, slots=True)
class _Narrowed:
    """Prices found among the people alone whom prices nearby can move; the others' choice is fixed."""

    prices: Prices
    near: JointChoice
    people: Integers
    fixed: Integers
    total: float  # the bound over everybody


def _narrowed(joint: JointChoice, seed: int, tell: Callable[[str], None]) -> tuple[Prices, Integers] | None:
    """Prices and choice of many people, most of them set aside; None if that did not work out."""
    if joint.person_count < MANY_PEOPLE or not joint.sides:
        return None
    tell("prices: asking a sample")
    ceiling = highest_sensible(joint)
    start, sampled = sampled_prices(joint, ceiling), LARGER_SAMPLE
    if joint.person_count >= VERY_MANY and start.any():
        nearer = _within_reach(sample_of(joint, NARROWING_SAMPLE), start, ceiling, sampled)
        if nearer is not None:
            start, sampled = nearer.prices.price, NARROWING_SAMPLE
    tell("prices: asking everybody whom they can move")
    found = _within_reach(joint, start, ceiling, sampled)
    if found is None:
        return None
    tell(f"settling {found.near.person_count:,} people near a tie")
    gap = WHOLE_PEOPLE_GAP * abs(found.total)
    if joint.overlapping_caps:  # the bound leaves these caps out, so nobody's choice is settled by it
        chosen = choose_people(joint, found.prices, seed=seed, gap=gap)
        return None if chosen is None else (found.prices, chosen)
    chosen = choose_people(found.near, found.prices, seed=seed, gap=gap)
    if chosen is None:
        return None
    return found.prices, np.sort(np.append(found.fixed, rows_of(joint, found.people)[chosen]))


def _within_reach(joint: JointChoice, start: Floats, ceiling: Floats, sampled: int) -> _Narrowed | None:
    """The lowest bound within what is likely around the prices of a sample; None if it is not found there.

    A person is set aside if no prices within reach change the own best set: a constant of the bound.
    """
    use = np.array([typical_use(joint, side.limit) for side in joint.sides])
    share = LIKELY / math.sqrt(sampled)
    for _ in range(RECENTRED):
        if not start.any():
            return None
        reach = np.maximum(start, (start * use).max() / use) * share
        low, high = np.maximum(start - reach, 0), np.minimum(start + reach, ceiling)
        chosen, margins = chosen_and_margins(joint, start, reach)
        is_near = margins <= 0
        people = np.flatnonzero(is_near)
        if not len(people):
            return None
        fixed = chosen[~is_near[owners_of(joint, chosen)]]
        near, elsewhere = within(joint, people, fixed), worth(joint, fixed)
        descent = Descent(near, low, high, elsewhere=elsewhere)
        descent.visit(start)
        prices = descent.run(step=reach / 4)
        at_edge = ((prices.price <= low) & (low > 0)) | ((prices.price >= high) & (high < ceiling))
        if not at_edge.any():
            return _Narrowed(prices, near, people, fixed, prices.bound + elsewhere)
        start, share = prices.price, share * WIDER
    return None
