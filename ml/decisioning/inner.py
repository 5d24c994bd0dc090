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


def best_few(net: Floats, kind: Kinds, starts: Integers, caps: Sequence[Cap]) -> Integers:
    """Positions of each person's best set within caps, inner caps first; exact if any two are nested or apart.

    Cutting every cap's members to their best few, from the inside out, is the greedy algorithm of a laminar
    matroid (Edmonds 1971). Ties go to nothing, then to the earlier candidate.
    """
    if not len(net):
        return np.zeros(0, dtype=np.int64)
    if len(caps) == 1 and caps[0].at_most == 1 and caps[0].kinds.all():
        first = _firsts(net, starts)
        return first[net[first] > 0]
    alive = net > 0
    for cap in caps:
        everything = bool(cap.kinds.all())
        members = alive if everything else alive & cap.kinds[kind]
        if cap.at_most == 0:
            alive &= ~members
            continue
        if int(np.add.reduceat(members, starts, dtype=np.int64).max()) > cap.at_most:
            best = _cut(np.where(members, net, -np.inf), starts, cap.at_most)
            alive = best if everything else (alive & ~members) | best
    return np.flatnonzero(alive)


def good_few(net: Floats, kind: Kinds, starts: Integers, caps: Sequence[Cap]) -> Integers:
    """The same where caps overlap: of two sets within all of them each person's better one, not surely the best.

    One is cut to each cap in turn; the other takes the most valuable that still fits, again and again.
    """
    if not len(net):
        return np.zeros(0, dtype=np.int64)
    sizes = np.diff(starts, append=len(net))
    cut, taken, open_ = np.zeros((3, len(net)), dtype=np.bool_)
    cut[best_few(net, kind, starts, caps)] = True
    open_[:] = net > 0
    members = [cap.kinds[kind] for cap in caps]
    while open_.any():
        for own, cap in zip(members, caps, strict=True):
            is_full = np.add.reduceat(taken & own, starts, dtype=np.int64) >= cap.at_most
            open_ &= ~(own & np.repeat(is_full, sizes))
        first = _firsts(np.where(open_, net, -np.inf), starts)
        first = first[open_[first]]
        taken[first], open_[first] = True, False
    worth = [np.add.reduceat(np.where(chosen, net, 0.0), starts) for chosen in (cut, taken)]
    return np.flatnonzero(np.where(np.repeat(worth[1] > worth[0], sizes), taken, cut))


def _cut(net: Floats, starts: Integers, count: int) -> Mask:
    """Each person's `count` highest, earlier ones first among equals."""
    found = np.zeros(len(net), dtype=np.bool_)
    for turn in range(count):
        if turn:
            net[found] = -np.inf
        first = _firsts(net, starts)
        first = first[net[first] > -np.inf]
        if not len(first):
            break
        found[first] = True
    return found


def _firsts(net: Floats, starts: Integers) -> Integers:
    """Where each person's highest stands, the earlier of equals."""
    sizes = np.diff(starts, append=len(net))
    width = int(sizes[0])
    if (sizes == width).all():
        return np.asarray(starts + net.reshape(-1, width).argmax(axis=1))
    tops = np.flatnonzero(net == np.repeat(np.maximum.reduceat(net, starts), sizes))
    return np.asarray(tops[np.searchsorted(tops, starts)])


def margins(
    net: Floats, slack: Floats | float, chosen: Integers, kind: Kinds, starts: Integers, caps: Sequence[Cap]
) -> Floats:
    """Per person how much must change before the best set does, once each net value has moved by its slack.

    A set of a laminar matroid stays the best as long as no member is worth less than nothing, no other fits and
    is worth more, and none is worth more than the least member of the innermost full cap around it (Edmonds 1971).
    """
    is_in = np.zeros(len(net), dtype=np.bool_)
    is_in[chosen] = True
    low, high = np.where(is_in, net - slack, np.inf), np.where(is_in, -np.inf, net + slack)
    held = np.minimum.reduceat(low, starts)
    margin, sizes = held, None
    for cap in caps:
        everything = bool(cap.kinds.all())
        members = np.True_ if everything else cap.kinds[kind]
        taken = np.add.reduceat(is_in if everything else is_in & members, starts, dtype=np.int64)
        is_full = taken >= cap.at_most
        floor = held if everything else np.minimum.reduceat(np.where(members, low, np.inf), starts)
        best = np.maximum.reduceat(high if everything else np.where(members, high, -np.inf), starts)
        margin = np.where(is_full, np.minimum(margin, _above(floor, best)), margin)
        sizes = np.diff(starts, append=len(net)) if sizes is None else sizes
        high = np.where(members & np.repeat(is_full, sizes), -np.inf, high)  # a full cap stands in the way
    return np.minimum(margin, -np.maximum.reduceat(high, starts))


def _above(floor: Floats, best: Floats) -> Floats:
    """How far the least member is above the best other; nothing is near where either is missing."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(floor) | np.isinf(best), np.inf, floor - best)


def are_nested(one: Mask, other: Mask) -> bool:
    """Whether two sets of kinds are apart, equal, or one within the other."""
    both = one & other
    return not both.any() or bool((both == one).all()) or bool((both == other).all())
