"""What one person may get: the best set within the caps, for many people at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Kinds = npt.NDArray[np.unsignedinteger]  # type: ignore[type-arg]


@dataclass(frozen=True)
class Cap:
    """At most so many of these kinds of candidate for each person."""

    name: str
    kinds: Mask
    at_most: int


def best_sets(net: Floats, kind: Kinds, starts: Integers, caps: Sequence[Cap]) -> Mask:
    """Each person's best set within caps, inner caps first; exact if any two are nested or apart.

    Cutting every cap's members to their best few, from the inside out, is the greedy algorithm of a laminar
    matroid (Edmonds 1971). Ties go to nothing, then to the earlier candidate.
    """
    alive = net > 0
    for cap in caps:
        everything = bool(cap.kinds.all())
        members = alive if everything else alive & cap.kinds[kind]
        if cap.at_most == 0:
            alive &= ~members
            continue
        sizes = np.add.reduceat(members, starts, dtype=np.int64) if len(net) else np.zeros(0, np.int64)
        if len(sizes) and int(sizes.max()) > cap.at_most:
            best = _best_few(np.where(members, net, -np.inf), starts, cap.at_most)
            alive = best if everything else (alive & ~members) | best
    return alive


def _best_few(net: Floats, starts: Integers, count: int) -> Mask:
    """Each person's `count` highest, earlier ones first among equals."""
    sizes = np.diff(starts, append=len(net))
    width = int(sizes[0])
    found = np.zeros(len(net), dtype=np.bool_)
    is_even = bool((sizes == width).all())
    for turn in range(count):
        if turn:
            net[found] = -np.inf
        if is_even:
            first = starts + net.reshape(-1, width).argmax(axis=1)
        else:
            top = np.repeat(np.maximum.reduceat(net, starts), sizes)
            first = np.minimum.reduceat(np.where(net == top, np.arange(len(net)), len(net)), starts)
        first = first[net[first] > -np.inf]
        if not len(first):
            break
        found[first] = True
    return found


def are_nested(one: Mask, other: Mask) -> bool:
    """Whether two sets of kinds are apart, equal, or one within the other."""
    both = one & other
    return not both.any() or bool((both == one).all()) or bool((both == other).all())
