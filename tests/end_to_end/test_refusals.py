"""What a person is told when a night cannot run: what is wrong, where, what to do; nothing half-written."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipelines import files
from pipelines.cli.main import main
from pipelines.lock import held_by
from tests.end_to_end.world import LAST, bytes_of, leftovers, new_home, run

NIGHT = ["run", "--as-of-date", LAST.isoformat()]


def refusal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: object) -> str:
    """Run the command in this process; it must end with exit code 1 and one message."""
    monkeypatch.setattr(sys, "argv", ["nightmarket", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return " ".join(said.split())


@pytest.mark.parametrize("wrong", ["2017-13-01", "yesterday", "20171226x"])
def test_a_date_that_is_none_is_named_with_an_example(capsys, monkeypatch, tmp_path, wrong) -> None:
    said = refusal(capsys, monkeypatch, "run", "--as-of-date", wrong, "--home", tmp_path)
    assert wrong in said
    assert "2017-12-26" in said


def test_a_home_without_deliveries_says_where_to_put_files(capsys, monkeypatch, tmp_path) -> None:
    said = refusal(capsys, monkeypatch, *NIGHT, "--home", tmp_path)
    assert "delivered_date=YYYY-MM-DD" in said
    assert not (tmp_path / "ledger").exists()


def test_a_night_before_the_first_delivery_names_the_dates_there_are(capsys, monkeypatch, tmp_path) -> None:
    settings = new_home(tmp_path)
    said = refusal(capsys, monkeypatch, "run", "--as-of-date", "2010-01-05", "--home", settings.home)
    assert "2017-12-25" in said


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("retailr: oops", "retailr"),
        ("time_zone: Mars/Olympus", "Mars/Olympus"),
        ("random_seed: minus one", "random_seed"),
        ("sources: {pos: {critical: true}}", "source.table"),
    ],
)
def test_a_wrong_line_in_the_configuration_is_named(capsys, monkeypatch, tmp_path, line, told) -> None:
    config = tmp_path / "nightmarket.yml"
    shipped = Path(__file__).parents[2] / "nightmarket.yml"
    key = line.split(":")[0]
    kept = [text for text in shipped.read_text(encoding="utf-8").splitlines() if not text.startswith(f"{key}:")]
    body = kept if key != "sources" else [text for text in kept if not text.startswith("  ")]
    config.write_text("\n".join([*body, line]) + "\n", encoding="utf-8")
    said = refusal(capsys, monkeypatch, *NIGHT, "--home", tmp_path, "--config", config)
    assert told in said
    assert str(config) in said


def test_a_missing_critical_source_stops_the_night_by_name(capsys, monkeypatch, tmp_path) -> None:
    settings = new_home(tmp_path)
    shutil.rmtree(settings.folder("landing") / "pos" / "order_lines")
    said = refusal(capsys, monkeypatch, *NIGHT, "--home", settings.home)
    assert "pos.order_lines" in said
    assert not list(settings.folder("exports").iterdir())


def test_a_home_that_may_not_be_written_is_named(capsys, monkeypatch) -> None:
    """Not even root may make a folder in /sys."""
    said = refusal(capsys, monkeypatch, "import", "completejourney", "--home", "/sys/nightmarket")
    assert "/sys/nightmarket: cannot be written" in said
    assert "--home" in said


def test_a_second_run_is_told_who_holds_the_home(capsys, monkeypatch, tmp_path) -> None:
    settings = new_home(tmp_path)
    with held_by(settings.home, purpose="another night"):
        said = refusal(capsys, monkeypatch, *NIGHT, "--home", settings.home)
    assert f"process {os.getpid()}" in said
    assert "another night" in said


def test_a_warehouse_that_another_program_has_open_is_named(capsys, monkeypatch, tmp_path) -> None:
    settings = new_home(tmp_path)
    opened = f"connection = duckdb.connect({str(settings.warehouse_path)!r})"
    hold = f"import duckdb, sys; {opened}; print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"open\n"
        said = refusal(capsys, monkeypatch, *NIGHT, "--home", settings.home)
        holder.stdin.close()
    assert "warehouse.duckdb" in said
    assert "lock" in said.lower()


def test_a_full_disk_is_said_in_words_and_an_ordinary_run_finishes_the_night(
    capsys, monkeypatch, tmp_path, finished
) -> None:
    settings = new_home(tmp_path)
    real, count = files.fsync_file, 0

    def full_after_twenty_writes(path: Path) -> None:
        nonlocal count
        count += 1
        if count > 20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        real(path)

    monkeypatch.setattr(files, "fsync_file", full_after_twenty_writes)
    said = refusal(capsys, monkeypatch, *NIGHT, "--home", settings.home)
    assert "No space left" in said
    assert leftovers(settings) == []
    monkeypatch.setattr(files, "fsync_file", real)
    run(settings)
    assert bytes_of(settings) == bytes_of(finished)


def test_readers_of_the_published_copy_never_block_a_night(finished_copy) -> None:
    copy = next(finished_copy.folder("published").rglob("nightmarket.duckdb"))
    with duckdb.connect(str(copy), read_only=True) as reader:
        run(finished_copy)
        assert reader.sql("select count(*) from customer_360").fetchall()[0][0] > 0
