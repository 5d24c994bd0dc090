"""How a day's files come into a home: everything is written beside landing first, then renamed into place."""

import gzip
import io
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from pipelines.files import parquet_bytes_to
from pipelines.simulator.calendar import to_date
from pipelines.simulator.soiling import Placed, delivered_on
from pipelines.simulator.sources.delivery import Delivery

STAGE = ".simulated_day.partial"
LEVEL = 1  # of gzip: these files are read more often than kept


def content_of(delivery: Delivery) -> bytes:
    """The bytes of a file; equal frames give equal bytes."""
    buffer = io.BytesIO()
    if delivery.format == "jsonl.gz":
        delivery.frame.write_ndjson(buffer)
    else:
        delivery.frame.write_csv(buffer)
    data = buffer.getvalue()
    if delivery.encoding != "utf-8":
        data = data.decode("utf-8").encode(delivery.encoding, errors="replace")
    if delivery.format == "csv_bom":
        data = b"\xef\xbb\xbf" + data
    return gzip.compress(data, LEVEL, mtime=0) if delivery.format.endswith(".gz") else data


def write_day(home: Path, day: int, placed: list[Placed], truth: dict[str, pl.DataFrame]) -> int:
    """Put a day's files below landing/ and its truth below truth/; returns the bytes of the landing files.

    Not every file is forced to disk: a home whose history is not complete is made again, with equal bytes.
    """
    stage = home / STAGE
    shutil.rmtree(stage, ignore_errors=True)
    goals = [_landing_path(one) for one in placed] + [_truth_path(name, day) for name in truth]
    for goal in {goal.parent for goal in goals}:
        (stage / goal).mkdir(parents=True, exist_ok=True)
        (home / goal).mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(2) as pool:
        sizes = list(pool.map(lambda one: (stage / _landing_path(one)).write_bytes(content_of(one.delivery)), placed))
        list(pool.map(lambda name: parquet_bytes_to(stage / _truth_path(name, day), truth[name]), truth))
    for goal in goals:
        os.replace(stage / goal, home / goal)
    shutil.rmtree(stage)
    return sum(sizes)


def _landing_path(placed: Placed) -> Path:
    source, table = placed.delivery.table.split(".")
    return Path("landing") / source / table / delivered_on(placed) / placed.delivery.file


def _truth_path(name: str, day: int) -> Path:
    return Path("truth") / name / f"{to_date(day).isoformat()}.parquet"
