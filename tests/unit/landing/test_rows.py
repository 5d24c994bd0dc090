"""Every row is accepted with both clocks, refused by name, or a duplicate."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.builders.shop import bronze, csv_of, deliver, night, quarantine, reason_codes, sale, shop


@pytest.fixture
def settings(tmp_path: Path):
    return shop(tmp_path / "home")


def test_an_accepted_row_is_typed_and_carries_both_clocks(settings):
    deliver(settings, "2017-12-04", "sales.csv", csv_of([sale(sold_at="2017-12-04T04:30:00Z", note="a")]))
    night(settings, "2017-12-05")
    row = bronze(settings).row(0, named=True)
    assert row["amount"] == Decimal("3.50")
    assert row["event_at"] == datetime(2017, 12, 4, 4, 30)
    assert row["event_date"] == date(2017, 12, 3), "half past eleven in New York is still the day before"
    assert row["known_at"] == datetime(2017, 12, 4, 5)
    assert (row["known_date"], row["row_number"]) == (date(2017, 12, 4), 1)


def test_a_local_day_follows_the_clock_change(settings):
    rows = [sale(1, sold_at="2017-03-12T04:59:59Z"), sale(2, sold_at="2017-03-13T03:59:59Z")]
    deliver(settings, "2017-12-04", "sales.csv", csv_of(rows))
    night(settings, "2017-12-05")
    assert bronze(settings)["event_date"].to_list() == [date(2017, 3, 11), date(2017, 3, 12)]


def test_a_file_delivered_on_the_night_itself_is_not_known_yet(settings):
    deliver(settings, "2017-12-05", "sales.csv", csv_of([sale()]))
    assert night(settings, "2017-12-05").file_count == 0
    assert night(settings, "2017-12-06").accepted_row_count == 1


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (sale(units="two"), "wrong_type"),
        (sale(units="1.5"), "wrong_type"),
        (sale(units="101"), "out_of_range"),
        (sale(units="99999999999"), "wrong_type"),
        (sale(amount="1.999"), "wrong_type"),
        (sale(amount="NaN"), "wrong_type"),
        (sale(amount=""), "missing_value"),
        (sale(sale_id='"=1+1"'), "wrong_format"),
        (sale(sale_id="7\0"), "wrong_format"),
        (sale(note="a\0b"), "unreadable_character"),
        (sale(note="x" * 101), "too_long"),
        (sale(sold_at="2017-02-30T00:00:00Z"), "wrong_type"),
        (sale(sold_at="2017-12-01 12:00:00"), "wrong_type"),
        (sale(sold_at="2017-12-09T12:00:00Z"), "event_after_delivery"),
        (sale()[:4], "cell_count"),
        ([*sale(), "more"], "cell_count"),
        (sale(note='"x"y'), "broken_quotes"),
    ],
)
def test_a_row_that_breaks_a_rule_is_refused_by_name_and_costs_no_other(settings, row, code):
    deliver(settings, "2017-12-04", "sales.csv", csv_of([sale(11), row, sale(12)]))
    result = night(settings, "2017-12-05")
    assert (result.accepted_row_count, result.refused_row_count, result.raw_row_count) == (2, 1, 3)
    assert reason_codes(settings) == [code]
    assert quarantine(settings)["row_number"].to_list() == [2]


def test_a_reason_says_where_what_was_expected_and_what_was_found(settings):
    deliver(settings, "2017-12-04", "sales.csv", csv_of([sale(11), sale(12, units="two")]))
    night(settings, "2017-12-05")
    row = quarantine(settings).row(0, named=True)
    assert row["reason"] == "units: expected a whole number, got 'two'"
    assert row["raw"].startswith('{"sale_id":"12","units":"two"')


def test_the_first_holder_of_a_key_is_the_fact(settings):
    deliver(settings, "2017-12-04", "a.csv", csv_of([sale(1), sale(1), sale(1, units=9), sale(2)]))
    deliver(settings, "2017-12-05", "b.csv", csv_of([sale(1, units=8), sale(2), sale(3), sale(4)]))
    result = night(settings, "2017-12-06")
    assert reason_codes(settings) == ["duplicate_row", "key_conflict", "key_conflict", "duplicate_row"]
    assert sorted(bronze(settings)["sale_id"]) == ["1", "2", "3", "4"]
    assert (result.refused_row_count, result.duplicate_row_count) == (2, 2)


@pytest.mark.parametrize("again", [("2017-12-04", "copy of a.csv"), ("2017-12-05", "a.csv")])
def test_the_same_content_delivered_again_changes_nothing(settings, again):
    deliver(settings, "2017-12-04", "a.csv", csv_of([sale(1), sale(2)]))
    deliver(settings, *again, csv_of([sale(1), sale(2)]))
    result = night(settings, "2017-12-06")
    assert result.tonight["status"].to_list() == ["loaded", "duplicate_file"]
    assert result.tonight["load_id"].n_unique() == 2
    assert (result.accepted_row_count, result.duplicate_row_count) == (2, 2)
    assert reason_codes(settings) == ["duplicate_file"] * 2


def test_files_with_a_header_only_are_deliveries_and_no_copies_of_each_other(settings):
    for day in ("2017-12-04", "2017-12-05"):
        deliver(settings, day, "a.csv", csv_of([]))
    assert night(settings, "2017-12-06").tonight["status"].to_list() == ["loaded", "loaded"]


def test_a_file_with_too_many_wrong_rows_is_refused_whole(settings):
    deliver(settings, "2017-12-04", "a.csv", csv_of([sale(1), sale(2, units="x"), sale(3, units="y")]))
    deliver(settings, "2017-12-04", "b.csv", csv_of([sale(4)]))
    result = night(settings, "2017-12-05")
    assert result.tonight["status"].to_list() == ["refused_file", "loaded"]
    assert "got 2 of 3 (wrong_type 2)" in result.tonight["reason"][0]
    assert reason_codes(settings) == ["file_refused", "wrong_type", "wrong_type"]
