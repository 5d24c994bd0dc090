"""The parsed dbt project: one for all homes, each of which finds its own files in it; never an outdated one."""

import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from pipelines import dbt_parse
from pipelines.dbt_parse import NO_HOME, open_project
from pipelines.settings import PROJECT_DIR, load_settings


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The real project, opened by a home that has its own settings."""
    home = tmp_path_factory.mktemp("first")
    shutil.copytree(PROJECT_DIR / "seeds", home / "seeds")
    return open_project(load_settings(home=home))


@pytest.fixture
def parses(monkeypatch):
    """Folders that were parsed into; nothing is parsed, and what is read is the version alone."""
    made = []

    def parse(settings, folder):
        made.append(folder.name)
        (folder / "manifest.json").write_text(json.dumps(folder.name), encoding="utf-8")

    monkeypatch.setattr(dbt_parse, "_parse", parse)
    monkeypatch.setattr(dbt_parse, "_load", lambda settings, folder: json.loads((folder / "manifest.json").read_text()))
    return made


@pytest.fixture
def project(tmp_path):
    """A home, and a project of its own to change."""
    shutil.copytree(PROJECT_DIR / "dbt_project", tmp_path / "dbt_project", ignore=shutil.ignore_patterns("target"))
    shutil.copytree(PROJECT_DIR / "seeds", tmp_path / "seeds")
    settings = load_settings(home=tmp_path / "home")
    return replace(settings, dbt_dir=tmp_path / "dbt_project", seeds_dir=tmp_path / "seeds")


def paths_in(project):
    return {
        *(source.relation_name for source in project.manifest.sources.values()),
        *(
            meta["external_location"]
            for one in project.manifest.sources.values()
            for meta in (one.meta, one.config.meta)
        ),
        *(one.original_file_path for one in project.manifest.nodes.values() if str(one.resource_type) == "seed"),
    }


def test_two_homes_share_a_parse_and_each_finds_its_own_files(monkeypatch, tmp_path, first):
    monkeypatch.setattr(dbt_parse, "_parse", lambda *_: pytest.fail("it was parsed already"))
    second = open_project(load_settings(home=tmp_path))
    seeds, home = str(PROJECT_DIR / "seeds"), str(first.settings.home)
    assert all(home in path for path in paths_in(first))
    assert all(str(tmp_path) in path or path.startswith(seeds) for path in paths_in(second))
    assert not any(home in path or str(NO_HOME) in path for path in paths_in(second))
    assert second.selections == first.selections


def test_nothing_in_a_parsed_project_names_a_home_or_the_settings_folder_of_one(first):
    text = "".join(map(str, (first.nodes["sources"], first.nodes["nodes"])))
    assert str(first.settings.home / "bronze") not in text
    assert str(NO_HOME) in text


def test_a_changed_model_is_parsed_and_a_changed_setting_is_not(project, parses):
    one = open_project(project)
    assert open_project(project) == one
    rules = project.seeds_dir / "value_rules.csv"
    rules.write_text(rules.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert open_project(project) == one
    model = next((project.dbt_dir / "models").rglob("*.sql"))
    model.write_text(model.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    other = open_project(project)
    (project.seeds_dir / "more.csv").write_text("a\n1\n", encoding="utf-8")
    third = open_project(project)
    assert parses == [one, other, third]
    assert len(set(parses)) == 3


def test_a_project_that_cannot_be_written_keeps_its_parse_in_the_home(monkeypatch, project, parses):
    monkeypatch.setattr(dbt_parse, "_can_be_written", lambda shelf: project.dbt_dir not in shelf.parents)
    assert open_project(project) == open_project(project)
    assert len(parses) == 1
    assert [path.name for path in (project.home / "runs" / "dbt" / "parsed").glob("[!.]*")] == parses


def test_what_is_half_there_is_parsed_again_and_old_versions_go(project, parses):
    version = open_project(project)
    shelf = project.dbt_dir / "target" / "parsed"
    (shelf / version / "manifest.json").unlink()
    assert open_project(project) == version
    assert parses == [version, version]
    model = next((project.dbt_dir / "models").rglob("*.sql"))
    for _ in range(dbt_parse.KEPT + 1):
        model.write_text(model.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        newest = open_project(project)
    assert len(list(shelf.glob("[!.]*"))) == dbt_parse.KEPT
    assert (shelf / newest).is_dir()
    assert not (shelf / version).exists()


def test_two_runs_at_once_parse_once_and_what_a_killed_one_left_goes(project, parses, monkeypatch):
    shelf = project.dbt_dir / "target" / "parsed"
    left = shelf / ".killed.partial"
    left.mkdir(parents=True)
    parse = dbt_parse._parse

    def slowly(settings, folder):
        time.sleep(0.3)
        parse(settings, folder)

    monkeypatch.setattr(dbt_parse, "_parse", slowly)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: open_project(project), range(4)))
    assert len(set(found)) == 1
    assert len(parses) == 1
    assert not left.exists()
