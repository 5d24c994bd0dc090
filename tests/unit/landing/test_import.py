"""The example retailer is delivered week by week, never overwritten, and its planted faults change no figure."""

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from ml.errors import ContractError
from pipelines.landing import completejourney
from pipelines.landing.completejourney import import_completejourney
from pipelines.landing.load import load_landing
from pipelines.landing.planted import plant_faults
from pipelines.ledger import Ledger
from pipelines.settings import load_settings
from tests.builders.landing import write_tiny_retailer

SUNDAY_NIGHT = datetime(2017, 1, 9, 4, 59)  # 23:59 local: still the week before
MONDAY = datetime(2017, 1, 9, 5, 0)
TABLES = {
    "transactions": {
        "household_id": [1, 1], "store_id": [3, 3], "basket_id": [5, 6], "product_id": [7, 7], "quantity": [1, 1],
        "sales_value": [0.1, 2.35], "retail_disc": [0.0, 0.1], "coupon_disc": [0.0, 0.0],
        "coupon_match_disc": [0.0, 0.0], "week": [2, 3], "transaction_timestamp": [SUNDAY_NIGHT, MONDAY],
    },
    "coupon_redemptions": {
        "household_id": [1], "coupon_upc": [9], "campaign_id": [1], "redemption_date": [datetime(2017, 1, 8)],
    },
    "products": {
        "product_id": [7], "manufacturer_id": [1], "department": ["A, \"B\""], "brand": ["Private"],
        "product_category": [None], "product_type": ["x"], "package_size": ["22 LB"],
    },
    "promotions": {
        "product_id": [7, 7], "store_id": [3, 3], "display_location": ["0", "A"], "mailer_location": ["0", "H"],
        "week": [2, 3],
    },
    "campaign_descriptions": {
        "campaign_id": [1], "campaign_type": ["Type A"], "start_date": [MONDAY], "end_date": [MONDAY],
    },
    "campaigns": {"campaign_id": [1], "household_id": [1]},
    "coupons": {"coupon_upc": [9, 9], "product_id": [7, 7], "campaign_id": [1, 1]},
    "demographics": {
        "household_id": [1], "age": ["65+"], "income": [None], "home_ownership": ["Renter"],
        "marital_status": [None], "household_size": ["5+"], "household_comp": ["1 Adult Kids"], "kids_count": ["3+"],
    },
}  # fmt: skip


@pytest.fixture
def package(tmp_path: Path, monkeypatch):
    """A package of the same shape with a handful of rows, found before the real one."""
    data = tmp_path / "site" / "tiny_journey" / "data"
    data.mkdir(parents=True)
    (data.parent / "__init__.py").touch()
    for name, columns in TABLES.items():
        pl.DataFrame(columns).write_parquet(data / f"{name}.parquet")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setattr(completejourney, "PACKAGE", "tiny_journey")


def quiet(_: str) -> None:
    return None


@pytest.mark.usefixtures("package")
def test_order_lines_are_delivered_on_the_monday_after_their_local_week(tmp_path):
    settings = load_settings(home=tmp_path / "home")
    import_completejourney(settings, None, quiet)
    folder = settings.folder("landing") / "pos" / "order_lines"
    lines = [path.read_text().splitlines() for path in sorted(folder.glob("*/order_lines.csv"))]
    assert [path.name for path in sorted(folder.iterdir())] == [
        "delivered_date=2017-01-09",
        "delivered_date=2017-01-16",
    ]
    assert lines[0][1] == "1,3,5,7,1,0.10,0.00,0.00,0.00,2,2017-01-09T04:59:00Z"


@pytest.mark.usefixtures("package")
def test_everything_imported_is_accepted_except_rows_that_stand_twice(tmp_path):
    settings = load_settings(home=tmp_path / "home")
    import_completejourney(settings, None, quiet)
    result = load_landing(settings, Ledger(settings.folder("ledger")), date(2017, 1, 31), quiet)
    assert (result.raw_row_count, result.accepted_row_count, result.duplicate_row_count) == (11, 10, 1)


@pytest.mark.usefixtures("package")
def test_a_second_import_leaves_every_file_alone(tmp_path):
    settings = load_settings(home=tmp_path / "home")
    first = import_completejourney(settings, date(2017, 1, 9), quiet)
    assert first.written_file_count == first.file_count == 9
    second = import_completejourney(settings, None, quiet)
    assert (second.kept_file_count, second.written_file_count) == (9, 1)
    (settings.folder("landing") / completejourney.RECEIPT).unlink()
    times = {path: path.stat().st_mtime_ns for path in settings.folder("landing").rglob("*.*") if path.is_file()}
    third = import_completejourney(settings, None, quiet)
    assert (third.kept_file_count, third.written_file_count) == (10, 0)
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())


@pytest.mark.usefixtures("package")
def test_a_file_with_other_content_is_never_overwritten(tmp_path):
    settings = load_settings(home=tmp_path / "home")
    import_completejourney(settings, None, quiet)
    path = settings.folder("landing") / "crm" / "households" / "delivered_date=2017-01-01" / "households.csv"
    path.write_text("mine")
    with pytest.raises(ContractError, match="Landing is never overwritten"):
        import_completejourney(settings, None, quiet)
    assert path.read_text() == "mine"


def test_a_missing_package_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(completejourney, "PACKAGE", "no_such_package")
    with pytest.raises(ContractError, match="Install the example group"):
        import_completejourney(load_settings(home=tmp_path), None, quiet)


def test_planted_faults_are_all_caught_and_change_no_figure(tmp_path):
    accepted = []
    for name in ("clean", "planted"):
        settings = load_settings(home=tmp_path / name)
        write_tiny_retailer(settings.folder("landing"), households=3, weeks=3)
        if name == "planted":
            assert len(plant_faults(settings)) == 2
            plant_faults(settings)
        result = load_landing(settings, Ledger(settings.folder("ledger")), date(2017, 12, 26), quiet)
        accepted.append(result.accepted_row_count)
    assert accepted[0] == accepted[1]
    files = (settings.folder("quarantine") / "pos" / "order_lines").glob("*.parquet")
    rows = pl.concat([pl.read_parquet(file) for file in files])
    assert rows["disposition"].to_list().count("duplicate") == 200
    assert sorted(rows.filter(disposition="refused")["reason_code"]) == [
        "bad_encoding", "cell_count", "event_after_delivery", "key_conflict", "missing_value", "out_of_range",
        "wrong_format", "wrong_type", "wrong_type", "wrong_type",
    ]  # fmt: skip


def test_faults_are_planted_only_beside_a_delivery(tmp_path):
    with pytest.raises(ContractError, match="nightmarket import completejourney"):
        plant_faults(load_settings(home=tmp_path))


def test_the_tiny_retailer_lands_without_a_refusal(tmp_path):
    settings = load_settings(home=tmp_path)
    write_tiny_retailer(settings.folder("landing"), households=4, weeks=4)
    result = load_landing(settings, Ledger(settings.folder("ledger")), date(2017, 12, 26), quiet)
    assert result.refused_row_count == 0
    assert result.duplicate_row_count == 1, "one coupon row is sent twice on purpose"
    assert set(result.tonight["status"]) == {"loaded"}
