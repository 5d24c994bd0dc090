"""One finished night for all tests that begin with one: a night takes the better part of a minute."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.settings import Settings
from tests.end_to_end.world import new_home, run


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home in which the last night is done. Nobody may change it: see `finished_copy`."""
    settings = new_home(tmp_path_factory.mktemp("finished"))
    run(settings)
    return settings


@pytest.fixture
def finished_copy(finished: Settings, tmp_path: Path) -> Settings:
    """A copy of that home, for one test to do with as it likes."""
    shutil.copytree(finished.home, tmp_path / "copy")
    return replace(finished, home=tmp_path / "copy")
