"""Birth dates as eight digits, read as the column as a whole was written."""

import polars as pl
import pytest

from ml.identity.normal import dates
from ml.identity.normal.dates import normal_dates


def days(*values):
    return normal_dates(pl.Series("x", values, dtype=pl.String))[0].to_list()


def notes(*values):
    return normal_dates(pl.Series("x", values, dtype=pl.String))[1]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1971-06-24", "19710624"),
        ("1971/6/4", "19710604"),
        ("1971.06.24", "19710624"),
        ("19710624", "19710624"),
        ("1971-06-24 00:00:00.000000", "19710624"),
        ("1971-06-24T23:59:59Z", "19710624"),
        ("1971-06-24T23:59:59+02:00", "19710624"),
        ("24.6.1971", "19710624"),
        ("24 Jun 1971", "19710624"),
        ("24-JUN-71", "19710624"),
        ("24. Juni 1971", "19710624"),
        ("June 24th, 1971", "19710624"),
        ("1971-Jun-24", "19710624"),
        ("3 März 1985", "19850303"),
        ("6/24/1971 12:00:00 AM", "19710624"),
        ("1861", "18610000"),
        ("1861-03", "18610300"),
        ("03/1861", "18610300"),
        ("March 1861", "18610300"),
        ("19081309", "19081309"),
        ("1908-13-09", "19081309"),
        ("20121920", "20121920"),
        ("1985-02-30", "19850230"),
        ("19000101", None),
        ("1900-01-01", None),
        ("0001-01-01", None),
        ("31.12.9999", None),
        ("9999-12-31 00:00:00", None),
        ("00000000", None),
        ("1900-01-02", "19000102"),
        ("25569", None),
        ("1985", "19850000"),
        ("5", None),
        ("yesterday", None),
        ("1985-01-01; drop table", None),
        ("n/a", None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_of_one_meaning_is_eight_digits(written, expected):
    assert days(written) == [expected]


def test_one_day_that_cannot_be_a_month_decides_for_the_column():
    assert days("03/04/1985", "25/04/1985") == ["19850403", "19850425"]
    assert days("03/04/1985", "04/25/1985") == ["19850304", "19850425"]
    assert "month-day-year" in notes("03/04/1985", "04/25/1985")[0]


def test_the_majority_decides_and_a_slip_stays_comparable():
    assert days("04/25/1985", "04/26/1985", "25/04/1985") == ["19850425", "19850426", "19852504"]


def test_where_nothing_decides_the_day_comes_first_and_it_is_said():
    assert days("03/04/1985", "05/06/1985") == ["19850403", "19850605"]
    assert "nothing tells day-month-year from month-day-year" in notes("03/04/1985")[0]


def test_a_row_written_twice_has_no_more_weight():
    assert days("04/25/1985", "04/26/1985", *["25/04/1985"] * 5)[0] == "19850425"


def test_eight_bare_digits_with_the_year_last_are_seen():
    assert days("24061971", "13011985", "25121999") == ["19710624", "19850113", "19991225"]
    assert days("06241971", "01131985", "12251999") == ["19710624", "19850113", "19991225"]
    assert "eight digits read as day-month-year" in notes("24061971", "13011985")[0]


def test_a_leading_zero_that_a_column_of_numbers_lost_is_put_back():
    assert days("1021971", "24061971", "13011985") == ["19710201", "19710624", "19850113"]


def test_two_digit_years_lie_in_the_past():
    latest = dates.LATEST_YEAR % 100
    assert days(f"24/06/{latest:02}", f"24/06/{latest + 1:02}") == [f"20{latest}0624", f"19{latest + 1}0624"]


def test_short_dates_take_the_order_that_most_of_them_allow():
    assert days("85-06-24", "71-12-31") == ["19850624", "19711231"]
    assert days("850624", "711231") == ["19850624", "19711231"]
    assert days("240685", "311271") == ["19850624", "19711231"]


def test_a_day_far_more_frequent_than_birthdays_are_is_a_default():
    some = [f"19{year}-0{month}-1{day}" for year in range(50, 90) for month in range(1, 10) for day in range(5)]
    found = days(*some, *["1980-01-01"] * 100)
    assert found[-100:] == [None] * 100
    assert None not in found[:-100]
    assert "19800101 in 100 of 1900 rows" in notes(*some, *["1980-01-01"] * 100)[-1]


def test_mere_years_and_a_person_of_many_records_are_no_default():
    some = [f"19{year}-0{month}-11" for year in range(50, 90) for month in range(1, 10)]
    assert None not in days(*some, *["1980"] * 100, *["1980-01-01"] * 40)


def test_looking_for_defaults_again_finds_no_more():
    some = [f"19{year}-0{month}-11" for year in range(50, 90) for month in range(1, 10)]
    column = [*some, *["1980-01-01"] * 5000, *["1970-01-01"] * 60]
    once = days(*column)
    assert days(*once) == once
    assert once[-1] is None
