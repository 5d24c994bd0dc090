"""Runs dbt inside this process: the project is parsed once, then built in a few selections."""

import json
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import yaml

from ml.errors import NightmarketError
from pipelines.files import remove_leftovers, write_json, write_text
from pipelines.settings import SEEDS, Settings, environment

MANIFEST, SELECTIONS = "manifest.json", "selections.json"


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
        result = _invoke(
            self.settings,
            ["build", "--selector", selector, "--exclude-resource-type", "unit_test", "--vars", _vars(as_of_date)],
            self.manifest,
        )
        if result.exception is not None:
            raise _failure(f"dbt build --selector {selector}", result.exception)
        return [_node_result(one) for one in result.result.results]


def open_project(settings: Settings) -> DbtProject:
    """Parse the project, or read the parsed one when no file of it has changed."""
    target = _target(settings)
    stamp = target / "parsed_from"
    fingerprint = _fingerprint(settings)
    known = stamp.read_text(encoding="utf-8") if stamp.exists() else ""
    manifest = _read_manifest(target) if known == fingerprint else None
    if manifest is None:
        with redirect_stdout(StringIO()):  # the error says it, and once is enough
            result = _invoke(settings, ["parse", "--no-partial-parse", "--vars", _vars(date(2000, 1, 1))], None)
        if not result.success:
            raise _failure("dbt parse", result.exception)
        manifest = result.result
        write_json(target / SELECTIONS, _selections(settings, manifest))
        write_text(stamp, fingerprint)
    nodes, selections = (json.loads((target / name).read_text(encoding="utf-8")) for name in (MANIFEST, SELECTIONS))
    return DbtProject(settings, manifest, nodes, selections)


def _selections(settings: Settings, manifest: Any) -> dict[str, list[str]]:
    """Asked once per parse: dbt alone knows what a selector selects."""
    names = yaml.safe_load((settings.dbt_dir / "selectors.yml").read_text(encoding="utf-8"))["selectors"]
    selections = {}
    for name in [selector["name"] for selector in names]:
        arguments = ["ls", "--selector", name, "--output", "json", "--output-keys", "unique_id"]
        with redirect_stdout(StringIO()):  # `dbt ls` prints its answer even when told to be quiet
            result = _invoke(settings, [*arguments, "--vars", _vars(date(2000, 1, 1))], manifest)
        if not result.success:
            raise _failure(f"dbt ls --selector {name}", result.exception)
        selections[name] = sorted(json.loads(line)["unique_id"] for line in result.result)
    return selections


def _invoke(settings: Settings, arguments: list[str], manifest: Any) -> Any:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import cleanup_connections, reset_adapters  # dbt costs 4 CPU s to import
    from dbt.cli.main import dbtRunner

    target = _target(settings)
    target.mkdir(parents=True, exist_ok=True)
    remove_leftovers(target)
    folders = ["--project-dir", settings.dbt_dir, "--profiles-dir", settings.dbt_dir]
    outputs = ["--target-path", target, "--log-path", target / "logs"]
    common = ["--quiet", "--no-use-colors", "--log-level-file", "warn", *["--no-write-json"] * bool(manifest)]
    try:
        with environment(_environment(settings)):
            return dbtRunner(manifest=manifest).invoke([*common, *arguments, *map(str, folders + outputs)])
    finally:
        # until then the process holds the file, and a read-only connection from it or another one fails
        cleanup_connections()
        DuckDBConnectionManager.close_all_connections()
        reset_adapters()


def _environment(settings: Settings) -> dict[str, str]:
    return {
        "NIGHTMARKET_HOME": str(settings.home),
        "NIGHTMARKET_SEEDS": str(settings.seeds_dir),
        "NIGHTMARKET_THREADS": str(settings.threads),
        "NIGHTMARKET_MEMORY_LIMIT": settings.memory_limit,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def _target(settings: Settings) -> Path:
    return settings.folder("runs") / "dbt"


def _vars(as_of_date: date) -> str:
    return json.dumps({"as_of_date": as_of_date.isoformat()})


def _read_manifest(target: Path) -> Any:
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    path = target / "partial_parse.msgpack"
    if not all((target / name).exists() for name in ("partial_parse.msgpack", MANIFEST, SELECTIONS)):
        return None
    return Manifest.from_msgpack(path.read_bytes(), decoder=extended_mashumuro_decoder)


def _fingerprint(settings: Settings) -> str:
    """Changes when a file of the project or of the seeds, dbt's version or a path in the sources changes."""
    from importlib.metadata import version

    digest = sha256(repr((version("dbt-core"), version("dbt-duckdb"), _environment(settings))).encode())
    documentation = settings.dbt_dir.parent / SEEDS  # of the seeds, also where a home has its own
    for folder in (settings.dbt_dir, documentation, settings.seeds_dir):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "target" not in path.parts and "logs" not in path.parts:
                digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


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


def _failure(what: str, error: BaseException | None) -> Exception:
    """What to raise: a full disk or a missing right as it is, because the command knows what to do about it."""
    return error if isinstance(error, OSError) else NightmarketError(f"{what}: {_first_lines(error)}")


def _first_lines(error: BaseException | None) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:6]) or "failed without a message"
