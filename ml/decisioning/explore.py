"""Which people draw their choice by lot, among what, and with which probabilities."""

import hashlib
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from ml.decisioning.prices import PRICE_UNITS, Integers, Problem, used

DRAWS = 2**32
PERIOD_DAYS = 28  # who is withheld stays so until the period ends: a contact a night later would hide what one does


@dataclass(frozen=True, slots=True)
class Explored:
    """What is done, and how likely that was.

    choice        per person the candidate's position, -1 for nothing;
    probability   with which this choice was made;
    set_size      how many choices could have been drawn, the greedy one included; 1 = nothing to draw;
    is_drawn      whether the lot decided;
    solved, nothing   probabilities with which the solved choice and nothing could have been made, as they are on the
                  first night of a period on which a contact is solved for the person.
    """

    choice: Integers
    probability: npt.NDArray[np.float64]
    set_size: Integers
    is_drawn: npt.NDArray[np.bool_]
    solved: npt.NDArray[np.float64]
    nothing: npt.NDArray[np.float64]


def explore(
    problem: Problem,
    greedy: Integers,
    net: Integers,
    *,
    people: list[str],
    rate: float,
    withheld_rate: float,
    tolerance_units: int,
    seed: int,
    as_of_date: date,
) -> Explored:
    """Let a few people draw uniformly among what is nearly as good, and withhold a few contacts, all by lot.

    Takes     problem, greedy: the joint choice, feasible; net: values net of prices, 10^-10 of the currency;
              people: person ids in the problem's order; rate: share of people who draw;
              withheld_rate: share of people whose contacts become nothing for a whole period; both below 1;
              tolerance_units: how much less than the person's best, in 1/10,000.
    Returns   Explored. Of those not withheld, with a set of n: greedy has probability 1 - rate + rate / n, every
              other rate / n. No limit can be broken by a contact less.
    Limits    hold for every possible draw of everybody at once: a set contains only what uses no more of a
              limit than the greedy choice does, except for limits whose slack could take everybody's dearest
              draw together.
    Draws     depend on (seed, as_of_date, person) alone, who is withheld on (seed, period, person);
              n is tiny against 2^32, so uniform to 2^-32.
    """
    members = _near_optimal(problem, greedy, net, tolerance_units * PRICE_UNITS)
    members &= _harmless(problem, greedy, members)
    with_nothing = _nothing_is_near(problem, greedy, net, tolerance_units * PRICE_UNITS)
    size = np.bincount(problem.person[members], minlength=len(greedy)).astype(np.int64) + with_nothing
    lots = _lots(people, seed, as_of_date)
    draws = (lots[0] < rate) & (size > 1)
    ordinal = np.floor(lots[1] * size).astype(np.int64)
    is_withheld = withheld_people(people, withheld_rate, seed=seed, as_of_date=as_of_date)
    free = np.where(draws, _nth(problem, members, with_nothing, ordinal), greedy)
    choice = np.where(is_withheld, -1, free)
    other = (1 - withheld_rate) * np.where(size > 1, rate / size, 0.0)
    solved = (1 - withheld_rate) * np.where(size > 1, 1 - rate, 1.0) + other
    nothing = withheld_rate + np.where(greedy < 0, solved, np.where(with_nothing, other, 0.0))
    solved = np.where(greedy < 0, nothing, solved)
    probability = np.where(choice == greedy, solved, np.where(choice < 0, nothing, other))
    return Explored(choice, probability, size, np.where(is_withheld, greedy >= 0, draws), solved, nothing)


def period_of(as_of_date: date) -> int:
    """The number of the period that a night lies in."""
    return as_of_date.toordinal() // PERIOD_DAYS


def withheld_people(people: list[str], rate: float, *, seed: int, as_of_date: date) -> npt.NDArray[np.bool_]:
    """Whose contacts are left out in the night's period: the same people on each of its nights."""
    key = f"{seed}|withheld|{period_of(as_of_date)}"
    lots = [hashlib.sha256(f"{key}|{person_id}".encode()).digest()[:4] for person_id in people]
    return np.array([int.from_bytes(lot, "big") / DRAWS for lot in lots]) < rate


def _near_optimal(problem: Problem, greedy: Integers, net: Integers, tolerance: int) -> npt.NDArray[np.bool_]:
    """Candidates within the tolerance of their person's best (nothing counts as 0), and the greedy ones."""
    near = np.asarray(net >= _best(problem, net)[problem.person] - tolerance)
    near[greedy[greedy >= 0]] = True
    return near


def _nothing_is_near(problem: Problem, greedy: Integers, net: Integers, tolerance: int) -> npt.NDArray[np.bool_]:
    return np.asarray((greedy < 0) | (_best(problem, net) <= tolerance))


def _best(problem: Problem, net: Integers) -> Integers:
    return np.asarray(np.maximum(np.maximum.reduceat(net, problem.starts), 0)) if len(net) else net


def _harmless(problem: Problem, greedy: Integers, members: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Candidates that use no more than the greedy choice of any limit that could be broken."""
    slack = problem.limit - used(problem, greedy)
    harmless = np.ones(len(problem.value), dtype=bool)
    for left, use in zip(slack.tolist(), problem.use, strict=True):
        held = np.where(greedy >= 0, use[greedy], 0)[problem.person]
        extra = np.maximum(use - held, 0)
        dearest = np.maximum.reduceat(np.where(members, extra, 0), problem.starts) if len(use) else use
        if sum(dearest.tolist()) > left:
            harmless &= extra == 0
    return harmless


def _nth(
    problem: Problem, members: npt.NDArray[np.bool_], with_nothing: npt.NDArray[np.bool_], ordinal: Integers
) -> Integers:
    """The n-th choice of each person's set: nothing first if it belongs, then candidates in their order."""
    positions = np.flatnonzero(members)
    counts = np.bincount(problem.person[positions], minlength=len(ordinal))
    first = np.cumsum(counts) - counts
    index = np.clip(first + ordinal - with_nothing, 0, max(len(positions) - 1, 0))
    picked = positions[index] if len(positions) else np.full(len(ordinal), -1)
    return np.where(with_nothing & (ordinal == 0), -1, picked).astype(np.int64)


def _lots(people: list[str], seed: int, as_of_date: date) -> npt.NDArray[np.float64]:
    """Two numbers in [0, 1) per person: who draws, and what."""
    lots = np.empty((2, len(people)))
    for position, person_id in enumerate(people):
        digest = hashlib.sha256(f"{seed}|{as_of_date.isoformat()}|{person_id}".encode()).digest()
        lots[0, position] = int.from_bytes(digest[:4], "big") / DRAWS
        lots[1, position] = int.from_bytes(digest[4:8], "big") / DRAWS
    return lots
