"""Mailboxes and telephone lines in one spelling each."""

import email_validator
import phonenumbers
import polars as pl
import pytest

from ml.identity.normal import emails, phones
from ml.identity.normal.emails import normal_emails
from ml.identity.normal.phones import normal_phones


def at(local, domain):
    """An address, put together here so that no file holds one that could be somebody's."""
    return f"{local}@{domain}"


def texts(*values):
    return pl.Series("x", values, dtype=pl.String)


def address(written):
    return normal_emails(texts(written))[0]["email"][0]


def numbers(*values, countries=None):
    places = None if countries is None else texts(*countries)
    return normal_phones(texts(*values), places)[0].to_list()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (" Ann.Smith@Shop.EXAMPLE ", "ann.smith@shop.example"),
        ("mailto:ann@shop.example", "ann@shop.example"),
        ("Ann Smith <ann@shop.example>", "ann@shop.example"),
        ('"ann@shop.example"', "ann@shop.example"),
        ("ann @shop.example", "ann@shop.example"),
        ("ann+news@shop.example", "ann+news@shop.example"),
        ("o'brien@shop.example", "o'brien@shop.example"),
        (at("Ann.Smith+news", "GMail.com"), at("annsmith", "gmail.com")),
        (at("annsmith", "googlemail.com"), at("annsmith", "gmail.com")),
        (at("a.b+c", "outlook.com"), at("a.b", "outlook.com")),
        ("jörg@müller.example", "jörg@müller.example"),
        ("jörg@xn--mller-kva.example", "jörg@müller.example"),
        ("jorg@xn--mller-kva.example", "jorg@müller.example"),
        ("ann@@shop.example", None),
        ("ann@shop", None),
        ("ann.shop.example", None),
        ("ann@.example", None),
        (".ann@shop.example", None),
        ("ann@" + "a" * 64 + ".example", None),
        ("ann@" + "a." * 130 + "example", None),
        ("ann@-shop.example", None),
        (at("noreply", "shop.example"), None),
        (at("test", "test.com"), None),
        (at("none", "none.com"), None),
        ("n/a", None),
        ("=cmd|' /C calc'!A0", None),
        (None, None),
    ],
)
def test_an_address_is_the_mailbox_it_reaches(written, expected):
    assert address(written) == expected


def test_local_part_and_domain_stand_apart():
    assert normal_emails(texts("Ann@Shop.example"))[0].row(0) == ("ann@shop.example", "ann", "shop.example")


def test_what_is_no_address_still_leaves_its_parts_to_compare():
    assert normal_emails(texts("ann@smith@shop.example"))[0].row(0) == (None, "ann", "smith@shop.example")
    assert normal_emails(texts("ann.shop.example"))[0].row(0) == (None, "ann.shop.example", None)


@pytest.mark.parametrize(
    "written",
    [
        *("ann@shop.example", "a.b-c_d@x-y.shop.example", "a!#$%&'*+/=?^_`{|}~-@shop.example", "a..b@shop.example"),
        *("a.@shop.example", "a@shop-.example", "a@s.c0m", "a" * 64 + "@shop.example", "a@" + "b" * 63 + ".example"),
    ],
)
def test_the_quick_pattern_and_the_library_agree(written):
    try:
        email_validator.validate_email(written, check_deliverability=False, globally_deliverable=False)
        is_valid = True
    except email_validator.EmailNotValidError:
        is_valid = False
    assert (address(written) is not None) == is_valid


def test_only_unusual_addresses_reach_the_library_and_no_more_than_it_has_time_for(monkeypatch):
    asked = []
    monkeypatch.setattr(emails, "LIBRARY_EMAILS", 1)
    monkeypatch.setattr(emails, "_by_library", lambda text: asked.append(text) or text)
    found, notes = normal_emails(texts("ann@shop.example", "é@shop.example", "ü@shop.example", "é@shop.example"))
    assert asked == ["é@shop.example"]
    assert found["email"].to_list() == ["ann@shop.example", "é@shop.example", "ü@shop.example", "é@shop.example"]
    assert "2 distinct unusual addresses, more than 1" in notes[0]


