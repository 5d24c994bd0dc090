"""What evidence is worth: comparison levels, the learned mixture, rules, contradictions and shared identifiers."""

import math

import numpy as np
import polars as pl
import pytest

from ml.identity.match.compare import UNKNOWN, Comparer
from ml.identity.match.fields import Field, choose_fields
from ml.identity.match.mixture import Model, counting_repeats, evidence, fit_model
from ml.identity.match.rules import LIKELY, RULES, apply_rules, contradictions, private_identifiers
from ml.identity.match.shared import ALWAYS_ALLOWED, NEVER_ALLOWED, cardinality_knee, set_aside_shared
from ml.identity.normal.records import normalise_records
from tests.builders.people import ROLES, usual_world

GIVEN = Field("given_name", "given", "personal")
DATE = Field("birth_date", "date", "personal")
CITY = Field("city", "category", "area")
FAMILY = Field("family_name", "family", "home")
EMAIL = Field("email", "email", "home")
PHONE = Field("phone", "code", "home")
ACCOUNT = Field("account_id", "code", "identifier")
LOYALTY = Field("loyalty_id", "code", "identifier")


def level_of(field, name):
    return field.levels.index(name)


PAIRS = [
    ("given_name", "Anna", "anna", "equal"),
    ("given_name", "William", "Bill", "nickname"),
    ("given_name", "Christine", "Christina", "similar"),
    ("given_name", "A", "Anna", "beginning"),
    ("given_name", "Thompson", "Xaver", "swapped"),
    ("given_name", "Anna", "Bruno", "different"),
    ("given_name", None, "Bruno", None),
    ("family_name", "Thompson", "Tompson", "similar"),
    ("family_name", "Meyer", "Meyer-Landrut", "beginning"),
    ("family_name", "Quist", "Holm", "different"),
    ("birth_date", "1980-03-11", "1980-03-11", "equal"),
    ("birth_date", "1980-03-11", "1980-03-12", "one_digit"),
    ("birth_date", "1980-03-11", "1980-11-03", "one_digit"),
    ("birth_date", "1980-03-11", "1980-03-22", "two_digits"),
    ("birth_date", "1980-03-11", "1980-12-29", "year"),
    ("birth_date", "1980-03-11", "1944-12-29", "different"),
    ("email", "ann.lee@mail.example", "ann.lee@post.example", "mailbox"),
    ("email", "ann.lee@mail.example", "ann.lee1@mail.example", "similar"),
    ("phone", "+442071234567", "+442071234568", "one_character"),
    ("phone", "+442071234567", "+442079999999", "different"),
]


@pytest.fixture(scope="module")
def levels():
    """The level that each of PAIRS was given; the other fields of its two records differ."""
    blank = {"given_name": "Xerxes", "family_name": "Thompson", "birth_date": "1901-02-03"}
    blank |= {"email": "q@w.example", "phone": "+442085550000"}
    rows = []
    for place, (name, left, right, _) in enumerate(PAIRS):
        other = {"family_name": f"Other{place}"} if right != "Xaver" else {"family_name": "Thompson"}
        turned = {"family_name": "Xaver"} if right == "Xaver" else {}
        rows += [{**blank, **turned, name: left}, {**blank, **({} if name == "family_name" else other), name: right}]
    names = ("given_name", "family_name", "birth_date", "email", "phone")
    records = normalise_records(pl.DataFrame(rows), tuple(role for role in ROLES if role.role in names)).frame
    fields = choose_fields(records)
    left = np.arange(0, 2 * len(PAIRS), 2)
    return fields, Comparer(records, fields, threads=1).levels(left, left + 1)


@pytest.mark.parametrize("place", range(len(PAIRS)))
def test_two_values_are_as_alike_as_people_say(levels, place):
    fields, found = levels
    name, _, _, expected = PAIRS[place]
    column = next(k for k, field in enumerate(fields) if field.name == name)
    assert found[place, column] == (UNKNOWN if expected is None else level_of(fields[column], expected))


def test_no_pair_to_compare_gives_no_level(levels):
    records = pl.DataFrame({"city": ["a", "b"]})
    empty = np.empty(0, np.int64)
    assert Comparer(records, (CITY,), threads=1).levels(empty, empty).shape == (0, 1)


def by_hand(*, home=0.0):
    """Two fields whose every chance is written down; three records, the first and second of the same name."""
    given_chances = np.array([0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.7])
    unrelated = np.array([0.9, 0.03, 0.01, 0.01, 0.01, 0.01, 0.03])
    date_chances, by_chance = np.array([0.02, 0.03, 0.05, 0.1, 0.8]), np.array([0.9, 0.06, 0.02, 0.01, 0.01])
    return Model(
        fields=(GIVEN, DATE),
        person={"given_name": given_chances, "birth_date": date_chances},
        home={"birth_date": np.array([0.5, 0.3, 0.1, 0.05, 0.05])},
        area={},
        unrelated={"given_name": unrelated, "birth_date": by_chance},
        frequency={"given_name": np.array([0.4, 0.4, 0.01]), "birth_date": np.array([0.02, 0.02, 0.02])},
        person_share=0.001,
        home_share=home,
        area_share=0.0,
    )


