"""Runs dbt inside this process: a parsed project (`dbt_parse`) is built in a few selections."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ml.errors import NightmarketError
from pipelines.settings import Settings, environment


@dataclass(frozen=True, slots=True)
class NodeResult:
    """What became of one dbt node."""

    unique_id: str
    resource_type: str  # model | seed | test
    name: str
    status: str  # success | pass | warn | fail | error | skipped
    failures: int
    message: str
    tested: tuple[str, ...]  # for a test: the unique ids of the models it reads

    @property
    def is_bad(self) -> bool:
        """Whether the night must stop because of it."""
        return self.status in {"fail", "error", "runtime error", "skipped"}


@dataclass(frozen=True, slots=True)
class DbtProject:
    """The project, parsed: `manifest` is dbt's own object, `nodes` the same as plain dictionaries.

    `selections` are the unique ids of each selector of `selectors.yml`, tests included.
    """

    settings: Settings
    manifest: Any
    nodes: Mapping[str, Mapping[str, Any]]
    selections: Mapping[str, Sequence[str]]

    def build(self, selector: str, as_of_date: date) -> list[NodeResult]:
        """Build and test one selection of `selectors.yml`; unit tests are left to `make test`.

        Raises    NightmarketError   dbt itself failed (bad SQL, locked file), with dbt's message.
        """
        result = invoke(
            self.settings,
            ["build", "--selector", selector, "--exclude-resource-type", "unit_test", "--vars", variables(as_of_date)],
            self.manifest,
        )
        if result.exception is not None:
            raise failure(f"dbt build --selector {selector}", result.exception)
        return [_node_result(one) for one in result.result.results]


def invoke(
    settings: Settings, arguments: list[str], manifest: Any, *, target: Path | None = None, home: Path | None = None
) -> Any:
    """What dbt makes of a command.

    Takes     manifest: of a parsed project, else None: dbt parses it; target: where dbt writes, else runs/dbt of the
              home; home: what stands for the home's path, else the path.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import cleanup_connections, reset_adapters  # dbt costs 4 CPU s to import
    from dbt.cli.main import dbtRunner

    target = target or settings.folder("runs") / "dbt"
    target.mkdir(parents=True, exist_ok=True)
    folders = ["--project-dir", settings.dbt_dir, "--profiles-dir", settings.dbt_dir]
    outputs = ["--target-path", target, "--log-path", target / "logs"]
    common = ["--quiet", "--no-use-colors", "--log-level-file", "warn", *["--no-write-json"] * bool(manifest)]
    try:
        with environment(_environment(settings, home or settings.home)):
            return dbtRunner(manifest=manifest).invoke([*common, *arguments, *map(str, folders + outputs)])
    finally:
        # until then the process holds the file, and a read-only connection from it or another one fails
        cleanup_connections()
        DuckDBConnectionManager.close_all_connections()
        reset_adapters()


def _environment(settings: Settings, home: Path) -> dict[str, str]:
    return {
        "NIGHTMARKET_HOME": str(home),
        "NIGHTMARKET_SEEDS": str(settings.seeds_dir),
        "NIGHTMARKET_THREADS": str(settings.threads),
        "NIGHTMARKET_MEMORY_LIMIT": settings.memory_limit,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def variables(as_of_date: date) -> str:
    """The project's one variable, as dbt wants it."""
    return json.dumps({"as_of_date": as_of_date.isoformat()})


def _node_result(result: Any) -> NodeResult:
    node = result.node
    tested = node.depends_on.nodes if str(node.resource_type) == "test" else ()
    return NodeResult(
        unique_id=node.unique_id,
        resource_type=str(node.resource_type),
        name=node.name,
        status=str(result.status),
        failures=int(result.failures or 0),
        message=" ".join(str(result.message or "").split()),
        tested=tuple(tested),
    )


def failure(what: str, error: BaseException | None) -> Exception:
    """What to raise: a full disk or a missing right as it is, because the command knows what to do about it."""
    return error if isinstance(error, OSError) else NightmarketError(f"{what}: {_first_lines(error)}")


def _first_lines(error: BaseException | None) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:6]) or "failed without a message"
