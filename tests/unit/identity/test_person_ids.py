"""Issuing person ids: who gets which number, who keeps it, and what the ledger row says."""

from datetime import timedelta

import polars as pl
import pytest

from ml.errors import ContractError
from ml.identity.clusters import resolve_clusters, resolve_persons
from ml.identity.registry import DELTA, current_persons, issue_person_ids
from pipelines.ledger_schema import PERSON_IDS
from tests.builders.identity import NIGHT, SEEN, edges, records, run


def persons(registry):
    return dict(current_persons(registry).select("record_id", "person_id").rows())


def last_night(registry):
    columns = ["record_id", "person_id", "cause", "from_person_id", "founding_record_id"]
    return registry.filter(pl.col("as_of_date") == registry["as_of_date"].max()).select(columns).rows()


def test_rows_have_the_ledgers_columns_and_types():
    assert dict(run(("ab", [])).schema) == PERSON_IDS


def test_every_record_alone_is_a_person_of_its_own():
    assert persons(run(("ab", []))) == {"a": "P000000001", "b": "P000000002"}


def test_numbers_follow_the_earliest_first_seen_day_then_the_record():
    seen = pl.DataFrame(
        {"record_id": ["a", "b", "c", "d"], "first_seen_date": [SEEN + timedelta(days=n) for n in (5, 3, 3, 9)]}
    )
    found = resolve_persons(seen, edges(("a", "d")), pl.DataFrame(schema=DELTA), as_of_date=NIGHT, max_records=9).delta
    assert found.select("record_id", "person_id", "founding_record_id").rows() == [
        ("a", "P000000003", "a"),
        ("b", "P000000001", "b"),
        ("c", "P000000002", "c"),
        ("d", "P000000003", "a"),
    ]


def test_a_night_on_which_nothing_changes_writes_nothing():
    assert run(("abc", ["ab"]), ("abc", ["ab"])).filter(pl.col("as_of_date") > NIGHT).height == 0


def test_a_new_record_joins_the_person_it_is_linked_to():
    registry = run(("ab", ["ab"]), ("abc", ["ab", "bc"]))
    assert last_night(registry) == [("c", "P000000001", "joined", None, "a")]


def test_a_merge_keeps_the_older_id_and_tells_where_the_others_came_from():
    registry = run(("abc", ["bc"]), ("abc", ["bc", "ac"]))
    assert last_night(registry) == [
        ("b", "P000000001", "merged", "P000000002", "a"),
        ("c", "P000000001", "merged", "P000000002", "a"),
    ]


def test_a_split_keeps_the_id_where_the_founding_record_is():
    registry = run(("abcd", ["ab", "bc", "cd"]), ("abcd", ["ab", "cd"]))
    assert last_night(registry) == [
        ("c", "P000000002", "split", "P000000001", "c"),
        ("d", "P000000002", "split", "P000000001", "c"),
    ]


def test_undoing_a_merge_gives_both_persons_their_ids_back():
    before = run(("abc", ["bc"]))
    after = run(("abc", ["bc"]), ("abc", ["bc", "ab"]), ("abc", ["bc"]))
    assert persons(after) == persons(before)
    assert last_night(after) == [
        ("b", "P000000002", "split", "P000000001", "b"),
        ("c", "P000000002", "split", "P000000001", "b"),
    ]


def test_the_number_of_a_person_merged_away_is_not_given_to_anyone_else():
    registry = run(("ab", []), ("ab", ["ab"]), ("abc", ["ab"]))
    assert persons(registry) == {"a": "P000000001", "b": "P000000001", "c": "P000000003"}


def test_a_record_that_changes_over_to_another_person_has_split_off():
    registry = run(("abc", ["bc"]), ("abc", ["ac"]))
    assert last_night(registry) == [("c", "P000000001", "split", "P000000002", "a")]


def test_a_person_outlives_its_founding_record():
    registry = run(("abc", ["ab", "bc"]), ("bcd", ["bc"]))
    assert persons(registry) == {"a": "P000000001", "b": "P000000001", "c": "P000000001", "d": "P000000002"}


