"""The truth in closed form: chance of buying, sales and margin to be expected, from the hazards that are drawn from.

Chance of buying: given no purchase so far, every need's age is known, so the chance of still not having bought is a
product over days. Sales and margin: each category is a renewal process; how likely its last purchase was how many days
ago is carried forward day by day, and expectations add up over categories. Leaving is independent of purchases.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from pipelines.simulator.hazards import Hazards
from pipelines.simulator.people import VISITED
from pipelines.simulator.randomness import Floats
from pipelines.simulator.response import Response, dropout_chance

MASS = np.float32  # of how likely the last purchase was on which day: six digits, half the memory to move
BLOCK = 512  # people at a time: the working set stays in the processor's cache
KINDS = [(is_web, size) for is_web in (False, True) for size in (0, 1)]


@dataclass(frozen=True, slots=True)
class Expectation:
    """Per person, over a window; money in cents, before returns."""

    buy_probability: Floats
    sales: Floats
    margin: Floats  # after coupons
    discount: Floats  # coupons
    alive_probability: Floats  # at the end of the window

    def mixed(self, other: "Expectation", share: Floats) -> "Expectation":
        """This with probability 1 - share, the other with probability share."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in self.__slots__)
        return Expectation(*(one + (two - one) * share for one, two in pairs))  # equal ones stay equal to the bit


@dataclass(frozen=True, slots=True)
class _Day:
    """What does not depend on contacts: per person and category, weighted over the kinds of trips."""

    reach: Floats  # chance that a need on the list ends in a purchase
    sales: Floats  # expected cents of a need on the list
    margin: Floats
    success: list[Floats]  # per kind: chance that a need on the list ends in a purchase on such a trip
    share: list[Floats]  # per kind: share of trips


def expected(
    hazards: Hazards, rows: np.ndarray, last_day: np.ndarray, day: int, windows: Sequence[int], paths: list[Response]
) -> list[list[Expectation]]:
    """What people are expected to do from a day on, for several possible responses.

    Takes     rows: people who have not left; last_day: [row, category], the day of the last purchase;
              windows: days, ascending; a long one passes through the ends of the shorter ones, which cost nothing;
              paths: the state after a decision, one Response with the rows' order per possibility.
    Returns   per path one Expectation per window, rows in order.
    """
    blocks = [slice(start, start + BLOCK) for start in range(0, len(rows), BLOCK)]

    def work(block: slice) -> list[list[Expectation]]:
        part = np.arange(len(rows))[block]
        return _block(hazards, rows[block], last_day[block], day, windows, [path.take(part) for path in paths])

    with ThreadPoolExecutor(2) as pool:  # blocks are independent, so the number of threads changes no bit
        done = list(pool.map(work, blocks))
    return [
        [_joined([block[place][end] for block in done]) for end in range(len(windows))] for place in range(len(paths))
    ]


def _joined(blocks: list[Expectation]) -> Expectation:
    names = Expectation.__slots__
    return Expectation(*(np.concatenate([np.zeros(0), *(getattr(one, name) for one in blocks)]) for name in names))


def _block(
    hazards: Hazards, rows: np.ndarray, last_day: np.ndarray, day: int, windows: Sequence[int], paths: list[Response]
) -> list[list[Expectation]]:
    days = windows[-1]
    shelves = _days(hazards, rows, day, days)
    young = np.stack([hazards.dueness(rows, np.full(last_day.shape, age)) for age in range(1, days + 1)])
    old = [hazards.dueness(rows, day + ahead - last_day) for ahead in range(days)]
    walks = (_path(hazards, rows, day, path, shelves, young.astype(MASS), old) for path in paths)
    return [[then for ahead, then in enumerate(walk, start=1) if ahead in windows] for walk in walks]


