"""Which pairs are compared: fields, keys, rules under a budget and the first guess, against trying every pair."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.identity.match import pairs as chunks
from ml.identity.match.blocking import Budget, budget_for, candidate_pairs, choose_rules
from ml.identity.match.fields import AREA, ATTRIBUTE, HOME, IDENTIFIER, PERSONAL, choose_fields
from ml.identity.match.keys import ABSENT, build_keys
from ml.identity.match.pairs import pair_count, pairs_of, swapped_pairs
from ml.identity.match.screen import Screen
from ml.identity.normal.records import normalise_records
from tests.builders.people import ROLES, usual_world

LAWS = settings(max_examples=60, deadline=None)
CODES = st.lists(st.tuples(*[st.integers(ABSENT, 3)] * 2), max_size=20)


@pytest.fixture(scope="module")
def records():
    return normalise_records(usual_world(singles=60, families=20, slips=5).frame(), ROLES).frame


@pytest.fixture(scope="module")
def fields(records):
    return choose_fields(records)


@pytest.fixture(scope="module")
def keys(records, fields):
    return build_keys(records, fields)


def told(parts):
    """All pairs of the chunks, as they come."""
    return [pair for left, right in parts for pair in zip(left.tolist(), right.tolist(), strict=True)]


def array(rows):
    return np.array(rows, dtype=np.int32).reshape(-1, 2)


@LAWS
@given(CODES)
def test_pairs_are_all_rows_of_equal_codes_none_twice(rows):
    found = told(pairs_of(array(rows)))
    expected = [(a, b) for a, b in combinations(range(len(rows)), 2) if rows[a] == rows[b] and ABSENT not in rows[a]]
    assert sorted(found) == expected
    assert pair_count(array(rows)) == len(expected)


def test_pairs_come_in_chunks_of_a_bounded_size(monkeypatch):
    monkeypatch.setattr(chunks, "PAIRS_PER_CHUNK", 50)
    parts = list(pairs_of(np.zeros((40, 1), np.int32)))
    assert sorted(told(parts)) == list(combinations(range(40), 2))
    assert max(left.size for left, _ in parts) <= 50
    assert len(parts) > 10


def test_large_codes_of_many_columns_are_not_mixed_up():
    wide = np.full((3, 6), 2**31 - 2, np.int32)
    wide[2, 0] -= 1
    assert told(pairs_of(wide)) == [(0, 1)]


@LAWS
@given(st.lists(st.tuples(*[st.integers(ABSENT, 2)] * 3), max_size=14))
def test_swapped_pairs_have_one_name_in_the_place_of_the_other(rows):
    given_name, family, other = (np.array([row[k] for row in rows], dtype=np.int32) for k in range(3))
    expected = {
        (a, b)
        for a, b in combinations(range(len(rows)), 2)
        if rows[a][2] == rows[b][2] != ABSENT
        and (rows[a][0] == rows[b][1] != ABSENT or rows[b][0] == rows[a][1] != ABSENT)
    }
    assert set(told(swapped_pairs(given_name, family, other))) == expected


def test_fields_are_what_can_tell_people_apart(fields):
    found = {field.name: (field.kind, field.meaning) for field in fields}
    assert found["given_name"] == ("given", PERSONAL)
    assert found["birth_date"] == ("date", PERSONAL)
    assert found["family_name"] == ("family", HOME)
    assert found["phone"] == ("code", HOME)
    assert found["city"] == ("text", AREA)
    assert found["loyalty_id"] == ("code", IDENTIFIER)
    assert {"given_root", "email_local", "email_domain"}.isdisjoint(found)


def test_a_column_of_one_value_or_none_is_no_field():
    table = pl.DataFrame({"city": ["york", "york", None], "phone": [None] * 3, "gender": ["f", "m", None]})
    assert [field.name for field in choose_fields(table.cast(pl.String))] == ["gender"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([f"job {'abcdefghijklmnopqrstu'[k]}" for k in range(20)], "text"),
        ([f"{k:06d}" for k in range(20)], "code"),
        (["smoker", "none"] * 10, "category"),
    ],
)
def test_an_attribute_is_text_code_or_category_by_its_values(values, kind):
    (field,) = choose_fields(pl.DataFrame({"attribute_x": values}))
    assert (field.kind, field.meaning) == (kind, ATTRIBUTE)


def test_a_key_is_absent_where_nothing_is_known_and_equal_where_values_are(records, keys):
    column = keys.names.index("family_name")
    codes, values = keys.codes[:, column], records["family_name"]
    assert (codes == ABSENT).tolist() == values.is_null().to_list()
    pairs = {(code, value) for code, value in zip(codes.tolist(), values.to_list(), strict=True) if value is not None}
    assert len(pairs) == values.drop_nulls().n_unique() == len({code for code, _ in pairs})


def test_rules_keep_to_the_budget_and_count_their_pairs(keys):
    for seen in (500, 5_000, 600_000):
        rules = choose_rules(keys, Budget(seen, seen), seed=1)
        assert sum(rule.pair_count for rule in rules) <= seen
        assert [rule.pair_count for rule in rules] == [pair_count(keys.codes[:, list(rule.keys)]) for rule in rules]
        assert len({rule.keys for rule in rules}) == len(rules)


def test_candidates_are_sorted_unique_and_those_of_the_rules_that_are_not_hopeless(keys, fields):
    left, right, rules = candidate_pairs(keys, fields, budget_for(keys.codes.shape[0]), seed=1)
    found = list(zip(left.tolist(), right.tolist(), strict=True))
    assert found == sorted(set(found))
    assert (left < right).all()
    by_rules = {pair for rule in rules for pair in agreeing(keys.codes[:, list(rule.keys)])}
    guess = Screen(keys, fields)
    pairs = np.array(sorted(by_rules))
    kept = guess.scores(pairs[:, 0], pairs[:, 1])
    assert set(found) >= {pair for pair, bits in zip(sorted(by_rules), kept, strict=True) if bits >= 0}
    extra = set(found) - by_rules
    assert all(shares_a_name_crosswise(keys, a, b) for a, b in extra)
    assert len(found) < len(by_rules)


def agreeing(codes):
    """Every pair of rows, tried one by one."""
    rows = [tuple(row) for row in codes.tolist()]
    return [
        (a, b) for a, one in enumerate(rows) if ABSENT not in one for b in range(a + 1, len(rows)) if one == rows[b]
    ]


def shares_a_name_crosswise(keys, one, other):
    """Whether a name of one begins like the other name of the other."""
    given_name, family = keys.swapped
    codes = keys.codes
    return codes[one, given_name] == codes[other, family] or codes[one, family] == codes[other, given_name]


def test_of_too_many_candidates_the_best_guesses_stay(keys, fields):
    every = candidate_pairs(keys, fields, Budget(600_000, 600_000), seed=1)
    few = candidate_pairs(keys, fields, Budget(600_000, 150), seed=1)
    kept = set(zip(few[0].tolist(), few[1].tolist(), strict=True))
    assert 0 < len(kept) <= 150
    whole = list(zip(every[0].tolist(), every[1].tolist(), strict=True))
    assert kept <= set(whole)
    bits = dict(zip(whole, Screen(keys, fields).scores(*every[:2]).tolist(), strict=True))
    worst = min(bits[pair] for pair in kept)
    assert all(weight <= worst + 0.5 for pair, weight in bits.items() if pair not in kept)


def test_the_first_guess_rises_with_every_agreement_and_with_rarity():
    table = pl.DataFrame(
        {
            "family_name": ["smith"] * 8 + ["zabriskie"] * 2,
            "city": ["york", "york", "hull", None, "leeds", "bath", "ely", "ripon", "truro", "wells"],
        }
    )
    chosen = choose_fields(table)
    screen = Screen(build_keys(table, chosen), chosen)
    same, other_city, unknown, rare = screen.scores(np.array([0, 0, 0, 8]), np.array([1, 2, 3, 9])).tolist()
    assert same > unknown > other_city
    assert rare == pytest.approx(other_city)  # the guess knows how often values agree, not which value it is


@pytest.mark.parametrize(("count", "compared"), [(1, 40), (1_000, 40_000), (100_000, 2_000_000), (10**7, 4 * 10**7)])
def test_a_budget_grows_slower_than_the_table(count, compared):
    budget = budget_for(count)
    assert budget.compared == compared
    assert budget.seen >= budget.compared
    assert budget_for(10 * count).seen <= 10 * budget.seen