def test_a_changed_confidence_is_written_without_touching_the_lineage():
    first = resolve_persons(
        records("a", "b"), edges("ab"), pl.DataFrame(schema=DELTA), as_of_date=NIGHT, max_records=9
    ).delta
    weaker = resolve_persons(
        records("a", "b"),
        edges("ab", probability=0.7),
        first,
        as_of_date=NIGHT + timedelta(weeks=1),
        max_records=9,
    ).delta
    assert weaker.select("record_id", "person_id", "cause", "from_person_id", "confidence").rows() == [
        ("a", "P000000001", "joined", None, 0.7),
        ("b", "P000000001", "joined", None, 0.7),
    ]


def test_a_cluster_too_large_to_be_one_person_is_not_merged():
    found = resolve_persons(
        records(*"abcd"),
        edges("ab", "bc", "cd"),
        pl.DataFrame(schema=DELTA),
        as_of_date=NIGHT,
        max_records=3,
    )
    assert found.delta["person_id"].n_unique() == 4
    assert found.refused.rows()[0] == ("a", "cluster_too_large: 4 records, limit 3")
    assert found.refused["record_id"].to_list() == list("abcd")


def test_a_cluster_at_the_limit_is_one_person():
    assert len(set(persons(run(("abc", ["ab", "bc"]), max_records=3)).values())) == 1


def test_in_a_cluster_that_grew_too_large_everybody_stays_who_they_were():
    before = run(("abcd", ["ab", "cd"]), max_records=3)
    grown = run(("abcd", ["ab", "cd"]), ("abcdef", ["ab", "cd", "bc", "de", "ef"]), max_records=3)
    assert {key: persons(grown)[key] for key in "abcd"} == persons(before)
    assert len({persons(grown)[key] for key in "aef"}) == 3
    clusters = resolve_clusters(pl.Series(list("abcdef")), edges("ab", "cd", "bc", "de", "ef"), before, max_records=3)
    assert clusters["cluster_id"].to_list() == [0, 0, 1, 1, 2, 3]


def test_a_limit_below_one_is_refused():
    with pytest.raises(ContractError, match="max_records: expected at least 1, got 0"):
        run(("a", []), max_records=0)


def test_a_registry_that_reaches_into_the_night_is_refused():
    registry = run(("ab", []))
    with pytest.raises(ContractError, match="expected nights before 2017-12-12 only"):
        resolve_persons(records(*"ab"), edges(), registry, as_of_date=NIGHT, max_records=9)


def test_a_record_without_a_first_day_is_refused():
    with pytest.raises(ContractError, match=r"expected a day for every record, got none for 1 of 2 \(first: b\)"):
        issue_person_ids(
            resolve_clusters(pl.Series(["a", "b"]), edges(), pl.DataFrame(schema=DELTA), max_records=9),
            pl.DataFrame(schema=DELTA),
            records("a"),
            NIGHT,
        )


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("person_id", "person-1", "P and nine digits"),
        ("founding_record_id", None, "one and the same per person"),
        ("as_of_date", None, "expected every"),
    ],
)
def test_a_damaged_registry_is_refused(column, value, words):
    damaged = run(("ab", ["ab"])).with_columns(
        pl.when(pl.col("record_id") == "b").then(pl.lit(value)).otherwise(pl.col(column)).alias(column)
    )
    with pytest.raises(ContractError, match=words):
        resolve_persons(records(*"ab"), edges("ab"), damaged, as_of_date=NIGHT + timedelta(days=1), max_records=9)


def test_when_the_numbers_run_out_nobody_gets_a_second_hand_one():
    last = run(("a", [])).with_columns(person_id=pl.lit("P999999999"))
    with pytest.raises(ContractError, match="expected numbers up to 999999999"):
        resolve_persons(records(*"ab"), edges(), last, as_of_date=NIGHT + timedelta(days=1), max_records=9)
