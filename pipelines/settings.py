"""What is configured, and where things live: the only module that reads the environment."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ml.errors import ContractError

PROJECT_DIR = Path(__file__).resolve().parents[1]
CONFIG_FILE = "nightmarket.yml"
SEEDS = "seeds"


class SourceTable(BaseModel):
    """How much the night depends on one landed table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    critical: bool
    max_age_days: int | None = Field(default=None, ge=1)


class Retailer(BaseModel):
    """`nightmarket.yml`, validated."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    retailer: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    time_zone: str
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    random_seed: int = Field(ge=0)
    is_replay: bool
    sources: dict[str, SourceTable]

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # `America` is a folder of the zones
            raise ValueError(f"no time zone is called {value!r}; an example is Europe/Berlin") from error
        return value

    @field_validator("sources")
    @classmethod
    def _source_and_table(cls, value: dict[str, SourceTable]) -> dict[str, SourceTable]:
        wrong = [name for name in value if name.count(".") != 1]
        if wrong:
            raise ValueError(f"write sources as source.table, got {wrong}")
        return value


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a run needs to know that is not data: passed in, never looked up again."""

    retailer: Retailer
    home: Path
    seeds_dir: Path
    dbt_dir: Path
    contracts_dir: Path
    suites_dir: Path
    threads: int
    memory_limit: str

    @property
    def zone(self) -> ZoneInfo:
        """The retailer's time zone."""
        return ZoneInfo(self.retailer.time_zone)

    def folder(self, name: str) -> Path:
        """A folder of the home: landing, bronze, quarantine, ledger, models, exports, published, runs, reports."""
        return self.home / name

    @property
    def warehouse_path(self) -> Path:
        """The derived DuckDB file; one writer; may be deleted at any time."""
        return self.home / "warehouse.duckdb"


def midnight_utc(day: date, zone: ZoneInfo) -> datetime:
    """00:00 of a day in the retailer's zone as naive UTC, which is how every stored instant is kept."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC).replace(tzinfo=None)


def load_settings(home: Path | None = None, config: Path | None = None) -> Settings:
    """Read `nightmarket.yml` and the environment.

    Takes     home: the retailer's folder (else NIGHTMARKET_HOME, else ./var);
              config: the retailer's file (else NIGHTMARKET_CONFIG, else nightmarket.yml of the home if it has one,
              else the project's). Seeds likewise: NIGHTMARKET_SEEDS, else seeds/ of the home, else the project's.
    Raises    ContractError, naming file and key, if the file is missing, not YAML or breaks the schema.
    """
    place = _path_from("NIGHTMARKET_HOME", home, Path.cwd() / "var")
    own, own_seeds = place / CONFIG_FILE, place / SEEDS
    path = _path_from("NIGHTMARKET_CONFIG", config, own if own.is_file() else PROJECT_DIR / CONFIG_FILE)
    return Settings(
        retailer=_read_retailer(path),
        home=place,
        seeds_dir=_path_from("NIGHTMARKET_SEEDS", None, own_seeds if own_seeds.is_dir() else PROJECT_DIR / SEEDS),
        dbt_dir=PROJECT_DIR / "dbt_project",
        contracts_dir=PROJECT_DIR / "data_quality" / "contracts",
        suites_dir=PROJECT_DIR / "data_quality" / "suites",
        threads=_threads(),
        memory_limit=_memory_limit(),
    )


def export_to_environment(values: dict[str, str]) -> None:
    """Set variables for tools that read nothing else (dbt, Dagster, telemetry switches)."""
    os.environ.update(values)


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Variables for the block alone: what one home's dbt is told must not be what another home's settings read."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def child_environment() -> dict[str, str]:
    """A copy of the environment for a child process."""
    return dict(os.environ)


class _EachKeyOnce(yaml.SafeLoader):
    """YAML lets the last of two equal keys win in silence; here that is an error naming line and key."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"key {key.value!r} stands twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return dict(super().construct_mapping(node, deep=deep))


def _read_retailer(path: Path) -> Retailer:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_EachKeyOnce)
    except OSError as error:
        raise ContractError(f"{path}: cannot be read ({error.strerror}). Name another with --config.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContractError(f"{path}: is not YAML in UTF-8: {error}") from error
    if not isinstance(content, dict):
        raise ContractError(f"{path}: expected keys and values, got {type(content).__name__}.")
    try:
        return Retailer.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ContractError(f"{path}: {problems}. Correct the keys named here.") from error


def _threads() -> int:
    text = os.environ.get("NIGHTMARKET_THREADS", "")
    if not text:
        return os.cpu_count() or 1
    if not text.isdigit() or int(text) < 1:
        raise ContractError(f"NIGHTMARKET_THREADS: expected a whole number of at least 1, got {text!r}.")
    return int(text)


def _memory_limit() -> str:
    text = os.environ.get("NIGHTMARKET_MEMORY_LIMIT") or "6GB"
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)? ?[KMGT]i?B", text, re.IGNORECASE):
        raise ContractError(f"NIGHTMARKET_MEMORY_LIMIT: expected a size such as 6GB or 800MB, got {text!r}.")
    return text


def _path_from(variable: str, given: Path | None, default: Path) -> Path:
    chosen = given or Path(os.environ.get(variable) or default)
    return chosen.expanduser().resolve()
