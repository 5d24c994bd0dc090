"""The parsed dbt project: parsed once per version of its files, then shared by all homes.

A parsed project knows nothing of a home. Where a home's sources and settings lie is filled in when it is read, so a new
home, or a changed setting, does not cost another parse (some ten CPU seconds).
"""

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import date
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock

from pipelines.dbt import DbtProject, failure, invoke, variables
from pipelines.files import new_directory, remove_leftovers, write_json
from pipelines.settings import SEEDS, Settings

MANIFEST, NODES, SELECTIONS = "partial_parse.msgpack", "manifest.json", "selections.json"
NO_HOME = Path("/the-home-of-a-retailer")  # what stands in a parsed project for the path of a home
KEPT = 4  # versions: somebody may work on one while nights run on another
ANY_DAY = date(2000, 1, 1)  # the project has no default day, and does not look different on another


def open_project(settings: Settings) -> DbtProject:
    """The project as this home sees it; parsed now if no home had these files before.

    Raises    NightmarketError if dbt cannot parse it, with dbt's message.
    """
    version = _version(settings)
    shelves = _shelves(settings)
    found = next((one for shelf in shelves if (one := _read(settings, shelf / version)) is not None), None)
    if found is not None:
        return found
    shelf = next(shelf for shelf in shelves if _can_be_written(shelf) or shelf is shelves[-1])
    shelf.mkdir(parents=True, exist_ok=True)
    with FileLock(shelf / ".lock"):  # whoever waited finds it parsed
        return _read(settings, shelf / version) or _parsed(settings, shelf, version)


def _shelves(settings: Settings) -> list[Path]:
    """Where parsed projects lie: in the project's own folder, else in the home."""
    return [settings.dbt_dir / "target" / "parsed", settings.folder("runs") / "dbt" / "parsed"]


def _parsed(settings: Settings, shelf: Path, version: str) -> DbtProject:
    """Parse into the shelf, which is held; what a killed run left there and the oldest versions go."""
    remove_leftovers(shelf)
    with new_directory(shelf / version) as folder:
        _parse(settings, folder)
        project = _load(settings, folder)
    for old in sorted(shelf.glob("[!.]*"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return project


def _can_be_written(shelf: Path) -> bool:
    """Whether the project's own folder may be written: an installed one belongs to somebody else."""
    there = next(folder for folder in (shelf, *shelf.parents) if folder.exists())
    return os.access(there, os.W_OK)


def _parse(settings: Settings, folder: Path) -> None:
    with redirect_stdout(StringIO()):  # the error says it, and once is enough
        asked = ["parse", "--no-partial-parse", "--vars", variables(ANY_DAY)]
        result = invoke(settings, asked, None, target=folder, home=NO_HOME)
    if not result.success:
        raise failure("dbt parse", result.exception)
    write_json(folder / SELECTIONS, _selections(settings, result.result, folder))
    nodes = json.loads((folder / NODES).read_text(encoding="utf-8"))
    write_json(folder / NODES, nodes | {"macros": {}, "docs": {}})  # most of it, and nobody asks for them
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)  # logs
        elif path.name not in (MANIFEST, NODES, SELECTIONS):
            path.unlink()


def _selections(settings: Settings, manifest: Any, folder: Path) -> dict[str, list[str]]:
    """Asked once per parse: dbt alone knows what a selector selects."""
    names = yaml.safe_load((settings.dbt_dir / "selectors.yml").read_text(encoding="utf-8"))["selectors"]
    selections = {}
    for name in [selector["name"] for selector in names]:
        asked = ["ls", "--selector", name, "--output", "json", "--output-keys", "unique_id"]
        with redirect_stdout(StringIO()):  # `dbt ls` prints its answer even when told to be quiet
            result = invoke(settings, [*asked, "--vars", variables(ANY_DAY)], manifest, target=folder, home=NO_HOME)
        if not result.success:
            raise failure(f"dbt ls --selector {name}", result.exception)
        selections[name] = sorted(json.loads(line)["unique_id"] for line in result.result)
    return selections


def _read(settings: Settings, folder: Path) -> DbtProject | None:
    """None if it is not there, or another run is clearing it away."""
    try:
        return _load(settings, folder)
    except FileNotFoundError:
        return None


def _load(settings: Settings, folder: Path) -> DbtProject:
    nodes, selections = (json.loads((folder / name).read_text(encoding="utf-8")) for name in (NODES, SELECTIONS))
    return DbtProject(settings, _at_home(settings, (folder / MANIFEST).read_bytes()), nodes, selections)


def _at_home(settings: Settings, packed: bytes) -> Any:
    """dbt's own manifest, with the places of this home's files."""
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    manifest = Manifest.from_msgpack(packed, decoder=extended_mashumuro_decoder)
    for source in manifest.sources.values():
        source.relation_name = str(source.relation_name).replace(str(NO_HOME), str(settings.home))
        for meta in (source.meta, source.config.meta):
            meta["external_location"] = meta["external_location"].replace(str(NO_HOME), str(settings.home))
    for node in manifest.nodes.values():
        if str(node.resource_type) == "seed":
            node.original_file_path = str(settings.seeds_dir / node.path)
    return manifest


def _version(settings: Settings) -> str:
    """Changes when a file of the project, the name of a setting's file, or dbt changes."""
    from importlib.metadata import version

    documentation = settings.dbt_dir.parent / SEEDS  # of the settings, also where a home has its own
    names = sorted(path.name for path in settings.seeds_dir.glob("*.csv"))
    known = (version("dbt-core"), version("dbt-duckdb"), str(settings.dbt_dir), names)
    digest = sha256(repr(known).encode())
    for folder, kinds in ((settings.dbt_dir, ("*",)), (documentation, ("*.yml",))):
        for path in _files(folder, kinds):
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _files(folder: Path, kinds: Sequence[str]) -> list[Path]:
    found = {path for kind in kinds for path in folder.rglob(kind) if path.is_file()}
    return sorted(path for path in found if not {"target", "logs"} & set(path.relative_to(folder).parts))
