"""What landing does with files as they should be, as they are, and as they are sent again."""

import gzip
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from ml.errors import ContractError, NightmarketError
from pipelines.ledger import Ledger
from tests.builders.shop import HEADER, bronze, csv_of, deliver, night, quarantine, reason_codes, sale, shop, tree


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


GZ = gzip.compress(csv_of([sale(i) for i in range(2000)]), mtime=0)


@pytest.mark.parametrize(
    ("name", "content", "reason", "row_count"),
    [
        ("garbage.csv", b"\0\xff\xfe" * 50, "bad_encoding", 1),
        ("latin1.csv", csv_of([sale(note="caf")]).replace(b"caf", b"caf\xe9"), "bad_encoding", 1),
        ("empty.csv", b"", "empty_file", 1),
        ("broken.csv.gz", GZ[: len(GZ) // 2], "truncated_gzip", None),
        ("no.csv.gz", b"not gzip at all", "truncated_gzip", 1),
        ("columns.csv", csv_of([["1", "2"], ["3", "4"]], header=("sale_id", "units")), "missing_column", 2),
        ("twice.csv", csv_of([[*sale(), "5"]], header=(*HEADER, "units")), "missing_column", 1),
        ("quotes.csv", csv_of([sale(1, note='"open'), sale(2), sale(3)]), "broken_quotes", 3),
        ("sales.xlsx", b"PK", "wrong_format", 1),
    ],
)  # fmt: skip
def test_an_unreadable_file_is_refused_whole_and_the_night_goes_on(settings, name, content, reason, row_count):
    deliver(settings, "2017-12-04", name, content)
    deliver(settings, "2017-12-04", "zz good.csv", csv_of([sale(1), sale(2)]))
    bad, good = night(settings, "2017-12-05").tonight.rows(named=True)
    assert (bad["status"], good["accepted_row_count"]) == ("refused_file", 2)
    assert bad["reason"].startswith(reason)
    assert bad["raw_row_count"] == bad["refused_row_count"] == quarantine(settings).height
    assert row_count is None or bad["raw_row_count"] == row_count


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + csv_of([sale(1), sale(2)]),
        csv_of([sale(1), sale(2)], end="\r\n"),
        csv_of([sale(1), sale(2)], end="\r"),
        csv_of([sale(1), sale(2)]).replace(b"\n", b"\n\n"),
        csv_of([sale(1), sale(2)]).removesuffix(b"\n"),
        csv_of([sale(1, note='"two\nlines, ""quoted"""'), sale(2)]),
        csv_of([sale(1, note='5" pipe'), sale(2)]),
        csv_of([sale(1, note="=1+1"), sale(2)]),
    ],
)
def test_an_odd_but_honest_file_is_read(settings, content):
    deliver(settings, "2017-12-04", "a.csv", content)
    deliver(settings, "2017-12-05", "b.csv.gz", gzip.compress(csv_of([sale(3)])))
    assert night(settings, "2017-12-06").accepted_row_count == 3
    assert bronze(settings)["sale_id"].sort().to_list() == ["1", "2", "3"]


def test_a_line_of_ten_megabytes_is_one_refused_row(settings):
    deliver(settings, "2017-12-04", "a.csv", csv_of([sale(1), sale(2, note="x" * 10_000_000), sale(3)]))
    assert night(settings, "2017-12-05").accepted_row_count == 2
    assert len(quarantine(settings)["reason"][0]) < 200


@pytest.mark.parametrize("name", ["with space.csv", "star*[1]?.csv", "quote'.csv", "ünï.csv"])
def test_a_file_name_is_only_a_name(settings, name):
    deliver(settings, "2017-12-04", name, csv_of([sale(1)]))
    deliver(settings, "2017-12-04", "starX1Y.csv", csv_of([sale(2)]))
    assert night(settings, "2017-12-05").accepted_row_count == 2


