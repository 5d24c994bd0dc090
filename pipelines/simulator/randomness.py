"""Chance without a running generator: every draw is a hash of (seed, purpose, person, day, index).

A draw therefore does not depend on which other draws were made, in which order or on how many threads, and a world in
which one person is contacted differs from the world in which nobody is only by what the contact changes.

Source    the finaliser of SplitMix64: Steele, Lea and Flood (2014), Fast Splittable Pseudorandom Number Generators.
"""

from functools import cache
from hashlib import blake2b

import numpy as np
from scipy.special import gammaincinv, ndtri

Numbers = int | np.ndarray  # whole numbers, which broadcast against each other
Floats = np.ndarray  # float64
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_ID_BITS = 44
_ID_MASK = np.uint64((1 << _ID_BITS) - 1)
_PERSON_BITS = 22


def bits(seed: int, purpose: str, person: Numbers, day: Numbers = 0, index: Numbers = 0) -> np.ndarray:
    """64 random bits per cell, uint64, in the shape that person, day and index broadcast to.

    Takes     purpose: a stable name of what is drawn; two purposes are independent of each other.
    """
    state = _absorb(_as_bits(seed), _purpose_key(purpose))
    for part in (day, person, index):
        state = _absorb(state, part)
    return state


def uniform(seed: int, purpose: str, person: Numbers, day: Numbers = 0, index: Numbers = 0) -> Floats:
    """Numbers strictly between 0 and 1."""
    drawn = bits(seed, purpose, person, day, index) >> np.uint64(12)
    return (drawn.astype(np.float64) + 0.5) * 2.0**-52


def normal(seed: int, purpose: str, person: Numbers, day: Numbers = 0, index: Numbers = 0) -> Floats:
    """Standard normal numbers, by inversion."""
    return np.asarray(ndtri(uniform(seed, purpose, person, day, index)))


def gamma(seed: int, purpose: str, person: Numbers, *, shape: float, index: Numbers = 0) -> Floats:
    """Gamma numbers with mean 1 and the given shape, by inversion."""
    return np.asarray(gammaincinv(shape, uniform(seed, purpose, person, 0, index))) / shape


def poisson(drawn: Floats, mean: Floats) -> np.ndarray:
    """Poisson counts (int64) from uniform numbers, by inversion; exact up to a count of 400."""
    mean = np.broadcast_to(mean, drawn.shape)
    term = np.exp(-mean)
    reached, count = term.copy(), np.zeros(drawn.shape, dtype=np.int64)
    for number in range(1, 400):
        above = drawn > reached
        if not above.any():
            break
        count += above
        term = term * mean / number
        reached = reached + term
    return count


def choice(drawn: Floats, chances: Floats) -> np.ndarray:
    """Places (int64) in a list of chances that need not sum to one, from uniform numbers, by inversion."""
    edges = np.cumsum(chances)
    return np.asarray(np.minimum(np.searchsorted(edges, drawn * edges[-1], side="right"), len(edges) - 1))


def scrambled(seed: int, purpose: str, person: np.ndarray, day: Numbers = 0) -> np.ndarray:
    """Different 13- or 14-digit numbers (int64) for different (person, day): ids that tell nothing.

    Takes     person: below 2**22; day: days since 1970-01-01, below 2**22.
    """
    place = (np.asarray(day).astype(np.uint64) << np.uint64(_PERSON_BITS)) | person.astype(np.uint64)
    factor, start = bits(seed, f"id of {purpose}", np.array([0, 1]))
    mixed = (place * (factor | np.uint64(1)) + start) & _ID_MASK  # odd factors are one-to-one
    mixed = ((mixed ^ (mixed >> np.uint64(_ID_BITS // 2))) * (_FIRST | np.uint64(1))) & _ID_MASK
    return np.asarray(mixed.astype(np.int64) + 10**12)


@cache
def _purpose_key(purpose: str) -> int:
    return int.from_bytes(blake2b(purpose.encode(), digest_size=8).digest(), "little") >> 1


def _as_bits(number: Numbers) -> np.ndarray:
    return np.atleast_1d(np.asarray(number)).astype(np.int64).view(np.uint64)


def _absorb(state: np.ndarray, part: Numbers) -> np.ndarray:
    mixed = state + _GOLDEN * (_as_bits(part) + np.uint64(1))
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
