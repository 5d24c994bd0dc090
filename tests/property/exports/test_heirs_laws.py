"""Persons merge and are told apart again: the decider and the check count the same earlier contacts for everybody."""

import re
from pathlib import Path

import duckdb
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.identity.test_identity_laws import RECORDS, first_days, history, links, persons

ROOT = Path(__file__).parents[3]
MODELS = {
    "int_person_ids__spans": "intermediate/int_person_ids__spans.sql",
    "int_persons__heirs": "intermediate/int_persons__heirs.sql",
    "person_members": "identity/person_members.sql",
}
CHECKS = ("contact_caps", "discount_ceiling")
nights = st.lists(st.tuples(st.sets(st.sampled_from(RECORDS), min_size=1), links), min_size=2, max_size=5)


def as_sql(model, as_of_date):
    """A dbt model with its own references as plain names."""
    text = (ROOT / "dbt_project" / "models" / MODELS[model]).read_text()
    text = re.sub(r"\{\{ ref\('(\w+)'\) \}\}", r"\1", text)
    return text.replace("{{ as_of_date() }}", f"date '{as_of_date}'")


def heirs_of_check(name):
    """The first table of a check: whose earlier contacts also count for whom."""
    text = (ROOT / "pipelines" / "exports" / "checks" / f"{name}.sql").read_text()
    found = re.search(r"with heirs as \((.*?)\n\),\n", text, re.S)
    assert found, name
    return found.group(1)


def world_of(registry):
    """Every person of every night was contacted that night; the marts are of the last one."""
    connection = duckdb.connect()
    days = registry["as_of_date"].unique().sort()
    last = days[-1]
    contacted = [
        (person, day)
        for day in days[:-1]
        for person in present(registry.filter(pl.col("as_of_date") <= day))["person_id"].unique().sort()
    ]
    exports = pl.DataFrame(contacted, {"person_id": pl.String, "as_of_date": pl.Date}, orient="row")
    for name, frame in {
        "person_ids": registry,
        "stg_ledger__person_ids": registry,
        "int_nights__sealed": pl.DataFrame({"as_of_date": days[:-1]}),
        "earlier_exports": exports,
    }.items():
        connection.register(name, frame.to_arrow())
    for model in MODELS:
        connection.execute(f"create table {model} as {as_sql(model, last)}")
    return connection


def present(registry):
    return registry.sort("as_of_date").unique("record_id", keep="last")


def counted_by_decider(connection):
    return connection.execute(
        "select coalesce(heir_person_id, person_id) as person_id, count(*) as contacts "
        "from earlier_exports left join int_persons__heirs using (person_id) group by 1"
    ).fetchall()


def counted_by_check(connection, name):
    return connection.execute(
        f"with heirs as ({heirs_of_check(name)}), releases as ("
        "select person_id from earlier_exports union all "
        "select heirs.person_id from earlier_exports inner join heirs on earlier_exports.person_id = heirs.earlier_id"
        ") select person_id, count(*) from releases group by 1"
    ).fetchall()


@settings(max_examples=60, deadline=None)
@given(worlds=nights, days=first_days)
def test_decider_and_checks_count_the_same_earlier_contacts(worlds, days):
    registry = history(worlds, days)
    there = set(persons(registry, worlds[-1][0]).values())  # a person without a record is nobody
    with world_of(registry) as connection:
        decided = {person: count for person, count in counted_by_decider(connection) if person in there}
        for name in CHECKS:
            checked = {person: count for person, count in counted_by_check(connection, name) if person in there}
            assert checked == decided, name


def test_contacts_of_a_person_who_was_merged_and_told_apart_are_not_lost_and_not_counted_twice():
    together, both = {(RECORDS[0], RECORDS[1])}, set(RECORDS[:2])
    with world_of(history([(both, set()), (both, together), (both, set())], [0] * len(RECORDS))) as connection:
        counted = [counted_by_decider(connection), *(counted_by_check(connection, name) for name in CHECKS)]
    assert [dict(one) for one in counted] == [{"P000000001": 2, "P000000002": 1}] * 3
