"""Descent: a person split off keeps its root, and nothing that happens later changes it."""

import polars as pl

from ml.identity.descent import birth_roots
from ml.identity.registry import DELTA
from tests.builders.identity import run

A, B, C = "P000000001", "P000000002", "P000000003"


def roots(registry, *persons):
    return birth_roots(pl.Series(persons, dtype=pl.String), registry)["lineage_root"].to_list()


def test_a_person_issued_on_its_own_is_its_own_root():
    assert roots(run(("ab", [])), B, A) == [A, B]


def test_who_is_split_off_descends_from_the_person_left():
    assert roots(run(("ab", ["ab"]), ("ab", [])), A, B) == [A, A]


def test_a_split_of_a_split_leads_to_the_first_person():
    registry = run(("abc", ["ab", "bc"]), ("abc", ["bc"]), ("abc", []))
    assert roots(registry, A, B, C) == [A, A, A]


def test_undoing_a_merge_makes_nobody_a_descendant():
    assert roots(run(("ab", []), ("ab", ["ab"]), ("ab", [])), A, B) == [A, B]


def test_records_that_change_places_do_not_make_two_persons_each_others_root():
    swapped = run(("abcd", ["ad", "bc"]), ("abcd", ["ac", "bd"]))
    assert set(swapped.filter(pl.col("cause") == "split")["person_id"]) == {A, B}
    assert roots(swapped, A, B) == [A, B]


def test_a_person_nobody_wrote_down_is_its_own_root():
    assert roots(pl.DataFrame(schema=DELTA), A) == [A]
