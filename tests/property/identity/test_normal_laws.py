"""Laws of normal records that hold for any text and any column."""

import datetime as dt
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ml.errors import ContractError
from ml.identity.normal import text
from ml.identity.normal.records import FIELDS, normalise_records
from ml.identity.roles import KNOWN_ROLES, Role

LAWS = settings(max_examples=10, deadline=None)  # of up to eight rows with eighteen columns each
ATTRIBUTE = "attribute_job"
PIECES = [
    "Mr. ", "Dr ", " Jr.", " III", "Ann", "O’Brien", "van der ", "Smith-Jones", "ß", "Ø", "Ł", "İ", "ﬁ", "™",
    "王", "小明", "Πέτρος", "й", "が", "محمد", "\u202e", "\u200b", "\x00", "\t", "🎉", "N/A", "na", "none",
    "test", "xxx", "-", ".", ",", ", ", "@", "a@b.example", "+44 ", "0044", "020 7946 0958", "(0)", " ext 5",
    "+1", "+55", "11987654321", "0", "000000", "1985", "-03-", "12", "/", "13", "31.12.1999", "19081309",
    "5 Mar 1990", "T10:00", "12-14", "Flat 3", " street ", "Hauptstraße", "12a", "P.O. Box 7", "SW1A 1AA",
    "12345-6789", "UK", "Germany", "F", "male", "1", "2", "=cmd()", "'; drop table x;--", '"', "<", ">", "ﷺ",
    "℡", "ⅷ", "ǅ", "ΣΑΣ", "\u0301", "e\u0301",
]  # fmt: skip
TEXTS = st.one_of(
    st.none(),
    st.text(max_size=30),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join),
    st.sampled_from(PIECES),
    st.dates(dt.date(1801, 1, 1), dt.date(2098, 12, 31)).map(lambda day: day.strftime("%Y-%m-%d")),
    st.from_regex(r"\A\+?[0-9 ()-]{5,16}\Z"),
    st.from_regex(r"\A[a-z.+]{1,8}@(gmail|outlook|a-b|xn--a)\.[a-z]{2,5}\Z"),
)
ROLES = tuple(Role(name, name) for name in KNOWN_ROLES if name != "full_name")
ALL_ROLES = (*ROLES, Role("full_name", "full_name"), Role("job", "job"))
ROWS = st.lists(st.fixed_dictionaries({role.column: TEXTS for role in ALL_ROLES}), min_size=1, max_size=8)
SCHEMA = dict.fromkeys((role.column for role in ALL_ROLES), pl.String)


def table(rows):
    return pl.DataFrame(rows, schema=SCHEMA)


def again(records):
    """The roles under which a normalised frame is read a second time, and the columns that must not change."""
    names = [name for name in records.columns if name in KNOWN_ROLES or name in ("street_number", ATTRIBUTE)]
    roles = [Role(name, name) for name in names if name not in ("street_number", ATTRIBUTE)]
    if "street" in names:
        roles.insert(0, Role("street", "street_number"))
    if ATTRIBUTE in names:
        roles.append(Role("job", ATTRIBUTE))
    return tuple(roles), names


@LAWS
@given(rows=ROWS)
def test_normalising_normal_records_changes_nothing(rows):
    once = normalise_records(table(rows), ALL_ROLES).frame
    roles, names = again(once)
    assert_frame_equal(normalise_records(once, roles).frame.select(names), once.select(names))


@LAWS
@given(rows=ROWS)
def test_every_row_stays_and_nothing_empty_or_untyped_comes_out(rows):
    found = normalise_records(table(rows), ALL_ROLES).frame
    assert found.height == len(rows)
    assert found.columns == [*FIELDS, ATTRIBUTE]
    assert set(found.dtypes) == {pl.String}
    for column in found:
        assert column.drop_nulls().str.strip_chars().str.len_chars().min() != 0
        assert column.str.contains(r"\p{Cc}").sum() == 0


@LAWS
@given(rows=ROWS, data=st.data())
def test_rows_in_another_order_give_the_same_values_in_that_order(rows, data):
    order = data.draw(st.permutations(range(len(rows))))
    found = normalise_records(table(rows), ALL_ROLES).frame
    turned = normalise_records(table([rows[i] for i in order]), ALL_ROLES).frame
    assert_frame_equal(turned, found[list(order)])


ALONE = tuple(role for role in ALL_ROLES if role.role not in ("birth_date", "gender", "phone"))


@LAWS
@given(rows=ROWS)
def test_a_row_does_not_depend_on_the_others_but_for_what_a_column_says_as_a_whole(rows):
    rows = rows[:2]  # the frequency of "na" needs three rows to say anything
    found = normalise_records(table(rows), ALONE).frame
    alone = pl.concat(normalise_records(table([row]), ALONE).frame for row in rows)
    assert_frame_equal(found, alone)


@LAWS
@given(rows=ROWS)
def test_the_search_for_distinct_values_changes_nothing(rows):
    frame = table(rows * 3)  # so that values repeat
    plain = normalise_records(frame, ALL_ROLES).frame
    with patch.object(text, "FEWEST_VALUES", 0):
        assert_frame_equal(normalise_records(frame, ALL_ROLES).frame, plain)


@LAWS
@given(
    column=st.one_of(
        st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=1).map(
            lambda v: pl.Series("x", v, dtype=pl.Int64)
        ),
        st.lists(st.one_of(st.none(), st.floats()), min_size=1).map(lambda v: pl.Series("x", v, dtype=pl.Float64)),
        st.lists(st.one_of(st.none(), st.booleans()), min_size=1).map(lambda v: pl.Series("x", v, dtype=pl.Boolean)),
        st.lists(st.dates(), min_size=1).map(lambda v: pl.Series("x", v, dtype=pl.Date)),
        st.lists(st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)), min_size=1).map(
            lambda v: pl.Series("x", v, dtype=pl.Datetime("us"))
        ),
        st.lists(st.times(), min_size=1).map(lambda v: pl.Series("x", v, dtype=pl.Time)),
        st.lists(st.decimals(-1000, 1000, places=2), min_size=1).map(lambda v: pl.Series("x", v, pl.Decimal(10, 2))),
        st.lists(TEXTS, min_size=1).map(lambda v: pl.Series("x", v, dtype=pl.Categorical)),
        st.integers(1, 5).map(lambda n: pl.Series("x", [None] * n)),
    )
)
def test_any_plain_type_of_column_is_read_for_any_role(column):
    roles = tuple(Role(role.role, "x") for role in ALL_ROLES)
    assert normalise_records(column.to_frame(), roles).frame.height == len(column)


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("x", [[1], [2]]),
        pl.Series("x", [{"a": 1}]),
        pl.Series("x", [b"ann"]),
        pl.Series("x", [object()], dtype=pl.Object),
        pl.Series("x", [dt.timedelta(1)]),
    ],
)
def test_a_column_that_is_no_plain_value_is_refused_in_words(column):
    with pytest.raises(ContractError, match="x: expected one plain value per row, got"):
        normalise_records(column.to_frame(), (Role("family_name", "x"),))
