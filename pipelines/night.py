"""What every step of a night is given, and the notes that steps leave for the report."""

import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from ml.errors import NightmarketError
from ml.features.facts import Facts
from pipelines.dbt import DbtProject
from pipelines.facts import read_facts
from pipelines.files import write_json, write_text
from pipelines.ledger import Ledger
from pipelines.reporter import Reporter
from pipelines.settings import Settings, export_to_environment
from pipelines.warehouse import Warehouse

TELEMETRY_OFF = {
    "GX_ANALYTICS_ENABLED": "false",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "DAGSTER_DISABLE_TELEMETRY": "yes",
}


@dataclass(frozen=True, slots=True)
class Night:
    """The doors to the outside: configuration, ledger, warehouse, dbt, and the person who watches."""

    settings: Settings
    ledger: Ledger
    warehouse: Warehouse
    project: DbtProject
    reporter: Reporter
    _kept: list[Facts] = field(default_factory=list)

    def facts(self, *, keep: bool) -> Facts:
        """What the marts know tonight, read once for steps that follow each other.

        Takes     keep: whether the next step of this run asks again; else the memory is given back.
        Raises    ContractError if a mart no longer gives the columns that features need.
        """
        facts = self._kept.pop() if self._kept else read_facts(self.warehouse)
        if keep:
            self._kept.append(facts)
        return facts

    def note(self, as_of_date: date, step: str, facts: dict[str, Any]) -> None:
        """Leave what a step did for the report: plain JSON, the same for the same inputs, no wall clock."""
        write_json(_notes_folder(self.settings, as_of_date) / f"{step}.json", facts)

    def notes(self, as_of_date: date) -> dict[str, Any]:
        """The notes of a night, by step."""
        paths = sorted(_notes_folder(self.settings, as_of_date).glob("*.json"))
        return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}

    def run_dir(self, run_id: str) -> Path:
        """Where one run keeps what carries wall-clock values."""
        return self.settings.folder("runs") / run_id


def prepare_home(settings: Settings) -> None:
    """Make the home's folders, switch every tool's telemetry off, and tell Dagster where its history is.

    Raises    NightmarketError if the home cannot be written.
    """
    dagster_home = settings.folder("runs") / "dagster"
    try:
        for folder in ("landing", "bronze", "quarantine", "ledger", "models", "exports", "published", "reports"):
            settings.folder(folder).mkdir(parents=True, exist_ok=True)
        dagster_home.mkdir(parents=True, exist_ok=True)
        config = {
            "telemetry": {"enabled": False},
            "nux": {"enabled": False},
            "concurrency": {"pools": {"default_limit": 1}},
            "event_log_storage": {
                "module": "pipelines.run_history",
                "class": "RunHistory",
                "config": {"base_dir": str(dagster_home / "history" / "runs")},
            },
        }
        write_text(dagster_home / "dagster.yaml", yaml.safe_dump(config))
        ledger_of(settings).write_empty()
    except OSError as error:
        raise NightmarketError(
            f"{settings.home}: cannot be written ({error.strerror}). Choose another folder with --home or "
            "NIGHTMARKET_HOME, or give this user the right to write there."
        ) from error
    export_to_environment({**TELEMETRY_OFF, "DAGSTER_HOME": str(dagster_home)})


def ledger_of(settings: Settings) -> Ledger:
    """The home's ledger."""
    return Ledger(settings.folder("ledger"))


def warehouse_of(settings: Settings) -> Warehouse:
    """The home's warehouse."""
    return Warehouse(settings.warehouse_path, settings.threads, settings.memory_limit)


def _notes_folder(settings: Settings, as_of_date: date) -> Path:
    return settings.folder("runs") / "notes" / f"as_of_date={as_of_date.isoformat()}"