def test_a_link_that_leads_out_of_landing_is_refused_unread(settings, tmp_path):
    outside = tmp_path / "secret.csv"
    outside.write_bytes(csv_of([sale(1)]))
    deliver(settings, "2017-12-04", "b.csv", csv_of([sale(2)])).with_name("a.csv").symlink_to(outside)
    result = night(settings, "2017-12-05")
    assert result.tonight["reason"][0].startswith("outside_landing")
    assert result.accepted_row_count == 1
    assert "2017" not in str(quarantine(settings)["raw"].to_list())


def test_an_added_column_is_told_and_the_file_loads(settings):
    said: list[str] = []
    deliver(settings, "2017-12-04", "a.csv", csv_of([[*sale(), "9"]], header=(*HEADER, "new")))
    assert night(settings, "2017-12-05", tell=said.append).accepted_row_count == 1
    assert any("['new'] are not in the contract" in text for text in said)


def test_json_lines_are_read_and_a_broken_line_is_one_refused_row(tmp_path):
    settings = shop(tmp_path / "home", format="jsonl")
    good = '{"sale_id":"%d","units":2,"amount":3.5,"sold_at":"2017-12-01T12:00:00Z"}\n'
    lines = good % 1 + "{broken\n" + "[1]\n" + good % 2 + good % 3 + '{"sale_id":"4"}\n'
    deliver(settings, "2017-12-04", "a.jsonl", lines.encode())
    assert night(settings, "2017-12-05").accepted_row_count == 3
    assert reason_codes(settings) == ["not_json", "not_json", "missing_value"]


def test_parquet_values_are_checked_and_never_rounded(tmp_path):
    settings = shop(tmp_path / "home", format="parquet")
    path = deliver(settings, "2017-12-04", "a.parquet", b"")
    rows = {"sale_id": [1, 2, 3], "units": [1, 2, None], "amount": [0.1, 0.123, 5.0], "note": ["a", None, "b"]}
    pl.DataFrame(rows).with_columns(sold_at=pl.lit(datetime(2017, 12, 1))).write_parquet(path)
    deliver(settings, "2017-12-04", "b.parquet", path.read_bytes()[:100])
    result = night(settings, "2017-12-05")
    assert result.tonight["status"].to_list() == ["refused_file", "refused_file"]
    assert reason_codes(settings) == ["file_refused", "wrong_type", "missing_value", "not_parquet"]


def test_a_second_run_writes_the_same_bytes_and_reads_no_file(settings):
    deliver(settings, "2017-12-04", "a.csv", csv_of([sale(1), sale(2, units="x")]))
    deliver(settings, "2017-12-04", "b.csv", b"\0\xff")
    assert night(settings, "2017-12-05").parsed_file_count == 2
    before = tree(settings)
    assert night(settings, "2017-12-05").parsed_file_count == 0
    assert tree(settings) == before


def test_derived_files_can_be_deleted_and_come_back_byte_for_byte(settings):
    deliver(settings, "2017-12-04", "a.csv", csv_of([sale(1), sale(2, units="x")]))
    deliver(settings, "2017-12-11", "b.csv", csv_of([sale(1), sale(3)]))
    night(settings, "2017-12-05", seal=True)
    night(settings, "2017-12-12")
    before = tree(settings)
    for name in before:
        if not name.startswith("ledger"):
            (settings.home / name).unlink()
    night(settings, "2017-12-12")
    assert tree(settings) == before


def test_a_late_file_is_known_since_the_last_sealed_night(settings):
    deliver(settings, "2017-12-04", "a.csv", csv_of([sale(1)]))
    night(settings, "2017-12-05", seal=True)
    night(settings, "2017-12-12", seal=True)
    deliver(settings, "2017-12-04", "late.csv", csv_of([sale(2)]))
    deliver(settings, "2017-12-13", "next.csv", csv_of([sale(3)]))
    tonight = night(settings, "2017-12-19").tonight
    assert tonight["file"].str.split("/").list.last().to_list() == ["late.csv", "next.csv"]
    assert tonight["known_date"].to_list() == [date(2017, 12, 12), date(2017, 12, 13)]


def test_a_sealed_night_sees_exactly_what_it_saw(settings):
    deliver(settings, "2017-12-04", "a.csv", csv_of([sale(1)]))
    first = night(settings, "2017-12-05", seal=True).tonight
    deliver(settings, "2017-12-04", "late.csv", csv_of([sale(2)]))
    assert night(settings, "2017-12-05").tonight.equals(first)