def test_evidence_is_the_log_ratio_computed_by_hand():
    levels = np.array([[6, 4], [6, UNKNOWN], [0, 3]], np.int8)
    found = evidence(by_hand(), np.array([0, 0, 0]), levels)
    both = math.log2(0.001) + math.log2(0.7 / 0.4) + math.log2(0.8 / 0.02)
    name_alone = math.log2(0.001) + math.log2(0.7 / 0.4)
    differing = math.log2(0.001) + math.log2(0.05 / 0.9) + math.log2(0.1 / 0.01)
    assert found.tolist() == pytest.approx([both, name_alone, differing])


def test_a_rare_value_says_more_by_just_its_rarity():
    levels = np.array([[6, UNKNOWN]] * 2, np.int8)
    common, rare = evidence(by_hand(), np.array([0, 2]), levels)
    assert rare - common == pytest.approx(math.log2(0.4 / 0.01))


def test_what_a_family_shares_says_less_where_there_are_families():
    levels = np.array([[0, 2]], np.int8)
    home = 0.2 * 0.9 * 0.1
    expected = math.log2(0.001 * 0.05 * 0.05) - math.log2(0.9 * 0.02 + home)
    assert evidence(by_hand(home=0.2), np.array([0]), levels)[0] == pytest.approx(expected)
    assert evidence(by_hand(), np.array([0]), levels)[0] > expected + 0.9


def test_what_many_equal_rows_hold_is_as_frequent_as_it_is_among_all_rows():
    records = pl.DataFrame({"given_name": ["ann", "bob", None], "birth_date": ["1", "2", "3"]})
    rows = ([1, 1, 1], [900, 2, 4])
    once, often = (counting_repeats(by_hand(), records, np.array(times)).frequency for times in rows)
    assert once["given_name"][0] == once["given_name"][1] < 0.5
    assert often["given_name"][0] > 0.5 > once["given_name"][1] > often["given_name"][1]
    assert often["birth_date"][0] > often["birth_date"][2] > often["birth_date"][1]
    assert often["given_name"][2] == 1.0  # unknown: it is never asked for


@pytest.fixture(scope="module")
def learned():
    """The model of a world of families, and its records."""
    records = normalise_records(usual_world(singles=60, families=40).frame(), ROLES).frame.unique(maintain_order=True)
    fields = choose_fields(records)
    comparer = Comparer(records, fields, threads=1)
    left, right = (side.astype(np.int64) for side in np.triu_indices(records.height, 1))
    return fit_model(records, comparer, left, right, comparer.levels(left, right), seed=1), records


def test_the_chances_of_a_field_are_chances(learned):
    model, _ = learned
    for kind in (model.person, model.home, model.area, model.unrelated):
        for chances in kind.values():
            assert (chances > 0).all()
            assert chances.sum() == pytest.approx(1)


def test_the_mixture_learns_people_homes_and_strangers(learned):
    model, records = learned
    people = 180  # of about 1.5 records each; forty homes of three people
    pairs = records.height * (records.height - 1) / 2
    assert model.person_share * pairs == pytest.approx(records.height - people, rel=1.0)
    assert 40 < model.home_share * pairs < 600
    assert model.person["given_name"][GIVEN.equal] > 0.6 > 0.1 > model.home["given_name"][GIVEN.equal]
    assert model.home["phone"][PHONE.equal] > 0.6
    assert model.unrelated["birth_date"][DATE.equal] < 0.01


def test_rules_name_a_link_in_their_order_and_add_to_what_is_known():
    fields = (ACCOUNT, LOYALTY, EMAIL, PHONE)
    same, other = 2, 0
    levels = np.array(
        [[same, same, 3, same], [UNKNOWN, same, 3, same], [UNKNOWN, UNKNOWN, 3, same], [UNKNOWN] * 3 + [same],
         [UNKNOWN] * 4, [other, same, 3, same], [UNKNOWN, other, 3, same]], np.int8,
    )  # fmt: skip
    rows, private = np.arange(7), {"email": np.ones(7, bool), "phone": np.ones(7, bool)}
    bits, names = apply_rules(fields, rows, levels, np.full(7, -5.0), private)
    by_name = {rule.name: (number, rule.bits) for number, rule in enumerate(RULES)}
    wanted = ["same_account", "same_loyalty", "same_email", "same_phone"]
    assert names.tolist() == [by_name[name][0] for name in wanted] + [LIKELY] * 3
    assert bits.tolist() == [by_name[name][1] for name in wanted] + [-5.0] * 3
    assert apply_rules(fields, rows, levels, np.full(7, 12.0), private)[0].tolist() == [12.0] * 7


