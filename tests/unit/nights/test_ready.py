"""Made ready beside something else: parsed when the block is over, ended when it fails, silent when it cannot."""

import os
import shutil
import signal
import sys
import time
from dataclasses import replace

import pytest

from pipelines import ready
from pipelines.dbt_parse import is_parsed
from pipelines.ready import made_ready_beside
from pipelines.settings import PROJECT_DIR, load_settings

NOTE = "import os, pathlib, time; home = pathlib.Path(os.environ['NIGHTMARKET_HOME']); home.mkdir(exist_ok=True); "
SLOW = NOTE + "(home / 'pid').write_text(str(os.getpid())); time.sleep(600)"
LATE = NOTE + "time.sleep(1); (home / 'made').touch()"
BROKEN = "raise SystemExit('it cannot be parsed')"


@pytest.fixture
def unparsed(tmp_path):
    """Settings of a project that nobody has parsed."""
    shutil.copytree(PROJECT_DIR / "dbt_project", tmp_path / "dbt_project", ignore=shutil.ignore_patterns("target"))
    return replace(load_settings(home=tmp_path / "home"), dbt_dir=tmp_path / "dbt_project")


def does_instead(monkeypatch, code):
    monkeypatch.setattr(ready, "WORK", (sys.executable, "-c", code))


def interrupted_once_there(path):
    """Ctrl-C after a process has written its number."""
    wait_for(path)
    raise KeyboardInterrupt


def soon_interrupted(path):
    """Ctrl-C a moment after a process has written its number."""
    wait_for(path)
    signal.setitimer(signal.ITIMER_REAL, 0.3)


def wait_for(path):
    """What a file says, once it says something."""
    for _ in range(600):
        if path.exists() and path.read_text():
            return path.read_text()
        time.sleep(0.1)
    return pytest.fail(f"{path} was not written within a minute")


def test_making_ready_parses_what_a_night_opens(monkeypatch, unparsed):
    monkeypatch.setattr(ready, "load_settings", lambda: unparsed)
    assert not is_parsed(unparsed)
    ready.main()
    assert is_parsed(unparsed)


def test_all_is_made_for_the_home_when_the_block_is_over(monkeypatch, unparsed):
    does_instead(monkeypatch, LATE)
    with made_ready_beside(unparsed):
        assert not (unparsed.home / "made").exists()
    assert (unparsed.home / "made").exists()


def test_a_block_that_fails_does_not_wait(monkeypatch, unparsed):
    does_instead(monkeypatch, SLOW)
    with pytest.raises(KeyboardInterrupt), made_ready_beside(unparsed):
        interrupted_once_there(unparsed.home / "pid")
    with pytest.raises(ProcessLookupError):
        os.kill(int(wait_for(unparsed.home / "pid")), 0)


def test_ctrl_c_while_it_waits_ends_both(monkeypatch, unparsed):
    does_instead(monkeypatch, SLOW)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), made_ready_beside(unparsed):
            soon_interrupted(unparsed.home / "pid")
    finally:
        signal.signal(signal.SIGALRM, before)
    with pytest.raises(ProcessLookupError):
        os.kill(int(wait_for(unparsed.home / "pid")), 0)


def test_what_cannot_be_made_ready_disturbs_nobody(monkeypatch, unparsed, capfd):
    does_instead(monkeypatch, BROKEN)
    with made_ready_beside(unparsed):
        pass
    assert capfd.readouterr() == ("", "")


def test_nothing_is_started_for_a_project_that_is_parsed(monkeypatch, unparsed):
    monkeypatch.setattr(ready, "WORK", ("/there/is/no/such/program",))
    with pytest.raises(FileNotFoundError), made_ready_beside(unparsed):
        pass  # not parsed: it would be started
    monkeypatch.setattr(ready, "is_parsed", lambda settings: settings is unparsed)
    with made_ready_beside(unparsed):
        pass
