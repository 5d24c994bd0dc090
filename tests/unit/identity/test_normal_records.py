"""Roles on the command line, and whole records."""

import datetime as dt

import polars as pl
import pytest

from ml.errors import ContractError
from ml.identity.normal.records import normalise_records
from ml.identity.roles import Role, parse_roles


def normal(frame, *texts):
    return normalise_records(frame, parse_roles(list(texts)))


def test_roles_are_read_in_order_and_keep_further_equal_signs():
    roles = parse_roles(["street=no", "street=address_1", " Email = e=mail ", "occupation=job"])
    assert roles == (
        Role("street", "no"),
        Role("street", "address_1"),
        Role("email", "e=mail"),
        Role("occupation", "job"),
    )


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ([], "expected at least one role, got none"),
        (["surname"], "expected a role, = and a column, got 'surname'"),
        (["=surname"], "expected a role, = and a column"),
        (["family_name="], "expected a role, = and a column"),
        (["city=a", "city=b"], r"--map city: expected one column, got 2 \(a, b\)"),
        (["job=a", "job=b"], "--map job: expected one column"),
        (["street=a", "street=a"], "expected street=a once, got it 2 times"),
    ],
)
def test_roles_that_cannot_be_meant_are_refused_in_words(texts, words):
    with pytest.raises(ContractError, match=words):
        parse_roles(texts)


def test_roles_given_in_code_are_held_to_the_same():
    with pytest.raises(ContractError, match="at least one role"):
        normalise_records(pl.DataFrame({"a": ["x"]}), ())
    with pytest.raises(ContractError, match="expected a role and a column"):
        normalise_records(pl.DataFrame({"a": ["x"]}), (Role("", "a"),))


def test_a_missing_column_is_named_beside_those_that_are_there():
    with pytest.raises(ContractError, match="surname: expected a column of this name, got first, last"):
        normal(pl.DataFrame({"first": ["a"], "last": ["b"]}), "family_name=surname")


def test_columns_of_every_plain_type_are_read():
    frame = pl.DataFrame(
        {
            "born": [dt.date(1971, 6, 24), None],
            "seen": [dt.datetime(1971, 6, 24, 13), None],
            "zip": [2138.0, float("nan")],
            "card": [7, None],
            "gender": pl.Series(["F", None], dtype=pl.Categorical),
            "member": [True, None],
            "sum": pl.Series(["1.50", None]).cast(pl.Decimal(10, 2)),
            "nothing": [None, None],
        }
    )
    found = normal(
        frame,
        *("birth_date=born", "start=seen", "postcode=zip", "loyalty_id=card", "gender=gender", "member=member"),
        *("sum=sum", "city=nothing"),
    ).frame
    assert found.row(0, named=True) == {
        "birth_date": "19710624",
        "gender": "f",
        "city": None,
        "postcode": "2138",
        "loyalty_id": "7",
        "attribute_start": "1971-06-24 13:00:00.000000",
        "attribute_member": "true",
        "attribute_sum": "1.5",
    }
    assert set(found.row(1)) == {None}


def test_a_datetime_is_a_birth_date_without_its_hour():
    frame = pl.DataFrame({"born": [dt.datetime(1971, 6, 24, 13, 30)]})
    assert normal(frame, "birth_date=born").frame.item() == "19710624"


def test_infinite_and_huge_numbers_are_text_or_unknown():
    found = normal(pl.DataFrame({"x": [float("inf"), 1e300, -0.0, 1.5]}), "size=x").frame
    assert found["attribute_size"].to_list() == [None, "1e+300", "0", "1.5"]


def test_a_column_of_its_own_goes_before_a_part_of_the_full_name():
    frame = pl.DataFrame({"first": ["Bob", None], "all": ["Robert A. Smith", "Robert A. Smith"]})
    found = normal(frame, "given_name=first", "full_name=all").frame
    assert found["given_name"].to_list() == ["bob", "robert"]
    assert found["family_name"].to_list() == ["smith", "smith"]
    assert found["given_root"].to_list() == ["robert", "robert"]


def test_of_several_mailboxes_and_lines_the_first_that_can_be_read_counts():
    frame = pl.DataFrame(
        {"a": ["bad", None], "b": ["ann@shop.example"] * 2, "p": ["-", "+442079460958"], "q": ["+442079460000"] * 2}
    )
    found = normal(frame, "email=a", "email=b", "phone=p", "phone=q").frame
    assert found["email"].to_list() == ["ann@shop.example"] * 2
    assert found["email_local"].to_list() == ["ann", "ann"]
    assert found["phone"].to_list() == ["+442079460000", "+442079460958"]


def test_the_records_country_is_used_for_its_phone():
    frame = pl.DataFrame({"p": ["020 7946 0958", "030 123456"], "c": ["England", "Germany"]})
    assert normal(frame, "phone=p", "country=c").frame["phone"].to_list() == ["+442079460958", "+4930123456"]


def test_what_says_nothing_is_counted_in_words():
    frame = pl.DataFrame({"s": ["Smith", "n/a", "unknown", "", None]})
    assert normal(frame, "family_name=s").notes == ("family_name: 2 of 5 rows hold no usable value: taken as unknown.",)


def test_an_address_of_which_only_parts_are_kept_is_counted_apart():
    frame = pl.DataFrame({"e": ["ann@shop.example", "ann@@shop", "n/a"]})
    assert normal(frame, "email=e").notes == (
        "email: 1 of 3 rows hold no usable value: taken as unknown.",
        "email: 1 of 3 rows hold no valid address: what stands before and behind the first @ is kept to compare.",
    )


def test_an_empty_table_has_its_columns_and_no_rows():
    frame = pl.DataFrame(
        schema={"n": pl.String, "d": pl.Date, "e": pl.String, "p": pl.Int64, "s": pl.String, "c": pl.Null}
    )
    roles = ["full_name=n", "birth_date=d", "email=e", "phone=p", "street=s", "country=c", "gender=c", "x=c"]
    found = normal(frame, *roles)
    assert found.frame.shape == (0, 14)
    assert found.notes == ()


def test_a_table_of_nothing_but_nulls_stays_unknown():
    frame = pl.DataFrame({"n": [None] * 5})
    roles = [
        f"{role}=n" for role in ("full_name", "birth_date", "gender", "email", "phone", "street", "city", "country")
    ]
    found = normal(frame, *roles)
    assert found.frame.height == 5
    assert found.frame.null_count().sum_horizontal().item() == 5 * found.frame.width


@pytest.mark.parametrize(
    "text",
    [
        "\x00" * 1000,
        "a" * 1_000_000,
        "\u202e" * 50,
        "🎉" * 300,
        "=1+1",
        "'; DROP TABLE x;--",
        '"a","b"\n"c"',
        "(((((" * 99,
    ],
)
@pytest.mark.parametrize(
    "role", ["given_name", "family_name", "full_name", "birth_date", "email", "phone", "street", "account_id", "job"]
)
def test_hostile_text_is_text_for_every_role(role, text):
    found = normal(pl.DataFrame({"x": [text, "Ann Smith"]}), f"{role}=x").frame
    assert found.height == 2
    assert all(len(value) <= 1000 for row in found.rows() for value in row if value)


def test_the_records_of_a_table_are_not_changed_in_place():
    frame = pl.DataFrame({"n": ["ANN SMITH"], "p": ["+44 20 7946 0958"]})
    normal(frame, "full_name=n", "phone=p")
    assert frame.row(0) == ("ANN SMITH", "+44 20 7946 0958")