def test_an_address_of_several_first_names_proves_nothing_of_a_record_without_one():
    records = pl.DataFrame(
        {"email": ["own@x.example", "own@x.example", "fam@x.example", "fam@x.example", "fam@x.example"],
         "given_root": ["ann", None, "ann", "bob", None]}
    )  # fmt: skip
    private = private_identifiers(records)
    assert private["email"].tolist() == [True, True, False, False, False]
    levels = np.array([[UNKNOWN, 3], [UNKNOWN, 3], [6, 3]], np.int8)  # own with nameless; family with nameless; named
    bits, _ = apply_rules((GIVEN, EMAIL), np.array([0, 2, 2]), levels, np.full(3, -5.0), private)
    assert bits.tolist() == [6.0, -5.0, 6.0]


def test_whoever_moves_takes_the_family_along(learned):
    model, _ = learned
    for place in {"street", "street_number", "city", "region", "postcode"} & set(model.home):
        assert model.home[place] == pytest.approx(model.person[place], abs=0.15)


def test_one_swapped_name_makes_no_relative_the_same_person():
    records = pl.DataFrame(
        {"given_name": ["chowss", "dalton", "hothen"], "family_name": ["hothen", "chowss", "chowss"]}
    ).with_columns(given_root="given_name")
    levels = Comparer(records, (GIVEN, FAMILY), threads=1).levels(np.array([0, 0]), np.array([1, 2]))
    assert [GIVEN.levels[level] for level in levels[:, 0]] == ["different", "swapped"]
    assert [FAMILY.levels[level] for level in levels[:, 1]] == ["swapped", "swapped"]


@pytest.mark.parametrize(
    ("field", "level", "is_contradiction"),
    [
        (GIVEN, "different", True),
        (GIVEN, "alike", False),
        (DATE, "different", True),
        (DATE, "year", True),
        (DATE, "two_digits", False),
        (FAMILY, "different", False),
        (ACCOUNT, "different", True),
        (LOYALTY, "one_character", False),
        (PHONE, "different", False),
    ],
)
def test_people_contradict_each_other_in_what_one_has_only_one_of(field, level, is_contradiction):
    levels = np.array([[level_of(field, level)], [UNKNOWN]], np.int8)
    assert contradictions((field,), levels).tolist() == [is_contradiction, False]


def test_a_name_of_few_values_still_contradicts():
    field = Field("given_name", "text", "personal")
    assert contradictions((field,), np.array([[0], [1]], np.int8)).tolist() == [True, False]


@pytest.mark.parametrize(
    ("counts", "limit"),
    [
        ([], ALWAYS_ALLOWED),
        ([1, 1, 2, 3], ALWAYS_ALLOWED),
        ([1, 2, 1000], ALWAYS_ALLOWED),
        ([1, 9, 12, 18, 400], 18),
        ([20], 20),
        ([21], ALWAYS_ALLOWED),
        ([15, 25, 40, 60, 90], NEVER_ALLOWED),
        ([1000] * 5, ALWAYS_ALLOWED),
    ],
)
def test_the_knee_is_where_the_numbers_of_names_jump(counts, limit):
    assert cardinality_knee(pl.Series(counts, dtype=pl.Int64)) == limit


def shared_frame(names):
    """One mailbox under the given family names, and a person of two records with another one."""
    return pl.DataFrame(
        {
            "family_name": [*names, "lee", "lee"],
            "email": ["a@b.example"] * len(names) + ["lee@b.example"] * 2,
            "email_local": ["a"] * len(names) + ["lee"] * 2,
            "email_domain": ["b.example"] * (len(names) + 2),
        }
    )


def test_an_identifier_of_many_names_is_set_aside_with_all_its_parts():
    frame = shared_frame([f"name{k}" for k in range(30)])
    found = set_aside_shared(frame)
    assert found.values.rows() == [("email", "a@b.example", 30, 30, ALWAYS_ALLOWED)]
    assert found.records.head(30).select("email", "email_local", "email_domain").null_count().row(0) == (30, 30, 30)
    assert found.records.tail(2).equals(frame.tail(2))


def test_an_identifier_of_many_records_and_one_name_is_kept():
    frame = shared_frame(["smith"] * 200)
    found = set_aside_shared(frame)
    assert found.records.equals(frame)
    assert found.values.is_empty()


def test_a_similar_mailbox_says_nothing_beside_a_family_name_that_says_it_already():
    """Mailboxes are made of names: two Ann Quists would be one person for their names twice over."""
    rows = [
        {"given_name": "ann", "given_root": "ann", "family_name": family, "email": f"ann.{mail}@m.example"}
        for family, mail in (("quist", "quist"), ("quist", "quist7"), ("holm", "quist8"), (None, "quist9"))
    ]
    records = pl.DataFrame(rows).with_columns(email_local=pl.col("email").str.split("@").list.first())
    levels = Comparer(records, (GIVEN, FAMILY, EMAIL), threads=1).levels(np.zeros(3, np.int64), np.array([1, 2, 3]))
    assert levels[:, 2].tolist() == [UNKNOWN, level_of(EMAIL, "similar"), level_of(EMAIL, "similar")]