def test_a_recorded_file_that_changes_or_vanishes_stops_the_night(settings):
    path = deliver(settings, "2017-12-04", "a.csv", csv_of([sale(1)]))
    night(settings, "2017-12-05", seal=True)
    path.write_bytes(csv_of([sale(2)]))
    with pytest.raises(ContractError, match=r"a\.csv: expected the content that night 2017-12-05 loaded"):
        night(settings, "2017-12-12")
    path.unlink()
    with pytest.raises(ContractError, match=r"found none\. Landing is never changed"):
        night(settings, "2017-12-12")


def test_an_earlier_night_cannot_be_added_behind_a_sealed_one(settings):
    night(settings, "2017-12-12", seal=True)
    with pytest.raises(ContractError, match="Nights follow each other"):
        night(settings, "2017-12-05")


def test_a_file_put_before_others_of_an_unsealed_night_makes_them_be_read_again(settings):
    deliver(settings, "2017-12-04", "b.csv", csv_of([sale(1), sale(2)]))
    night(settings, "2017-12-05")
    deliver(settings, "2017-12-04", "a.csv", csv_of([sale(1), sale(3)]))
    night(settings, "2017-12-05")
    assert sorted(bronze(settings)["sale_id"]) == ["1", "2", "3"]


def test_what_an_abandoned_night_left_in_bronze_is_removed(settings):
    path = deliver(settings, "2017-12-04", "a.csv", csv_of([sale(1)]))
    night(settings, "2017-12-05")
    path.unlink()
    night(settings, "2017-12-05")
    assert bronze(settings).height == 0


def test_a_changed_contract_reads_older_files_anew(settings, tmp_path):
    deliver(settings, "2017-12-04", "a.csv", csv_of([sale(1), sale(2), sale(3, units="x")]))
    night(settings, "2017-12-05", seal=True)
    said: list[str] = []
    shop(tmp_path / "home", version=2)
    assert night(settings, "2017-12-12", tell=said.append).parsed_file_count == 1
    assert any("1 loads of sealed nights were read by an older contract" in text for text in said)


def test_one_thread_and_two_make_the_same_bytes(tmp_path):
    trees = []
    for threads in (1, 2):
        settings = replace(shop(tmp_path / str(threads)), threads=threads)
        deliver(settings, "2017-12-04", "a.csv", csv_of([sale(i) for i in range(125_000)]))
        night(settings, "2017-12-05")
        trees.append(tree(settings))
    assert trees[0] == trees[1]


def with_two_files(home: Path):
    settings = shop(home)
    deliver(settings, "2017-12-04", "a.csv", csv_of([sale(1), sale(2, units="x")]))
    deliver(settings, "2017-12-04", "b.csv", b"\0\xff")
    return settings


@pytest.mark.parametrize("dies_at", range(1, 6))  # quarantine and bronze of a, quarantine of b, contract file, ledger
def test_a_night_that_dies_while_writing_leaves_nothing_half_written(monkeypatch, dies_at, tmp_path):
    undisturbed, settings = with_two_files(tmp_path / "other"), with_two_files(tmp_path / "home")
    night(undisturbed, "2017-12-05")
    calls = iter(range(1, 1000))

    def fail_once(path: Path) -> None:
        if next(calls) == dies_at:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pipelines.files.fsync_file", fail_once)
        with pytest.raises((NightmarketError, OSError), match="No space left"):
            night(settings, "2017-12-05")
    complete = tree(undisturbed)
    assert {name: complete[name] for name in tree(settings)} == tree(settings)
    night(settings, "2017-12-05")
    assert tree(settings) == complete


def test_a_night_without_files_still_writes_its_empty_log(settings):
    night(settings, "2017-12-05")
    loads = Ledger(settings.folder("ledger")).read("loads", date(2017, 12, 5))
    assert loads is not None
    assert loads.height == 0
    assert bronze(settings).columns[-1] == "row_number"
