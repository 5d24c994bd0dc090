"""Dirt: planted at the stated rate, noted in the truth, and switched off by a zero."""

import polars as pl
import pytest

from pipelines.simulator.scenario import Dirt
from pipelines.simulator.simulate import Recorder
from pipelines.simulator.world import World
from tests.builders.world import small

OF_RECORDS = ["typo", "nickname", "swapped_name", "shared_email", "shared_phone", "noreply_email", "junk_value"]
OF_FILES = ["late_file", "resent_file", "bad_encoding"]
OF_ROWS = ["duplicated_rows", "bad_row", "out_of_order_correction", "currency_noise"]
OTHERS = ["assistant_card", "test_order", "duplicate_purchase_event", "consent_denied_hit", "clock_without_zone"]
OTHERS += ["schema_drift", "second_account", "stale_address", "recycled_phone"]
ALL_OFF = dict.fromkeys(Dirt.model_fields, 0.0)


RESTLESS = {"moves_per_year": 1.0, "new_phones_per_year": 1.0}


def recorded(home, days=8, *, people=1_200, stores=3, behaviour=None, **dirt):
    """A small history with only the given dirt; returns its recorder and its planted faults."""
    size = {"people": people, "days": days, "stores": stores}
    world = World(small("default", **size, behaviour=behaviour or {}, dirt=ALL_OFF | dirt))
    recorder = Recorder(world, home)
    recorder.write_people()
    for _ in range(days):
        recorder.record(world.step(world.next_day, world.habitual_treatments(world.next_day)))
    recorder.finish()
    faults = [pl.read_parquet(path) for path in sorted((home / "truth" / "faults").glob("*.parquet"))]
    return recorder, pl.concat([recorder.systems.records.faults, *faults])


def landed(home, table):
    """The delivered files of a table, by name, oldest first."""
    return sorted((home / "landing" / table).rglob("*.csv*"))


def test_without_dirt_there_is_only_what_people_are(tmp_path):
    _, faults = recorded(tmp_path)
    assert set(faults["kind"]) <= {"twin"}
    names = [path.name for path in landed(tmp_path, "till/receipts")]
    assert not [name for name in names if "resent" in name or name.startswith("first_")]


@pytest.mark.parametrize("kind", [*OF_RECORDS, *OF_FILES, *OF_ROWS, *OTHERS])
def test_a_kind_of_dirt_comes_alone_when_it_alone_is_on(tmp_path, kind):
    rate = 0.02 if kind in OF_ROWS else 1.0 if kind in OF_FILES else 0.4
    telling = {"typo": 0.9} if kind == "bad_encoding" else {}  # only a letter that is no ASCII tells an encoding
    _, faults = recorded(tmp_path, 5, people=700, stores=12, behaviour=RESTLESS, **telling, **{kind: rate})
    assert kind in set(faults["kind"])
    # a small history hardly has a second phone number or account of each kind; twins are no dirt of a switch
    assert set(faults["kind"]) <= {kind, "twin", *telling}


@pytest.mark.parametrize("kind", ["typo", "junk_value", "swapped_name"])
def test_records_get_dirt_at_the_stated_rate(tmp_path, kind):
    recorder, faults = recorded(tmp_path, days=1, **{kind: 0.1})
    share = faults.filter(kind=kind).height / recorder.systems.records.records.height
    assert share == pytest.approx(0.1, abs=0.02)


def test_rows_that_are_no_amounts_are_where_the_truth_says(tmp_path):
    _, faults = recorded(tmp_path, bad_row=0.01)
    journals = pl.concat([pl.read_csv(path, infer_schema=False) for path in landed(tmp_path, "till/receipts")])
    bad = journals.filter(pl.col("line_amount") == "#REF!")
    noted = faults.filter(kind="bad_row", table="till.receipts")
    assert sorted(bad["receipt_id"]) == sorted(noted["row_key"])
    assert bad.height / journals.height == pytest.approx(0.01, abs=0.004)


def test_a_correction_arrives_before_the_row_that_it_corrects(tmp_path):
    recorded(tmp_path, out_of_order_correction=0.02)
    files = landed(tmp_path, "till/receipts")
    wrong = pl.concat([pl.read_csv(path, infer_schema=False) for path in files if path.name.startswith("first_")])
    right = pl.concat([pl.read_csv(path, infer_schema=False) for path in files if not path.name.startswith("first_")])
    both = wrong.join(right, on=["receipt_id", "line_no"], suffix="_right")
    assert both.height == wrong.height > 5
    assert (both["exported_at"] < both["exported_at_right"]).all()
    assert (both["line_amount"] != both["line_amount_right"]).any()


def test_badly_encoded_files_are_no_utf8(tmp_path):
    _, faults = recorded(tmp_path, bad_encoding=1.0, typo=0.9)
    noted = faults.filter(kind="bad_encoding")["file"].to_list()
    broken = []
    for path in [*landed(tmp_path, "crm/contacts"), *landed(tmp_path, "loyalty/members")]:
        try:
            path.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            broken.append(path.name)
    assert broken
    assert sorted(broken) == sorted(noted)


def test_resent_files_say_the_same_again(tmp_path):
    recorded(tmp_path, resent_file=0.5)
    again = [path for path in landed(tmp_path, "loyalty/points") if "_resent" in path.name]
    first = {path.name: path for path in landed(tmp_path, "loyalty/points")}
    assert again
    for path in again:
        assert path.read_bytes() == first[path.name.replace("_resent", "")].read_bytes()
        assert path.parent.name > first[path.name.replace("_resent", "")].parent.name
