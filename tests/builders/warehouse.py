"""The dbt project, parsed and built once per test process over a little home."""

import atexit
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb

from pipelines.settings import PROJECT_DIR
from tests.builders.bronze import NIGHT, empty_home, little_home

DBT = PROJECT_DIR / "dbt_project"
SEEDS = PROJECT_DIR / "seeds"
SELECTIONS = ("identity_inputs", "customers", "outcome")
GOOD = {"success", "pass"}
AS_OF = json.dumps({"as_of_date": NIGHT.isoformat()})


@dataclass(frozen=True, slots=True)
class Built:
    """What two builds left: first of a retailer without a row, then of the little home, with one parsed project."""

    home: Path
    empty_results: Mapping[str, Any]
    results: Mapping[str, Any]
    manifest: Mapping[str, Any]
    parsed: Any
    seeds_before: Mapping[str, str]

    def nodes(self, *kinds: str) -> dict[str, Any]:
        """The project's own nodes of some kinds (model, seed, test), by name."""
        return {n["name"]: n for n in self.manifest["nodes"].values() if n["resource_type"] in kinds}

    def read(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query over the built warehouse."""
        with duckdb.connect(str(self.home / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(query).fetchall()


def not_good(results: Mapping[str, Any]) -> list[str]:
    """Every node that did not do what it should, with dbt's message."""
    return sorted(f"{n}: {r.status} {r.message}" for n, r in results.items() if str(r.status) not in GOOD)


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a folder, by name."""
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir()) if path.is_file()}


@cache
def built() -> Built:
    """Parsed strictly, built empty, then built whole as by hand: seeds, models, unit tests and data tests."""
    home, before = empty_home(_folder() / "home"), hashes(SEEDS)
    parsed = run_dbt(home, "--warn-error", "--show-all-deprecations", "--no-partial-parse", "parse")
    if not parsed.success:
        raise AssertionError(f"dbt parse: {parsed.exception}")
    manifest = json.loads((home.parent / "target" / "manifest.json").read_text(encoding="utf-8"))
    nothing: dict[str, Any] = {}
    for name in SELECTIONS:  # as a night builds it
        selected = _build(home, parsed.result, "--selector", name, "--exclude-resource-type", "unit_test")
        if nothing.keys() & selected.keys():
            raise AssertionError(f"selections overlap: {sorted(nothing.keys() & selected.keys())}")
        nothing |= selected
    everything = _build(little_home(home), parsed.result)
    return Built(home, nothing, everything, manifest, parsed.result, before)


def run_dbt(home: Path, *arguments: str, manifest: Any = None) -> Any:
    """Run dbt in this process with its outputs outside the project; returns dbt's own result."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import cleanup_connections, reset_adapters
    from dbt.cli.main import dbtRunner

    target = str(home.parent / "target")
    folders = ["--project-dir", str(DBT), "--profiles-dir", str(DBT), "--target-path", target, "--log-path", target]
    with _environment(home):
        try:
            return dbtRunner(manifest=manifest).invoke(["--quiet", "--no-use-colors", *arguments, *folders])
        finally:
            cleanup_connections()
            DuckDBConnectionManager.close_all_connections()
            reset_adapters()


def _build(home: Path, manifest: Any, *arguments: str) -> dict[str, Any]:
    done = run_dbt(home, "build", *arguments, "--vars", AS_OF, manifest=manifest)
    if done.result is None:
        raise AssertionError(f"dbt build: {done.exception}")
    return {result.node.name: result for result in done.result.results}


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="nightmarket-dbt-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextmanager
def _environment(home: Path) -> Iterator[None]:
    """dbt reads its paths from the environment; the seeds by an absolute path, as a night names them."""
    before = dict(os.environ)
    os.environ.update(
        NIGHTMARKET_HOME=str(home), NIGHTMARKET_SEEDS=str(SEEDS), NIGHTMARKET_THREADS="2", DO_NOT_TRACK="1"
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
