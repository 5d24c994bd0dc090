"""Scores against a count by hand, by brute force, and at their ends."""

from itertools import combinations, product

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.simulator.scoring import RELATIVES, STRANGERS, Agreement, agreement, quarantine_score, wrong_links

LINKS = {
    "rule": pl.String,
    "person_a": pl.Int64,
    "person_b": pl.Int64,
    "household_a": pl.Int64,
    "household_b": pl.Int64,
    "faults": pl.List(pl.String),
}


def grouped(found, true):
    """Records by the group that was found and the true one."""
    return pl.DataFrame({"found": list(found), "true": list(true)}, schema={"found": pl.String, "true": pl.Int64})


def by_brute_force(found, true):
    """The same by looking at every pair and every record."""
    pairs = list(combinations(range(len(found)), 2))
    together = {i: (found[i[0]] == found[i[1]], true[i[0]] == true[i[1]]) for i in pairs}
    both, in_found, in_true = (sum(map(rule, together.values())) for rule in (all, lambda t: t[0], lambda t: t[1]))
    groups = [(found, true), (true, found)]
    cubed = []
    for own, other in groups:
        shares = []
        for i in range(len(own)):
            mates = [j for j in range(len(own)) if own[j] == own[i]]
            shares.append(sum(other[j] == other[i] for j in mates) / len(mates))
        cubed.append(sum(shares) / len(shares) if shares else None)
    return both / in_found if in_found else None, both / in_true if in_true else None, *cubed


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3)), max_size=12))
def test_it_is_what_looking_at_every_pair_and_record_gives(rows):
    found, true = [one for one, _ in rows], [other for _, other in rows]
    scores = agreement(grouped(found, true))
    expected = by_brute_force(found, true)
    got = (scores.pairwise_precision, scores.pairwise_recall, scores.b_cubed_precision, scores.b_cubed_recall)
    assert got == pytest.approx(expected)


def test_everybody_found_is_one_and_nothing_to_judge_is_none():
    assert agreement(grouped("aab", [1, 1, 2])) == Agreement(1.0, 1.0, 1.0, 1.0)
    assert agreement(grouped("", [])) == Agreement(None, None, None, None)


def test_a_wrong_link_has_the_cause_that_its_rule_could_trip_over():
    rows = [
        ("same_phone", 1, 2, 7, 7, ["typo", "shared_phone"]),
        ("same_email", 1, 2, 7, 7, ["shared_phone"]),
        ("same_email", 1, 3, 7, 8, []),
        ("same_email", 1, 1, 7, 7, ["shared_email"]),
        ("likely", 1, 2, 7, 7, ["shared_email", "typo"]),
        ("likely", 1, 2, 7, 7, ["shared_phone"]),
    ]
    found = wrong_links(pl.DataFrame(rows, LINKS, orient="row"))
    assert set(found.iter_rows()) == {
        ("same_phone", "shared_phone", 1),
        ("same_email", RELATIVES, 1),
        ("same_email", STRANGERS, 1),
        ("likely", "typo", 1),
        ("likely", RELATIVES, 1),
    }


def test_planted_rows_are_caught_or_missed_and_others_refused_in_error():
    schema = {"table": pl.String, "row_key": pl.String}
    planted = pl.DataFrame([*product(["t"], "abb"), ("u", "c")], schema, orient="row")
    refused = pl.DataFrame([("t", "a"), ("t", "x"), ("t", "x")], schema, orient="row")
    assert quarantine_score(planted, refused).rows() == [("t", 2, 1, 1, 1), ("u", 1, 0, 1, 0)]
