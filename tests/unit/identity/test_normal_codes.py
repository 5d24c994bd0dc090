"""Gender, identifiers, sources, attributes; nicknames and sounds of names."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nicknames import NickNamer

from ml.identity.normal.codes import attribute_names, normal_genders, normal_ids, normal_words
from ml.identity.normal.nicknames import given_roots
from ml.identity.normal.phonetic import phonetic_keys
from tests.builders.sounds import PUBLISHED, nysiis_letter_by_letter

SYLLABLES = ("sch", "ph", "kn", "ev", "h", "w", "a", "ay", "s", "mac", "rt", "ee", "c")


def texts(*values):
    return pl.Series("x", values, dtype=pl.String)


def genders(*values):
    return normal_genders(texts(*values))[0].to_list()


def test_genders_in_many_spellings_are_one_letter():
    assert genders("F", "female", "Frau", "W", "mujer") == ["f"] * 5
    assert genders("M", "Male", "Herr", "männlich", "hombre") == ["m"] * 5
    assert genders("X", "non-binary", "divers") == ["x"] * 3
    assert genders("unknown", "", "-", None) == [None] * 4
    assert genders("Genderfluid", "f") == ["genderfluid", "f"]


def test_digits_are_genders_only_where_the_column_is_coded_so():
    assert genders("1", "2", "0", "9", "2") == ["m", "f", None, None, "f"]
    assert "ISO 5218" in normal_genders(texts("1", "2"))[1][0]
    assert genders("0", "1", "1") == ["0", "1", "1"]
    assert genders("1", "1") == ["1", "1"]
    assert genders("1", "2", "female") == ["1", "2", "f"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (" 00123 ", "00123"),
        ("AB-12/x", "ab-12/x"),
        ("ÉA 1", "éa 1"),
        ("111", "111"),
        ("0000000", None),
        ("1111111", None),
        ("00", None),
        ("n/a", None),
        ("NaN", None),
        ("", None),
    ],
)
def test_an_identifier_keeps_its_zeros_and_signs(written, expected):
    assert normal_ids(texts(written)).to_list() == [expected]


def test_an_attribute_keeps_its_signs_and_loses_its_accents():
    assert normal_words(texts("Poète, retired", "N/A", "na", "-", "🎉!", "Guest", "0")).to_list() == [
        *("poete, retired", None, None, None, None, "guest", "0")
    ]


def test_attributes_have_safe_names_and_no_two_the_same():
    assert attribute_names(["job", "Öl & Gas", "a-b", "a b", "a_b_2", "🎉", "x; drop"]) == [
        *("attribute_job", "attribute_ol_gas", "attribute_a_b", "attribute_a_b_2", "attribute_a_b_2_2"),
        *("attribute__", "attribute_x_drop"),
    ]


@pytest.mark.parametrize(
    "forms",
    [("bob", "rob", "bobby", "robert"), ("bill", "will", "william"), ("liz", "beth", "betty", "elizabeth"),
     ("peggy", "maggie", "margaret"), ("jim", "james"), ("dick", "rick", "richard"), ("kate", "kathy", "katherine")],
)  # fmt: skip
def test_forms_of_one_name_have_one_root(forms):
    assert given_roots(texts(*forms)).n_unique() == 1


def test_unrelated_and_unknown_names_are_their_own_roots():
    assert given_roots(texts("mary", "john", "zzyzx", "王", None)).to_list() == ["mary", "john", "zzyzx", "王", None]


def test_the_root_of_a_root_is_itself_for_the_whole_table():
    table = NickNamer()
    every = texts(*sorted(table.nickname_lookup.keys() | table.canonical_lookup.keys()))
    once = given_roots(every)
    assert given_roots(once).to_list() == once.to_list()
    assert once.n_unique() < len(every) / 2


def test_sounds_are_the_published_ones():
    found = phonetic_keys(texts(*PUBLISHED)).to_list()
    assert dict(zip(PUBLISHED, found, strict=True)) == PUBLISHED


@settings(max_examples=30, deadline=None)
@given(
    names=st.lists(
        st.one_of(
            st.text(alphabet="aehiouwkncshpvqzmrtdy", min_size=1, max_size=9),
            st.lists(st.sampled_from(SYLLABLES), min_size=1).map("".join),
        ),
        min_size=1,
        max_size=40,
    )
)  # fmt: skip
def test_sounds_at_once_are_the_sounds_letter_by_letter(names):
    assert phonetic_keys(texts(*names)).to_list() == [nysiis_letter_by_letter(name) for name in names]


def test_the_sound_of_a_name_in_another_script_is_the_name():
    assert phonetic_keys(texts("петр", "van der berg", "", "7", None)).to_list() == [
        "петр",
        "VANDARBARG",
        None,
        None,
        None,
    ]