def _days(hazards: Hazards, rows: np.ndarray, day: int, days: int) -> list[_Day]:
    """The shelves of every day; most days are like the day before."""
    known: dict[object, _Day] = {}
    result = []
    for ahead in range(days):
        moved = int((hazards.people.moved_day[rows] <= day + ahead).sum())
        key = (hazards.market.period(day + ahead), moved)
        if key not in known:
            known[key] = _day(hazards, rows, day + ahead)
        result.append(known[key])
    return result


def _day(hazards: Hazards, rows: np.ndarray, day: int) -> _Day:
    shelves = {is_web: hazards.shelf(rows, day, is_web) for is_web in (False, True)}
    share = [share for _, _, share in hazards.kinds(rows)]
    success = [VISITED[size] * hazards.success(shelves[is_web].found, size) for is_web, size in KINDS]
    lines = [VISITED[size] * (1 + hazards.lines_mean(size)) for _, size in KINDS]
    return _Day(
        reach=_weighted(share, success),
        sales=_weighted(share, [n * shelves[kind[0]].sales for n, kind in zip(lines, KINDS, strict=True)]),
        margin=_weighted(share, [n * shelves[kind[0]].margin for n, kind in zip(lines, KINDS, strict=True)]),
        success=success,
        share=share,
    )


def _weighted(share: list[Floats], values: list[Floats]) -> Floats:
    return np.asarray(sum(one[:, None] * value for one, value in zip(share, values, strict=True)))


def _path(
    hazards: Hazards,
    rows: np.ndarray,
    day: int,
    path: Response,
    shelves: list[_Day],
    young: Floats,
    old: list[Floats],
) -> Iterator[Expectation]:
    """What has been expected by the end of each day, one day after the other."""
    count, effects = len(rows), hazards.scenario.effects
    alive, waiting, unused = np.ones(count), np.ones(count), np.ones(count)
    sales, margin, discount = np.zeros(count), np.zeros(count), np.zeros(count)
    gone_without = np.zeros(count)
    untouched, renewed = np.ones(old[0].shape), np.zeros(young.shape, dtype=MASS)
    covered, has_coupons = hazards.covers(path), bool(path.redeem_chance.any())
    covers_all = bool(covered.all())
    for ahead, shelf in enumerate(shelves):
        leaves = dropout_chance(hazards.people, rows, path, day + ahead, effects)
        gone_without = gone_without + waiting * leaves
        alive, waiting, unused = (chance * (1 - leaves) for chance in (alive, waiting, unused))
        trip = hazards.trip_chance(rows, day + ahead, path)
        factor = hazards.want_factor(rows, day + ahead, path)
        first = hazards.need_chance(old[ahead], factor)
        again = hazards.need_chance(young[:ahead][::-1], factor.astype(MASS))
        np.multiply(again, renewed[:ahead], out=again)  # last bought on that day, and on the list again
        listed = untouched * first + again.sum(axis=0)
        sales = sales + alive * trip * (listed * shelf.sales).sum(axis=1)
        margin = margin + alive * trip * (listed * shelf.margin).sum(axis=1)
        some = _some(shelf, first)
        if has_coupons:
            is_valid = day + ahead - path.started_day < effects.response_days
            worth = (first * covered * shelf.sales).sum(axis=1)
            discount = discount + is_valid * path.redeem_chance * path.depth * unused * trip * worth
            unused = unused * (1 - trip * (some if covers_all else _some(shelf, first * covered)))
        waiting = waiting * (1 - trip * some)
        moved = trip[:, None] * shelf.reach
        renewed[ahead] = moved * listed
        untouched *= 1 - moved * first
        renewed[:ahead] -= np.multiply(again, moved.astype(MASS), out=again)
        yield Expectation(1 - waiting - gone_without, sales, margin - discount, discount, alive)


def _some(shelf: _Day, listed: Floats) -> Floats:
    """Chance that a trip ends with at least one purchase."""
    none = [
        share * (1 - success * listed).prod(axis=1) for share, success in zip(shelf.share, shelf.success, strict=True)
    ]
    return np.asarray(1 - sum(none))
