"""The three files of one channel: who gets what, who is to be taken off the list, and what the files are."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.exports.csv_text import csv_bytes
from pipelines.exports.layout import AUDIENCE, AUDIENCE_COLUMNS, MANIFEST, REMOVAL_COLUMNS, REMOVALS
from pipelines.files import sha256_of, write_json
from pipelines.ledger_schema import STREAMS


@dataclass(frozen=True, slots=True)
class ExportRun:
    """What the manifests say about the night; no clock in it."""

    as_of_date: date
    run_id: str  # night-YYYY-MM-DD: the same in every run of the night
    policy_hash: str
    schema_version: str
    currency: str


def write_channel(
    folder: Path, audience: pl.DataFrame, removals: pl.DataFrame, waiting: int, run: ExportRun
) -> pl.DataFrame:
    """Write audience, removals and manifest of one channel; returns its rows for the ledger stream `exports`.

    Takes     folder: named after the channel; audience, removals: sorted by decision_id;
              waiting: chosen decisions left out because nobody has approved them yet.
    """
    folder.mkdir()
    files = [
        _write_csv(folder / AUDIENCE, AUDIENCE_COLUMNS, audience),
        _write_csv(folder / REMOVALS, REMOVAL_COLUMNS, removals),
    ]
    reasons = removals["reason"].str.split(":").list.first().value_counts(name="rows").sort("reason")
    manifest = {
        "as_of_date": run.as_of_date.isoformat(),
        "channel": folder.name,
        "currency": run.currency,
        "files": files,
        "mode": "full",  # the audience is the whole list; removals say who left since the last release
        "policy_hash": run.policy_hash,
        "run": run.run_id,
        "schema_version": run.schema_version,
        "totals": {
            "chosen": audience.height + waiting,
            "waiting_for_approval": waiting,
            "written": audience.height,
            "removed": dict(reasons.iter_rows()),
        },
    }
    write_json(folder / MANIFEST, manifest)
    return _ledger_rows(audience, f"{folder.name}/{AUDIENCE}", str(files[0]["sha256"]))


def _write_csv(path: Path, columns: tuple[tuple[str, str], ...], rows: pl.DataFrame) -> dict[str, object]:
    names = [name for name, _ in columns]
    path.write_bytes(csv_bytes(columns, rows.select(names).iter_rows()))
    return {
        "bytes": path.stat().st_size,
        "columns": [{"name": name, "type": kind} for name, kind in columns],
        "file": path.name,
        "rows": rows.height,
        "sha256": sha256_of(path),
    }


def _ledger_rows(audience: pl.DataFrame, file: str, sha256: str) -> pl.DataFrame:
    """Rows of the ledger stream `exports`: they name the person and never the customer number."""
    return (
        audience.with_row_index("row_number", offset=1)
        .with_columns(file=pl.lit(file), file_sha256=pl.lit(sha256), row_number=pl.col("row_number").cast(pl.Int64))
        .select(pl.col(name).cast(kind) for name, kind in STREAMS["exports"].items())
    )
