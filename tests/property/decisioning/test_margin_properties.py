"""Who is set aside keeps the own choice at every price within reach; and the best set is the best of all sets."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.decisioning.at_prices import chosen_and_margins, chosen_at
from ml.decisioning.candidate_table import build_table
from ml.decisioning.inner import Cap, best_few, good_few
from ml.decisioning.joint import owners_of
from ml.decisioning.limit_rules import parse_limits
from tests.builders.candidates import random_frame

seeds = st.integers(0, 2**32 - 1)
NESTED = {
    "one each": [{"name": "one", "at_most": 1}],
    "two, one of a": [{"name": "two", "at_most": 2}, {"name": "one_a", "where": {"channel": "a"}, "at_most": 1}],
    "three deep": [
        {"name": "three", "at_most": 3},
        {"name": "two_ab", "where": {"channel": ["a", "b"]}, "at_most": 2},
        {"name": "no_a", "where": {"channel": "a"}, "at_most": 1},
    ],
    "none of b": [{"name": "none_b", "where": {"channel": "b"}, "at_most": 0}, {"name": "two", "at_most": 2}],
    "no cap": [],
}
SHARED = [
    {"name": "budget", "sum": "cost", "at_most": 9.0},
    {"name": "a", "where": {"channel": "a"}, "at_most": 2, "at_least": 1},
]


@pytest.mark.parametrize("caps", NESTED.values(), ids=NESTED)
@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_a_margin_above_zero_means_that_no_price_within_reach_changes_the_choice(caps, seed):
    random = np.random.default_rng(seed)
    frame = random_frame(random, 12, int(random.integers(1, 7)), decimals=int(random.integers(1, 4)))
    joint = build_table([frame], parse_limits({"per_person": caps, "global": SHARED})).joint
    prices, reach = random.uniform(0, 2, 3), random.uniform(0, 0.4, 3)
    own, margins = chosen_and_margins(joint, prices, reach)
    assert own.tolist() == chosen_at(joint, prices).tolist()
    for move in [*itertools.product([-1.0, 1.0], repeat=3), *random.uniform(-1, 1, (5, 3))]:
        other = chosen_at(joint, prices + reach * np.array(move))
        moved = np.unique(owners_of(joint, np.setxor1d(own, other)))
        assert (margins[moved] <= 1e-12).all()
    none, exact = chosen_and_margins(joint, prices, np.zeros(3))
    assert none.tolist() == own.tolist()
    assert (exact >= margins - 1e-12).all()


@settings(max_examples=80, deadline=None)
@given(seed=seeds)
def test_sets_within_caps_are_the_best_where_nested_and_allowed_where_they_overlap(seed):
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 7, 4)
    starts = np.append(0, np.cumsum(sizes))[:-1]
    kind = random.integers(0, 3, sizes.sum()).astype(np.uint8)
    net = random.normal(0.5, 1, sizes.sum()).round(1)
    masks = [np.array(mask, dtype=bool) for mask in ([1, 1, 1], [1, 1, 0], [1, 0, 0])]
    nested = [Cap(str(n), mask, int(random.integers(0, 3))) for n, mask in enumerate(masks)][::-1]
    overlapping = [*nested[:1], Cap("bc", np.array([False, True, True]), 1), nested[1]]
    for caps, choose in ((nested, best_few), (overlapping, good_few)):
        chosen = choose(net, kind, starts, caps)
        for first, size in zip(starts.tolist(), sizes.tolist(), strict=True):
            rows = range(first, first + size)
            allowed = [
                rows_of
                for count in range(size + 1)
                for rows_of in itertools.combinations(rows, count)
                if all(cap.kinds[kind[list(rows_of)]].sum() <= cap.at_most for cap in caps)
            ]
            mine = tuple(row for row in chosen.tolist() if first <= row < first + size)
            assert mine in allowed
            if caps is nested:
                assert net[list(mine)].sum() == pytest.approx(max(net[list(rows_of)].sum() for rows_of in allowed))
