"""Which links the night follows: keys of bare records as they are, people by their evidence; and why."""

import subprocess
import sys
from collections import defaultdict
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.errors import ContractError
from ml.identity.clusters import resolve_persons
from ml.identity.components import connected_components
from ml.identity.links import DESCRIBING, EDGES, KEYS, combine_links, judge_links
from ml.identity.registry import DELTA, current_persons
from tests.builders.people import usual_world

COLUMNS = {
    "record_id": pl.String,
    "is_described": pl.Boolean,
    **dict.fromkeys([*DESCRIBING, *KEYS], pl.String),
}
NOBODY = pl.DataFrame(schema={"record_id": pl.String, "person_id": pl.String})
HOME = {"family_name": "Ostfeld", "street": "4 Mill Road", "city": "Ashby", "postcode": "1234", "phone": "2075550199"}
FATHER = {"given_name": "Viktor", "birthday": "1958-03-07", "email": "viktor@mail.example", **HOME}
SON = {"given_name": "Cedric", "birthday": "1988-11-21", "email": "cedric@post.example", **HOME}
NIGHT = date(2025, 2, 3)


def table(rows):
    return pl.DataFrame(list(rows), schema=COLUMNS, orient="row").sort("record_id")


def described(record_id, **facts):
    return {"record_id": record_id, "is_described": True, **facts}


def bare(record_id, **facts):
    return {"record_id": record_id, "is_described": False, **facts}


def key_links(records):
    """What the warehouse suggests: a star per key around the first record, described ones before bare ones."""
    found = []
    for kind in KEYS:
        carried = defaultdict(list)
        for row in (
            records.filter(pl.col(kind).is_not_null())
            .sort("is_described", "record_id", descending=[True, False])
            .iter_rows(named=True)
        ):
            carried[row[kind]].append(row["record_id"])
        for first, *others in carried.values():
            found += [
                (*sorted((first, other)), f"same_{kind}", "deterministic", 1.0, "accepted", kind) for other in others
            ]
    return pl.DataFrame(found, EDGES, orient="row")


def crowd():
    """People enough to learn from."""
    frame = usual_world(singles=60, families=15).frame().rename({"birth_date": "birthday"})
    return frame.with_columns(is_described=pl.lit(value=True), record_id="crowd:" + pl.col("record_id")).to_dicts()


def judged(records, former=NOBODY, links=None):
    return judge_links(records, key_links(records) if links is None else links, former, seed=7, threads=1)


def together(edges, records):
    """The groups that accepted links make, as a record -> number mapping."""
    return dict(connected_components(records["record_id"], edges).select("record_id", "cluster_id").iter_rows())


@pytest.fixture(scope="module")
def world():
    """The crowd; a father with a second record and a card, a son on the same phone, and a bare household."""
    people = [
        described("a:father", loyalty_id="M1", **FATHER),
        described("b:father", **(FATHER | {"email": "v.ostfeld@web.example", "phone": None})),
        described("c:son", **SON),
        bare("till:M1", loyalty_id="M1"),
        bare("till:M7", loyalty_id="M7"),
        bare("pos:M7", loyalty_id="M7"),
    ]
    return table([*crowd(), *people])


@pytest.fixture(scope="module")
def edges(world):
    return judged(world)


def row_of(edges, one, other):
    return edges.filter((pl.col("record_id_a") == one) & (pl.col("record_id_b") == other)).row(0, named=True)


def test_a_phone_that_father_and_son_share_joins_nobody_and_says_why(edges, world):
    link = row_of(edges, "a:father", "c:son")
    assert (link["rule"], link["kind"], link["verdict"]) == ("same_phone", "deterministic", "refused")
    assert "different persons" in link["reason"]
    assert "given_name different" in link["reason"]
    groups = together(edges, world)
    assert groups["a:father"] != groups["c:son"]


def test_two_records_without_a_common_key_are_one_person_by_their_evidence(edges, world):
    link = row_of(edges, "a:father", "b:father")
    assert (link["rule"], link["kind"], link["verdict"]) == ("likely", "probabilistic", "accepted")
    assert 0.5 <= link["probability"] <= 0.99
    assert "birth_date equal" in link["reason"]
    assert together(edges, world)["a:father"] == together(edges, world)["b:father"]


