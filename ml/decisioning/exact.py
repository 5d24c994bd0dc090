"""Small nights, where rounding to whole people matters, are solved to the end."""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from ml.decisioning.prices import UNITS, Integers, Problem, used, value_of

MOST_CANDIDATES = 600  # above it prices alone are within a fraction of one person's value
MOST_NODES = 2_000  # a count, not a time: the same answer on a slow machine


def improve_small(problem: Problem, choice: Integers) -> Integers:
    """The given choice, or a strictly better one found by an integer programme; checked in integers."""
    if not 0 < len(problem.value) <= MOST_CANDIDATES or not len(problem.limit):
        return choice
    if int(problem.value.max()) > UNITS * UNITS or int(problem.use.max(initial=0)) > UNITS * UNITS:
        return choice  # the programme works in floats: leave numbers it cannot tell apart to the prices
    found = _programme(problem)
    if found is None or (used(problem, found) > problem.limit).any():
        return choice
    return found if value_of(problem, found) > value_of(problem, choice) else choice


def _programme(problem: Problem) -> Integers | None:
    count, people = len(problem.value), int(problem.person[-1]) + 1
    one_each = coo_array((np.ones(count), (problem.person, np.arange(count))), shape=(people, count))
    solved = milp(
        -problem.value / UNITS,
        integrality=np.ones(count),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(one_each.tocsr(), ub=np.ones(people)),
            LinearConstraint(problem.use / UNITS, ub=problem.limit / UNITS),
        ],
        options={"node_limit": MOST_NODES, "mip_rel_gap": 0.0},
    )
    if solved.x is None:
        return None
    choice = np.full(people, -1, dtype=np.int64)
    taken = np.flatnonzero(solved.x > 0.5)
    choice[problem.person[taken]] = taken
    return choice
