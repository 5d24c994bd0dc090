"""The history of runs holds what Dagster's own storage would hold, and can be read and watched by it."""

import threading
import time

import dagster as dg
import pytest
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage

from pipelines.night import prepare_home
from pipelines.run_history import RunHistory
from pipelines.settings import load_settings


@dg.multi_asset(
    specs=[dg.AssetSpec("bread"), dg.AssetSpec("cheese")], check_specs=[dg.AssetCheckSpec("is_fresh", asset="bread")]
)
def breakfast():
    yield dg.MaterializeResult(asset_key="bread", metadata={"slice_count": 2})
    yield dg.AssetCheckResult(asset_key="bread", check_name="is_fresh", passed=True)
    yield dg.MaterializeResult(asset_key="cheese")


@pytest.fixture
def instance(monkeypatch, tmp_path):
    monkeypatch.setenv("DAGSTER_HOME", "")
    prepare_home(load_settings(home=tmp_path))
    with dg.DagsterInstance.get() as one:
        yield one


def as_dagster_would(home):
    config = {"base_dir": str(home / "history" / "runs")}
    return {
        "event_log_storage": {
            "module": "dagster._core.storage.event_log",
            "class": "SqliteEventLogStorage",
            "config": config,
        }
    }


def texts(storage, run_id):
    return [(each.event_log_entry.dagster_event_type, each.event_log_entry.message) for each in read(storage, run_id)]


def read(storage, run_id):
    return storage.get_records_for_run(run_id).records


def test_dagster_reads_the_same_events_from_the_same_place(instance, tmp_path):
    result = dg.materialize([breakfast], instance=instance)
    assert isinstance(instance.event_log_storage, RunHistory)
    own = SqliteEventLogStorage(str(tmp_path / "runs" / "dagster" / "history" / "runs"))
    assert texts(own, result.run_id) == texts(instance.event_log_storage, result.run_id)
    assert len(texts(own, result.run_id)) > 10
    assert own.get_latest_materialization_events([dg.AssetKey("bread")])[dg.AssetKey("bread")] is not None
    evaluation = own.get_asset_check_execution_history(
        dg.AssetCheckKey(dg.AssetKey("bread"), "is_fresh"), limit=5, cursor=None
    )
    assert [each.status.value for each in evaluation] == ["SUCCEEDED"]


def test_a_history_that_dagster_began_goes_on(instance, tmp_path):
    home = tmp_path / "runs" / "dagster"
    ref = InstanceRef.from_dir(str(home), overrides=as_dagster_would(home))
    with dg.DagsterInstance.from_ref(ref) as own:
        assert type(own.event_log_storage) is SqliteEventLogStorage
        first = dg.materialize([breakfast], instance=own)
        told = texts(own.event_log_storage, first.run_id)
    dg.materialize([breakfast], instance=instance)
    assert texts(instance.event_log_storage, first.run_id) == told
    bread = dg.AssetKey("bread")
    assert len(instance.fetch_materializations(bread, limit=9).records) == 2


def test_whoever_watches_a_run_sees_events_while_the_files_are_open(instance):
    result = dg.materialize([breakfast], instance=instance)
    record = read(instance.event_log_storage, result.run_id)[0]
    seen, told = [], threading.Event()
    folder = str(instance.event_log_storage._base_dir)
    watcher = SqliteEventLogStorage(folder)
    cursor = watcher.get_records_for_run(result.run_id).cursor

    def look(entry, _cursor):
        seen.append(entry)
        told.set()

    watcher.watch(result.run_id, cursor, look)
    instance.event_log_storage.store_event(record.event_log_entry)
    assert told.wait(timeout=20)
    assert [each.message for each in seen] == [record.event_log_entry.message]
    watcher.dispose()


def test_a_history_that_is_disposed_of_opens_its_files_again(instance):
    result = dg.materialize([breakfast], instance=instance)
    before = texts(instance.event_log_storage, result.run_id)
    instance.event_log_storage.dispose()
    assert instance.event_log_storage._engines == {}
    assert texts(instance.event_log_storage, result.run_id) == before


def test_whoever_watches_by_the_same_storage_looks_once_per_event_and_not_at_its_own_looking(instance):
    result = dg.materialize([breakfast], instance=instance)
    record = read(instance.event_log_storage, result.run_id)[0]
    watcher = RunHistory(str(instance.event_log_storage._base_dir))
    looked, real = [], watcher.get_records_for_run
    cursor, told = real(result.run_id).cursor, threading.Event()

    def look(*arguments, **options):
        looked.append(arguments)
        return real(*arguments, **options)

    watcher.get_records_for_run = look
    watcher.watch(result.run_id, cursor, lambda *_: told.set())
    instance.event_log_storage.store_event(record.event_log_entry)
    assert told.wait(timeout=20)
    time.sleep(1.5)  # a look that touches the file would be followed by hundreds
    assert len(looked) < 10
    watcher.dispose()
