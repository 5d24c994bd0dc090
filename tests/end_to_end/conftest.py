"""Finished nights for all tests that begin with one: a night takes the better part of a minute."""

import os
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from pipelines.settings import Settings, load_settings
from pipelines.simulator.scenario import load_scenario
from pipelines.simulator.settings_file import write_settings
from pipelines.simulator.simulate import simulate_history
from tests.end_to_end.world import LAST, new_home, run

DAYS = 14


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home in which the last night is done. Nobody may change it: see `finished_copy`."""
    return _made_once(tmp_path_factory, "finished", _ten_households)[0]


@pytest.fixture
def finished_copy(finished: Settings, tmp_path: Path) -> Settings:
    """A copy of that home, for one test to do with as it likes."""
    shutil.copytree(finished.home, tmp_path / "copy")
    return replace(finished, home=tmp_path / "copy")


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, date]:
    """A simulated retailer's home in which the night after history is done. Nobody may change it."""
    return _made_once(tmp_path_factory, "simulated", _three_hundred_people)


def _made_once(
    tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], tuple[Settings, date]]
) -> tuple[Settings, date]:
    """What `make` makes of a folder, by the first worker that asks; the others wait for it."""
    own = tmp_path_factory.getbasetemp()
    base = own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own
    told = base / f"{name}.pickle"
    with FileLock(base / f"{name}.lock"):
        if not told.exists():
            shutil.rmtree(base / name, ignore_errors=True)
            made = make(base / name)
            told.write_bytes(pickle.dumps(made))
        found: tuple[Settings, date] = pickle.loads(told.read_bytes())
    return found


def _ten_households(home: Path) -> tuple[Settings, date]:
    settings = new_home(home)
    run(settings)
    return settings, LAST


def _three_hundred_people(home: Path) -> tuple[Settings, date]:
    scenario = load_scenario("tiny", days=DAYS, dirt={"bad_row": 0.01})  # fifty times as many: some must be there
    home.mkdir()
    write_settings(scenario, home)
    summary = simulate_history(scenario, home, lambda done, total: None)
    settings, day = load_settings(home), summary.last_day + timedelta(days=2)
    run(settings, day)
    return settings, day
