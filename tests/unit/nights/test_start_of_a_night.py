"""What is said before anything is done: about the home, the machine, the seeds, and who else is at work."""

import errno
import sqlite3
from datetime import date, timedelta

import dagster as dg
import polars as pl
import pytest

from ml.errors import ContractError, NightmarketError
from pipelines.cli.doctor import examine
from pipelines.cli.main import main
from pipelines.clock import utc_now
from pipelines.dbt import failure
from pipelines.graph import require_sources
from pipelines.lock import held_by
from pipelines.night import prepare_home
from pipelines.partitions import FIRST_NIGHT, require_night
from pipelines.reporter import quiet_reporter
from pipelines.run import _own_errors_unwrapped, free_places_of_dead_runs, run_night, told_by
from pipelines.seeds import largest_cluster
from pipelines.settings import PROJECT_DIR, load_settings
from pipelines.warehouse import Warehouse

NIGHT = date(2017, 12, 26)


def test_a_second_run_leaves_alone_what_the_first_has_in_hand(tmp_path):
    settings = load_settings(home=tmp_path)
    (settings.folder("landing") / "pos" / "order_lines" / "delivered_date=2017-12-25").mkdir(parents=True)
    in_hand = settings.folder("exports") / ".staged-2017-12-26.partial"
    in_hand.mkdir(parents=True)
    with held_by(settings.home, purpose="another night"), pytest.raises(NightmarketError, match="another night"):
        run_night(settings, NIGHT, quiet_reporter())
    assert in_hand.exists()


@pytest.mark.parametrize("wrong", ["lots", "6", "-1GB", "6GB; attach 'x'"])
def test_a_memory_limit_that_is_no_size_is_refused_before_a_night(monkeypatch, tmp_path, wrong):
    monkeypatch.setenv("NIGHTMARKET_MEMORY_LIMIT", wrong)
    with pytest.raises(ContractError, match="NIGHTMARKET_MEMORY_LIMIT: expected a size such as 6GB"):
        load_settings(home=tmp_path)


@pytest.mark.parametrize("given", ["6GB", "800 MB", "1.5GiB", "20mb"])
def test_a_memory_limit_is_handed_on_as_it_was_written(monkeypatch, tmp_path, given):
    monkeypatch.setenv("NIGHTMARKET_MEMORY_LIMIT", given)
    assert load_settings(home=tmp_path).memory_limit == given


def test_the_doctor_looks_at_everything_even_when_the_home_is_a_file(capsys, tmp_path):
    home = tmp_path / "home"
    home.write_text("not a folder", encoding="utf-8")
    with pytest.raises(NightmarketError, match="home, lock would stop a night"):
        examine(home, None)
    assert "ok  seeds" in capsys.readouterr().out


@pytest.mark.parametrize("rules", [[], ["10", None], ["ten"], ["0"]])
def test_identity_rules_that_link_nobody_are_refused_by_name(rules):
    seeds = {"identity_rules": pl.DataFrame({"max_records_per_identifier": rules}, schema_overrides={0: pl.String})}
    with pytest.raises(ContractError, match=r"identity_rules\.csv: expected at least one rule"):
        largest_cluster(seeds)


def test_the_widest_identity_rule_bounds_a_person():
    assert largest_cluster({"identity_rules": pl.DataFrame({"max_records_per_identifier": ["9", "10"]})}) == 10


def test_a_full_disk_inside_dbt_stays_a_full_disk():
    full = OSError(errno.ENOSPC, "No space left on device")
    assert failure("dbt parse", full) is full
    assert str(failure("dbt parse", ValueError("line\n\nother"))) == "dbt parse: line other"


@pytest.mark.parametrize("first", [OSError(errno.ENOSPC, "No space left on device"), ContractError("ours")])
def test_what_came_first_is_told_and_not_what_tripped_over_it(first):
    tripped = RuntimeError("history cannot be written")
    tripped.__context__ = first
    assert told_by(tripped) is first


