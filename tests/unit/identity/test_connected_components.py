"""Clusters of linked records: what links, what does not, and how sure it is."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ml.errors import ContractError
from ml.identity.components import connected_components

EDGES = {"record_id_a": pl.String, "record_id_b": pl.String, "verdict": pl.String, "probability": pl.Float64}


def edges(*rows):
    return pl.DataFrame([(*row, "accepted", 1.0)[:4] if len(row) == 2 else row for row in rows], EDGES, orient="row")


def clusters(ids, links):
    frame = connected_components(pl.Series(list(ids), dtype=pl.String), links)
    return frame.group_by("cluster_id").agg(pl.col("record_id").sort()).sort("cluster_id")["record_id"].to_list()


def confidences(ids, links):
    frame = connected_components(pl.Series(list(ids), dtype=pl.String), links)
    return dict(zip(frame["record_id"], frame["confidence"], strict=True))


def test_a_record_without_a_link_is_its_own_cluster():
    assert clusters(["b", "a"], edges()) == [["a"], ["b"]]


def test_no_records_give_no_clusters():
    assert connected_components(pl.Series([], dtype=pl.String), edges()).height == 0


def test_links_join_across_a_third_record():
    assert clusters("abcd", edges(("a", "c"), ("d", "c"))) == [["a", "c", "d"], ["b"]]


def test_a_refused_link_joins_nobody():
    assert clusters("ab", edges(("a", "b", "refused", 1.0))) == [["a"], ["b"]]


def test_a_shared_identifier_joins_nobody_however_many_records_carry_it():
    star = [("r00", f"r{i:02d}", "refused", 1.0) for i in range(1, 40)]
    ids = [f"r{i:02d}" for i in range(40)]
    assert len(clusters(ids, edges(*star))) == 40


def test_clusters_are_numbered_by_their_smallest_record():
    frame = connected_components(pl.Series(["z", "m", "a", "k"]), edges(("a", "z")))
    assert frame.select("record_id", "cluster_id").rows() == [("a", 0), ("k", 1), ("m", 2), ("z", 0)]


def test_deterministic_links_leave_no_doubt():
    assert set(confidences("abc", edges(("a", "b"), ("b", "c"))).values()) == {1.0}


def test_a_cluster_is_as_sure_as_its_weakest_necessary_link():
    links = edges(("a", "b", "accepted", 0.99), ("b", "c", "accepted", 0.7), ("d", "e", "accepted", 0.9))
    assert confidences("abcdef", links) == {"a": 0.7, "b": 0.7, "c": 0.7, "d": 0.9, "e": 0.9, "f": 1.0}


def test_a_weak_link_beside_a_strong_path_costs_no_confidence():
    links = edges(("a", "b", "accepted", 0.9), ("b", "c", "accepted", 0.9), ("a", "c", "accepted", 0.2))
    assert confidences("abc", links)["a"] == 0.9


def test_the_same_link_found_by_two_rules_counts_once_with_the_surer_one():
    links = edges(("a", "b", "accepted", 0.6), ("b", "a", "accepted", 0.8), ("a", "b", "refused", 1.0))
    assert confidences("ab", links) == {"a": 0.8, "b": 0.8}


def test_row_order_is_irrelevant():
    links = edges(("a", "b", "accepted", 0.6), ("c", "d", "accepted", 0.8), ("b", "d", "accepted", 0.7))
    backwards = connected_components(pl.Series(list("edcba")), links.reverse())
    assert_frame_equal(connected_components(pl.Series(list("abcde")), links), backwards)


@pytest.mark.parametrize(
    "wrong",
    [
        ("a", "b", None, 1.0),
        ("a", "b", "probably", 1.0),
        ("a", "b", "accepted", None),
        ("a", "b", "accepted", float("nan")),
        ("a", "b", "accepted", 0.0),
        ("a", "b", "accepted", 1.01),
        (None, "b", "accepted", 1.0),
        ("a", "b", "refused", -0.01),
        ("a", "b", None, 0.0),
    ],
)
def test_a_link_that_nobody_judged_is_refused_by_name(wrong):
    with pytest.raises(ContractError, match="Judge every edge before clustering"):
        connected_components(pl.Series(["a", "b"]), edges(wrong))


def test_a_refused_link_may_be_impossible_and_links_nobody():
    found = connected_components(pl.Series(["a", "b"]), edges(("a", "b", "refused", 0.0)))
    assert found["cluster_id"].to_list() == [0, 1]


def test_a_link_to_an_unknown_record_is_refused():
    with pytest.raises(ContractError, match=r"unknown end \(first: \('a', 'x'\)\)"):
        connected_components(pl.Series(["a", "b"]), edges(("a", "x")))


@pytest.mark.parametrize("ids", [["a", "a"], ["a", None]])
def test_a_record_that_repeats_or_has_no_key_is_refused(ids):
    with pytest.raises(ContractError, match="expected every record once"):
        connected_components(pl.Series(ids), edges())
