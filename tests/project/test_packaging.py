"""What is installed is locked by content, not by address, and fits what the project asks for."""

import re
import sys
import tomllib

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.project.repository import ROOT, text_of

LOCK = ROOT / "requirements" / "lock.txt"
ADDRESS = re.compile(r"https?:|://|--(?:extra-)?index-url|--find-links|-f |git\+|\bfile:|@ ")
PROJECT = tomllib.loads(text_of(ROOT / "pyproject.toml"))
PLATFORMS = ("linux", "darwin", "win32")


def entries(text):
    """The lock's packages: (requirement line, number of hashes)."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    return [(re.split(r"\s*\\?\n", block)[0].strip(), block.count("--hash=sha256:")) for block in blocks]


def unmet(wanted, locked, environment):
    """Whether no locked version satisfies a requirement on a platform that needs it."""
    if wanted.marker and not wanted.marker.evaluate(environment):
        return False
    fitting = [
        entry
        for entry in locked
        if canonicalize_name(entry.name) == canonicalize_name(wanted.name)
        and (entry.marker is None or entry.marker.evaluate(environment))
    ]
    return not any(wanted.specifier.contains(str(entry.specifier).removeprefix("==")) for entry in fitting)


LOCKED = [Requirement(line) for line, _ in entries(text_of(LOCK))]
ASKED = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
OPTIONAL = {"oracle"}  # for a comparison by hand; `make lock` leaves it out
ASKED += [
    Requirement(text) for name, group in PROJECT["dependency-groups"].items() if name not in OPTIONAL for text in group
]


def test_every_locked_package_has_one_version_and_hashes():
    assert [line for line, hashes in entries(text_of(LOCK)) if not hashes or "==" not in line] == []


def test_the_lock_file_names_no_place_on_the_net():
    assert ADDRESS.findall(text_of(LOCK)) == []


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_everything_asked_for_is_locked_in_a_fitting_version(platform, python):
    places = {"sys_platform": platform, "python_version": python, "python_full_version": f"{python}.0"}
    environment = {**default_environment(), **places}
    assert [str(wanted) for wanted in ASKED if unmet(wanted, LOCKED, environment)] == []


def test_dbt_stays_below_the_version_that_downloads_a_program():
    dbt = next(wanted for wanted in ASKED if wanted.name == "dbt-core")
    assert not dbt.specifier.contains("1.12.0")


def test_this_python_is_one_the_project_promises():
    version = f"{sys.version_info.major}.{sys.version_info.minor}.0"
    assert Requirement(f"python{PROJECT['project']['requires-python']}").specifier.contains(version)


@pytest.mark.parametrize(
    "line", ["--index-url https://pypi.org/simple", "a @ git+ssh://x", "--find-links wheels", "-f wheels"]
)
def test_an_address_in_the_lock_is_seen(line):
    assert ADDRESS.search(line)


def test_a_missing_hash_or_version_is_seen():
    found = entries("a==1 \\\n    --hash=sha256:00\n    # via b\nb==2\nc>=3 \\\n    --hash=sha256:11\n")
    assert found == [("a==1", 1), ("b==2", 0), ("c>=3", 1)]


def test_a_requirement_outside_the_lock_is_seen():
    environment = {**default_environment(), "sys_platform": "linux"}
    locked = [Requirement("polars==2.1.0"), Requirement("xgboost==3.2.0 ; sys_platform == 'darwin'")]
    assert unmet(Requirement("polars>=2.2"), locked, environment)
    assert unmet(Requirement("xgboost>=3"), locked, environment)
    assert unmet(Requirement("numpy"), locked, environment)
    assert not unmet(Requirement("polars>=2.1,<2.2"), locked, environment)
