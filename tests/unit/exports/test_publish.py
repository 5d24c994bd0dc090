import hashlib
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Event
from time import sleep

import duckdb
import pytest

from ml.errors import ContractError
from pipelines.publishing import publish
from pipelines.publishing.publish import DATABASE, PublishedTable, publish_snapshot
from pipelines.publishing.tables import PUBLISHED_TABLES
from pipelines.settings import Retailer, Settings

NIGHT = date(2017, 12, 26)
PEOPLE = PublishedTable("customer_360", "select * from marts.customer_360", ("person_id",))


@pytest.fixture
def settings(tmp_path):
    retailer = Retailer(retailer="r", time_zone="UTC", currency="USD", random_seed=1, is_replay=True, sources={})
    none = Path("unused")
    home = Settings(retailer, tmp_path, none, none, none, none, threads=1, memory_limit="1GB")
    with duckdb.connect(str(home.warehouse_path)) as connection:
        connection.execute("create schema marts")
        # 150,000 rows: more than one row group, so that two threads really share the work
        connection.execute(
            "create table marts.customer_360 as select 'p' || hash(i) as person_id, "
            "(i * 0.1)::double as discount_rate_365d, "
            "(i * 7 % 100000)::decimal(18, 2) as net_sales_amount_365d from range(150000) as t(i)"
        )
    return home


def parquet_hashes(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.parquet")}


def in_warehouse(settings, statement):
    with duckdb.connect(str(settings.warehouse_path)) as connection:
        connection.execute(statement)


def test_one_thread_and_two_publish_the_same_bytes(settings):
    one = parquet_hashes(publish_snapshot(settings, NIGHT, [PEOPLE]))
    two = parquet_hashes(publish_snapshot(replace(settings, threads=2), NIGHT, [PEOPLE]))
    assert one == two
    assert list(one) == ["customer_360.parquet"]


def test_the_order_in_which_the_warehouse_keeps_its_rows_does_not_matter(settings):
    before = parquet_hashes(publish_snapshot(settings, NIGHT, [PEOPLE]))
    in_warehouse(
        settings, "create or replace table marts.customer_360 as from marts.customer_360 order by hash(person_id)"
    )
    assert parquet_hashes(publish_snapshot(settings, NIGHT, [PEOPLE])) == before


def test_people_read_the_same_rows_from_the_database_as_from_parquet(settings):
    folder = publish_snapshot(settings, NIGHT, [PEOPLE])
    with duckdb.connect(str(folder / DATABASE), read_only=True) as connection:
        parquet = f"read_parquet('{folder}/customer_360.parquet', hive_partitioning = false)"
        differing = connection.execute(
            f"select count(*) from (select * from customer_360 except all select * from {parquet})"
        ).fetchone()
        rows = connection.execute("select count(*) from customer_360").fetchone()
    assert differing == (0,)
    assert rows == (150000,)
    assert json.loads((folder / "tables.json").read_text())["tables"][0]["rows"] == 150000


def test_the_snapshot_cannot_be_written_by_its_readers(settings):
    folder = publish_snapshot(settings, NIGHT, [PEOPLE])
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o444}


def test_a_key_that_repeats_is_refused_because_row_order_would_be_chance(settings):
    in_warehouse(settings, "insert into marts.customer_360 from marts.customer_360 limit 1")
    with pytest.raises(ContractError, match=r"one row per \(person_id\), got 2 rows"):
        publish_snapshot(settings, NIGHT, [PEOPLE])


@pytest.mark.parametrize("number", ["nan", "infinity"])
def test_a_number_that_is_none_is_not_published(settings, number):
    in_warehouse(settings, f"insert into marts.customer_360 values ('nobody', '{number}'::double, 0)")
    with pytest.raises(ContractError, match=r"discount_rate_365d: expected finite .* \(1 rows\)"):
        publish_snapshot(settings, NIGHT, [PEOPLE])


