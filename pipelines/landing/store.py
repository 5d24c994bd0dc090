"""Where the rows of a load stand, and the note in each file that says what the load came to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import pyarrow.parquet as pq

from pipelines.landing.deliveries import Delivery
from pipelines.landing.keys import Bounds
from pipelines.settings import Settings

NOTE = "nightmarket"  # key of the note in a Parquet file's metadata
CONTRACT_FILE = "_contract.parquet"  # typed, without rows: a source that was never delivered reads as empty


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a load came to. Kept as the note of its files, so that a second run need not parse it again."""

    inputs: str  # fingerprint of everything the outcome follows from
    status: str  # loaded | duplicate_file | refused_file
    reason: str
    raw_row_count: int
    accepted_row_count: int
    refused_row_count: int
    duplicate_row_count: int
    bounds: Bounds = field(default_factory=Bounds)  # of the keys of the accepted rows


def bronze_path(settings: Settings, delivery: Delivery, load_id: str) -> Path:
    """Accepted rows of a load."""
    return settings.folder("bronze") / delivery.source_code / delivery.table_name / f"{load_id}.parquet"


def quarantine_path(settings: Settings, delivery: Delivery, load_id: str) -> Path:
    """Refused and duplicate rows of a load."""
    return settings.folder("quarantine") / delivery.source_code / delivery.table_name / f"{load_id}.parquet"


def read_outcome(bronze: Path, quarantine: Path, inputs: str) -> Outcome | None:
    """The outcome of an earlier run with the same inputs, if all the files it made still stand."""
    noted = read_note(bronze) or read_note(quarantine)
    if noted is None or noted.inputs != inputs:
        return None
    set_aside = noted.refused_row_count + noted.duplicate_row_count > 0
    if (noted.status == "loaded") != bronze.exists() or set_aside != quarantine.exists():
        return None
    return noted if not set_aside or read_note(quarantine) == noted else None


def remove_strangers(settings: Settings, table: str, load_ids: Sequence[str]) -> None:
    """Delete bronze and quarantine files of loads that no night knows (left by a night that was given up)."""
    keep = {*load_ids, Path(CONTRACT_FILE).stem}
    for room in ("bronze", "quarantine"):
        folder = settings.folder(room).joinpath(*table.split("."))
        for path in sorted(folder.glob("*.parquet")):
            if path.stem not in keep:
                path.unlink()


def read_note(path: Path) -> Outcome | None:
    """The note in a file; None if there is no file, or none that was written here."""
    if not path.exists():
        return None
    try:
        metadata = pq.read_metadata(path).metadata or {}
    except (OSError, ValueError):  # not what was written here: made anew
        return None
    text = metadata.get(NOTE.encode())
    if text is None:
        return None
    content = json.loads(text)
    sides = {name: tuple(values) for name, values in content.pop("bounds", {}).items()}
    known = {each.name for each in fields(Outcome)}
    return Outcome(**content, bounds=Bounds(**sides)) if known >= content.keys() else None  # an older kind of note
