"""Which shared limits cannot be kept together, as few of them as possible, in words."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from ml.decisioning.at_prices import priced
from ml.decisioning.joint import JointChoice, Side
from ml.decisioning.shadow_prices import programme_rows
from ml.decisioning.whole_people import keeps

MOST_ROUNDS = 60
SMALL = 600
MOST_NODES = 2_000
MOST_NEAR_MISSES = 50  # choices that only just miss a limit, each forbidden in turn
MOST_PAIRED = 12  # sides of which every pair is tried before sides are taken away one by one


def smallest_conflict(joint: JointChoice) -> tuple[Side, ...]:
    """The fewest sides of limits that no choice keeps together; empty if none is proven.

    Small questions are settled by an integer programme, others by the linear relaxation: a conflict found
    there is one in truth.
    """
    bare = replace(joint, value=np.zeros(len(joint.value)))
    singles = [(side,) for side in joint.sides if not _can_hold(bare, (side,))]
    if singles:
        return singles[0]
    if _can_hold(bare, joint.sides):
        return ()
    group = _fewest(bare)
    return group or _one_by_one(bare)


def _fewest(bare: JointChoice) -> tuple[Side, ...]:
    """A smallest conflicting group by trying groups in order of size; empty if too many would be tried."""
    if len(bare.sides) > MOST_PAIRED:
        return ()
    sizes = range(2, len(bare.sides) + 1) if len(bare.value) <= SMALL else range(2, 3)
    groups = itertools.chain.from_iterable(itertools.combinations(bare.sides, size) for size in sizes)
    return next((group for group in groups if not _can_hold(bare, group)), ())


def _one_by_one(bare: JointChoice) -> tuple[Side, ...]:
    """A group of which none can be left out."""
    group = bare.sides
    for side in bare.sides:
        rest = tuple(other for other in group if other != side)
        if not _can_hold(bare, rest):
            group = rest
    return group


def reachable(joint: JointChoice, side: Side, *, with_caps: bool = True) -> float:
    """The most (or, for at most, the least) that any choice within the caps can use of a limit."""
    alone = _only(replace(joint, value=np.zeros(len(joint.value)), caps=joint.caps if with_caps else ()), (side,))
    return -side.sign * priced(alone, np.ones(1)).inner if alone.person_count else 0.0


def conflict_in_words(joint: JointChoice, group: Sequence[Side]) -> str:
    """What is asked for, what can be had, and what to change."""
    parts = [_asked(joint, side) for side in group]
    if len(group) > 1:
        return (
            f"limits: no choice keeps these {len(group)} together: {'; '.join(parts)}. Each of them alone, and any "
            "fewer of them, can be kept. Lower one of the minimums or raise one of the maximums."
        )
    side = group[0]
    most, free = reachable(joint, side), reachable(joint, side, with_caps=False)
    can = "at most" if side.sign < 0 else "no less than"
    capped = "" if most == free else f" ({free:,.10g} without the per-person caps)"
    change = "Lower this minimum" if side.sign < 0 else "Raise this maximum"
    return (
        f"limits: no choice keeps {parts[0]}: with these candidates {can} {most:,.10g} can be reached{capped}. "
        f"{change}, or offer other candidates."
    )


def _asked(joint: JointChoice, side: Side) -> str:
    return f"{joint.limits[side.limit].name} ({'at most' if side.sign > 0 else 'at least'} {side.bound:,.10g})"


def _only(joint: JointChoice, sides: Sequence[Side]) -> JointChoice:
    """The same question with these sides alone."""
    limits = []
    for position, limit in enumerate(joint.limits):
        own = {side.sign: side.bound for side in sides if side.limit == position}
        limits.append(replace(limit, at_most=own.get(1, np.inf), at_least=own.get(-1, -np.inf)))
    return replace(joint, limits=tuple(limits))


def _can_hold(bare: JointChoice, sides: Sequence[Side]) -> bool:
    asked = _only(bare, sides)
    if not sides or not asked.person_count:
        return all(side.sign * side.bound >= 0 for side in sides)
    if len(asked.value) <= SMALL:
        return _integer(asked)
    return _relaxed(asked)


def _integer(asked: JointChoice) -> bool:
    """Whether some choice holds; the programme's own answers are added up exactly, for it allows itself 1e-6.

    A choice that misses a limit by a rounding error is forbidden and the question asked again.
    """
    matrix, bounds = programme_rows(asked)
    rows = [LinearConstraint(matrix, ub=bounds)]
    for _ in range(MOST_NEAR_MISSES):
        solved = milp(
            np.zeros(len(asked.value)),
            integrality=np.ones(len(asked.value)),
            bounds=Bounds(0, 1),
            constraints=rows,
            options={"node_limit": MOST_NODES},
        )
        if solved.status == 2:  # proven infeasible; anything else is no proof
            return False
        if solved.x is None or keeps(asked, np.flatnonzero(solved.x > 0.5).astype(np.int64)):
            return True
        taken = solved.x > 0.5
        rows.append(LinearConstraint(np.where(taken, 1.0, -1.0), ub=int(taken.sum()) - 1))
    return True


def _relaxed(asked: JointChoice) -> bool:
    """Whether prices prove that the sides cannot hold: what is demanded at them exceeds what can be had.

    Source    Farkas (1902); the prices are sought by cutting planes on the simplex.
    """
    size = np.array([max(abs(side.bound), abs(reachable(asked, side)), 1.0) for side in asked.sides])
    point, slopes = np.full(len(size), 1 / len(size)), []
    for _ in range(MOST_ROUNDS):
        found = priced(asked, point / size)
        slope = np.array([s.sign * (s.bound - found.used[s.limit]) for s in asked.sides]) / size
        if slope @ point < -1e-9:
            return False
        slopes.append(slope)
        solved = linprog(
            np.append(np.zeros(len(size)), 1.0),
            A_ub=np.column_stack([np.array(slopes), -np.ones(len(slopes))]),
            b_ub=np.zeros(len(slopes)),
            A_eq=np.append(np.ones(len(size)), 0.0)[None, :],
            b_eq=[1.0],
            bounds=[*[(0, 1)] * len(size), (None, None)],
            method="highs",
        )
        if solved.x is None or solved.x[-1] >= -1e-9:
            return True
        point = solved.x[:-1]
    return True