def test_ctrl_c_is_said_in_words(capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("pipelines.cli.evaluate.evaluate", interrupted)
    monkeypatch.setattr("sys.argv", ["nightmarket", "evaluate"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 130
    assert "Interrupted. Nothing is half-written" in capsys.readouterr().err


def test_ctrl_c_inside_dagster_is_ctrl_c():
    with pytest.raises(KeyboardInterrupt), _own_errors_unwrapped():
        raise dg.DagsterExecutionInterruptedError


def test_an_error_that_is_its_own_cause_is_told_once():
    wrapped, first = RuntimeError("wrapped"), KeyError("a defect")
    wrapped.__cause__, first.__cause__ = first, wrapped
    assert told_by(first) is first


def test_a_history_that_finds_the_disk_full_says_so_and_another_defect_stays_what_it_is():
    full = told_by(sqlite3.OperationalError("database or disk is full"))
    assert isinstance(full, OSError)
    assert full.errno == errno.ENOSPC
    defect = KeyError("a defect")
    defect.__context__ = FileNotFoundError(errno.ENOENT, "handled long ago")
    assert told_by(defect) is defect


def test_a_night_may_begin_where_the_day_has_begun_and_nowhere_later():
    today = utc_now().date()
    require_night(FIRST_NIGHT)
    require_night(today + timedelta(days=1))  # 03:00 in Sydney is the day before in UTC
    for wrong in (FIRST_NIGHT - timedelta(days=1), today + timedelta(days=2), date(2999, 1, 1)):
        with pytest.raises(ContractError, match=f"night of {wrong}: expected a day from 2000-01-01"):
            require_night(wrong)


def test_a_killed_run_does_not_keep_the_next_one_waiting(tmp_path):
    settings = load_settings(home=tmp_path)
    prepare_home(settings)
    with dg.DagsterInstance.from_config(str(settings.folder("runs") / "dagster")) as instance:
        storage = instance.event_log_storage
        storage.initialize_concurrency_limit_to_default("warehouse")
        assert storage.claim_concurrency_slot("warehouse", "killed", "landing").is_claimed
        assert not storage.claim_concurrency_slot("warehouse", "waiting", "landing").is_claimed
        free_places_of_dead_runs(instance)
        assert storage.claim_concurrency_slot("warehouse", "next", "landing").is_claimed


def test_a_damaged_warehouse_is_to_be_deleted_and_not_waited_for(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with pytest.raises(NightmarketError, match="delete it, and the next night makes it again"):
        Warehouse(path, 1, "1GB").read("select 1")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe\x00", "is not YAML in UTF-8"),
        (b"time_zone: America", "no time zone is called 'America'"),
        (b"time_zone: Mars/Base", "no time zone is called 'Mars/Base'"),
    ],
)
def test_a_retailer_file_that_cannot_be_understood_is_named(tmp_path, content, said):
    path = tmp_path / "nightmarket.yml"
    path.write_bytes(content)
    with pytest.raises(ContractError, match=rf"nightmarket\.yml: .*{said}"):
        load_settings(tmp_path, path)


def test_a_table_that_the_warehouse_reads_has_a_contract_even_if_it_is_never_delivered():
    names = [("pos", "order_lines"), ("crm", "households"), ("ledger", "nights")]
    read = [{"source_name": source, "name": name} for source, name in names]
    require_sources(["crm.households", "pos.order_lines"], read)
    with pytest.raises(ContractError, match=r"missing: crm\.households\. Write each"):
        require_sources(["pos.order_lines"], read)


@pytest.mark.parametrize("twice", ["currency: EUR", "sources:\n  pos.order_lines: {critical: false, critical: true}"])
def test_a_key_that_stands_twice_in_the_configuration_is_named(tmp_path, twice):
    shipped = (PROJECT_DIR / "nightmarket.yml").read_text(encoding="utf-8")
    body = shipped if twice.startswith("currency") else shipped.split("sources:")[0]
    config = tmp_path / "nightmarket.yml"
    config.write_text(f"{body}\n{twice}\n", encoding="utf-8")
    with pytest.raises(ContractError, match="stands twice"):
        load_settings(home=tmp_path, config=config)
