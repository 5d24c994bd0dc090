"""Given, middle and family names in one spelling."""

import polars as pl
import pytest
from nameparser import HumanName

from ml.identity.normal import names
from ml.identity.normal.names import normal_family_names, normal_full_names, normal_given_names


def texts(*values):
    return pl.Series("x", values, dtype=pl.String)


@pytest.mark.parametrize(
    ("written", "given", "middle"),
    [
        ("ANN", "ann", None),
        ("  José \t Luis ", "jose", "luis"),
        ("Mary Ann", "mary", "ann"),
        ("Jean-Pierre", "jean", "pierre"),
        ("Mr. John", "john", None),
        ("Dr. med. Ann", "med", "ann"),
        ("John Jr.", "john", None),
        ("Æthelstan", "aethelstan", None),
        ("Łukasz", "lukasz", None),
        ("D'Arcy", "darcy", None),
        ("D’Arcy", "darcy", None),
        ("J.R.", "j", "r"),
        ("Пётр", "петр", None),
        ("Ελένη", "ελενη", None),
        ("王", "王", None),
        ("محمد", "محمد", None),
        ("Ann\u200b\u202e", "ann", None),
        ("ﬁona", "fiona", None),
        ("Na", "na", None),
        ("Master", "master", None),
        ("Mr", None, None),
        ("N/A", None, None),
        ("unknown", None, None),
        ("xxx", None, None),
        ("aaa", None, None),
        ("-", None, None),
        ("???", None, None),
        ("🎉", None, None),
        ("Mr Test", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_a_given_name_is_its_first_word_without_title_and_accents(written, given, middle):
    assert normal_given_names(texts(written)).row(0) == (given, middle)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("O'Brien", "obrien"),
        ("O`Brien", "obrien"),
        ("O´Brien", "obrien"),
        ("Smith-Jones", "smith jones"),
        ("SMITH–JONES", "smith jones"),
        ("van der Berg", "van der berg"),
        ("de la Cruz", "de la cruz"),
        ("Groß", "gross"),
        ("Sørensen", "sorensen"),
        ("Đorđević", "dordevic"),
        ("Smith Jr.", "smith"),
        ("Smith III", "smith"),
        ("Smith, PhD", "smith"),
        ("Dr. Smith", "smith"),
        ("St. John", "st john"),
        ("小明", "小明"),
        ("Guest", "guest"),
        ("Robert'); DROP TABLE Students;--", "robert drop table students"),
        ("NULL", None),
    ],
)
def test_a_family_name_keeps_its_particles_and_loses_signs_titles_and_suffixes(written, expected):
    assert normal_family_names(texts(written)).to_list() == [expected]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("John Smith", ("john", None, "smith")),
        ("John A. Smith", ("john", "a", "smith")),
        ("SMITH, John", ("john", None, "smith")),
        ("Smith, John Adam", ("john", "adam", "smith")),
        ("VAN DER BERG, Jan Pieter", ("jan", "pieter", "van der berg")),
        ("Jan van der Berg", ("jan", None, "van der berg")),
        ("Anne-Marie Smith-Jones", ("anne", None, "smith jones")),
        ("Mr. John Smith Jr.", ("john", None, "smith")),
        ("John Smith, PhD", ("john", None, "smith")),
        ("Dr. Juan Q. Xavier de la Vega III", ("juan", "q xavier", "de la vega")),
        ('William "Bill" Gates', ("william", None, "gates")),
        ("Madonna", ("madonna", None, None)),
        ("王小明", ("王小明", None, None)),
        ("n/a", (None, None, None)),
        ("Mrs", (None, None, None)),
        (None, (None, None, None)),
    ],
)
def test_a_full_name_is_taken_apart(written, expected):
    found, notes = normal_full_names(texts(written))
    assert found.row(0) == expected
    assert notes == []


@pytest.mark.parametrize(
    "name", ["Ann Smith", "Ann Bea Smith", "Smith, Ann", "Smith, Ann Bea", "Dr. Ann Smith", "Ann Smith Jr."]
)
def test_ordinary_full_names_are_taken_apart_as_the_library_does_it(name):
    parsed = HumanName(name)
    expected = tuple(part.lower() or None for part in (parsed.first, parsed.middle, parsed.last))
    assert normal_full_names(texts(name))[0].row(0) == expected


def test_only_unusual_names_reach_the_library_and_no_more_than_it_has_time_for(monkeypatch):
    asked = []
    monkeypatch.setattr(names, "LIBRARY_NAMES", 2)
    monkeypatch.setattr(names, "HumanName", lambda name: asked.append(name) or HumanName(name))
    found, notes = normal_full_names(texts("Ann Smith", "D (x) E", "C (x) F", "A (x) B", "A (x) B"))
    assert asked == ["A (x) B", "C (x) F"]
    assert found["given_name"].to_list() == ["ann", "d", "c", "a", "a"]
    assert "3 distinct unusual names, more than 2" in notes[0]


def test_na_is_a_name_until_it_leads_the_column():
    some = normal_given_names(texts(*["Na"] * 4, *["Li"] * 5))["given_name"]
    assert some.to_list() == ["na"] * 4 + ["li"] * 5
    many = normal_given_names(texts("NA", "Li", "Bo", "na", "NA"))["given_name"]
    assert many.to_list() == [None, "li", "bo", None, None]


def test_guest_is_a_family_name_until_it_leads_the_column():
    assert normal_family_names(texts("Guest", "Guest", "Smith")).null_count() == 0
    assert normal_family_names(texts(*["Guest"] * 4, "Smith", "Smith")).null_count() == 4


def test_a_very_long_name_is_cut_and_does_not_stop_anything():
    found = normal_family_names(texts("ab " * 100_000))
    assert len(found[0]) <= 500
    assert normal_full_names(texts("Ann (x) " + "b " * 100_000))[0]["given_name"][0] == "ann"