@pytest.mark.parametrize(
    "written",
    ["020 7946 0958", "+44 20 7946 0958", "+44 (0)20 7946 0958", "0044 20 7946 0958", "(020) 7946-0958 ext. 12",
     "442079460958", "tel: 020 7946 0958", "０２０ ７９４６ ０９５８"],
)  # fmt: skip
def test_every_spelling_of_a_british_number_is_one_number(written):
    assert numbers(written, countries=["GB"]) == ["+442079460958"]


@pytest.mark.parametrize(
    ("country", "written", "expected"),
    [
        ("US", "(202) 555-0143", "+12025550143"),
        ("US", "1-202-555-0143", "+12025550143"),
        ("US", "011 44 20 7946 0958", "+442079460958"),
        ("DE", "030/123456", "+4930123456"),
        ("IT", "06 698 12345", "+390669812345"),
        ("FR", "01 23 45 67 89", "+33123456789"),
        ("BR", "(11) 98765-4321", "+5511987654321"),
        ("AU", "(02) 5550 1234", "+61255501234"),
        ("AR", "011 15-2345-6789", "+5491123456789"),
        (None, "020 7946 0958", "02079460958"),
        ("xx", "020 7946 0958", "02079460958"),
    ],
)
def test_a_national_number_is_read_in_the_records_country(country, written, expected):
    assert numbers(written, countries=[country]) == [expected]


@pytest.mark.parametrize(
    "written",
    [
        "0000000000",
        "1111111",
        "+44 0000000000",
        "123",
        "1234567890",
        "abc",
        "-",
        "",
        "+",
        "n/a",
        "9999999999",
        "00:100",
    ],
)
def test_a_placeholder_is_no_number(written):
    assert numbers(written) == [None]


def test_a_column_of_international_numbers_of_one_country_tells_it_for_the_others():
    found, notes = normal_phones(texts(*[f"+44 20 7946 09{i:02}" for i in range(9)], "020 7946 0958"), None)
    assert found[-1] == "+442079460958"
    assert "read as GB" in notes[0]


@pytest.mark.parametrize("written", ["123456789", "0123456789", "1234567890", "01234567890"])
def test_the_country_of_a_column_makes_no_placeholder_a_number(written):
    found, _ = normal_phones(texts(*[f"+44 20 7946 09{i:02}" for i in range(9)], written), None)
    assert found[-1] is None


def test_a_column_of_several_countries_does_not():
    found, notes = normal_phones(texts("+44 20 7946 0958", "+33 1 23 45 67 89", "020 7946 0958"), None)
    assert found.to_list() == ["+442079460958", "+33123456789", "02079460958"]
    assert notes == []


def test_a_few_digits_are_no_number_of_any_country():
    assert numbers("1234", "+4412", countries=["GB", "GB"]) == [None, None]


def test_a_number_with_a_digit_too_few_stays_comparable():
    assert numbers("020 7946 095", countries=["GB"]) == ["+44207946095"]


@pytest.mark.parametrize(
    "region", ["GB", "US", "DE", "FR", "AU", "NZ", "IT", "ES", "NL", "SE", "PL", "IN", "CA", "BR", "JP"]
)
def test_what_is_put_together_here_is_what_the_library_says(region):
    example = phonenumbers.example_number(region)
    national = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
    digits = str(example.national_number)
    written = [national, digits, *(digits[:-1] + last for last in "0123456789"), "0" + digits, "1" + digits]
    expected = []
    for text in written:
        parsed = phonenumbers.parse(text, region)
        expected.append(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
    found = numbers(*written, countries=[region] * len(written))
    assert [number for number in found if number is None] == []
    assert found == expected


def test_numbers_that_fit_no_plan_reach_the_library_up_to_its_limit(monkeypatch):
    asked = []
    settled = phones._settled
    monkeypatch.setattr(phones, "LIBRARY_PHONES", 1)
    monkeypatch.setattr(phones, "_settled", lambda text, region: asked.append(text) or settled(text, region))
    found, notes = normal_phones(texts("020 7946 0958", "0987654", "0456787", "0987654"), texts(*["GB"] * 4))
    assert asked == ["0456787"]
    assert found.to_list() == ["+442079460958", "0987654", "+440456787", "0987654"]
    assert "2 distinct numbers fit no numbering plan, more than 1" in notes[0]
