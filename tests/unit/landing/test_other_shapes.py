"""Files as other systems write them: headers with blanks, local clocks, descriptions that change; idle tables."""

from datetime import date, datetime

import duckdb
import pytest

from ml.errors import ContractError
from tests.builders.shop import CONTRACT, bronze, csv_of, deliver, night, reason_codes, sale, shop


def column(name, **changed):
    """The shop's columns with one changed."""
    return [each | changed if each["name"] == name else each for each in CONTRACT["columns"]]


def test_a_column_is_read_under_the_name_that_files_give_it(tmp_path):
    settings = shop(tmp_path / "home", columns=column("sale_id", delivered_as="Sale ID"))
    rows = csv_of([sale(7), sale("x")], header=("Sale ID", "units", "amount", "sold_at", "note"))
    deliver(settings, "2017-12-04", "sales.csv", rows)
    night(settings, "2017-12-05")
    assert bronze(settings)["sale_id"].to_list() == ["7"]
    assert reason_codes(settings) == ["wrong_format"]


def test_its_own_name_is_then_no_name_for_it(tmp_path):
    settings = shop(tmp_path / "home", columns=column("sale_id", delivered_as="Sale ID"))
    deliver(settings, "2017-12-04", "sales.csv", csv_of([sale()]))
    assert night(settings, "2017-12-05").refused_file_count == 1


def test_a_clock_without_a_zone_has_its_own_day_and_is_read_in_the_retailers_zone(tmp_path):
    event = {"column": "sold_at", "rule": "local_instant"}
    settings = shop(tmp_path / "home", columns=column("sold_at", type="local_timestamp"), event=event)
    rows = [
        sale(1, sold_at="2017-07-01 23:30:00"),
        sale(2, sold_at="2017-12-01T23:30:00"),
        sale(3, sold_at="2017-12-01T23:30:00Z"),
    ]
    deliver(settings, "2017-12-04", "sales.csv", csv_of(rows))
    night(settings, "2017-12-05")
    assert bronze(settings)["event_date"].to_list() == [date(2017, 7, 1), date(2017, 12, 1)]
    assert bronze(settings)["event_at"].to_list() == [datetime(2017, 7, 2, 3, 30), datetime(2017, 12, 2, 4, 30)]
    assert reason_codes(settings) == ["wrong_type"]


def test_seconds_since_1970_are_an_instant_with_a_day_in_the_retailers_zone(tmp_path):
    event = {"column": "sold_at", "rule": "epoch"}
    columns = column("sold_at", type="integer", min=946_684_800, max=2_147_483_647)
    settings = shop(tmp_path / "home", columns=columns, event=event, max_refused_rate=1)
    seconds = [1_512_190_800, 1_512_190_799, 1_512_450_000, 5, "1.5e9", 2_147_483_648]
    rows = [sale(number, sold_at=str(second)) for number, second in enumerate(seconds, start=1)]
    deliver(settings, "2017-12-04", "sales.csv", csv_of(rows))
    night(settings, "2017-12-05")
    assert bronze(settings)["event_at"].to_list() == [datetime(2017, 12, 2, 5), datetime(2017, 12, 2, 4, 59, 59)]
    assert bronze(settings)["event_date"].to_list() == [date(2017, 12, 2), date(2017, 12, 1)]  # New York: UTC - 5
    assert reason_codes(settings) == ["event_after_delivery", "out_of_range", "wrong_type", "wrong_type"]


@pytest.mark.parametrize(("is_versioned", "accepted"), [(True, 2), (False, 1)])
def test_only_a_description_may_be_told_anew(tmp_path, is_versioned, accepted):
    settings = shop(tmp_path / "home", is_versioned=is_versioned)
    deliver(settings, "2017-12-03", "first.csv", csv_of([sale(1, units=1)]))
    deliver(settings, "2017-12-04", "second.csv", csv_of([sale(1, units=2), sale(9, units=2)]))
    night(settings, "2017-12-05")
    assert bronze(settings).filter(sale_id="1").height == accepted


def with_idle_contract(settings):
    """The shop's sales have a twin, `shop.visits`, that is not configured."""
    visits = settings.contracts_dir / "shop" / "visits.yml"
    visits.write_text((settings.contracts_dir / "shop" / "sales.yml").read_text(encoding="utf-8"), encoding="utf-8")
    return settings


def test_a_table_that_is_delivered_and_not_configured_stops_the_night_by_name(tmp_path):
    """Else caps that count mailings would see none as soon as somebody deletes a line."""
    settings = with_idle_contract(shop(tmp_path / "home"))
    deliver(settings, "2017-12-04", "sales.csv", csv_of([sale()]))
    (settings.folder("landing") / "shop" / "visits" / "delivered_date=2017-12-04").mkdir(parents=True)
    with pytest.raises(ContractError, match=r"sources: .* missing: shop\.visits\. Name each"):
        night(settings, "2017-12-05")
    assert not (settings.folder("bronze") / "shop").exists()


def test_a_delivered_table_without_a_contract_is_named_and_hidden_folders_are_not(tmp_path):
    settings, said = shop(tmp_path / "home"), []
    deliver(settings, "2017-12-04", "sales.csv", csv_of([sale()]))
    for folder in ("web/clicks", "web/_old", ".tmp/clicks"):
        (settings.folder("landing") / folder / "delivered_date=2017-12-04").mkdir(parents=True)
    night(settings, "2017-12-05", tell=said.append)
    told = [line for line in said if "no contract" in line]
    assert told == ["Delivered, but no contract says how to read it: web.clicks."]


def test_a_table_that_is_not_configured_reads_as_empty_even_if_bronze_holds_some_of_it(tmp_path):
    settings = with_idle_contract(shop(tmp_path / "home"))
    folder = settings.folder("bronze") / "shop" / "visits"
    folder.mkdir(parents=True)
    (folder / "left.parquet").write_bytes(b"of a time when it was configured")
    deliver(settings, "2017-12-04", "sales.csv", csv_of([sale()]))
    assert night(settings, "2017-12-05").file_count == 1
    found = duckdb.sql(f"select * from read_parquet('{folder}/*.parquet')")
    assert "sale_id" in found.columns
    assert found.fetchall() == []
