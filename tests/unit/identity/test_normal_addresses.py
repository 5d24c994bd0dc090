"""Streets, house numbers, places, postcodes and countries in one spelling each."""

import polars as pl
import pytest

from ml.identity.normal.codes import normal_countries, normal_places, normal_postcodes
from ml.identity.normal.countries import ISO2, NAMES
from ml.identity.normal.streets import ABBREVIATIONS, normal_streets


def texts(*values):
    return pl.Series("x", values, dtype=pl.String)


@pytest.mark.parametrize(
    ("written", "house", "street"),
    [
        ("12 High Street", "12", "high st"),
        ("12, HIGH ST.", "12", "high st"),
        ("12b High Rd", "12b", "high rd"),
        ("12-14 St. John's Avenue", "12-14", "st johns ave"),
        ("12 - 14 Saint Johns Av", "12-14", "st johns ave"),
        ("5/12 Smith Street", "5/12", "smith st"),
        ("Hauptstraße 12a", "12a", "hauptstr"),
        ("Hauptstr. 12a", "12a", "hauptstr"),
        ("Hauptstrasse 12a", "12a", "hauptstr"),
        ("Calle Mayor 3", "3", "c mayor"),
        ("12 rue de l'Église", "12", "r de leglise"),
        ("Via Roma, 7", "7", "via roma"),
        ("Flat 3, 12 Main Road", None, "fl 3 12 main rd"),
        ("12 Main Road Apt 4", "12", "main rd apt 4"),
        ("Main Road Apt 4", None, "main rd apt 4"),
        ("Route 66", None, "route 66"),
        ("5th Avenue", None, "5th ave"),
        ("P.O. Box 7", None, "p o box 7"),
        ("High Street", None, "high st"),
        ("12", "12", None),
        ("-000000", None, None),
        ("000000 ext 5", "5", "ext"),
        ("street street street", None, "st st st"),
        ("大通り 5", "5", "大通り"),
        ("n/a", None, None),
        (None, None, None),
    ],
)
def test_an_address_line_is_a_house_in_a_street(written, house, street):
    assert normal_streets([texts(written)]).row(0) == (house, street)


def test_several_columns_are_one_line_in_their_order():
    found = normal_streets(
        [texts("3", None, None), texts("tank street", "tank street", None), texts(None, "unit 4", None)]
    )
    assert found.rows() == [("3", "tank st"), (None, "tank st unit 4"), (None, None)]


def test_no_short_form_is_the_long_form_of_another():
    assert {short for short in ABBREVIATIONS.values() if short in ABBREVIATIONS} == set()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("sw1a 1aa", "SW1A1AA"),
        ("12345-6789", "12345"),
        ("12345 6789", "12345"),
        ("01234", "01234"),
        ("12-345", "12345"),
        ("1012 AB", "1012AB"),
        ("00000", None),
        (", na", None),
        ("99999", None),
        ("na", None),
        ("-", None),
        (None, None),
    ],
)
def test_a_postcode_is_capitals_and_digits(written, expected):
    assert normal_postcodes(texts(written)).to_list() == [expected]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("UK", "GB"),
        ("gb", "GB"),
        ("GBR", "GB"),
        ("United Kingdom", "GB"),
        ("U.S.A.", "US"),
        ("Deutschland", "DE"),
        ("Österreich", "AT"),
        ("España", "ES"),
        ("NA", "NA"),
        ("Atlantis", "atlantis"),
        ("unknown", None),
        (None, None),
    ],
)
def test_a_country_is_its_code_where_it_is_evident(written, expected):
    assert normal_countries(texts(written)).to_list() == [expected]


def test_every_country_of_the_table_has_a_code_and_no_name_has_two():
    assert set(NAMES.values()) <= set(ISO2)
    assert all(len(name) > 1 and name == name.strip().lower() for name in NAMES)


def test_na_in_a_column_of_countries_is_unknown_once_it_leads():
    assert normal_countries(texts("NA", "NA", "NA", "DE", "FR")).to_list() == [None, None, None, "DE", "FR"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Saint-Étienne", "st etienne"),
        ("St. Etienne", "st etienne"),
        ("Mount Isa", "mt isa"),
        ("KØBENHAVN", "kobenhavn"),
        ("東京", "東京"),
        ("unknown", None),
    ],
)
def test_a_place_is_small_plain_words(written, expected):
    assert normal_places(texts(written)).to_list() == [expected]
