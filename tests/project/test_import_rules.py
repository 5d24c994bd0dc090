"""Which room may know which: import-linter's contracts hold, and breaking one is seen."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.repository import PACKAGES, ROOT, imported_names, name_of, python_files, tree_of

LINTER = Path(sys.executable).parent / "lint-imports"
HEAVY = {"great_expectations": "data_quality/validate.py", "pandas": "data_quality/validate.py"}

VIOLATIONS = [
    ("ml/models/bad.py", "import duckdb", "ml is pure"),
    ("ml/identity/bad.py", "def late():\n    import pandas", "ml is pure"),
    ("ml/features/bad.py", "from dagster import asset", "ml is pure"),
    ("ml/bad.py", "from pipelines.files import write_json", "pipelines wires"),
    ("data_quality/bad.py", "from ml.errors import ContractError", "pipelines wires"),
    ("ml/decisioning/bad.py", "from data_quality.gates import judge", "pipelines wires"),
    ("pipelines/exports/verify.py", "from ml.decisioning import candidates", "the checker of the final files"),
    ("pipelines/assets/bad.py", "from pipelines.simulator.effects import true_effects", "the night knows nothing"),
    ("pipelines/run.py", "import pipelines.simulator.world", "the night knows nothing"),
    ("ml/models/bad.py", "from pipelines.simulator.people import People", "the night knows nothing"),
]


def lint(folder):
    """Run import-linter over the three packages of a folder with this project's contracts."""
    done = subprocess.run([LINTER, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The packages in another folder, free to be broken."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_the_rooms_know_only_whom_they_may():
    code, output = lint(ROOT)
    assert code == 0, output


@pytest.mark.parametrize(("file", "line", "contract"), VIOLATIONS, ids=[f"{v[0]}-{v[1][:24]}" for v in VIOLATIONS])
def test_a_forbidden_import_is_seen(copy, file, line, contract):
    path = copy / file
    before = path.read_text() if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n")
    try:
        code, output = lint(copy)
    finally:
        path.write_text(before) if before is not None else path.unlink()
    assert code != 0
    assert any(contract in row and "BROKEN" in row for row in output.splitlines()), output


@pytest.mark.parametrize("module", sorted(HEAVY))
def test_one_module_loads_great_expectations_and_pandas_and_only_inside_a_function(module):
    allowed = ROOT / HEAVY[module]
    importers = {
        name_of(path)
        for path in python_files(*PACKAGES)
        for _, name in imported_names(tree_of(path))
        if name.split(".")[0] == module and path != allowed
    }
    at_load = [name for _, name in imported_names(ast.Module(_top_level(allowed), [])) if name.split(".")[0] == module]
    assert importers == set()
    assert at_load == []


def test_the_packages_load_nothing_that_takes_seconds():
    heavy = "great_expectations pandas dagster dbt xgboost sklearn scipy.stats"
    script = (
        "import sys, data_quality.validate, data_quality.gates, ml.identity.clusters, ml.errors;"
        f"print(sorted(set(sys.modules) & set('{heavy}'.split())))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _top_level(path):
    return [node for node in tree_of(path).body if isinstance(node, ast.Import | ast.ImportFrom)]