def test_a_card_belongs_to_the_member_with_its_number_and_bare_records_to_each_other(edges, world):
    groups = together(edges, world)
    assert groups["till:M1"] == groups["a:father"]
    assert groups["till:M7"] == groups["pos:M7"]
    assert edges.filter(pl.any_horizontal(pl.col("record_id_a", "record_id_b").str.starts_with("till:")))[
        "probability"
    ].unique().to_list() == [1.0]


def test_a_card_cannot_tie_two_people_together(world):
    """Two members under one number, who are different people: the card goes with the first of them."""
    people = [
        described("a:father", loyalty_id="M1", **FATHER),
        described("c:son", loyalty_id="M1", **(SON | {"phone": None})),
        bare("till:M1", loyalty_id="M1"),
    ]
    records = table([*crowd(), *people])
    groups = together(judged(records), records)
    assert groups["a:father"] == groups["till:M1"] != groups["c:son"]


def test_every_row_is_one_pair_and_rule_with_a_verdict(edges):
    assert edges.schema == pl.Schema(EDGES)
    assert edges.select("record_id_a", "record_id_b", "rule").is_duplicated().sum() == 0
    assert edges.filter(pl.col("record_id_a") >= pl.col("record_id_b")).is_empty()
    assert set(edges["kind"]) == {"deterministic", "probabilistic"}
    assert edges.null_count().sum_horizontal().item() == 0


def test_accepted_links_join_exactly_whom_the_engine_takes_for_one_person(world, edges):
    from ml.identity.resolve import resolve_records
    from ml.identity.roles import Role

    people = world.filter("is_described")
    columns = {**DESCRIBING, **KEYS}
    roles = [Role(role, name) for name, role in columns.items() if people[name].null_count() < people.height]
    persons = resolve_records(people, roles, id_column="record_id", seed=7, threads=1).persons
    groups = persons.with_columns(group=pl.col("record_id").replace_strict(together(edges, world)))
    assert groups.group_by("person_id").agg(pl.col("group").n_unique())["group"].max() == 1
    assert groups.group_by("group").agg(pl.col("person_id").n_unique())["person_id"].max() == 1


WEIGHTS = dict.fromkeys(("record_id_a", "record_id_b", "rule"), pl.String) | {
    "weight": pl.Float64, "verdict": pl.String, "evidence": pl.String,
}  # fmt: skip
PAIRS = st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] < pair[1]))


@settings(max_examples=60, deadline=None)
@given(persons=st.lists(st.integers(0, 3), min_size=8, max_size=8), seen=PAIRS, keys=PAIRS)
def test_whatever_the_engine_shows_and_keys_suggest_its_persons_are_the_clusters(persons, seen, keys):
    """Also of a person whom no single pair ties together, and of key links across persons."""
    answer = pl.DataFrame(
        {"record_id": [f"r{n}" for n in range(8)], "person_id": [f"P{n}" for n in persons], "confidence": 0.93}
    )
    weights = pl.DataFrame(
        [(f"r{a}", f"r{b}", "likely", 3.0, _verdict(persons, a, b), "given_name equal") for a, b in sorted(seen)],
        WEIGHTS,
        orient="row",
    )
    suggested = [(f"r{a}", f"r{b}", "same_phone", "deterministic", 1.0, "accepted", "phone") for a, b in sorted(keys)]
    edges = combine_links(pl.DataFrame(suggested, EDGES, orient="row"), weights, answer)
    groups = connected_components(answer["record_id"], edges)["cluster_id"].to_list()
    assert len(set(zip(persons, groups, strict=True))) == len(set(persons)) == len(set(groups))
    assert edges.select("record_id_a", "record_id_b", "rule").is_duplicated().sum() == 0


def _verdict(persons, one, other):
    return "accepted" if persons[one] == persons[other] else "refused"


