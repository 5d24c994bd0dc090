"""Clustering: where to look, what is still to compare, and who joins when all pairs vote; against slow versions."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.identity.match.clustering import (
    CAP,
    DENSE,
    HIGHEST,
    JOIN_FROM,
    LARGEST,
    LOOK_FROM,
    PRECISION,
    REPEATED,
    STEP,
    Links,
    cluster_links,
    components,
    join_bar,
    unseen_pairs,
)

RARITY = 12.0
LAWS = settings(max_examples=60, deadline=None)


def links_of(bits):
    """Links of {(left, right): bits}, in order."""
    pairs = np.array(sorted(bits), dtype=np.int64).reshape(-1, 2)
    return Links(pairs[:, 0], pairs[:, 1], np.array([bits[pair] for pair in sorted(bits)], dtype=float))


def groups(labels):
    """The partition that labels mean."""
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)}


def reached(size, pairs):
    """Connected groups, one step after another."""
    found = [{record} for record in range(size)]
    for left, right in pairs:
        one = next(group for group in found if left in group)
        other = next(group for group in found if right in group)
        if one is not other:
            found.remove(other)
            one |= other
    return {frozenset(group) for group in found}


def average_linkage(records, bits):
    """The plain way: the two groups with the strongest claim over all their pairs join, while it is JOIN_FROM or more.

    The claim is the mean, plus what n pairs paid too often for the rarity of one person: they count as m apart.
    """
    parts = [(record,) for record in records]

    def claim(one, other):
        count = len(one) * len(other)
        independent = count / (1 + (count - 1) * REPEATED)
        mean = np.mean([np.clip(bits[tuple(sorted((a, b)))], -CAP, CAP) for a in one for b in other])
        return mean + RARITY * (1 - 1 / independent)

    while len(parts) > 1:
        best = max(combinations(parts, 2), key=lambda two: claim(*two))
        if claim(*best) < JOIN_FROM:
            break
        parts = [part for part in parts if part not in best] + [best[0] + best[1]]
    return {frozenset(part) for part in parts}


@st.composite
def weighed_pairs(draw):
    """Up to nine records, some pairs compared, no two of them of equal weight."""
    size = draw(st.integers(2, 9))
    pairs = draw(st.lists(st.sampled_from(list(combinations(range(size), 2))), unique=True))
    seed = draw(st.integers(0, 10_000))
    weights = np.random.default_rng(seed).uniform(-9.9, 9.9, len(pairs))
    return size, dict(zip(pairs, weights.tolist(), strict=True))


@LAWS
@given(weighed_pairs())
def test_components_are_what_links_reach(world):
    size, bits = world
    labels, refused = components(size, links_of(bits))
    assert groups(labels) == reached(size, [pair for pair, weight in bits.items() if weight >= LOOK_FROM])
    assert refused.size == 0


@LAWS
@given(weighed_pairs())
def test_unseen_pairs_are_those_within_components_that_nobody_compared(world):
    size, bits = world
    links = links_of(bits)
    labels, refused = components(size, links)
    found = list(zip(*(side.tolist() for side in unseen_pairs(labels, refused, links)), strict=True))
    within = [pair for group in groups(labels) for pair in combinations(sorted(group), 2)]
    assert found == sorted(set(within) - set(bits))


@LAWS
@given(weighed_pairs())
def test_persons_are_those_of_average_linkage_the_slow_way(world):
    size, bits = world
    labels, refused = components(size, links_of(bits))
    missing = zip(*(side.tolist() for side in unseen_pairs(labels, refused, links_of(bits))), strict=True)
    bits = bits | {pair: -3.0 - place / 7 for place, pair in enumerate(missing)}
    expected = [average_linkage(sorted(group), bits) for group in groups(labels)]
    assert groups(cluster_links(labels, refused, links_of(bits), rarity=RARITY)) == set().union(*expected)


def joined(size, bits):
    links = links_of(bits)
    labels, refused = components(size, links)
    return groups(cluster_links(labels, refused, links, rarity=RARITY))


def test_one_strong_link_does_not_join_two_people_whose_other_pairs_speak_against_it():
    """The bridge between two pairs is stronger than what holds each of them."""
    bridge = {(0, 1): 8.0, (2, 3): 8.0, (1, 2): 7.0, (0, 2): -9.0, (1, 3): -9.0, (0, 3): -9.0}
    assert joined(4, bridge) == {frozenset({0, 1}), frozenset({2, 3})}


def test_many_weak_pairs_join_what_one_of_them_refuses():
    triangle = {(0, 1): 8.0, (1, 2): 6.0, (0, 2): JOIN_FROM - 3}
    assert joined(3, triangle) == {frozenset({0, 1, 2})}


def test_no_single_pair_counts_more_than_the_cap():
    """Neither against nor for: one pair that says never parts nobody, one that says surely joins nobody."""
    assert joined(3, {(0, 1): 9.0, (0, 2): 9.5, (1, 2): -1_000.0}) == {frozenset({0, 1, 2})}
    star = {(0, 1): 12.0, (0, 2): 12.0, (1, 2): 12.0, (0, 3): 9_999.0, (1, 3): -9.9, (2, 3): -9.9}
    assert joined(4, star) == {frozenset({0, 1, 2}), frozenset({3})}


def test_nobody_is_linked_where_there_is_no_link():
    labels, refused = components(3, links_of({}))
    assert groups(cluster_links(labels, refused, links_of({}), rarity=RARITY)) == {frozenset({k}) for k in range(3)}


def test_records_joined_by_a_hair_and_parted_by_one():
    assert joined(2, {(0, 1): JOIN_FROM}) == {frozenset({0, 1})}
    assert joined(2, {(0, 1): JOIN_FROM - 0.01}) == {frozenset({0}), frozenset({1})}


def crowd(size, share, weight=40.0):
    """A ring, so that all are reached, and a share of the other pairs."""
    rng = np.random.default_rng(3)
    pairs = [pair for pair in combinations(range(size), 2) if rng.random() < share]
    ring = [(k, k + 1) for k in range(size - 1)]
    return dict.fromkeys([*pairs, *ring], weight)


def test_a_large_crowd_that_holds_together_is_one_person():
    size = LARGEST + 5
    assert joined(size, crowd(size, DENSE + 0.2)) == {frozenset(range(size))}


def test_a_large_crowd_that_hangs_together_loosely_is_nobody_and_is_counted():
    size = LARGEST + 5
    bits = crowd(size, 0.1) | {(size, size + 1): 5.0}
    labels, refused = components(size + 2, links_of(bits))
    assert refused.size == 1
    assert unseen_pairs(labels, refused, links_of(bits))[0].size == 0
    found = groups(cluster_links(labels, refused, links_of(bits), rarity=RARITY))
    assert found == {frozenset({k}) for k in range(size)} | {frozenset({size, size + 1})}


def test_a_large_crowd_is_taken_apart_along_its_weak_links():
    """Twenty fours, chained by links that are weaker than what holds each four."""
    fours = {(4 * k + a, 4 * k + b): 12.0 for k in range(20) for a, b in combinations(range(4), 2)}
    chain = {(4 * k + 3, 4 * k + 4): 1.0 for k in range(19)}
    labels, refused = components(80, links_of(fours | chain))
    assert refused.size == 0
    assert groups(labels) == {frozenset(range(4 * k, 4 * k + 4)) for k in range(20)}


@pytest.mark.parametrize("size", [0, 1])
def test_no_record_and_one_record_are_answered(size):
    labels, refused = components(size, links_of({}))
    assert cluster_links(labels, refused, links_of({}), rarity=RARITY).size == size


def expected_precision(bits, bar):
    above = bits[bits >= bar]
    return float((1 / (1 + 2.0**-above)).mean())


@pytest.mark.parametrize("doubtful", [0, 50, 400, 3000])
def test_the_bar_is_the_lowest_that_keeps_the_share_of_right_pairs(doubtful):
    random = np.random.default_rng(doubtful)
    bits = np.concatenate([random.uniform(9, 30, 1000), random.uniform(-3, 4, doubtful), random.uniform(-40, -5, 500)])
    bar = join_bar(bits)
    assert JOIN_FROM <= bar < HIGHEST
    assert expected_precision(bits, bar) >= PRECISION
    assert bar == JOIN_FROM or expected_precision(bits, bar - STEP) < PRECISION
    assert (bar > JOIN_FROM) == (doubtful >= 400)


def test_where_nothing_is_sure_nobody_joins_and_nothing_compared_needs_no_bar():
    assert join_bar(np.full(100, 4.0)) > 4.0
    assert join_bar(np.empty(0)) == JOIN_FROM


def test_below_the_bar_nobody_joins():
    links = links_of({(0, 1): 2.0})
    labels, refused = components(2, links)
    assert groups(cluster_links(labels, refused, links, rarity=RARITY, bar=2.0)) == {frozenset({0, 1})}
    assert groups(cluster_links(labels, refused, links, rarity=RARITY, bar=2.25)) == {frozenset({0}), frozenset({1})}
