"""Made-up people in households, before anybody writes their names down wrongly: all arrays are codes into the pools."""

from dataclasses import dataclass

import numpy as np

from pipelines.simulator.names import Pools, draw

SIZES = {
    "single": [1.0],
    "few": [0.90, 0.06, 0.03, 0.01],
    "mixed": [0.34, 0.30, 0.14, 0.14, 0.06, 0.02],
    "large": [0.05, 0.1, 0.15, 0.2, 0.2, 0.15, 0.15],
}
FIRST_BIRTH, LAST_BIRTH = -14_600, 14_600  # days since 1970-01-01: forty years on both sides


@dataclass(frozen=True, slots=True)
class Address:
    """Codes of one dwelling per row."""

    postcode: np.ndarray
    street: np.ndarray
    number: np.ndarray

    def take(self, rows: np.ndarray) -> "Address":
        """The dwellings of the given rows."""
        return Address(self.postcode[rows], self.street[rows], self.number[rows])


@dataclass(frozen=True, slots=True)
class People:
    """One row per person."""

    household: np.ndarray
    is_female: np.ndarray
    given: np.ndarray
    family: np.ndarray
    other_family: np.ndarray  # before or after a marriage
    birth: np.ndarray  # days since 1970-01-01
    is_twin: np.ndarray  # a member of a pair with one birth date
    homes: tuple[Address, ...]  # now, before, and before that


def _addresses(random: np.random.Generator, pools: Pools, count: int) -> Address:
    postcode = draw(random, pools.postcode_chances, count)
    # a postcode has its own thirty streets
    street = (postcode * 7_919 + random.integers(0, 30, count) * 331) % len(pools.street)
    number = 1 + np.minimum(random.geometric(0.025, count), 400)
    return Address(postcode, street, number)


def _births(random: np.random.Generator, rank: np.ndarray, head: np.ndarray, twins: float) -> tuple[np.ndarray, ...]:
    """Birth days by place in the household: two adults, then children; and who repeats the sibling before."""
    count = len(rank)
    birth = random.integers(FIRST_BIRTH, LAST_BIRTH, count)
    adult = np.where(rank == 0, birth, birth[head] + random.normal(0, 1_500, count).astype(int))
    parent = np.minimum(birth[head], LAST_BIRTH - 8_000)
    child = parent + random.integers(20 * 365, 40 * 365, count)
    birth = np.where(rank < 2, adult, np.minimum(child, 20_000))
    second = (rank >= 3) & (random.random(count) < twins)
    second[1:] &= ~second[:-1]
    where = np.flatnonzero(second)
    birth[where] = birth[where - 1]
    is_twin = second.copy()
    is_twin[where - 1] = True
    return birth, is_twin


def make_people(
    random: np.random.Generator, pools: Pools, count: int, *, sizes: str, twins: float, juniors: float
) -> People:
    """`count` people in households.

    Takes     sizes: a key of SIZES; twins: chance that a later child is a twin of the one before;
              juniors: chance that a child has the given name of a parent of the same sex.
    Returns   People; members of one household share a home and mostly a family name.
    """
    chance = np.array(SIZES[sizes])
    size = 1 + draw(random, chance, count)
    household = np.repeat(np.arange(count), size)[:count]
    first = np.r_[True, household[1:] != household[:-1]]
    head = np.maximum.accumulate(np.where(first, np.arange(count), 0))
    rank = np.arange(count) - head
    birth, is_twin = _births(random, rank, head, twins)
    is_female = random.random(count) < 0.5
    is_female = np.where((rank == 1) & (random.random(count) < 0.95), ~is_female[head], is_female)
    given = draw(random, pools.given_chances, count)
    parent = np.where(is_female == is_female[head], head, np.minimum(head + 1, count - 1))
    named = (rank >= 2) & (is_female == is_female[parent]) & (random.random(count) < juniors)
    given = np.where(named, given[parent], given)
    again = np.r_[False, (given[1:] == given[:-1]) & (is_female[1:] == is_female[:-1]) & (rank[1:] >= 3)]
    given = np.where(again, (given + 1 + random.integers(0, 50, count)) % len(pools.given_chances), given)
    own = draw(random, pools.family_chances, count)
    shared = np.where(rank == 1, random.random(count) < 0.8, random.random(count) < 0.95)
    family = np.where(shared, own[head], own)
    homes = tuple(_addresses(random, pools, count).take(head) for _ in range(3))
    return People(
        household=household,
        is_female=is_female,
        given=np.where(is_female, given, given + len(pools.given_chances)),
        family=family,
        other_family=draw(random, pools.family_chances, count),
        birth=birth,
        is_twin=is_twin,
        homes=homes,
    )