def test_the_same_world_the_next_night_changes_nothing(world):
    registry, seen = pl.DataFrame(schema=DELTA), world.select("record_id", first_seen_date=pl.lit(NIGHT))
    for night in range(2):
        edges = judged(world, current_persons(registry).select("record_id", "person_id"))
        day = NIGHT + timedelta(days=night)
        delta = resolve_persons(seen, edges, registry, as_of_date=day, max_records=10).delta
        assert delta.height == (0 if night else world.height)
        registry = pl.concat([registry, delta])


def test_strangers_who_arrive_move_nobody(world, edges):
    known = together(edges, world)
    former = pl.DataFrame({"record_id": list(known), "person_id": [f"P{number}" for number in known.values()]})
    strangers = usual_world(singles=15, families=3, seed=99).frame().rename({"birth_date": "birthday"}).to_dicts()
    more = table([*world.to_dicts(), *(described(f"new:{row.pop('record_id')}", **row) for row in strangers)])
    after = together(judged(more, former), more)
    one, other = [known[record] for record in known], [after[record] for record in known]
    assert len(set(zip(one, other, strict=True))) == len(set(one)) == len(set(other))


def test_two_records_that_were_one_person_stay_one_where_strangers_would_not_be_joined():
    frame = usual_world(singles=60, families=15, slips=6).frame().rename({"birth_date": "birthday"})
    records = table(frame.with_columns(is_described=pl.lit(value=True)).to_dicts())
    fresh = judged(records)
    size = pl.Series(list(together(fresh, records).values())).value_counts()
    alone = set(size.filter(pl.col("count") == 1).to_series())
    lonely = {record for record, group in together(fresh, records).items() if group in alone}
    close = fresh.filter(
        (pl.col("verdict") == "refused")
        & (pl.col("probability") >= 0.25)
        & pl.all_horizontal(pl.col("record_id_a", "record_id_b").is_in(lonely))
    )
    assert close.height
    pair = close.row(0)[:2]
    after = judged(records, pl.DataFrame({"record_id": pair, "person_id": ["P1", "P1"]}))
    assert row_of(after, *pair)["verdict"] == "accepted"
    was, now = together(fresh, records), together(after, records)
    assert len(set(now.values())) == len(set(was.values())) - 1


def test_order_of_rows_changes_no_byte(world, edges):
    mixed = world.sample(fraction=1.0, shuffle=True, seed=3)
    links = key_links(world).sample(fraction=1.0, shuffle=True, seed=4)
    assert judged(mixed, links=links).equals(edges)


def test_without_names_keys_are_all_there_is_to_go_by():
    records = table(
        [described("a", email="x@y.example"), described("b", email="x@y.example"), bare("c", loyalty_id="1")]
    )
    links = key_links(records)
    assert judged(records).equals(links)


def test_a_retailer_without_names_pays_nothing_for_matching():
    told = (
        "import sys, polars as pl; from ml.identity.links import *; "
        "c = ['record_id', *DESCRIBING, *KEYS]; r = pl.DataFrame(schema=dict.fromkeys(c, pl.String)); "
        "judge_links(r.with_columns(is_described=pl.lit(True)), pl.DataFrame(schema=EDGES), "
        "pl.DataFrame(schema={'record_id': pl.String, 'person_id': pl.String}), seed=1, threads=1); "
        "print('splink' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_link_that_settings_refuse_stays_refused_with_its_reason(world):
    refused = pl.DataFrame(
        [("a:father", "c:son", "same_phone", "deterministic", 0.0, "refused", "phone: on 9 records, at most 5")],
        EDGES,
        orient="row",
    )
    silent = world.with_columns(phone=pl.lit(None, pl.String))
    edges = judged(silent, links=refused)
    assert row_of(edges, "a:father", "c:son")["reason"] == "phone: on 9 records, at most 5"


def test_a_missing_column_and_a_lost_end_are_refused(world):
    with pytest.raises(ContractError, match="birthday"):
        judged(world.drop("birthday"), links=pl.DataFrame(schema=EDGES))
    with pytest.raises(ContractError, match=r"1 others \(first: a:father\)"):
        judged(
            world.filter(pl.col("record_id") != "a:father"),
            links=key_links(world).filter(pl.col("record_id_a") == "a:father").head(1),
        )
