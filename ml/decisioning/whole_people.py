"""From prices to a choice of whole people: mix, then let small programmes settle those who are nearly undecided."""

import math
from dataclasses import replace

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from ml.decisioning.at_prices import chosen_and_margins, chosen_at
from ml.decisioning.inner import Floats, Integers, Mask
from ml.decisioning.joint import JointChoice, owners_of, rows_of, used, uses
from ml.decisioning.shadow_prices import Prices, programme_rows

GOLDEN = (math.sqrt(5) - 1) / 2
SMALL = 600  # candidates that an integer programme settles all at once
UNDECIDED_PEOPLE = 1_000  # first size of the linear programme; four times as many if they do not suffice
MOST_UNDECIDED = 64_000
LAST_CANDIDATES = 300  # first size of the integer programme that ends it
MOST_NODES = 2_000  # counts, not times: the same answer on a slow machine
FEW_NODES = 200
WHOLE = 1e-6


def choose_people(joint: JointChoice, prices: Prices, *, seed: int, gap: float) -> Integers | None:
    """Positions of the chosen candidates, ascending; None if no choice within all limits was found.

    Everybody takes the best at the prices, in the proportions of the mixture where several points tie. Of the
    people nearest to another choice a linear programme decides anew within what the others leave; at most one
    person per limit is then split, and an integer programme over those and their neighbours ends it, `gap` below
    its best in value at the most. Small tables are settled whole, without a gap.
    """
    if not joint.sides and not joint.overlapping_caps:
        return chosen_at(joint, prices.price)
    if not joint.person_count:
        return np.zeros(0, dtype=np.int64) if keeps(joint, np.zeros(0, dtype=np.int64)) else None
    if len(joint.value) > SMALL:
        return _settled(joint, prices, seed, gap)
    return _settled_whole(joint, _greedy(joint, prices.price))


def _settled_whole(joint: JointChoice, found: Integers | None) -> Integers | None:
    """One integer programme over everybody, and another without what its answer shows to be hopeless.

    A candidate that costs more than all the others could bring is in no better choice, but its size would hide
    the others' values in the programme's rounding.
    """
    everybody, nothing = np.arange(joint.person_count), np.zeros(0, dtype=np.int64)
    hopeless = np.zeros(len(joint.value), dtype=np.bool_)
    for _ in range(2):
        better = _programme(joint, everybody, nothing, MOST_NODES, 0.0, hopeless)
        if better is not None and (found is None or worth(joint, better) > worth(joint, found)):
            found = better
        if found is None:
            return None
        hopeless = joint.value < worth(joint, found) - joint.value.clip(0).sum()
        if not hopeless.any():
            return found
    return found


def worth(joint: JointChoice, chosen: Integers) -> float:
    """What a choice is worth: the true sum, rounded once."""
    return math.fsum(joint.value[chosen])


def keeps(joint: JointChoice, chosen: Integers) -> bool:
    """Whether a choice keeps every shared limit, by true sums."""
    total = used(joint, chosen)
    return all(side.sign * (side.bound - total[side.limit]) >= 0 for side in joint.sides)


def _settled(joint: JointChoice, prices: Prices, seed: int, gap: float) -> Integers | None:
    mixed = _mixed(joint, prices, seed)
    if not prices.price.any() and not joint.overlapping_caps and keeps(joint, mixed):
        return mixed
    own, margins = chosen_and_margins(joint, prices.price, np.zeros(len(joint.sides)))
    if joint.overlapping_caps:  # whoever these caps keep from the own best set may have been cut wrongly
        margins[owners_of(joint, np.setxor1d(own, chosen_at(joint, prices.price)))] = -1.0
    nearest = np.argsort(margins, kind="stable")
    size, most = UNDECIDED_PEOPLE, min(joint.person_count, MOST_UNDECIDED)
    while True:
        found = _settle(joint, mixed, np.sort(nearest[:size]), gap)
        if found is not None or size >= most:
            return found
        size = min(size * 4, most)


def _mixed(joint: JointChoice, prices: Prices, seed: int) -> Integers:
    """Each person takes the choice of one point of the mixture, evenly spread over people in their order."""
    if len(prices.mixture) == 1:
        return chosen_at(joint, prices.mixture[0][1])
    edges = np.cumsum([weight for weight, _ in prices.mixture])
    spread = ((np.arange(joint.person_count) + 0.5 + seed % 1_000_003) * GOLDEN) % 1.0
    turn = np.minimum(np.searchsorted(edges, spread, side="right"), len(edges) - 1)
    found = []
    for position, (_, point) in enumerate(prices.mixture):
        chosen = chosen_at(joint, point)
        found.append(chosen[turn[owners_of(joint, chosen)] == position])
    return np.sort(np.concatenate(found))


def within(joint: JointChoice, people: Integers, fixed: Integers) -> JointChoice:
    """The question for some people, within what the fixed choices of the others leave."""
    taken = used(joint, fixed)
    pairs = zip(joint.limits, taken.tolist(), strict=True)
    limits = tuple(replace(n, at_most=n.at_most - use, at_least=n.at_least - use) for n, use in pairs)
    return replace(joint.of_people(people), limits=limits)


