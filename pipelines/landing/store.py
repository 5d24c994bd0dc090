"""Where the rows of loads stand, and the note in each file that says what its loads came to."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import pyarrow.parquet as pq

from pipelines.landing.keys import Bounds
from pipelines.landing.plan import Batch
from pipelines.settings import Settings

NOTE = "nightmarket"  # key of the note in a Parquet file's metadata
CONTRACT_FILE = "_contract.parquet"  # typed, without rows: a source that was never delivered reads as empty


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a load came to."""

    load_id: str
    status: str  # loaded | duplicate_file | refused_file
    reason: str
    raw_row_count: int
    accepted_row_count: int
    refused_row_count: int
    duplicate_row_count: int
    bounds: Bounds = field(default_factory=Bounds)  # of the keys of the accepted rows


def note_of(inputs: str, outcomes: Sequence[Outcome]) -> str:
    """The note of a file: so that a second run need not read its loads again."""
    return json.dumps({"inputs": inputs, "loads": [asdict(each) for each in outcomes]}, sort_keys=True)


def bronze_path(settings: Settings, batch: Batch) -> Path:
    """Accepted rows of a batch's loads, and the note of all of them; written last."""
    return _place(settings, "bronze", batch)


def quarantine_path(settings: Settings, batch: Batch) -> Path:
    """Refused and duplicate rows of a batch's loads, if there are any."""
    return _place(settings, "quarantine", batch)


def _place(settings: Settings, room: str, batch: Batch) -> Path:
    table = batch.loads[0].delivery
    return settings.folder(room) / table.source_code / table.table_name / f"{batch.name}.parquet"


def read_outcomes(bronze: Path, quarantine: Path, batch: Batch) -> list[Outcome] | None:
    """The outcomes of an earlier run with the same inputs, if all the files it made still stand."""
    noted = read_note(bronze)
    if noted is None:
        return None
    inputs, outcomes = noted
    if inputs != batch.inputs or [each.load_id for each in outcomes] != [each.load_id for each in batch.loads]:
        return None
    is_set_aside = any(each.refused_row_count + each.duplicate_row_count for each in outcomes)
    if is_set_aside != quarantine.exists() or (is_set_aside and read_note(quarantine) != noted):
        return None
    return outcomes


def remove_strangers(settings: Settings, table: str, keep: Collection[str]) -> None:
    """Delete bronze and quarantine files of other names (left by a night that was given up)."""
    for room in ("bronze", "quarantine"):
        folder = settings.folder(room).joinpath(*table.split("."))
        for path in sorted(folder.glob("*.parquet")):
            if path.stem not in keep and path.name != CONTRACT_FILE:
                path.unlink()


def read_note(path: Path) -> tuple[str, list[Outcome]] | None:
    """The inputs and outcomes noted in a file; None if there is no file, or none that was written here."""
    if not path.exists():
        return None
    try:
        metadata = pq.read_metadata(path).metadata or {}
    except (OSError, ValueError):  # not what was written here: made anew
        return None
    text = metadata.get(NOTE.encode())
    content = json.loads(text) if text is not None else {}
    if content.keys() != {"inputs", "loads"}:
        return None  # an older kind of note
    outcomes = [_outcome(each) for each in content["loads"]]
    return (content["inputs"], [each for each in outcomes if each]) if None not in outcomes else None


def _outcome(content: dict[str, object]) -> Outcome | None:
    if content.keys() != {each.name for each in fields(Outcome)}:
        return None
    sides = {name: tuple(values) for name, values in content.pop("bounds").items()}  # type: ignore[attr-defined]
    return Outcome(**content, bounds=Bounds(**sides))  # type: ignore[arg-type]
