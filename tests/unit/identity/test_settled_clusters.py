"""Who was one person yesterday stays one until the evidence falls clearly; an unchanged world changes nobody."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.identity.match.clustering import JOIN_FROM, STAY, Links, components, same_groups, settled_clusters

LAWS = settings(max_examples=200, deadline=None)
RARITY = 12.0
NOBODY = -1


def links_of(bits):
    pairs = np.array(sorted(bits), dtype=np.int64).reshape(-1, 2)
    return Links(pairs[:, 0], pairs[:, 1], np.array([bits[pair] for pair in sorted(bits)], dtype=float))


def settled(size, bits, former=None):
    """Labels of so many records, after they were `former`."""
    links = links_of(bits)
    labels, refused = components(size, links)
    before = np.full(size, NOBODY) if former is None else np.array(former)
    return settled_clusters(labels, refused, links, before, rarity=RARITY, bar=JOIN_FROM)


@st.composite
def worlds(draw):
    """Up to nine records, every pair compared, and who each was before (or nobody)."""
    size = draw(st.integers(2, 9))
    pairs = list(combinations(range(size), 2))
    weights = np.random.default_rng(draw(st.integers(0, 100_000))).normal(0, 6, len(pairs))
    former = draw(st.lists(st.integers(NOBODY, 3), min_size=size, max_size=size))
    return size, dict(zip(pairs, weights.tolist(), strict=True)), former


@LAWS
@given(worlds())
def test_the_next_night_of_an_unchanged_world_changes_nobody(world):
    size, bits, former = world
    tonight = settled(size, bits, former)
    assert same_groups(settled(size, bits, tonight), tonight)
    fresh = settled(size, bits)
    assert same_groups(settled(size, bits, fresh), fresh)


def test_it_settles_also_where_the_first_answer_would_not_last():
    """Found by search: what is held together decides who joins first, so one round alone gives other persons next."""
    weights = [-9.3, -3.2, 3.6, -2.3, 6.7, -0.3, 7.4, -3.6, 0.8, 4.0]
    bits = dict(zip(combinations(range(5), 2), weights, strict=True))
    tonight = settled(5, bits, [1, 2, 1, 2, 2])
    assert same_groups(settled(5, bits, tonight), tonight)


@pytest.mark.parametrize(
    ("below_the_bar", "were_one", "stay"),
    [(0.0, False, True), (0.1, False, False), (0.1, True, True), (STAY, True, True), (STAY + 0.1, True, False)],
)
def test_two_records_part_only_when_the_evidence_is_clearly_below_what_joins_them(below_the_bar, were_one, stay):
    labels = settled(3, {(0, 1): JOIN_FROM - below_the_bar, (0, 2): -9.0}, [5, 5, NOBODY] if were_one else None)
    assert (labels[0] == labels[1]) == stay


def test_a_night_to_night_tremble_around_the_bar_moves_nobody():
    """The evidence swings by two bits around the bar; once joined, two records stay one person."""
    persons = np.array([NOBODY, NOBODY])
    seen = []
    for swing in (-1.0, 1.0, -1.0, 0.5, -1.9, 1.0, -1.0):
        persons = settled(2, {(0, 1): JOIN_FROM + swing}, persons)
        seen.append(bool(persons[0] == persons[1]))
    assert seen == [False, True, True, True, True, True, True]


def test_a_new_record_leaves_old_persons_as_they_were():
    old = {(0, 1): -1.0, (0, 2): 8.0, (1, 2): -9.0}
    assert settled(3, old, [4, 4, NOBODY]).tolist() in ([0, 0, 1], [0, 1, 0])
    apart = settled(3, {(0, 1): 2.0, (0, 2): -9.0, (1, 2): -9.0}, [4, 4, NOBODY])
    assert apart[0] == apart[1] != apart[2]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=8))
def test_two_labellings_are_the_same_if_they_agree_on_every_pair(rows):
    one, other = np.array(rows).T
    agree = all((a == b) == (c == d) for (a, c), (b, d) in combinations(rows, 2))
    assert same_groups(one, other) == agree
