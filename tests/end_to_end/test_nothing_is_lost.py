"""Counts and money reconcile exactly from the raw files to the customers, and the past knows nothing of the future."""

import csv
import gzip
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ml.features.build import build_person_features
from ml.models.training import train_models
from pipelines.facts import read_facts
from pipelines.night import ledger_of, warehouse_of
from pipelines.settings import Settings
from tests.end_to_end.world import LAST, new_home, run

EARLY = date(2017, 10, 17)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = new_home(tmp_path_factory.mktemp("whole"), households=40)
    folder = home.folder("landing") / "pos" / "order_lines" / "delivered_date=2017-12-25"
    header, first, *_ = next(folder.glob("*.csv")).read_text(encoding="utf-8").splitlines()
    wrong = first.split(",")
    wrong[4] = "two"  # quantity
    (folder / "late and dirty.csv").write_text(
        "\n".join([header, *[first] * 60, ",".join(wrong)]) + "\n", encoding="utf-8"
    )
    (folder / "garbage.csv").write_bytes(b"\x00\xff\xfe" * 50)
    with gzip.open(folder / "truncated.csv.gz", "wb") as whole:
        whole.write(f"{header}\n{first}\n".encode() * 50)
    cut = (folder / "truncated.csv.gz").read_bytes()[:-20]
    (folder / "truncated.csv.gz").write_bytes(cut)
    run(home)
    return home


def test_accepted_refused_and_repeated_rows_are_all_the_raw_rows_there_are(settings: Settings) -> None:
    loads = ledger_of(settings).partition("loads", LAST)
    parts = loads["accepted_row_count"] + loads["refused_row_count"] + loads["duplicate_row_count"]
    assert (parts == loads["raw_row_count"]).all()
    readable = loads.filter(pl.col("status") != "refused_file", pl.col("file").str.ends_with(".csv"))
    counted = {file: rows_of(settings.folder("landing") / file) for file in readable["file"]}
    assert dict(readable.select("file", "raw_row_count").iter_rows()) == counted


def test_every_row_that_did_not_go_on_stands_in_quarantine_with_a_reason(settings: Settings) -> None:
    loads = ledger_of(settings).partition("loads", LAST)
    frames = [pl.read_parquet(path) for path in settings.folder("quarantine").rglob("*.parquet")]
    quarantine = pl.concat(frames)
    assert quarantine.height == loads["refused_row_count"].sum() + loads["duplicate_row_count"].sum()
    assert quarantine["reason"].null_count() == 0
    assert {"refused", "duplicate"} == set(quarantine["disposition"])
    assert loads.filter(pl.col("status") == "refused_file").height == 2


def test_customers_and_the_unresolved_are_all_the_facts_in_rows_and_money(settings: Settings) -> None:
    accepted = pl.concat(
        pl.read_parquet(path, columns=["quantity", "sales_value"])
        for path in (settings.folder("bronze") / "pos" / "order_lines").glob("[!_]*.parquet")
    )
    facts = warehouse_of(settings).read(
        """
        select person_id is null as is_unresolved, count(*) as lines, sum(net_sales_amount)::decimal(18, 2) as amount
        from (
            select person_id, net_sales_amount from marts.fct_order_lines
            union all
            select person_id, -refund_amount from marts.fct_returns
        ) group by 1 order by 1
        """
    )
    assert facts["is_unresolved"].to_list() == [False, True]
    assert facts["lines"].sum() == accepted.height
    assert sum(facts["amount"], Decimal(0)) == sum(accepted["sales_value"], Decimal(0))
    customers = warehouse_of(settings).read("select sum(order_count_365d)::bigint as orders from marts.customer_360")
    orders = warehouse_of(settings).read(
        "select count(*) as orders from marts.fct_orders where person_id is not null "
        "and ordered_date >= date '2017-12-26' - 365"
    )
    assert customers["orders"][0] == orders["orders"][0]


def test_features_of_an_old_date_do_not_know_what_came_later(settings: Settings, tmp_path: Path) -> None:
    """The whole warehouse against one whose landing ends before the date: equal to the last bit."""
    truncated = new_home(tmp_path, households=40)
    for folder in truncated.folder("landing").glob("*/*/delivered_date=*"):
        if folder.name.removeprefix("delivered_date=") >= EARLY.isoformat():
            shutil.rmtree(folder)
    run(truncated, EARLY)
    whole, then = read_facts(warehouse_of(settings)), read_facts(warehouse_of(truncated))
    features = build_person_features(then, EARLY)
    assert features.height >= 40
    assert_frame_equal(build_person_features(whole, EARLY), features, check_exact=True)
    assert versions(whole) == versions(then)


def test_training_as_of_an_old_date_reads_nothing_that_came_later(settings: Settings) -> None:
    facts = read_facts(warehouse_of(settings))
    trained = train_models(facts, as_of_date=EARLY, observed_through=date(2017, 10, 16), seed=1, threads=1)
    assert all(one.trained_through_date is None or one.trained_through_date <= EARLY for one in trained.values())


def versions(facts: object) -> dict[str, str]:
    trained = train_models(facts, as_of_date=EARLY, observed_through=date(2017, 10, 16), seed=1, threads=1)
    return {name: one.version for name, one in trained.items()}


def rows_of(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as handle:
        return sum(1 for _ in csv.reader(handle)) - 1