def _settle(joint: JointChoice, mixed: Integers, core: Integers, gap: float) -> Integers | None:
    """Decide the core anew by a linear programme, then its last few people by an integer one."""
    own = rows_of(joint, core)
    is_core = np.zeros(joint.person_count, dtype=np.bool_)
    is_core[core] = True
    fixed = mixed[~is_core[owners_of(joint, mixed)]]
    asked = within(joint, core, fixed)
    matrix, bounds = programme_rows(asked)
    possible = _possible(asked)
    scale = max(float(np.abs(asked.value[possible]).max(initial=0.0)), 1e-300)
    ends = np.column_stack([np.zeros(len(possible)), possible])
    solved = linprog(
        np.where(possible, -asked.value, 0.0) / scale, A_ub=matrix, b_ub=bounds, bounds=ends, method="highs"
    )
    if solved.x is None:
        return None
    is_split = (solved.x > WHOLE) & (solved.x < 1 - WHOLE)
    split_people = np.maximum.reduceat(is_split, asked.starts[:-1])
    price = np.clip(-solved.ineqlin.marginals[: len(joint.sides)] * scale, 0, None)
    margins = chosen_and_margins(asked, price, np.zeros(len(price)))[1]
    margins = np.where(split_people, -1.0, margins)
    nearest = np.argsort(margins, kind="stable")
    rounded = solved.x > 0.5
    rows = LAST_CANDIDATES
    while True:
        count = int(np.searchsorted(np.cumsum(np.diff(asked.starts)[nearest]), rows, side="right"))
        last = np.sort(nearest[: max(count, int(split_people.sum()), 1)])
        rest = rounded.copy()
        rest[rows_of(asked, last)] = False
        found = _programme(joint, core[last], np.sort(np.append(fixed, own[rest])), FEW_NODES, gap)
        if found is not None or rows > len(asked.value) or rows > 16 * LAST_CANDIDATES:
            return found
        rows *= 4


def _programme(
    joint: JointChoice, people: Integers, fixed: Integers, nodes: int, gap: float, barred: Mask | None = None
) -> Integers | None:
    """An integer programme over some people; the true sums decide whether its answer counts."""
    asked = within(joint, people, fixed)
    matrix, bounds = programme_rows(asked)
    shared = len(joint.sides)
    largest = np.abs(uses(asked, slice(0, len(asked.value)))).max(axis=1, initial=0.0)
    size = np.array([max(float(largest[side.limit]), 1e-300) for side in joint.sides])
    rows = np.append(size, np.ones(len(bounds) - shared))
    possible = _possible(asked) if barred is None else _possible(asked) & ~barred
    scale = max(float(np.abs(asked.value[possible]).max(initial=0.0)), 1e-300)
    is_sum = np.append(
        [joint.limits[side.limit].amount is not None for side in joint.sides], [False] * (len(rows) - shared)
    )
    most = float(np.maximum.reduceat(np.where(possible, asked.value, 0.0), asked.starts[:-1]).clip(0).sum())
    relative = gap / most if most > 0 else 0.0
    for slack in (0.0, 2e-6):  # the programme's own tolerance, taken off if its answer was too generous
        tight = bounds / rows - slack * is_sum
        solved = milp(
            np.where(possible, -asked.value, 0.0) / scale,
            integrality=np.ones(len(asked.value)),
            bounds=Bounds(0, possible.astype(np.float64)),
            constraints=LinearConstraint(matrix.multiply(1 / rows[:, None]).tocsr(), ub=tight),
            options={"node_limit": nodes, "mip_rel_gap": relative},
        )
        if solved.x is None:
            continue
        chosen = np.sort(np.append(fixed, rows_of(joint, people)[solved.x > 0.5]))
        if keeps(joint, chosen):
            return chosen
    return None


def _possible(joint: JointChoice) -> Mask:
    """Candidates that fit into what is left if nobody else takes any; the others would spoil the scale."""
    table = uses(joint, slice(0, len(joint.value)))
    possible = np.ones(len(joint.value), dtype=np.bool_)
    for side in joint.sides:
        use = table[side.limit]
        if side.sign > 0 and (use >= 0).all():
            possible &= use <= side.bound + 1e-9 * abs(side.bound)
    return possible


def _greedy(joint: JointChoice, price: Floats) -> Integers | None:
    """For small questions: add what fits, best net of prices first, then earlier; None if a minimum stays open."""
    table = uses(joint, slice(0, len(joint.value)))
    net = joint.value.copy()
    for cost, side in zip(price.tolist(), joint.sides, strict=True):
        net -= side.sign * cost * table[side.limit]
    owner = np.repeat(np.arange(joint.person_count), np.diff(joint.starts))
    left = np.array([[cap.at_most] * joint.person_count for cap in joint.caps]).reshape(
        len(joint.caps), joint.person_count
    )
    total, chosen = np.zeros(len(joint.limits)), []
    upper = np.array([limit.at_most for limit in joint.limits])
    for row in np.lexsort((np.arange(len(net)), -net)).tolist():
        of = [k for k, cap in enumerate(joint.caps) if cap.kinds[joint.kind[row]]]
        fits = (total + table[:, row] <= upper).all() and all(left[k, owner[row]] >= 1 for k in of)
        if joint.value[row] > 0 and fits:
            chosen.append(row)
            total = total + table[:, row]
            left[of, owner[row]] -= 1
    found = np.sort(np.array(chosen, dtype=np.int64))
    return found if keeps(joint, found) else None
