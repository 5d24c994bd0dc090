"""A night without the start-up of dbt and Dagster: the same assets, the same compiled SQL, one home after another."""

import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from rich.console import Console

from pipelines.assets.decisions import decisions
from pipelines.assets.exports import exports
from pipelines.assets.features import features
from pipelines.assets.identity import person_ids
from pipelines.assets.landing import landing_assets
from pipelines.assets.measurement import lift_results
from pipelines.assets.models import scores
from pipelines.assets.warehouse import dbt_assets
from pipelines.dbt import DbtProject, NodeResult
from pipelines.night import Night, ledger_of, warehouse_of
from pipelines.reporter import Reporter
from pipelines.reports.context import RunReport
from pipelines.reports.gather import gather_report
from pipelines.reports.run_report import write_reports
from pipelines.settings import CONFIG_FILE, Settings, load_settings

KEPT = ("landing", "bronze", "quarantine", "seeds", "warehouse.duckdb", CONFIG_FILE)


@dataclass(frozen=True, slots=True)
class CompiledProject:
    """Stands for the parsed project: builds a selection from the SQL that dbt compiled for another home."""

    parsed: DbtProject
    compiled_for: Path
    settings: Settings

    @property
    def nodes(self) -> Any:
        """The parsed project's."""
        return self.parsed.nodes

    @property
    def selections(self) -> Any:
        """The parsed project's."""
        return self.parsed.selections

    def build(self, selector: str, as_of_date: date) -> list[NodeResult]:
        """Make the selection's models and run its tests, each after what it reads; seeds are there already."""
        names = [one for one in self.selections[selector] if one.split(".")[0] in ("model", "test")]
        ours = [self.nodes["nodes"][name] for name in names]
        with duckdb.connect(str(self.settings.warehouse_path)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return [self._result(connection, node) for node in _in_order(ours)]

    def _result(self, connection: duckdb.DuckDBPyConnection, node: dict[str, Any]) -> NodeResult:
        sql = self._sql(node)
        status, failures = "success", 0
        if node["resource_type"] == "model":
            kind = node["config"]["materialized"]
            connection.execute(f'create or replace {kind} "{node["schema"]}"."{node["name"]}" as {sql}')
        else:
            failures = len(connection.execute(sql).fetchall())
            status = "pass" if not failures else node["config"]["severity"].lower().replace("error", "fail")
        tested = tuple(node["depends_on"]["nodes"]) if node["resource_type"] == "test" else ()
        return NodeResult(node["unique_id"], node["resource_type"], node["name"], status, failures, "", tested)

    def _sql(self, node: dict[str, Any]) -> str:
        source, path = Path(node["original_file_path"]), Path(node["path"])
        place = source if source.name == path.name else source / path
        text = (self.compiled_for / "runs" / "dbt" / "compiled" / "nightmarket" / place).read_text(encoding="utf-8")
        return text.replace(str(self.compiled_for), str(self.settings.home))


def home_without(finished: Settings, home: Path, tables: Collection[str]) -> Settings:
    """A copy of a home before its night, in which some source tables were never delivered nor configured."""
    home.mkdir(parents=True)
    for name in KEPT:
        source = finished.home / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, home / name)
    for table in tables:
        shutil.rmtree(home.joinpath("landing", *table.split(".")), ignore_errors=True)  # what is rare may not be there
    config = home / CONFIG_FILE
    lines = config.read_text(encoding="utf-8").splitlines(keepends=True)
    config.write_text("".join(line for line in lines if line.split(":")[0].strip() not in tables), encoding="utf-8")
    return replace(load_settings(home), threads=finished.threads)


def rehearse(parsed: DbtProject, settings: Settings, as_of_date: date) -> RunReport:
    """Run the night's steps in a home, with the SQL that dbt compiled for the home of a finished one."""
    project = CompiledProject(parsed, parsed.settings.home, settings)
    ledger = ledger_of(settings)
    ledger.write_empty()
    reporter = Reporter(Console(quiet=True), total=0)
    night = Night(settings, ledger, warehouse_of(settings), project, reporter)  # type: ignore[arg-type]
    context = dg.build_asset_context(partition_key=as_of_date.isoformat())
    for asset in _steps(settings, project):
        outcome = asset.op.compute_fn.decorated_fn(context, night)
        if isinstance(outcome, Iterator):
            list(outcome)
    report = gather_report(night, as_of_date)
    write_reports(settings, as_of_date, night.run_dir("rehearsal"), report)
    return report


def _steps(settings: Settings, project: CompiledProject) -> list[Any]:
    sql = [dbt_assets(project, name) for name in ("identity_inputs", "customers", "outcome")]  # type: ignore[arg-type]
    before = [landing_assets(settings), sql[0], person_ids, sql[1], features, scores, decisions, exports]
    return [*before, sql[2], lift_results]


def _in_order(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each after what it reads."""
    waiting, done, ordered = {node["unique_id"]: node for node in nodes}, set[str](), []
    while waiting:
        ready = [key for key, node in waiting.items() if not (set(node["depends_on"]["nodes"]) & waiting.keys()) - done]
        for key in sorted(ready):
            ordered.append(waiting.pop(key))
            done.add(key)
    return ordered
