"""Odd tables get an answer in words: one row, nothing known, constants, any alphabet, mixed types, endless text."""

import datetime as dt
import decimal

import polars as pl
import pytest

from ml.errors import ContractError
from ml.identity.roles import Role
from tests.builders.people import persons_by_record, resolved, usual_world

NOBODY = "No column tells people apart, or there is one record: nobody can be told to be anybody else."
NAMES = (Role("given_name", "given_name"), Role("family_name", "family_name"), Role("birth_date", "birth_date"))


def people(**columns):
    """A table of the given columns; ids are drawn up."""
    height = len(next(iter(columns.values())))
    return pl.DataFrame({"record_id": list(range(height)), **columns}, strict=False)


def test_one_record_is_one_person():
    found = resolved(people(given_name=["Ann"], family_name=["Lee"], birth_date=["1980-02-03"]), NAMES)
    assert found.persons.rows() == [(0, "P000000001", found.persons["confidence"][0])]
    assert NOBODY in found.notes
    assert found.edges.is_empty()
    assert found.report["person_count"] == 1


@pytest.mark.parametrize("values", [["Ann"] * 5, [None] * 5, ["n/a", "-", "", None, "unknown"], [float("nan")] * 5])
def test_columns_that_say_nothing_leave_everybody_alone_and_say_so(values):
    found = resolved(people(given_name=values, family_name=values, birth_date=[None] * 5), NAMES)
    assert found.persons["person_id"].n_unique() == 5
    assert NOBODY in found.notes


def test_a_record_of_nothing_among_others_is_alone_and_its_confidence_is_a_chance():
    found = resolved(usual_world(singles=20, families=0).frame().with_columns(city=None), NAMES)
    assert found.persons["confidence"].is_between(0, 1).all()
    nothing = pl.DataFrame({"record_id": ["z"]})
    table = pl.concat([usual_world(singles=20, families=0).frame(), nothing], how="diagonal")
    more = persons_by_record(resolved(table, NAMES).persons)
    assert list(more.values()).count(more["z"]) == 1


def test_names_of_any_alphabet_are_found_again():
    """Equal dates alone are no proof: whoever is joined is joined by the name."""
    names = [("王小明", "王"), ("Søren", "Ångström"), ("محمد", "حسن"), ("Иван", "Петров"), ("Zoë", "Müller-Lüders")]
    world = usual_world(singles=40, families=0).frame().select("record_id", *(role.column for role in NAMES))
    rows = [
        (f"{mark}{k}", given, family, f"19{60 + k}-0{k + 1}-17")
        for mark in "xy"
        for k, (given, family) in enumerate(names)
    ]
    other = [("y1", "SØREN", "Angstrom", "1961-02-17"), ("y3", "иван", "петров", "1963-04-17")]
    table = {row[0]: row for row in [*rows, *other]}
    added = pl.DataFrame(list(table.values()), schema=world.schema, orient="row")
    persons = persons_by_record(resolved(pl.concat([world, added]), NAMES).persons)
    assert [persons[f"x{k}"] == persons[f"y{k}"] for k in range(5)] == [True] * 5
    assert len({persons[f"x{k}"] for k in range(5)}) == 5


def test_columns_of_any_type_are_read_as_what_they_say():
    """Dates as dates, phones as numbers, attributes as truth values: the same persons as from text."""
    world = usual_world(singles=30, families=5, slips=1).frame()
    text = world.with_columns(
        birth_date=pl.col("birth_date").str.to_date(strict=False).cast(pl.String),
        phone=pl.col("phone").str.slice(1).str.extract(r"^(\d{12})$"),
        vip=pl.col("city").is_in(["Ashby", "Garth"]).cast(pl.String),
    )
    typed = text.with_columns(
        pl.col("birth_date").str.to_date(),
        pl.col("phone").cast(pl.Int64),
        pl.col("vip") == "true",
        pl.col("family_name").cast(pl.Categorical),
    )
    roles = (*NAMES, Role("phone", "phone"), Role("vip", "vip"))
    assert resolved(typed, roles).persons.equals(resolved(text, roles).persons)


def test_endless_text_is_answered():
    table = people(
        given_name=["Ann" * 40_000, "Ann", "🎉" * 30_000, "Bob", "\x00", "x" * 200],
        family_name=["Lee", "Lee", "=cmd()", "'; drop table x;--", '"', "%s"],
        birth_date=["1980-01-01", "1e400", "0000-00-00", "31.02.1999", "soon", "1980-01-01 " * 9_000],
    )
    assert resolved(table, NAMES).persons["record_id"].to_list() == list(range(6))


IDS = {
    "whole numbers": pl.Series(range(-15, 15)),
    "huge numbers": pl.Series(range(30), dtype=pl.Int128),
    "decimals": pl.Series([decimal.Decimal(k) / 4 for k in range(30)]),
    "days": pl.Series([dt.date(2020, 1, 1) + dt.timedelta(k) for k in range(30)]),
    "categories": pl.Series([f"c{k:02d}" for k in range(30)]).cast(pl.Categorical),
    "any letters": pl.Series([chr(0x4E00 + k) for k in range(30)]),
}


@pytest.mark.parametrize("kind", IDS)
def test_record_ids_of_any_plain_type_stay_as_they_are(kind):
    ids = IDS[kind].alias("record_id")
    table = usual_world(singles=15, families=0, slips=1).frame().head(30).with_columns(ids[:30])
    found = resolved(table, (NAMES[0], NAMES[2]))
    assert found.persons["record_id"].equals(ids)
    assert found.edges["record_id_a"].dtype == ids.dtype
    assert (found.edges["record_id_a"] < found.edges["record_id_b"]).all()


@pytest.mark.parametrize("ids", [[[1], [2]], [{"a": 1}, {"a": 2}], [b"a", b"b"], [dt.timedelta(1), dt.timedelta(2)]])
def test_record_ids_of_no_plain_type_are_refused_in_words(ids):
    with pytest.raises(ContractError, match="record_id: expected one plain value per row, got"):
        resolved(pl.DataFrame({"record_id": ids, "given_name": ["Ann", "Bob"]}), NAMES[:1])


def test_a_table_without_rows_or_without_the_id_is_refused_in_words():
    table = people(given_name=["Ann", "Bob"])
    with pytest.raises(ContractError, match="record_id: expected records, got an empty table"):
        resolved(table.clear(), NAMES[:1])
    with pytest.raises(ContractError, match="--id: expected a column of the file, got 'record_id'"):
        resolved(table.drop("record_id"), NAMES[:1])
