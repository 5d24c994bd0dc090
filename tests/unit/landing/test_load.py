"""Nights follow each other: runs repeat, files come late or change, contracts change, machines die."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ml.errors import ContractError, NightmarketError
from pipelines.ledger import Ledger
from tests.builders.shop import CONTRACT, bronze, csv_of, deliver, night, sale, shop, tree


@pytest.fixture
def settings(tmp_path: Path):
    return shop(tmp_path / "home")


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


def test_of_many_recorded_files_that_changed_the_first_is_told_of_whoever_is_read_sooner(settings):
    paths = [deliver(settings, "2017-12-04", f"{n:02}.csv", csv_of([sale(n)])) for n in range(40)]
    night(settings, "2017-12-05", seal=True)
    paths[7].write_bytes(b"x" * 5_000_000)  # takes longest to read
    for path in paths[8:]:
        path.write_bytes(b"y")
    for _ in range(5):
        with pytest.raises(ContractError, match=r"07\.csv: expected the content"):
            night(replace(settings, threads=4), "2017-12-12")


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
    deliver(settings, "2017-12-04", "a.csv", csv_of([sale(1), sale(2), sale(3, note="much too long")]))
    columns = [{**column, "max_length": 5} for column in CONTRACT["columns"] if column["name"] == "note"]
    shop(tmp_path / "home", columns=[*CONTRACT["columns"][:-1], *columns])
    assert night(settings, "2017-12-05", seal=True).refused_row_count == 1
    said: list[str] = []
    shop(tmp_path / "home", version=2)
    assert night(settings, "2017-12-12", tell=said.append).parsed_file_count == 1
    assert any("1 loads of sealed nights were read by an older contract" in text for text in said)
    assert bronze(settings).height == 3
    assert not list(settings.folder("quarantine").rglob("*.parquet")), "what is accepted now is no longer set aside"


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


@pytest.mark.parametrize("dies_at", range(1, 5))  # quarantine, bronze, contract file, ledger
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
