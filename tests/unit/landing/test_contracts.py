"""Contracts say clearly what is wrong with them."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest

from ml.errors import ContractError
from pipelines.landing.contracts import contract_names, idle_contracts, load_contract, load_contracts
from pipelines.landing.rows import make_midnights
from pipelines.settings import load_settings, midnight_utc
from tests.builders.shop import CONTRACT, shop


def columns_with(**changed: object) -> list[object]:
    columns = CONTRACT["columns"]
    assert isinstance(columns, list)
    return [column | changed if column["name"] == "units" else column for column in columns]


def test_every_configured_source_has_a_contract_that_holds():
    settings = load_settings()
    assert list(load_contracts(settings)) == sorted(settings.retailer.sources)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"colums": []}, r"shop/sales\.yml: colums: Extra inputs are not permitted\. Correct the keys"),
        ({"columns": columns_with(nulable=True)}, r"columns\.1\.nulable: Extra inputs"),
        ({"columns": columns_with(type="float")}, r"columns\.1\.type: Input should be 'varchar', 'integer'"),
        ({"columns": columns_with(min=5, max=1)}, "units: min 5 is above max 1"),
        ({"columns": columns_with(min=date(2017, 1, 1))}, "units: min and max must be of its type, integer"),
        ({"columns": columns_with(pattern="[0-9]+")}, "pattern are for varchar, this is integer"),
        ({"columns": columns_with(name="event_at")}, "stand twice or are added by landing itself"),
        ({"key": ["note"]}, r"key: \['note'\] must be columns of the table that are not nullable"),
        ({"key": []}, "key: Tuple should have at least 1 item"),
        ({"event": {"column": "units", "rule": "day"}}, "rule day needs a column of type date, got 'units'"),
        ({"event": {"column": "units", "rule": "week"}}, "week_one belongs to rule week"),
        ({"event": {"column": "units", "rule": "epoch"}}, "units needs min and max between 946684800 and 2147483647"),
        ({"event": {"column": "sale_id", "rule": "epoch"}}, "rule epoch needs a column of type integer"),
        ({"max_refused_rate": 5}, "max_refused_rate: Input should be less than or equal to 1"),
        ({"source": "pos"}, "the path says them"),
    ],
)
def test_a_wrong_contract_names_file_and_key(tmp_path, changed, message):
    settings = shop(tmp_path / "home", **changed)
    with pytest.raises(ContractError, match=message):
        load_contracts(settings)


def test_a_pattern_the_database_cannot_read_is_refused(tmp_path):
    columns = [*columns_with(), {"name": "code", "type": "varchar", "pattern": "(?=a)", "description": "Code."}]
    with pytest.raises(ContractError, match=r"code: pattern '\(\?=a\)' is not valid"):
        load_contracts(shop(tmp_path / "home", columns=columns))


def test_a_source_without_a_contract_is_named(tmp_path):
    with pytest.raises(ContractError, match=r"configured source shop\.visits, found no file"):
        load_contract(tmp_path, "shop.visits")


def test_any_change_of_a_contract_changes_its_label(tmp_path):
    before = load_contracts(shop(tmp_path / "home"))["shop.sales"]
    after = load_contracts(shop(tmp_path / "home", max_refused_rate=0.4))["shop.sales"]
    assert before.version_label("Europe/Berlin") != after.version_label("Europe/Berlin")
    assert before.version_label("Europe/Berlin") != before.version_label("America/New_York")


def test_a_rule_that_a_contract_does_not_use_leaves_its_label_alone(tmp_path):
    plain = load_contracts(shop(tmp_path / "home"))["shop.sales"]
    assert "is_versioned" not in plain.model_dump_json()
    assert "delivered_as" not in plain.model_dump_json()
    versioned = load_contracts(shop(tmp_path / "home", is_versioned=True))["shop.sales"]
    assert versioned.version_label("UTC") != plain.version_label("UTC")


def test_every_contract_is_either_configured_or_idle(tmp_path):
    settings = load_settings(home=tmp_path)  # ./var may be another retailer's
    configured, idle = load_contracts(settings), idle_contracts(settings)
    assert not configured.keys() & idle.keys()
    assert configured.keys() | idle.keys() == contract_names(settings.contracts_dir)
    assert "till.receipts" in idle


def test_two_columns_under_one_header_are_refused(tmp_path):
    columns = [*columns_with(), {"name": "code", "delivered_as": "note", "type": "varchar", "description": "Code."}]
    with pytest.raises(ContractError, match="two are delivered under one name"):
        load_contracts(shop(tmp_path / "home", columns=columns))


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Asia/Kolkata", "UTC"])
def test_the_database_and_python_agree_when_a_day_begins(zone):
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        make_midnights(con, zone)
        days = dict(con.execute("select * from midnights where year(event_date) between 2015 and 2020").fetchall())
    start = date(2015, 1, 1)
    expected = {day: midnight_utc(day, ZoneInfo(zone)) for day in (start + timedelta(i) for i in range(2192))}
    assert days == expected
