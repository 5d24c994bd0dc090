"""Looks at machine, configuration, seeds, folders and locks before a night does."""

import shutil
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import polars as pl
from rich.console import Console

from ml.errors import NightmarketError
from pipelines.cli.console import console as new_console
from pipelines.lock import held_by
from pipelines.night import prepare_home, warehouse_of
from pipelines.settings import Settings, load_settings

FREE_BYTES = 2 << 30  # the example retailer needs about 1 GB beside its landing files


def examine(home: Path | None, config: Path | None) -> None:
    """Print one line per examination.

    Raises    NightmarketError if any of them failed, after all have been made.
    """
    settings, console = load_settings(home, config), new_console()
    examinations: dict[str, Callable[[Settings], str]] = {
        "machine": _machine,
        "configuration": lambda s: f"{s.retailer.retailer}, {s.retailer.time_zone}, {len(s.retailer.sources)} sources",
        "home": _home,
        "disk": _disk,
        "lock": _lock,
        "contracts": _contracts,
        "seeds": _seeds,
        "landing": _landing,
        "warehouse": _warehouse,
    }
    failed = [name for name, look in examinations.items() if not _examined(console, name, look, settings)]
    if failed:
        raise NightmarketError(f"doctor: {', '.join(failed)} would stop a night; see the lines marked ✗ above.")


def _examined(console: Console, name: str, look: Callable[[Settings], str], settings: Settings) -> bool:
    try:
        console.print(f"  ok  {name:<14} {look(settings)}", markup=False, soft_wrap=True)
    except (NightmarketError, OSError) as error:  # a home that is none fails several looks
        console.print(f"  ✗   {name:<14} {error}", markup=False, soft_wrap=True)
        return False
    return True


def _machine(settings: Settings) -> str:
    tools = " ".join(f"{name} {version(name)}" for name in ("dagster", "dbt-core", "duckdb", "polars"))
    return f"Python {sys.version.split()[0]}, {settings.threads} threads, {settings.memory_limit} for DuckDB; {tools}"


def _home(settings: Settings) -> str:
    prepare_home(settings)
    return str(settings.home)


def _disk(settings: Settings) -> str:
    free = shutil.disk_usage(settings.home).free
    if free < FREE_BYTES:
        raise NightmarketError(
            f"{settings.home}: {free >> 20} MB free, a night wants {FREE_BYTES >> 20} MB. Free some."
        )
    return f"{free >> 30} GB free"


def _lock(settings: Settings) -> str:
    with held_by(settings.home, purpose="doctor"):
        return "free"


def _contracts(settings: Settings) -> str:
    from pipelines.landing.contracts import load_contracts

    return f"{len(load_contracts(settings))} source tables have one"


def _seeds(settings: Settings) -> str:
    from ml.decisioning.policy import load_policy
    from pipelines.seeds import largest_cluster, read_seeds

    seeds = read_seeds(settings)
    policy = load_policy(seeds)
    largest_cluster(seeds)
    return f"valid; policy {policy.policy_hash[:12]}"


def _landing(settings: Settings) -> str:
    files = sum(1 for path in settings.folder("landing").glob("*/*/delivered_date=*/*") if path.is_file())
    return f"{files:,} delivered files"


def _warehouse(settings: Settings) -> str:
    if not settings.warehouse_path.exists():
        return "none yet; a night makes it"
    count: pl.DataFrame = warehouse_of(settings).read("select count(*) as tables from information_schema.tables")
    return f"{count['tables'][0]} tables"
