"""Laws of identity: order and batching are irrelevant, ids are issued once, undoing restores."""

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ml.identity.clusters import resolve_clusters, resolve_persons
from ml.identity.components import connected_components
from ml.identity.registry import DELTA, current_persons

NIGHT = date(2017, 12, 5)
EDGES = {"record_id_a": pl.String, "record_id_b": pl.String, "verdict": pl.String, "probability": pl.Float64}
RECORDS = [f"r{number:02d}" for number in range(12)]
EMPTY = pl.DataFrame(schema=DELTA)

LAW = settings(max_examples=20, deadline=None)  # a night costs 10 ms: enough of them to find a broken rule

links = st.sets(
    st.tuples(st.sampled_from(RECORDS), st.sampled_from(RECORDS)).filter(lambda pair: pair[0] < pair[1]),
    max_size=14,
)
first_days = st.lists(st.integers(0, 5), min_size=len(RECORDS), max_size=len(RECORDS))
nights = st.lists(st.tuples(st.sets(st.sampled_from(RECORDS), min_size=1), links), min_size=1, max_size=4)


def edge_frame(pairs, verdict="accepted"):
    return pl.DataFrame([(*pair, verdict, 1.0) for pair in sorted(pairs)], EDGES, orient="row")


def record_frame(ids, days):
    order = sorted(ids)
    return pl.DataFrame(
        {"record_id": order, "first_seen_date": [NIGHT + timedelta(days=days[RECORDS.index(i)]) for i in order]},
        schema={"record_id": pl.String, "first_seen_date": pl.Date},
    )


def shuffled(frame, seed):
    return frame[np.random.default_rng(seed).permutation(frame.height).tolist()]


def known(ids, pairs):
    return {pair for pair in pairs if set(pair) <= set(ids)}


def history(worlds, days, *, max_records=99, seed=None):
    """The registry after one night per world (its records and its links)."""
    registry = EMPTY
    for number, (ids, pairs) in enumerate(worlds):
        inputs = [record_frame(ids, days), edge_frame(known(ids, pairs)), registry]
        if seed is not None:
            inputs = [shuffled(frame, seed + number) for frame in inputs]
        night = NIGHT + timedelta(weeks=number)
        delta = resolve_persons(*inputs, as_of_date=night, max_records=max_records).delta
        registry = pl.concat([registry, delta])
    return registry


def growing(worlds):
    """The same nights with everything that earlier nights had: records and links only ever arrive."""
    ids, pairs, grown = set(), set(), []
    for more_ids, more_pairs in worlds:
        ids, pairs = ids | more_ids, pairs | more_pairs
        grown.append((ids, pairs))
    return grown


def staying(worlds):
    """The same nights, but no record ever disappears; links still come and go."""
    grown = growing(worlds)
    return [(ids, pairs) for (ids, _), (_, pairs) in zip(grown, worlds, strict=True)]


def persons(registry, ids):
    return {record: person for record, person, *_ in current_persons(registry).rows() if record in ids}


def partition(groups):
    together = {}
    for record, group in groups.items():
        together.setdefault(group, set()).add(record)
    return sorted(map(sorted, together.values()))


def union_find(ids, pairs):
    parent = {record: record for record in ids}

    def root(record):
        while parent[record] != record:
            record = parent[record]
        return record

    for a, b in pairs:
        parent[root(a)] = root(b)
    return partition({record: root(record) for record in ids})


@LAW
@given(worlds=nights, days=first_days)
def test_persons_are_exactly_the_clusters_of_the_links(worlds, days):
    ids, pairs = worlds[-1]
    assert partition(persons(history(worlds, days), ids)) == union_find(ids, known(ids, pairs))


@LAW
@given(worlds=nights, days=first_days, seed=st.integers(0, 2**32 - 10))
def test_row_order_never_changes_a_row_of_the_registry(worlds, days, seed):
    assert_frame_equal(history(worlds, days, seed=seed), history(worlds, days))


@LAW
@given(worlds=nights, days=first_days)
def test_however_records_arrive_in_batches_the_partition_is_that_of_one_full_build(worlds, days):
    nightly = growing(worlds)
    ids, _ = nightly[-1]
    assert partition(persons(history(nightly, days), ids)) == partition(persons(history(nightly[-1:], days), ids))


@LAW
@given(worlds=nights, days=first_days, limit=st.integers(1, 6))
def test_a_full_rebuild_on_an_unchanged_world_changes_nothing(worlds, days, limit):
    registry = history(worlds, days, max_records=limit)
    again = history([*worlds, worlds[-1]], days, max_records=limit)
    assert_frame_equal(again, registry)


@LAW
@given(worlds=nights, days=first_days)
def test_ids_follow_from_founders_and_links_not_from_the_way_there(worlds, days):
    worlds = staying(worlds)
    ids, pairs = worlds[-1]
    straight = [*worlds, (ids, pairs)]
    detour = [*worlds, (ids, set()), (ids, pairs)]
    founders = dict(history(detour, days).select("founding_record_id", "person_id").rows())
    arrived, went_round = persons(history(straight, days), ids), persons(history(detour, days), ids)
    for group in union_find(ids, known(ids, pairs)):
        assert went_round[group[0]] == min(founders[record] for record in group if record in founders)
    assert arrived == went_round


