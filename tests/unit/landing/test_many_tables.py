"""Tables are loaded side by side: the same bytes as one after the other, and a failure that stops them all."""

from dataclasses import replace

import pytest
import yaml

from ml.errors import NightmarketError
from pipelines.landing import load
from tests.builders.shop import CONTRACT, csv_of, night, sale, shop, tree

TABLES = {"sales": 12, "gifts": 1, "notes": 4}  # files each


def selling(settings, *tables):
    """The shop with these tables only."""
    sources = {f"shop.{table}": {"critical": True, "max_age_days": 7} for table in tables}
    content = settings.retailer.model_dump() | {"sources": sources}
    return replace(settings, retailer=type(settings.retailer).model_validate(content))


def department_store(home, threads=2):
    """A shop with three tables of one form, with files to read in each."""
    settings = shop(home)
    for table, files in TABLES.items():
        (settings.contracts_dir / "shop" / f"{table}.yml").write_text(yaml.safe_dump(CONTRACT), encoding="utf-8")
        for i in range(files):
            folder = settings.folder("landing") / "shop" / table / f"delivered_date=2017-12-{i + 2:02d}"
            folder.mkdir(parents=True)
            rows = [sale(sale_id=1000 * i + row) for row in range(5)] + [sale(sale_id="wrong"), sale(sale_id=1000 * i)]
            (folder / "a.csv").write_bytes(csv_of(rows))
    return selling(replace(settings, threads=threads), *TABLES)


def test_tables_side_by_side_come_to_the_same_bytes_as_one_after_the_other(tmp_path):
    homes = [department_store(tmp_path / f"threads-{threads}", threads) for threads in (1, 2)]
    results = [night(settings, "2017-12-26") for settings in homes]
    assert tree(homes[0]) == tree(homes[1])
    assert results[0].tonight.equals(results[1].tonight)
    assert results[0].accepted_row_count == 5 * sum(TABLES.values())
    assert {path.split("/")[2] for path in tree(homes[1]) if path.startswith("bronze")} == set(TABLES)


def test_a_table_that_cannot_be_loaded_stops_the_others_and_is_named(monkeypatch, tmp_path):
    settings, real, stopped = department_store(tmp_path / "home"), load.load_table, []

    def loaded(con, settings, contract, batches, progress, stopping):
        if contract.table == "gifts":
            raise NightmarketError("gifts: a fault")
        if contract.table == "sales":  # is at work, and sees at its next file that it is over
            assert stopping.wait(timeout=30)
            with pytest.raises(NightmarketError, match="another table"):
                real(con, settings, contract, batches, progress, stopping)
            stopped.append(contract.table)
            raise NightmarketError("sales: not what is told")
        return real(con, settings, contract, batches, progress, stopping)

    monkeypatch.setattr(load, "load_table", loaded)
    with pytest.raises(NightmarketError, match="gifts: a fault"):
        night(settings, "2017-12-26")
    assert stopped == ["sales"]
    assert not [path for path in settings.home.rglob("*.partial")]
    assert not [path for path in (settings.home / "bronze" / "shop" / "sales").glob("*.parquet")]
    monkeypatch.setattr(load, "load_table", real)
    assert night(settings, "2017-12-26").accepted_row_count == 5 * sum(TABLES.values())


def test_a_table_that_is_given_up_after_a_sealed_night_stops_no_later_one(tmp_path):
    settings = department_store(tmp_path / "home")
    night(settings, "2017-12-20", seal=True)
    (settings.contracts_dir / "shop" / "gifts.yml").unlink()
    after = night(selling(settings, "sales", "notes"), "2017-12-26")
    assert set(after.known["table_name"]) == set(TABLES)
    assert after.parsed_file_count == 0
