"""Which delivered files count for a night, in which order, and since when each is known."""

import hashlib
import os
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from ml.errors import ContractError
from pipelines.files import sha256_of
from pipelines.ledger import Ledger
from pipelines.settings import Settings

PREFIX = "delivered_date="
IGNORED = (".", "_")  # first letters of names that senders use for unfinished files and markers


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivered file and the night that first saw it."""

    source_code: str
    table_name: str
    path: Path
    file: str
    delivered_date: date
    known_date: date
    as_of_date: date
    content_sha256: str
    byte_count: int
    leaves_landing: bool

    @property
    def table(self) -> str:
        """source.table"""
        return f"{self.source_code}.{self.table_name}"

    def load_id(self, *, copy: bool) -> str:
        """The load's name: the same content of the same day has the same; a copy beside it adds its file name."""
        parts = [self.source_code, self.table_name, self.delivered_date.isoformat(), self.content_sha256]
        text = "/".join([*parts, self.file] if copy else parts)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def require_declared(settings: Settings, contracts: Collection[str], progress: Callable[[str], None]) -> None:
    """What was delivered is read, or it is said: what nobody declared must not look like what never came.

    Takes     contracts: the names `source.table` that have one.
    Raises    ContractError   a table that has a contract was delivered and nightmarket.yml does not name it: the
              guardrails that need it would see nothing.
    """
    folders = settings.folder("landing").glob(f"*/*/{PREFIX}*")
    names = {(day.parents[1].name, day.parent.name) for day in folders}
    delivered = {".".join(parts) for parts in names if not any(part.startswith(IGNORED) for part in parts)}
    unread = sorted(delivered.difference(settings.retailer.sources))
    if forgotten := sorted(set(unread).intersection(contracts)):
        raise ContractError(
            f"nightmarket.yml: sources: expected every delivered table that has a contract, missing: "
            f"{', '.join(forgotten)}. Name each, with `critical: false` if it may fail to come."
        )
    if unread:
        progress(f"Delivered, but no contract says how to read it: {', '.join(unread)}.")


def find_deliveries(
    settings: Settings, ledger: Ledger, as_of_date: date, progress: Callable[[str], None]
) -> list[Delivery]:
    """Every file known by the cut-off, in the order in which loads follow each other.

    Files of sealed earlier nights come first, as those nights recorded them; then tonight's: the
    recorded ones if this night is sealed, else whatever lies in landing with delivered_date < as_of_date.

    Raises    ContractError if a recorded file is gone or changed (landing is immutable), if a later
              night is already sealed and this one is not, or if a file name is not UTF-8.
    """
    landing = settings.folder("landing").resolve()
    known = _recorded(landing, ledger.read_before("loads", as_of_date), settings.threads)
    if ledger.is_sealed(as_of_date):
        return known + _recorded(landing, ledger.read("loads", as_of_date), settings.threads)
    sealed = ledger.nights()
    if any(night > as_of_date for night in sealed):
        raise ContractError(
            f"night {as_of_date}: expected no later night to be sealed, got {max(sealed)}. "
            "Nights follow each other: decide for a later date."
        )
    seen = {delivery.file for delivery in known}
    last_sealed = max(sealed, default=None)
    found = [
        (table, path, delivered)
        for table in sorted(settings.retailer.sources)
        for delivered, path in _files(landing, table, as_of_date, progress)
        if _relative(path, landing) not in seen
    ]
    with ThreadPoolExecutor(settings.threads) as pool:
        fresh = list(pool.map(lambda one: _delivery(landing, one[0], one[1], one[2], as_of_date, last_sealed), found))
    return known + sorted(fresh, key=lambda d: (d.table, d.delivered_date, d.file))


def _recorded(landing: Path, loads: pl.DataFrame | None, threads: int) -> list[Delivery]:
    rows = [] if loads is None else loads.rows(named=True)
    with ThreadPoolExecutor(threads) as pool:  # hashing lets other threads run; the first bad file is told of
        return list(pool.map(lambda row: _verified(landing, row), rows))


def _verified(landing: Path, row: dict[str, object]) -> Delivery:
    """The recorded delivery, after a look that the file still says what the night saw."""
    path = landing / str(row["file"])
    if not path.is_symlink() and not path.is_file():
        raise ContractError(
            f"{path}: expected the file that night {row['as_of_date']} loaded, found none. "
            "Landing is never changed: put the delivered file back."
        )
    leaves = _leaves(path, landing)
    content = _content_hash(path, leaves)
    if content != row["content_sha256"]:
        raise ContractError(
            f"{path}: expected the content that night {row['as_of_date']} loaded (sha256 "
            f"{str(row['content_sha256'])[:12]}), got {content[:12]}. Landing is never changed: put the "
            "delivered file back and deliver a correction as a new file."
        )
    names = ("source_code", "table_name", "file", "delivered_date", "known_date", "as_of_date")
    recorded = {name: row[name] for name in (*names, "content_sha256", "byte_count")}
    return Delivery(path=path, leaves_landing=leaves, **recorded)  # type: ignore[arg-type]


def _delivery(  # six facts about one file, all of them needed to name it
    landing: Path, table: str, path: Path, delivered: date, as_of_date: date, last_sealed: date | None
) -> Delivery:
    late = last_sealed is not None and delivered < last_sealed  # a sealed night could have seen it and did not
    leaves = _leaves(path, landing)
    source, name = table.split(".")
    return Delivery(
        source_code=source,
        table_name=name,
        path=path,
        file=_relative(path, landing),
        delivered_date=delivered,
        known_date=last_sealed if late and last_sealed is not None else delivered,
        as_of_date=as_of_date,
        content_sha256=_content_hash(path, leaves),
        byte_count=0 if leaves else path.stat().st_size,
        leaves_landing=leaves,
    )


def _files(landing: Path, table: str, as_of_date: date, progress: Callable[[str], None]) -> Iterator[tuple[date, Path]]:
    folder = landing.joinpath(*table.split("."))
    for day_folder in _entries(folder):
        delivered = _delivered_date(day_folder.name)
        if delivered is None or not day_folder.is_dir():
            progress(f"{day_folder}: expected a folder {PREFIX}YYYY-MM-DD; it is not read.")
        elif delivered < as_of_date:
            for path in _entries(day_folder):
                if path.is_dir() and not path.is_symlink():
                    progress(f"{path}: expected a file, found a folder; it is not read.")
                else:
                    yield delivered, path


def _entries(folder: Path) -> list[Path]:
    try:
        found = list(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise ContractError(f"{folder}: cannot be read ({error.strerror}). Give this user access.") from error
    return sorted(path for path in found if not path.name.startswith(IGNORED))


def _delivered_date(name: str) -> date | None:
    try:
        day = date.fromisoformat(name.removeprefix(PREFIX))
    except ValueError:
        return None
    return day if name == f"{PREFIX}{day.isoformat()}" else None


def _relative(path: Path, landing: Path) -> str:
    file = path.relative_to(landing).as_posix()
    try:
        file.encode()
    except UnicodeEncodeError as error:
        raise ContractError(f"{file!r}: expected a UTF-8 file name. Deliver it under another name.") from error
    return file


def _leaves(path: Path, landing: Path) -> bool:
    return not path.resolve().is_relative_to(landing)


def _content_hash(path: Path, leaves: bool) -> str:
    if leaves:  # what lies outside is nobody's delivery: it is named, never read
        return hashlib.sha256(f"link:{os.fspath(path.resolve())}".encode()).hexdigest()
    try:
        return sha256_of(path)
    except OSError as error:
        raise ContractError(f"{path}: cannot be read ({error.strerror}). Give this user access.") from error
