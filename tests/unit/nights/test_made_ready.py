"""What a night would wait for is done beforehand: its late imports, and the parse of the dbt project."""

import importlib.util

import pytest

from pipelines import dbt_parse, run
from pipelines.settings import load_settings


@pytest.mark.parametrize("name", run.LATE)
def test_what_is_imported_late_is_there(name):
    assert importlib.util.find_spec(name) is not None


def test_the_project_is_opened_as_a_night_opens_it(monkeypatch, tmp_path):
    opened, settings = [], load_settings(home=tmp_path)
    monkeypatch.setattr(run, "LATE", ())
    monkeypatch.setattr(dbt_parse, "open_project", opened.append)
    run.make_ready(settings)
    assert opened == [settings]