@LAW
@given(worlds=nights, days=first_days)
def test_an_id_is_issued_once_and_has_one_founding_record_for_ever(worlds, days):
    registry = history(worlds, days)
    largest = 0
    for night in registry["as_of_date"].unique().sort():
        seen = set(registry.filter(pl.col("as_of_date") < night)["person_id"])
        fresh = sorted(
            {int(p[1:]) for p in registry.filter(pl.col("as_of_date") == night)["person_id"] if p not in seen}
        )
        assert fresh == list(range(largest + 1, largest + 1 + len(fresh)))
        largest = max(fresh, default=largest)
    assert registry.group_by("person_id").agg(pl.col("founding_record_id").n_unique())["founding_record_id"].le(1).all()
    assert registry.group_by("founding_record_id").agg(pl.col("person_id").n_unique())["person_id"].le(1).all()


@LAW
@given(worlds=nights, days=first_days, extra=links)
def test_undoing_links_restores_every_person(worlds, days, extra):
    worlds = staying(worlds)
    ids, pairs = worlds[-1]
    before = history(worlds, days)
    after = history([*worlds, (ids, pairs | extra), (ids, pairs)], days)
    assert persons(after, ids) == persons(before, ids)


@LAW
@given(ids=st.sets(st.sampled_from(RECORDS), min_size=1), days=first_days)
def test_without_links_everybody_is_somebody_else(ids, days):
    assert len(set(persons(history([(ids, set())], days), ids).values())) == len(ids)


@LAW
@given(worlds=nights, days=first_days, shared=st.sets(st.sampled_from(RECORDS), min_size=2))
def test_a_shared_identifier_never_merges(worlds, days, shared):
    ids, pairs = set(RECORDS), worlds[-1][1]
    star = {(min(shared), other) for other in shared if other != min(shared)}
    both = pl.concat([edge_frame(pairs), edge_frame(star, verdict="refused")])
    records = record_frame(ids, days)
    with_star = resolve_persons(records, both, EMPTY, as_of_date=NIGHT, max_records=99).delta
    assert_frame_equal(with_star, history([(ids, pairs)], days))


@LAW
@given(worlds=nights, days=first_days, limit=st.integers(1, 6))
def test_no_cluster_grows_beyond_the_limit_and_nobody_in_it_changes_person(worlds, days, limit):
    before = history(worlds[:-1], days, max_records=limit)
    ids, pairs = worlds[-1]
    found = resolve_clusters(pl.Series(sorted(ids)), edge_frame(known(ids, pairs)), before, max_records=limit)
    sizes = found.group_by("cluster_id").agg(pl.len(), is_refused=pl.col("reason").is_not_null().any())
    assert sizes.filter(~pl.col("is_refused"))["len"].le(limit).all()
    former = persons(before, ids)
    refused = found.filter(pl.col("reason").is_not_null()).join(current_persons(before), on="record_id", how="left")
    per_cluster = refused.group_by("cluster_id").agg(
        pl.len(), pl.col("person_id").n_unique(), new=pl.col("person_id").null_count()
    )
    assert per_cluster["person_id"].eq(1).all()
    assert per_cluster.filter(pl.col("new") > 0)["len"].eq(1).all()
    assert set(refused.drop_nulls("person_id")["record_id"]) <= set(former)


@LAW
@given(
    count=st.integers(1, 300),
    link_count=st.integers(0, 400),
    seed=st.integers(0, 2**32 - 1),
    shape=st.sampled_from(["random", "chain", "star"]),
)
def test_components_equal_a_slow_union_find(count, link_count, seed, shape):
    draw = np.random.default_rng(seed)
    ids = [f"r{number:03d}" for number in draw.permutation(count)]
    ends = {
        "random": lambda: draw.integers(0, count, (link_count, 2)).tolist(),
        "chain": lambda: [(number, number + 1) for number in range(count - 1)],
        "star": lambda: [(0, number) for number in range(1, count)],
    }[shape]()
    pairs = {(ids[a], ids[b]) for a, b in ends}
    found = connected_components(pl.Series(ids), edge_frame(pairs))
    assert partition(dict(found.select("record_id", "cluster_id").rows())) == union_find(ids, pairs)


def slow_confidence(ids, weighted):
    """Per record: try every probability as a threshold; the largest that still holds its cluster together."""
    whole = union_find(ids, [(a, b) for a, b, _ in weighted])
    answer = {}
    for group in whole:
        for level in sorted({1.0, *(p for *_, p in weighted)}, reverse=True):
            if group in union_find(ids, [(a, b) for a, b, p in weighted if p >= level]):
                answer.update(dict.fromkeys(group, level))
                break
    return answer


@LAW
@given(pairs=links, probabilities=st.lists(st.sampled_from([0.3, 0.6, 0.7, 0.95, 1.0]), min_size=14, max_size=14))
def test_confidence_is_the_highest_threshold_that_holds_the_cluster_together(pairs, probabilities):
    weighted = [(*pair, p) for pair, p in zip(sorted(pairs), probabilities, strict=False)]
    frame = pl.DataFrame([(a, b, "accepted", p) for a, b, p in weighted], EDGES, orient="row")
    found = connected_components(pl.Series(RECORDS), frame)
    assert dict(found.select("record_id", "confidence").rows()) == slow_confidence(RECORDS, weighted)


@pytest.mark.parametrize("length", [1_000, 20_000])
def test_a_long_chain_is_one_person(length):
    ids = [f"r{number:06d}" for number in range(length)]
    chain = pl.DataFrame([(a, b, "accepted", 1.0) for a, b in pairwise(ids)], EDGES, orient="row")
    assert connected_components(pl.Series(ids), chain)["cluster_id"].n_unique() == 1
