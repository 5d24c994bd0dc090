"""Files as they really come: broken, odd, huge, in other formats. The night goes on."""

import gzip
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from tests.builders.shop import HEADER, bronze, csv_of, deliver, night, quarantine, reason_codes, sale, shop


@pytest.fixture
def settings(tmp_path: Path):
    return shop(tmp_path / "home")


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
    half = good % 5 + '{"sale_id":"6","note":"\\udC00"}\n'  # half of a character pair
    lines = good % 1 + "{broken\n" + "[1]\n" + good % 2 + good % 3 + '{"sale_id":"4"}\n' + half
    deliver(settings, "2017-12-04", "a.jsonl", lines.encode())
    assert night(settings, "2017-12-05").accepted_row_count == 4
    assert reason_codes(settings) == ["not_json", "not_json", "missing_value", "not_json"]


def test_parquet_values_are_checked_and_never_rounded(tmp_path):
    settings = shop(tmp_path / "home", format="parquet")
    path = deliver(settings, "2017-12-04", "a.parquet", b"")
    rows = {"sale_id": [1, 2, 3], "units": [1, 2, None], "amount": [0.1, 0.123, 5.0], "note": ["a", None, "b"]}
    pl.DataFrame(rows).with_columns(sold_at=pl.lit(datetime(2017, 12, 1))).write_parquet(path)
    deliver(settings, "2017-12-04", "b.parquet", path.read_bytes()[:100])
    result = night(settings, "2017-12-05")
    assert result.tonight["status"].to_list() == ["refused_file", "refused_file"]
    assert reason_codes(settings) == ["file_refused", "wrong_type", "missing_value", "not_parquet"]