@pytest.mark.parametrize("column", ["record_id", "customer_ref", "household_id", "value_hash"])
def test_no_way_back_from_behaviour_to_the_customer_number_is_published(settings, column):
    in_warehouse(settings, f"alter table marts.customer_360 add column {column} varchar")
    with pytest.raises(ContractError, match=column):
        publish_snapshot(settings, NIGHT, [PEOPLE])


def test_a_failed_publication_leaves_the_last_good_one_and_nothing_half_written(settings):
    before = parquet_hashes(publish_snapshot(settings, NIGHT, [PEOPLE]))
    missing = PublishedTable("dim_stores", "select * from marts.dim_stores", ("store_id",))
    with pytest.raises(ContractError, match=r"dim_stores.*Build the warehouse"):
        publish_snapshot(settings, NIGHT, [PEOPLE, missing])
    published = settings.home / "published"
    assert [path.name for path in published.iterdir()] == ["as_of_date=2017-12-26"]
    assert parquet_hashes(published / "as_of_date=2017-12-26") == before


def test_a_database_that_cannot_be_made_stops_the_publication(settings, monkeypatch):
    good = publish_snapshot(settings, NIGHT, [PEOPLE])
    before = parquet_hashes(good)
    monkeypatch.setattr(publish, "STORAGE_VERSION", "none that there is")
    with pytest.raises(duckdb.Error, match="none that there is"):
        publish_snapshot(settings, NIGHT, [PEOPLE])
    assert parquet_hashes(good) == before
    assert list(good.parent.iterdir()) == [good]


def test_a_publication_that_fails_interrupts_what_the_other_thread_asks(settings, monkeypatch):
    in_hand, interrupted, copy = Event(), [], publish._copy

    def copied(connection, table, folder):
        if table.name == "dim_stores":
            assert in_hand.wait(60)
            sleep(0.5)  # the other's query is being answered
            return copy(connection, table, folder)
        in_hand.set()
        try:
            return copy(connection, table, folder)
        except duckdb.InterruptException:
            interrupted.append(table.name)
            raise

    monkeypatch.setattr(publish, "_copy", copied)
    missing = PublishedTable("dim_stores", "select * from marts.dim_stores", ("store_id",))
    slow = PublishedTable("slow", "select sum(hash(i)) as k from range(6000000000) t(i)", ("k",))  # half a minute
    with pytest.raises(ContractError, match="dim_stores"):
        publish_snapshot(settings, NIGHT, [missing, slow])
    assert interrupted == ["slow"]


def test_a_key_of_several_columns_repeats_also_where_one_of_them_is_null(settings):
    in_warehouse(settings, "create table marts.pairs as from (values (1, 'a'), (1, 'b'), (2, null)) t(first, second)")
    pairs = PublishedTable("pairs", "select * from marts.pairs", ("first", "second"))
    assert parquet_hashes(publish_snapshot(settings, NIGHT, [pairs]))
    in_warehouse(settings, "insert into marts.pairs values (2, null)")
    with pytest.raises(ContractError, match=r"one row per \(first, second\), got 2 rows"):
        publish_snapshot(settings, NIGHT, [pairs])


def test_a_first_row_without_a_key_is_no_repetition(settings):
    in_warehouse(settings, "create table marts.one as from (values (null::int), (1)) t(first)")
    assert parquet_hashes(publish_snapshot(settings, NIGHT, [PublishedTable("one", "from marts.one", ("first",))]))


def test_what_does_not_fit_into_memory_spills_beside_the_publication_and_leaves_nothing(settings):
    folder = publish_snapshot(replace(settings, memory_limit="20MB"), NIGHT, [PEOPLE])
    assert sorted(path.name for path in folder.iterdir()) == ["customer_360.parquet", DATABASE, "tables.json"]
    assert list(folder.parent.iterdir()) == [folder]


def test_the_published_list_has_unique_names_and_reads_no_identity_relation():
    names = [table.name for table in PUBLISHED_TABLES]
    assert len(names) == len(set(names))
    assert not [table.name for table in PUBLISHED_TABLES if "identity." in table.query]
    assert all(table.order_by for table in PUBLISHED_TABLES)
