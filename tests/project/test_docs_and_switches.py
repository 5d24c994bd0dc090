"""Links lead somewhere, style is what the tools say, and no tool phones home."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipelines.night import TELEMETRY_OFF, prepare_home
from pipelines.settings import load_settings
from tests.project.repository import PACKAGES, ROOT, files, name_of, text_of

PAGES = list(files(".md"))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)|(?:src|href)=\"([^\"]+)\"")
BOXES = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
RUFF = Path(sys.executable).parent / "ruff"


def headings(text):
    """The anchors of a page, as code hosts make them from headings."""
    lines = [line.lstrip("#").strip().lower() for line in BOXES.sub("", text).splitlines() if line.startswith("#")]
    lines += [line.lstrip("#").strip().lower().replace("`", "") for line in text.splitlines() if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", line).replace(" ", "-") for line in lines}


def dead_links(path, text):
    """Relative links of a page that lead to no file or no heading."""
    dead = []
    for link in ("".join(pair) for pair in LINK.findall(BOXES.sub("", text))):
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        goal = (path.parent / target).resolve() if target else path
        is_page = goal.suffix == ".md" and goal.is_file()
        if not goal.exists() or (anchor and is_page and anchor not in headings(goal.read_text(encoding="utf-8"))):
            dead.append(link)
    return dead


@pytest.fixture
def environment():
    """The environment, put back as it was after the test."""
    before = dict(os.environ)
    yield os.environ
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_of_a_page_lead_somewhere(path):
    assert dead_links(path, text_of(path)) == []


def test_a_dead_link_is_seen(tmp_path):
    page = tmp_path / "page.md"
    (tmp_path / "other.md").write_text("# Two words, `code`\n")
    page.write_text("# Here\n")
    good = "[a](other.md) [b](other.md#two-words-code) [c](#here) [d](https://example.com) `[e](x.md)` ![f](other.md)"
    assert dead_links(page, good) == []
    bad = '[a](gone.md) [b](other.md#three) ![c](gone.png) <img src="gone.svg">'
    assert dead_links(page, bad) == ["gone.md", "other.md#three", "gone.png", "gone.svg"]


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=["lint", "format"])
def test_the_code_is_as_ruff_wants_it(command):
    done = subprocess.run([RUFF, *command, "--quiet", "."], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", [p for p in files(".yml") if p.name == "dbt_project.yml"], ids=name_of)
def test_dbt_sends_no_statistics_and_fetches_no_packages(path):
    assert yaml.safe_load(text_of(path))["flags"]["send_anonymous_usage_stats"] is False
    assert not (path.parent / "packages.yml").exists()


def test_a_night_switches_every_tools_telemetry_off(tmp_path, environment):
    prepare_home(load_settings(tmp_path))
    written = yaml.safe_load((tmp_path / "runs" / "dagster" / "dagster.yaml").read_text())
    assert written["telemetry"] == {"enabled": False}
    assert {name: environment[name] for name in TELEMETRY_OFF} == TELEMETRY_OFF
    assert {"GX_ANALYTICS_ENABLED", "DBT_SEND_ANONYMOUS_USAGE_STATS", "DO_NOT_TRACK"} <= set(TELEMETRY_OFF)


def test_what_a_page_loads_lies_in_the_project():
    pages = [path for path in files(".j2", ".css") if name_of(path).split("/")[0] in PACKAGES]
    outside = re.compile(r"(?:src|href)=[\"']https?:|url\([\"']?https?:|@import")
    assert [name_of(path) for path in pages if outside.search(text_of(path))] == []
