"""A retailer with one source table, for tests of landing itself."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from pipelines.landing.load import LandingResult, load_landing
from pipelines.ledger import Ledger
from pipelines.settings import Settings, load_settings

TABLE = "shop.sales"
HEADER = ("sale_id", "units", "amount", "sold_at", "note")
DAY_ONE, LAST_DAY = date(2000, 1, 1), date(2100, 1, 1)
CONTRACT: dict[str, Any] = {
    "version": 1,
    "description": "One row per sale.",
    "format": "csv",
    "key": ["sale_id"],
    "event": {"column": "sold_at", "rule": "instant"},
    "max_refused_rate": 0.5,
    "columns": [
        {"name": "sale_id", "type": "varchar", "pattern": "[0-9]+", "description": "Sale."},
        {"name": "units", "type": "integer", "min": -100, "max": 100, "description": "Pieces."},
        {"name": "amount", "type": "decimal(18,2)", "description": "Money."},
        {"name": "sold_at", "type": "timestamp", "min": DAY_ONE, "max": LAST_DAY, "description": "When."},
        {"name": "note", "type": "varchar", "nullable": True, "max_length": 100, "description": "Text."},
    ],
}  # fmt: skip


def shop(home: Path, **changed: object) -> Settings:
    """Settings of the shop, its contract changed in the keys given."""
    contracts = home.parent / f"{home.name}-contracts"
    (contracts / "shop").mkdir(parents=True, exist_ok=True)
    (contracts / "shop" / "sales.yml").write_text(yaml.safe_dump(CONTRACT | changed), encoding="utf-8")
    settings = load_settings(home=home)
    sources = {TABLE: {"critical": True, "max_age_days": 7}}
    content = settings.retailer.model_dump() | {"sources": sources}
    retailer = type(settings.retailer).model_validate(content)
    return replace(settings, retailer=retailer, contracts_dir=contracts, threads=2)


def sale(
    sale_id: object = "1",
    units: object = "2",
    amount: object = "3.50",
    sold_at: str = "2017-12-01T12:00:00Z",
    note: str = "",
) -> list[object]:
    """One valid sale; change one thing."""
    return [sale_id, units, amount, sold_at, note]


def deliver(settings: Settings, delivered: str, name: str, content: bytes) -> Path:
    """Put bytes into landing."""
    source, table = TABLE.split(".")
    path = settings.folder("landing") / source / table / f"delivered_date={delivered}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def csv_of(rows: Iterable[Sequence[object]], header: Sequence[str] = HEADER, end: str = "\n") -> bytes:
    """Plain CSV; cells are written as they are."""
    return "".join(",".join(map(str, row)) + end for row in [header, *rows]).encode()


def night(
    settings: Settings, as_of_date: str, *, seal: bool = False, tell: Callable[[str], None] = lambda _: None
) -> LandingResult:
    """Land everything known by the night."""
    ledger = Ledger(settings.folder("ledger"))
    result = load_landing(settings, ledger, date.fromisoformat(as_of_date), tell)
    if seal:
        ledger.seal(date.fromisoformat(as_of_date), ["loads"])
    return result


def bronze(settings: Settings) -> pl.DataFrame:
    """All accepted sales, by load and row."""
    files = sorted((settings.folder("bronze") / "shop" / "sales").glob("*.parquet"))
    return pl.concat([pl.read_parquet(file) for file in files]).sort("load_id", "row_number")


def quarantine(settings: Settings) -> pl.DataFrame:
    """All refused and duplicate rows, by file and row."""
    files = sorted((settings.folder("quarantine") / "shop" / "sales").glob("*.parquet"))
    return pl.concat([pl.read_parquet(file) for file in files]).sort("file", "row_number")


def reason_codes(settings: Settings) -> list[str]:
    """Why rows stand in quarantine, by file and row."""
    return quarantine(settings)["reason_code"].to_list()


def tree(settings: Settings) -> dict[str, bytes]:
    """Every byte that landing wrote."""
    rooms = (settings.folder(name) for name in ("bronze", "quarantine", "ledger"))
    files = sorted(path for room in rooms for path in room.rglob("*") if path.is_file())
    return {path.relative_to(settings.home).as_posix(): path.read_bytes() for path in files}
